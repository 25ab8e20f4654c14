/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's checks one by one, on tables made here, preopened, and on files of the zoo. */
#include "core/plugin/loader.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/plugin/elf.h"
#include "core/plugin/table.h"

static int32_t probe(const struct jauauth_host *host, struct jauauth_call *call,
                     struct jauauth_probe *answer, struct jauauth_error *error)
{
  (void)host, (void)call, (void)answer, (void)error;
  return 0;
}

static int32_t validate(const struct jauauth_host *host, struct jauauth_call *call,
                        const struct jauauth_request *request,
                        const struct jauauth_options *options, struct jauauth_problems *problems,
                        struct jauauth_error *error)
{
  (void)host, (void)call, (void)request, (void)options, (void)problems, (void)error;
  return 0;
}

static int32_t spawn(const struct jauauth_host *host, struct jauauth_call *call,
                     const struct jauauth_request *request, const struct jauauth_options *options,
                     struct jauauth_plan *plan, struct jauauth_error *error)
{
  (void)host, (void)call, (void)request, (void)options, (void)plan, (void)error;
  return 0;
}

static int32_t teardown(const struct jauauth_host *host, struct jauauth_call *call,
                        const char *instance, const struct jauauth_pair *const *kept,
                        struct jauauth_plan *plan, struct jauauth_error *error)
{
  (void)host, (void)call, (void)instance, (void)kept, (void)plan, (void)error;
  return 0;
}

static const struct jauauth_plugin right = {.struct_size = sizeof(struct jauauth_plugin),
                                            .account = JAUAUTH_ACCOUNT_CALLER,
                                            .name = "right",
                                            .version = "1",
                                            .summary = "A plugin",
                                            .probe = probe,
                                            .validate = validate,
                                            .spawn = spawn,
                                            .teardown = teardown};

static void assert_refused(const struct jauauth_plugin *table, const char *code, const char *text)
{
  CLEANUP_ERROR struct error *error = NULL;
  struct loader_plugin plugin;
  assert_int_equal(loader_check(table, "right", &plugin, &error), -1);
  assert_string_equal(error->message, text);
  assert_string_equal(error->code, code);
  loader_free(&plugin);
}

static void test_members(void **state)
{
  (void)state;
  struct loader_plugin plugin;
  assert_int_equal(loader_check(&right, "right", &plugin, NULL), 0);
  assert_null(plugin.table.options);
  assert_int_equal(plugin.option_count, 0);
  loader_free(&plugin);
  struct jauauth_plugin table = right;
  table.teardown = NULL;
  assert_refused(&table, "plugin-incomplete", "its table has no teardown");
  table = right;
  table.version = NULL;
  assert_refused(&table, "plugin-incomplete", "its table has no version");
  table = right;
  table.name = NULL;
  assert_refused(&table, "plugin-incomplete", "its table has no name");
  table = right;
  table.account = 3;
  assert_refused(&table, "plugin-incomplete",
                 "its table says the account kind 3, which this jauauth does not know");
  table = right;
  table.lowest_host_minor = 1;
  assert_refused(&table, "plugin-needs-newer-host",
                 "it needs version 1.1 of the plugin interface, and this jauauth has 1.0");
}

/* A member behind the end that the plugin names counts as absent, whatever stands there. */
static void test_sizes(void **state)
{
  (void)state;
  struct jauauth_plugin table = right;
  table.struct_size = offsetof(struct jauauth_plugin, teardown);
  assert_refused(&table, "plugin-incomplete", "its table has no teardown");
  table = right;
  table.struct_size = 4;
  assert_refused(&table, "plugin-short", "its table has 4 bytes, too few to hold even its name");
  struct {
    struct jauauth_plugin table;
    char later[32];
  } longer = {.table = right, .later = "unknown"};
  longer.table.struct_size = sizeof longer;
  struct loader_plugin plugin;
  assert_int_equal(loader_check(&longer, "right", &plugin, NULL), 0);
  loader_free(&plugin);
}

static void assert_option_refused(struct jauauth_option option, const char *text)
{
  const struct jauauth_option options[] = {option, {.name = NULL}};
  struct jauauth_plugin table = right;
  table.options = options;
  table.option_size = sizeof options[0];
  assert_refused(&table, "plugin-bad-option", text);
}

static void test_options(void **state)
{
  (void)state;
  const struct jauauth_option option = {.name = "one", .help = "Help", .type = JAUAUTH_TYPE_TEXT};
  struct jauauth_option wrong = option;
  wrong.name = "One";
  assert_option_refused(wrong, "its option \"One\" has a name that is not [a-z][a-z0-9_]* of at "
                               "most 64 bytes");
  wrong = option;
  wrong.type = 99;
  assert_option_refused(wrong, "its option \"one\" has a type that this jauauth does not know");
  wrong = option;
  wrong.flags = 16;
  assert_option_refused(wrong, "its option \"one\" has a flag that this jauauth does not know");
  wrong = option;
  wrong.flags = JAUAUTH_OPTION_HOST | JAUAUTH_OPTION_REQUIRED;
  assert_option_refused(wrong, "its option \"one\" is the host's, and is required or has a meaning "
                               "all the same");
  wrong = option;
  wrong.means = JAUAUTH_MEANS_NETWORK;
  assert_option_refused(wrong,
                        "its option \"one\" has a meaning that is unknown or does not fit its "
                        "type");
  wrong = option;
  wrong.type = JAUAUTH_TYPE_INTEGER;
  wrong.minimum = 5;
  wrong.maximum = 1;
  assert_option_refused(wrong, "its option \"one\" has a minimum above its maximum");
  wrong = option;
  wrong.maximum = 1;
  assert_option_refused(wrong, "its option \"one\" has bounds, which only an INTEGER can have");
  wrong = option;
  wrong.help = NULL;
  assert_option_refused(wrong, "its option \"one\" has no help");
  struct jauauth_plugin table = right;
  table.options = &option;
  table.option_size = 8;
  assert_refused(&table, "plugin-bad-option",
                 "it says that an entry of its option table has 8 bytes");
}

/* The entries of a plugin built with a later header are longer. */
static void test_option_stride(void **state)
{
  (void)state;
  const struct {
    struct jauauth_option option;
    char later[16];
  } options[] = {{{.name = "one", .help = "Help", .type = JAUAUTH_TYPE_TEXT}, "later"},
                 {{.name = "two", .help = "Help", .type = JAUAUTH_TYPE_SIZE}, "later"},
                 {{.name = NULL}, ""}};
  struct jauauth_plugin table = right;
  table.options = &options[0].option;
  table.option_size = sizeof options[0];
  struct loader_plugin plugin;
  assert_int_equal(loader_check(&table, "right", &plugin, NULL), 0);
  assert_int_equal(plugin.option_count, 2);
  assert_string_equal(plugin.table.options[1].name, "two");
  assert_null(plugin.table.options[2].name);
  json_t *description = loader_describe(&plugin, NULL);
  json_t *second = json_array_get(json_object_get(description, "options"), 1);
  assert_string_equal(json_string_value(json_object_get(second, "type")), "size");
  json_decref(description);
  loader_free(&plugin);
}

static void test_preopened(void **state)
{
  (void)state;
  const struct loader_preopened_entry entries[] = {{"right", &right}, {"wrong", &right}, {0}};
  const struct loader_preopened preopened = {.source = LOADER_PREOPENED, .entries = entries};
  struct loader_plugin plugin;
  assert_int_equal(loader_load(&preopened.source, "right", NULL, &plugin, NULL), 0);
  assert_ptr_equal(plugin.table.probe, probe);
  loader_free(&plugin);
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(loader_load(&preopened.source, "wrong", NULL, &plugin, &error), -1);
  assert_string_equal(error->code, "plugin-wrong-name");
  error_free(&error);
  assert_int_equal(loader_load(&preopened.source, "other", NULL, &plugin, &error), -1);
  assert_string_equal(error->code, "plugin-not-found");
}

static int temporary(void)
{
  char name[256];
  const char *place = getenv("TMPDIR");
  snprintf(name, sizeof name, "%s/elf-XXXXXX", place == NULL ? "/tmp" : place);
  int file = mkostemp(name, O_CLOEXEC);
  assert_true(file >= 0);
  unlink(name);
  return file;
}

static void assert_elf_refused(const void *bytes, size_t length, const char *code)
{
  CLEANUP_CLOSE int file = temporary();
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(write(file, bytes, length), length);
  assert_int_equal(elf_check_exports(file, "jauauth_plugin_v1", &error), -1);
  assert_string_equal(error->code, code);
}

/* Every cut of a real plugin, and one with each of its first bytes changed, is judged safely. */
static void test_elf_damaged(void **state)
{
  (void)state;
  char path[512];
  const char *build = getenv("JAUAUTH_BUILD");
  if (build == NULL)
    skip();
  snprintf(path, sizeof path, "%s/tests/hostile/.libs/good.so", build);
  CLEANUP_CLOSE int good = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(good >= 0);
  assert_int_equal(elf_check_exports(good, "jauauth_plugin_v1", NULL), 0);
  struct stat status;
  assert_int_equal(fstat(good, &status), 0);
  size_t length = (size_t)status.st_size;
  CLEANUP_FREE unsigned char *bytes = malloc(length);
  assert_non_null(bytes);
  assert_int_equal(pread(good, bytes, length, 0), length);
  assert_elf_refused("", 0, "plugin-not-elf");
  assert_elf_refused("#!/bin/sh\n", 10, "plugin-not-elf");
  assert_elf_refused(bytes, sizeof(ElfW(Ehdr)), "plugin-not-elf");
  assert_elf_refused(bytes, ((ElfW(Ehdr) *)(void *)bytes)->e_shoff, "plugin-not-elf");
  for (size_t i = 0; i < sizeof(ElfW(Ehdr)); i++) {
    CLEANUP_CLOSE int file = temporary();
    bytes[i] ^= 0xFF;
    assert_int_equal(write(file, bytes, length), length);
    elf_check_exports(file, "jauauth_plugin_v1", NULL);
    bytes[i] ^= 0xFF;
  }
  ((ElfW(Ehdr) *)(void *)bytes)->e_machine = EM_S390;
  assert_elf_refused(bytes, length, "plugin-wrong-machine");
  ((ElfW(Ehdr) *)(void *)bytes)->e_ident[EI_CLASS] ^= 3;
  assert_elf_refused(bytes, length, "plugin-wrong-machine");
}

static void test_not_a_plugin(void **state)
{
  (void)state;
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_CLOSE int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  assert_int_equal(elf_check_exports(self, "jauauth_plugin_v1", &error), -1);
}

static void test_names(void **state)
{
  (void)state;
  assert_true(table_is_name("a-1", '-'));
  assert_false(table_is_name("a_1", '-'));
  assert_true(table_is_name("a_1", '_'));
  assert_false(table_is_name("", '-'));
  assert_false(table_is_name("1a", '-'));
  assert_false(table_is_name("../a", '-'));
  for (uint32_t type = 1; table_type_word(type) != NULL; type++)
    assert_int_equal(table_type_from_word(table_type_word(type)), type);
  assert_int_equal(table_means_from_word("mounts"), JAUAUTH_MEANS_MOUNTS);
  assert_int_equal(table_means_from_word(NULL), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_members),      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_options),      cmocka_unit_test(test_option_stride),
      cmocka_unit_test(test_preopened),    cmocka_unit_test(test_elf_damaged),
      cmocka_unit_test(test_not_a_plugin), cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The host file: defaults, every key, every mistake with its line, and whom it is believed. */
#include "core/config/host_file.h"

#include "core/base/cleanup.h"
#include "core/config/file.h"
#include "core/paths.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct host_config *read_good(const char *text)
{
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  struct host_config *host = host_config_parse(text, strlen(text), &problems);
  CLEANUP_BUFFER struct buffer shown = {0};
  config_problems_append_text(&problems, &shown);
  if (host == NULL || problems.errors > 0)
    fail_msg("%s", shown.data);
  return host;
}

static void expect(const char *text, const char *lines)
{
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  config_problems_name(&problems, "jauauth.conf");
  assert_null(host_config_parse(text, strlen(text), &problems));
  CLEANUP_BUFFER struct buffer shown = {0};
  buffer_append_text(&shown, "");
  config_problems_append_text(&problems, &shown);
  assert_string_equal(shown.data, lines);
  assert_true(config_problems_stop(&problems, false));
}

/* The template as it is, and with each of its settings set: both are the defaults. */
static void test_template(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer template = {0};
  CLEANUP_BUFFER struct buffer set = {0};
  buffer_append_text(&set, "");
  host_config_append_template(&template);
  assert_false(template.failed);
  for (const char *line = template.data; *line != '\0';) {
    size_t length = strcspn(line, "\n") + 1;
    size_t name = 1 + strspn(line + 1, " ");
    size_t rest = name + strspn(line + name, "abcdefghijklmnopqrstuvwxyz_");
    bool setting = rest > name && strncmp(line + rest, " = ", 3) == 0;
    setting = setting || strncmp(line, "#};", 3) == 0;
    buffer_append(&set, line + setting, length - setting);
    line += length;
  }
  CLEANUP_HOST_CONFIG struct host_config *plain = read_good("");
  CLEANUP_HOST_CONFIG struct host_config *commented = read_good(template.data);
  CLEANUP_HOST_CONFIG struct host_config *host = read_good(set.data);
  assert_null(commented->state_directory);
  assert_string_equal(host->state_directory, JAUAUTH_STATE_DIR);
  assert_string_equal(host->plugin_directories[0], plain->plugin_directories[0]);
  assert_string_equal(host->default_strategy, plain->default_strategy);
  assert_string_equal(host->run_as, plain->run_as);
  assert_string_equal(host->environment[2], plain->environment[2]);
  assert_int_equal(host->allow_unsandboxed, plain->allow_unsandboxed);
  assert_int_equal(host->list_wait_ms, plain->list_wait_ms);
  assert_int_equal(host->lazy, plain->lazy);
  assert_int_equal(host->idle_stop_ms, plain->idle_stop_ms);
  assert_int_equal(host->prepare, plain->prepare);
  assert_int_equal(host->message_limit, plain->message_limit);
  assert_int_equal(host->network.kind, plain->network.kind);
  assert_int_equal(host->log_level, plain->log_level);
  assert_int_equal(host->log_format, plain->log_format);
  assert_null(host->accept_partial[0]);
  for (size_t i = 0; i < CONFIG_LIMITS; i++) {
    assert_int_equal(host->limits[i].value, plain->limits[i].value);
    assert_true(host->limits[i].given);
  }
}

static void test_defaults(void **state)
{
  (void)state;
  CLEANUP_HOST_CONFIG struct host_config *host = read_good("");
  assert_string_equal(host->plugin_directories[0], JAUAUTH_PLUGIN_DIR);
  assert_null(host->plugin_directories[1]);
  assert_string_equal(host->default_strategy, JAUAUTH_DEFAULT_STRATEGY);
  assert_false(host->allow_unsandboxed);
  assert_string_equal(host->run_as, "jauauth-mcp");
  assert_null(host->state_directory);
  assert_int_equal(host->list_wait_ms, 10000);
  assert_false(host->lazy);
  assert_int_equal(host->idle_stop_ms, 0);
  assert_int_equal(host->message_limit, 16777216);
  assert_string_equal(host->environment[0], "HOME");
  assert_int_equal(host->network.kind, CONFIG_NETWORK_NONE);
  assert_true(host->limits[CONFIG_MEMORY].value > 0);
  assert_true(host->limits[CONFIG_PIDS].value > 0);
  assert_int_equal(host->limits[CONFIG_CPU].value, 0);
  for (int i = 0; i < CONFIG_LIMITS; i++)
    assert_false(host->limits[i].given);
  assert_null(host->accept_partial[0]);
  assert_int_equal(host->log_level, LOG_LEVEL_INFO);
  assert_int_equal(host->log_format, LOG_FORMAT_TEXT);
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  CLEANUP_HOST_CONFIG struct host_config *same = host_config_load(NULL, &problems);
  assert_non_null(same);
}

static void test_every_key(void **state)
{
  (void)state;
  CLEANUP_HOST_CONFIG struct host_config *host =
      read_good("# a comment\n"
                "plugin_directories = [\"/opt/a\", \"/opt/b\"];\n"
                "default_strategy = \"cage\";\n"
                "allow_unsandboxed = true;\n"
                "run_as = \"servers\";\n"
                "state_directory = \"/srv/state\";\n"
                "list_wait_ms = 0;\n"
                "start = \"lazy\";\n"
                "prepare = \"auto\";\n"
                "idle_stop_ms = 600000;\n"
                "message_limit = \"1m\";\n"
                "environment = [\"HOME\", \"PROJECT_1\"];\n"
                "request : {\n"
                "  network = \"lab\"; memory_limit = \"256m\"; cpu_limit = 0.5;\n"
                "  pids_limit = 64; open_files_limit = 0; file_size_limit = 5000000000L;\n"
                "  accept_partial = (\"memory_limit\");\n"
                "};\n"
                "plugins = { cage = { bars = (1, 2.5, true); lock = { key = \"k\"; }; }; };\n"
                "log = { level = \"debug\"; format = \"json\"; };\n");
  assert_string_equal(host->plugin_directories[1], "/opt/b");
  assert_string_equal(host->default_strategy, "cage");
  assert_true(host->allow_unsandboxed);
  assert_string_equal(host->run_as, "servers");
  assert_string_equal(host->state_directory, "/srv/state");
  assert_int_equal(host->list_wait_ms, 0);
  assert_true(host->lazy);
  assert_true(host->prepare);
  assert_int_equal(host->idle_stop_ms, 600000);
  assert_int_equal(host->message_limit, 1048576);
  assert_string_equal(host->environment[1], "PROJECT_1");
  assert_null(host->environment[2]);
  assert_int_equal(host->network.kind, CONFIG_NETWORK_NAMED);
  assert_string_equal(host->network.name, "lab");
  assert_int_equal(host->limits[CONFIG_MEMORY].value, 268435456);
  assert_true(host->limits[CONFIG_MEMORY].given);
  assert_int_equal(host->limits[CONFIG_CPU].value, 500);
  assert_int_equal(host->limits[CONFIG_PIDS].value, 64);
  assert_int_equal(host->limits[CONFIG_OPEN_FILES].value, 0);
  assert_true(host->limits[CONFIG_OPEN_FILES].given);
  assert_int_equal(host->limits[CONFIG_FILE_SIZE].value, 5000000000);
  assert_string_equal(host->accept_partial[0], "memory_limit");
  assert_int_equal(host->log_level, LOG_LEVEL_DEBUG);
  assert_int_equal(host->log_format, LOG_FORMAT_JSON);
  CLEANUP_FREE char *plugins = json_dumps(host->plugins, JSON_COMPACT | JSON_SORT_KEYS);
  assert_string_equal(plugins, "{\"cage\":{\"bars\":[1,2.5,true],\"lock\":{\"key\":\"k\"}}}");
  CLEANUP_HOST_CONFIG struct host_config *other =
      read_good("plugin_directories = \"/opt/a\"; message_limit = 65536;\n"
                "request = { network = true; cpu_limit = \"2\"; memory_limit = 1048576; };");
  assert_string_equal(other->plugin_directories[0], "/opt/a");
  assert_int_equal(other->message_limit, 65536);
  assert_int_equal(other->network.kind, CONFIG_NETWORK_OPEN);
  assert_int_equal(other->limits[CONFIG_CPU].value, 2000);
  assert_int_equal(other->limits[CONFIG_MEMORY].value, 1048576);
}

static void test_all_at_once(void **state)
{
  (void)state;
  expect("default_stratgy = \"x\";\n"
         "allow_unsandboxed = \"yes\";\n"
         "list_wait_ms = -1;\n"
         "environment = [\"HOME\", \"A-B\"];\n"
         "request : {\n"
         "  memory_limit = 256;\n"
         "  pids_limit = 1.5;\n"
         "  color = 1;\n"
         "};\n"
         "log = { level = \"loud\"; format = \"xml\"; };\n"
         "plugin_directories = (\"plugins\", 3);\n",
         "jauauth.conf:1: error: unknown key \"default_stratgy\" (at default_stratgy)\n"
         "    hint: did you mean \"default_strategy\"?\n"
         "jauauth.conf:2: error: expected true or false, found a text (at allow_unsandboxed)\n"
         "jauauth.conf:3: error: -1 is outside the range from 0 to 600000 milliseconds (at "
         "list_wait_ms)\n"
         "jauauth.conf:4: error: \"A-B\" is not the name of a variable (at environment[1])\n"
         "    hint: write the name alone: letters, digits and \"_\"\n"
         "jauauth.conf:6: error: \"memory_limit\": 256 is outside the range from 1m to 1024t (at "
         "request.memory_limit)\n"
         "    hint: a number without a unit counts bytes; write the unit, as in \"256m\"\n"
         "jauauth.conf:7: error: \"pids_limit\" must be a whole number of processes and threads "
         "such as 64 (at request.pids_limit)\n"
         "jauauth.conf:8: error: unknown key \"color\" (at request.color)\n"
         "    hint: known here are: network, memory_limit, cpu_limit, pids_limit, "
         "open_files_limit, file_size_limit, accept_partial\n"
         "jauauth.conf:10: error: the level must be \"error\", \"warning\", \"info\" or \"debug\" "
         "(at log.level)\n"
         "jauauth.conf:10: error: the format must be \"text\" or \"json\" (at log.format)\n"
         "jauauth.conf:11: error: this must be an absolute path (at plugin_directories[0])\n"
         "jauauth.conf:11: error: expected a text in double quotes, found a whole number (at "
         "plugin_directories[1])\n");
}

static void test_more_mistakes(void **state)
{
  (void)state;
  expect("log = 1;", "jauauth.conf:1: error: expected a group such as { key = value; }, found a "
                     "whole number (at log)\n");
  expect("listeners = [];", "jauauth.conf:1: error: this version serves over stdio only and "
                            "listens nowhere (at listeners)\n");
  expect("message_limit = \"1k\";",
         "jauauth.conf:1: error: this is outside the range from 64k to 1g (at message_limit)\n");
  expect("message_limit = \"lots\";",
         "jauauth.conf:1: error: \"lots\" is not a size such as \"268435456\", \"256m\" or "
         "\"0.5g\" (at message_limit)\n");
  expect("run_as = \"\";", "jauauth.conf:1: error: this text must not be empty (at run_as)\n");
  expect("state_directory = \"~/x\";",
         "jauauth.conf:1: error: this must be an absolute path (at state_directory)\n"
         "    hint: \"~\" is replaced by shells only\n");
  expect("request = { network = \"-x\"; };",
         "jauauth.conf:1: error: this cannot be the name of a network (at request.network)\n");
  expect("request = { accept_partial = [\"memory\"]; };",
         "jauauth.conf:1: error: \"memory\" is not a limit (at request.accept_partial[0])\n");
}

static void test_syntax(void **state)
{
  (void)state;
  expect("run_as = \"a\";\nlist_wait_ms 5;\n",
         "jauauth.conf:2: error: syntax error\n"
         "    hint: a setting is written name = value; and a text stands in double quotes\n");
  expect("run_as = \"a\";\nrun_as = \"b\";\n", "jauauth.conf:2: error: duplicate setting name\n"
                                               "    hint: remove one of the two\n");
  expect("run_as = \"a\";\n  @include \"/etc/other.conf\"\n",
         "jauauth.conf:2: error: \"@include\" is not supported: the owner of that file would not "
         "be checked\n    hint: put everything into one file\n");
  expect("run_as = \"\xFF\";", "jauauth.conf: error: the file is not text in UTF-8\n"
                               "    hint: save it as UTF-8\n");
}

static void write_file(const char *path, const char *text, mode_t mode)
{
  CLEANUP_STREAM FILE *stream = fopen(path, "we");
  assert_non_null(stream);
  assert_true(fputs(text, stream) >= 0);
  assert_int_equal(fchmod(fileno(stream), mode), 0);
}

/* A folder of our own: one that everybody can write is not trusted. */
static char *make_folder(void)
{
  const char *above = getenv("TMPDIR");
  char *folder = NULL;
  assert_true(asprintf(&folder, "%s/test-XXXXXX", above != NULL ? above : "/tmp") > 0);
  assert_non_null(mkdtemp(folder));
  return folder;
}

static void test_owner(void **state)
{
  (void)state;
  CLEANUP_FREE char *folder = make_folder();
  CLEANUP_FREE char *path = NULL;
  assert_true(asprintf(&path, "%s/jauauth.conf", folder) > 0);
  write_file(path, "allow_unsandboxed = true;\n", 0644);
  CLEANUP_CONFIG_PROBLEMS struct config_problems good = {0};
  CLEANUP_HOST_CONFIG struct host_config *host = host_config_load(path, &good);
  assert_non_null(host);
  assert_true(host->allow_unsandboxed);
  write_file(path, "allow_unsandboxed = true;\n", 0666);
  CLEANUP_CONFIG_PROBLEMS struct config_problems bad = {0};
  assert_null(host_config_load(path, &bad));
  assert_int_equal(bad.errors, 1);
  assert_string_equal(bad.file, path);
  assert_non_null(strstr(bad.items[0].text, "can be written by"));
  assert_non_null(strstr(bad.items[0].hint, "chmod"));
  unlink(path);
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(config_file_load(path, &text, &error), -1);
  assert_int_equal(error->errnum, ENOENT);
  rmdir(folder);
}

static void test_too_large(void **state)
{
  (void)state;
  CLEANUP_FREE char *folder = make_folder();
  CLEANUP_FREE char *path = NULL;
  assert_true(asprintf(&path, "%s/large", folder) > 0);
  write_file(path, "", 0600);
  assert_int_equal(truncate(path, CONFIG_FILE_MAX + 1), 0);
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(config_file_load(path, &text, &error), -1);
  assert_non_null(strstr(error->message, "is larger than 4 MiB"));
  unlink(path);
  rmdir(folder);
}

int main(void)
{
  /* Where there is one, a locale that writes numbers with a comma must change nothing. */
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
    setlocale(LC_ALL, "");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),      cmocka_unit_test(test_template),
      cmocka_unit_test(test_every_key),     cmocka_unit_test(test_all_at_once),
      cmocka_unit_test(test_more_mistakes), cmocka_unit_test(test_syntax),
      cmocka_unit_test(test_owner),         cmocka_unit_test(test_too_large),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

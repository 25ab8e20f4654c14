/* SPDX-License-Identifier: Apache-2.0 */
/* Golden tests of a plugin: scenarios in, its answers compared with files; no engine is needed. */
#include "config.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/cleanup.h"
#include "core/plugin/elf.h"
#include "core/plugin/loader.h"
#include "core/sandbox/plan.h"
#include "sdk/testing/canonical.h"
#include "sdk/testing/scenario.h"
#include "sdk/testing/world.h"

/* What a scenario may hold, and which file it is compared with, stands in the manual,
 * jauauth-plugin-golden(1). */

struct testing {
  const struct loader_plugin *plugin;
  bool update;
  unsigned count;
  unsigned failed;
};

static void report(struct testing *testing, const char *name, const char *reason)
{
  testing->count++;
  if (reason == NULL) {
    printf("ok %u - %s\n", testing->count, name);
    return;
  }
  testing->failed++;
  printf("not ok %u - %s\n# %s\n", testing->count, name, reason);
}

static void add_error(struct buffer *out, const char *verb, const struct error *error)
{
  buffer_append_format(out, "%s: %s\n  text: %s\n", verb, error->code == NULL ? "" : error->code,
                       error->message);
  if (error->hint != NULL)
    buffer_append_format(out, "  hint: %s\n", error->hint);
}

static int call(const struct testing *testing, json_t *scenario, enum host_verb verb,
                json_t **answer, struct error **error)
{
  const struct host_world world = testing_world(scenario);
  json_t *account = json_object_get(scenario, "account");
  const char *name = json_string_value(json_object_get(account, "name"));
  const struct host_settings settings = {
      .plugin = &testing->plugin->table,
      .world = &world,
      .account = {.name = name == NULL ? "someone" : name,
                  .user = (uid_t)json_integer_value(json_object_get(account, "user")),
                  .group = (gid_t)json_integer_value(json_object_get(account, "group"))},
  };
  return host_call(&settings, verb, scenario, answer, error);
}

/* What spawn and validate say together. Returns the ending of the file with the expected text. */
static const char *call_spawn(const struct testing *testing, json_t *scenario, struct buffer *out,
                              const char **reason)
{
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_ERROR struct error *refused = NULL;
  CLEANUP_JSON json_t *problems = NULL;
  CLEANUP_JSON json_t *plan = NULL;
  CLEANUP_PLAN struct plan *parsed = NULL;
  if (call(testing, scenario, HOST_VALIDATE, &problems, &error) != 0) {
    add_error(out, "validate", error);
    return "refusal";
  }
  bool has_problems = json_array_size(json_object_get(problems, "problems")) > 0;
  if (!json_is_true(json_object_get(scenario, "notes")))
    json_object_del(problems, "notes");
  canonical_answer(out, problems);
  if (call(testing, scenario, HOST_SPAWN, &plan, &refused) != 0) {
    add_error(out, "spawn", refused);
    if (!has_problems && json_object_get(scenario, "probed") != NULL)
      *reason = "spawn refuses what validate found no problem with";
    return "refusal";
  }
  if (has_problems)
    *reason = "validate found problems, and spawn made a plan";
  canonical_plan(out, plan);
  if (plan_parse(plan, json_object_get(scenario, "request"), &parsed, &error) != 0) {
    *reason = "the router refuses this plan";
    add_error(out, "router", error);
  }
  return "plan";
}

static const char *call_verb(const struct testing *testing, json_t *scenario, struct buffer *out,
                             const char **reason)
{
  const char *word = json_string_value(json_object_get(scenario, "verb"));
  enum host_verb verb = word == NULL ? HOST_SPAWN : host_verb_from_name(word);
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_JSON json_t *answer = NULL;
  if (verb == HOST_SPAWN)
    return call_spawn(testing, scenario, out, reason);
  if (verb != HOST_PROBE && verb != HOST_TEARDOWN && verb != HOST_DIAGNOSE) {
    *reason = "\"verb\" is none of spawn, probe, teardown and diagnose";
    return "refusal";
  }
  if (call(testing, scenario, verb, &answer, &error) != 0) {
    add_error(out, word, error);
    return "refusal";
  }
  if (verb == HOST_TEARDOWN)
    canonical_plan(out, answer);
  else
    canonical_answer(out, answer);
  return verb == HOST_DIAGNOSE ? "diagnosis" : word;
}

static void show_difference(const char *expected, const char *found)
{
  unsigned line = 1;
  for (;; line++) {
    size_t left = strcspn(expected, "\n");
    size_t right = strcspn(found, "\n");
    if (left != right || memcmp(expected, found, left) != 0 || expected[left] == '\0' ||
        found[right] == '\0') {
      printf("# line %u, expected: %.*s\n# line %u, found:    %.*s\n", line, (int)left, expected,
             line, (int)right, found);
      return;
    }
    expected += left + 1;
    found += right + 1;
  }
}

static void compare(struct testing *testing, const char *file, const char *name,
                    const struct buffer *found)
{
  CLEANUP_BUFFER struct buffer expected = {0};
  CLEANUP_ERROR struct error *error = NULL;
  if (testing->update) {
    report(testing, name, scenario_write(file, found, &error) == 0 ? NULL : error->message);
    return;
  }
  if (scenario_read_text(file, &expected, &error) != 0) {
    report(testing, name, error->message);
    return;
  }
  bool same =
      expected.length == found->length && memcmp(expected.data, found->data, found->length) == 0;
  report(testing, name, same ? NULL : file);
  if (!same)
    show_difference(expected.data, found->data);
}

static void test_scenario(struct testing *testing, const char *directory, const char *name)
{
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_BUFFER struct buffer found = {0};
  CLEANUP_BUFFER struct buffer file = {0};
  const char *reason = NULL;
  CLEANUP_JSON json_t *scenario = scenario_load(directory, name, &error);
  if (scenario == NULL) {
    report(testing, name, error->message);
    return;
  }
  buffer_append_text(&found, "");
  const char *ending = call_verb(testing, scenario, &found, &reason);
  if (reason != NULL) {
    report(testing, name, reason);
    printf("# %s\n", found.data);
    return;
  }
  size_t length = strlen(name) - strlen(".json");
  buffer_append_format(&file, "%s/%.*s.%s", directory, (int)length, name, ending);
  compare(testing, file.data, name, &found);
}

static int is_scenario(const struct dirent *entry)
{
  size_t length = strlen(entry->d_name);
  return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static void test_directory(struct testing *testing, const char *directory)
{
  struct dirent **entries = NULL;
  int count = scandir(directory, &entries, is_scenario, alphasort);
  if (count <= 0)
    report(testing, directory, count < 0 ? strerror(errno) : "there is no scenario");
  for (int i = 0; i < count; i++) {
    test_scenario(testing, directory, entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
}

/* Finds the plugin's table. It stays loaded until the process ends. */
static const void *find_table(const char *file, struct error **error)
{
  /* A name without a slash would be looked for along the search path of libraries. */
  CLEANUP_FREE char *path = realpath(file, NULL);
  CLEANUP_CLOSE int descriptor = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    error_make(error, ERROR_FAILED, errno, "cannot open it");
    return NULL;
  }
  if (elf_check_exports(descriptor, "jauauth_plugin_v1", error) != 0)
    return NULL;
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const void *table = module == NULL ? NULL : dlsym(module, "jauauth_plugin_v1");
  if (table == NULL)
    error_make(error, ERROR_FAILED, 0, "it cannot be loaded: %s", dlerror());
  return table;
}

/* Without the checks of the file's owner, which are about a machine, not about a plugin. */
static int load(const char *file, struct loader_plugin *plugin)
{
  CLEANUP_ERROR struct error *error = NULL;
  const char *base = strrchr(file, '/') == NULL ? file : strrchr(file, '/') + 1;
  CLEANUP_BUFFER struct buffer name = {0};
  buffer_append(&name, base, strcspn(base, "."));
  const void *table = find_table(file, &error);
  if (table != NULL && loader_check(table, name.data == NULL ? "" : name.data, plugin, &error) == 0)
    return 0;
  printf("Bail out! %s: %s\n", file, error->message);
  if (error->hint != NULL)
    printf("# %s\n", error->hint);
  return -1;
}

static const char usage[] = "usage: jauauth-plugin-golden [--update] PLUGIN.so DIRECTORY...\n"
                            "       jauauth-plugin-golden --help | --version\n";

int main(int argc, char **argv)
{
  struct loader_plugin plugin;
  const char *option = argc > 1 ? argv[1] : "";
  bool update = strcmp(option, "--update") == 0;
  if (strcmp(option, "--help") == 0)
    return fputs(usage, stdout) < 0;
  if (strcmp(option, "--version") == 0)
    return printf("jauauth-plugin-golden %s, plugin ABI %d.%d\n", PACKAGE_VERSION,
                  JAUAUTH_ABI_MAJOR, JAUAUTH_ABI_MINOR) < 0;
  char **operands = argv + 1 + update;
  if (argc - 1 - update < 2 || operands[0][0] == '-') {
    fputs(usage, stderr);
    return 2;
  }
  if (sodium_init() < 0 || load(operands[0], &plugin) != 0)
    return 1;
  struct testing testing = {.plugin = &plugin, .update = update};
  for (char **directory = operands + 1; *directory != NULL; directory++)
    test_directory(&testing, *directory);
  printf("1..%u\n", testing.count);
  loader_free(&plugin);
  return testing.failed == 0 ? 0 : 1;
}

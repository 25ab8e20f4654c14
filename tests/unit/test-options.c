/* SPDX-License-Identifier: Apache-2.0 */
/* Options: every type, right and wrong; what is moved into the request; problems with places. */
#include "core/plugin/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The tables of engines whose options users have in their files, and one option of each type. */
static const char table[] =
    "{\"options\": ["
    "{\"name\": \"image\", \"type\": \"text\", \"help\": \"The image\", \"required\": true},"
    "{\"name\": \"memory_limit\", \"type\": \"size\", \"means\": \"memory_limit\"},"
    "{\"name\": \"cpu_limit\", \"type\": \"cpus\", \"means\": \"cpu_limit\"},"
    "{\"name\": \"pids\", \"type\": \"integer\", \"means\": \"pids_limit\"},"
    "{\"name\": \"extra_flags\", \"type\": \"text-list\"},"
    "{\"name\": \"network\", \"type\": \"network\", \"means\": \"network\"},"
    "{\"name\": \"mounts\", \"type\": \"text-list\", \"means\": \"mounts\"},"
    "{\"name\": \"ro_binds\", \"type\": \"pair-list\", \"means\": \"mounts_read_only\"},"
    "{\"name\": \"rw_paths\", \"type\": \"path-list\", \"means\": \"mounts_writable\"},"
    "{\"name\": \"no_root\", \"type\": \"boolean\"},"
    "{\"name\": \"netfilter\", \"type\": \"path\"},"
    "{\"name\": \"level\", \"type\": \"integer\", \"minimum\": 1, \"maximum\": 9},"
    "{\"name\": \"cache\", \"type\": \"size\"},"
    "{\"name\": \"share\", \"type\": \"cpus\"},"
    "{\"name\": \"words\", \"type\": \"text-map\"},"
    "{\"name\": \"allowed\", \"type\": \"text-list\", \"host\": true},"
    "{\"name\": \"pin\", \"type\": \"size\", \"secret\": true}"
    "]}";

struct outcome {
  json_t *options;
  json_t *request;
  json_t *problems;
};

static struct outcome apply(const char *given, const char *request)
{
  struct outcome outcome = {.problems = json_array()};
  json_t *description = json_loads(table, 0, NULL);
  json_t *object = given == NULL ? NULL : json_loads(given, JSON_DECODE_ANY, NULL);
  outcome.request = json_loads(request, 0, NULL);
  assert_non_null(description);
  assert_true(given == NULL || object != NULL);
  assert_non_null(outcome.request);
  assert_int_equal(
      options_apply(description, object, outcome.request, &outcome.options, outcome.problems, NULL),
      0);
  json_decref(description);
  json_decref(object);
  return outcome;
}

static void release(struct outcome *outcome)
{
  json_decref(outcome->options);
  json_decref(outcome->request);
  json_decref(outcome->problems);
}

static void assert_json(json_t *value, const char *expected)
{
  json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
  assert_non_null(wanted);
  if (!json_equal(value, wanted)) {
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    print_error("got %s\n", text);
    free(text);
    fail();
  }
  json_decref(wanted);
}

static void assert_accepted(const char *given, const char *options, const char *request)
{
  struct outcome outcome = apply(given, "{}");
  assert_json(outcome.problems, "[]");
  assert_json(outcome.options, options);
  assert_json(outcome.request, request);
  release(&outcome);
}

static void assert_problem(const char *given, const char *request, const char *pointer,
                           const char *text, const char *hint)
{
  struct outcome outcome = apply(given, request);
  assert_int_equal(json_array_size(outcome.problems), 1);
  json_t *problem = json_array_get(outcome.problems, 0);
  assert_string_equal(json_string_value(json_object_get(problem, "pointer")), pointer);
  assert_string_equal(json_string_value(json_object_get(problem, "text")), text);
  if (hint == NULL)
    assert_null(json_object_get(problem, "hint"));
  else
    assert_string_equal(json_string_value(json_object_get(problem, "hint")), hint);
  release(&outcome);
}

static void test_typed(void **state)
{
  (void)state;
  assert_accepted("{\"image\": \"i\"}", "{\"image\": \"i\"}", "{}");
  assert_accepted("{\"image\": \"i\", \"extra_flags\": [\"--a\", \"b\"], \"no_root\": true,"
                  " \"netfilter\": \"/etc/f\", \"level\": 9, \"cache\": \"1k\", \"share\": 1.5,"
                  " \"pin\": 5}",
                  "{\"image\": \"i\", \"extra_flags\": [\"--a\", \"b\"], \"no_root\": true,"
                  " \"netfilter\": \"/etc/f\", \"level\": 9, \"cache\": 1024, \"share\": 1500,"
                  " \"pin\": 5}",
                  "{}");
  assert_accepted("{\"image\": \"i\", \"share\": \"0.25\", \"cache\": 7}",
                  "{\"image\": \"i\", \"share\": 250, \"cache\": 7}", "{}");
}

static void test_moved(void **state)
{
  (void)state;
  assert_accepted("{\"image\": \"i\", \"memory_limit\": \"256m\", \"cpu_limit\": \"0.5\","
                  " \"pids\": 50, \"network\": true}",
                  "{\"image\": \"i\"}",
                  "{\"network\": \"open\","
                  " \"limits\": {\"memory\": {\"value\": 268435456, \"strict\": true},"
                  " \"cpu\": {\"value\": 500, \"strict\": true},"
                  " \"pids\": {\"value\": 50, \"strict\": true}}}");
  assert_accepted("{\"image\": \"i\", \"cpu_limit\": 2, \"network\": false}", "{\"image\": \"i\"}",
                  "{\"network\": \"none\", \"limits\": {\"cpu\": {\"value\": 2000, \"strict\": "
                  "true}}}");
  assert_accepted("{\"image\": \"i\", \"network\": \"none\"}", "{\"image\": \"i\"}",
                  "{\"network\": \"none\"}");
  assert_accepted("{\"image\": \"i\", \"network\": \"lan\"}", "{\"image\": \"i\"}",
                  "{\"network\": {\"name\": \"lan\"}}");
}

static void test_mounts(void **state)
{
  (void)state;
  assert_accepted(
      "{\"image\": \"i\", \"mounts\": [\"/a:/b\", \"/c:/d:ro\", \"/e:/f:rw\"],"
      " \"ro_binds\": [[\"/usr\", \"/usr\"]], \"rw_paths\": [\"/w\"]}",
      "{\"image\": \"i\"}",
      "{\"mounts\": ["
      "{\"source\": \"/a\", \"target\": \"/b\", \"read_only\": false, \"host\": false,"
      " \"place\": \"mounts/0\"},"
      "{\"source\": \"/c\", \"target\": \"/d\", \"read_only\": true, \"host\": false,"
      " \"place\": \"mounts/1\"},"
      "{\"source\": \"/e\", \"target\": \"/f\", \"read_only\": false, \"host\": false,"
      " \"place\": \"mounts/2\"},"
      "{\"source\": \"/usr\", \"target\": \"/usr\", \"read_only\": true, \"host\": false,"
      " \"place\": \"ro_binds/0\"},"
      "{\"source\": \"/w\", \"target\": \"/w\", \"read_only\": false, \"host\": false,"
      " \"place\": \"rw_paths/0\"}]}");
  const char *form = "a mount needs two absolute paths with a colon between them";
  const char *hint = "write \"/path/of/the/host:/path/inside\", perhaps with :ro";
  assert_problem("{\"image\": \"i\", \"mounts\": [\"data:/data\"]}", "{}", "/mounts/0", form, hint);
  assert_problem("{\"image\": \"i\", \"mounts\": [\"/data\"]}", "{}", "/mounts/0", form, hint);
  assert_problem("{\"image\": \"i\", \"mounts\": [\"/a:/b\", \"/a:/c:rx\"]}", "{}", "/mounts/1",
                 "behind the second \":\" of a mount stands \"ro\", \"rw\" or nothing", NULL);
  assert_problem("{\"image\": \"i\", \"ro_binds\": [[\"/a\", \"/b\"]],"
                 " \"rw_paths\": [\"/b\"]}",
                 "{}", "/rw_paths/0", "two different mounts have the place /b inside",
                 "write it in one place only");
}

static void test_two_places(void **state)
{
  (void)state;
  struct outcome same = apply(
      "{\"image\": \"i\", \"memory_limit\": \"1g\", \"network\": true, \"mounts\": [\"/a:/b\"]}",
      "{\"network\": \"open\", \"limits\": {\"memory\": {\"value\": 1073741824, \"strict\": true}},"
      " \"mounts\": [{\"source\": \"/a\", \"target\": \"/b\", \"read_only\": false}]}");
  assert_json(same.problems, "[]");
  assert_int_equal(json_array_size(json_object_get(same.request, "mounts")), 1);
  release(&same);
  assert_problem("{\"image\": \"i\", \"memory_limit\": \"256m\"}",
                 "{\"limits\": {\"memory\": {\"value\": 134217728, \"strict\": true}}}",
                 "/memory_limit",
                 "\"memory_limit\" is 256m here, and \"memory_limit\" is 128m in another place",
                 "write it in one place only");
  assert_problem("{\"image\": \"i\", \"network\": true}", "{\"network\": \"none\"}", "/network",
                 "\"network\" and the network of the sandbox are both given, and differ",
                 "write it in one place only");
  struct outcome defaults = apply("{\"image\": \"i\", \"pids\": 9}",
                                  "{\"limits\": {\"pids\": {\"value\": 256, \"strict\": false}}}");
  assert_json(defaults.request, "{\"limits\": {\"pids\": {\"value\": 9, \"strict\": true}}}");
  release(&defaults);
}

static void test_unknown_and_missing(void **state)
{
  (void)state;
  struct outcome name = apply("{\"image\": \"i\", \"imgae\": 1, \"pids\": []}", "{}");
  assert_true(json_is_true(json_object_get(json_array_get(name.problems, 0), "at_key")));
  assert_null(json_object_get(json_array_get(name.problems, 1), "at_key"));
  release(&name);
  assert_problem("{\"image\": \"i\", \"memroy_limit\": \"1g\"}", "{}", "/memroy_limit",
                 "the strategy has no option \"memroy_limit\"", "did you mean \"memory_limit\"?");
  assert_problem("{\"image\": \"i\", \"a/b~c\": 1}", "{}", "/a~1b~0c",
                 "the strategy has no option \"a/b~c\"",
                 "the options are image, memory_limit, cpu_limit, pids, extra_flags, network, "
                 "mounts, ro_binds, rw_paths, no_root, netfilter, level, cache, share, words, "
                 "pin");
  assert_problem(NULL, "{}", "", "the option \"image\" is needed", "image: The image");
  assert_problem("null", "{}", "", "the option \"image\" is needed", "image: The image");
  struct outcome text = apply("\"docker\"", "{}");
  assert_int_equal(json_array_size(text.problems), 2);
  release(&text);
}

static void test_host(void **state)
{
  (void)state;
  assert_problem("{\"image\": \"i\", \"allowed\": [\"x\"]}", "{}", "/allowed",
                 "\"allowed\" is for the administrator, in the host file", NULL);
  json_t *description = json_loads(table, 0, NULL);
  json_t *given = json_loads("{\"allowed\": [\"x\"], \"image\": \"i\"}", 0, NULL);
  json_t *options = NULL;
  json_t *problems = json_array();
  assert_int_equal(options_apply_host(description, given, &options, problems, NULL), 0);
  assert_json(options, "{\"allowed\": [\"x\"]}");
  assert_int_equal(json_array_size(problems), 1);
  json_decref(options);
  json_decref(problems);
  json_decref(given);
  json_decref(description);
}

static void test_wrong_types(void **state)
{
  (void)state;
  assert_problem("{\"image\": \"i\", \"words\": {\"A\": 1}}", "{}", "/words",
                 "\"words\" must be names with a text each, not a number", NULL);
  assert_problem("{\"image\": 5}", "{}", "/image", "\"image\" must be a text, not a number", NULL);
  assert_problem("{\"image\": \"i\", \"no_root\": \"yes\"}", "{}", "/no_root",
                 "\"no_root\" must be true or false, not a text", NULL);
  assert_problem("{\"image\": \"i\", \"level\": 10}", "{}", "/level",
                 "\"level\" must be a whole number from 1 to 9", NULL);
  assert_problem("{\"image\": \"i\", \"level\": 1.5}", "{}", "/level",
                 "\"level\" must be a whole number, not a number", NULL);
  assert_problem("{\"image\": \"i\", \"netfilter\": \"~/f\"}", "{}", "/netfilter",
                 "\"netfilter\" must be an absolute path",
                 "write the whole path: neither ~ nor $ is replaced in it");
  assert_problem("{\"image\": \"i\", \"extra_flags\": \"--a\"}", "{}", "/extra_flags",
                 "\"extra_flags\" must be a list of texts such as [\"a\", \"b\"], not a text",
                 NULL);
  assert_problem("{\"image\": \"i\", \"ro_binds\": [[\"/usr\"]]}", "{}", "/ro_binds/0",
                 "each entry of \"ro_binds\" must be a pair of paths",
                 "write [\"/path/of/the/host\", \"/path/inside\"]");
  assert_problem("{\"image\": \"i\", \"network\": \"a b\"}", "{}", "/network",
                 "the value of \"network\" cannot be the name of a network",
                 "true opens the network, false closes it");
  assert_problem("{\"image\": \"i\", \"share\": 0.0001}", "{}", "/share",
                 "\"share\" must be a number of processors such as 0.5 or \"0.5\"", NULL);
  struct outcome both = apply("{\"image\": 1, \"level\": 0, \"ro_binds\": [1, 2]}", "{}");
  assert_int_equal(json_array_size(both.problems), 4);
  release(&both);
}

/* What stands at a secret option is never repeated. */
static void test_secret(void **state)
{
  (void)state;
  assert_problem("{\"image\": \"i\", \"pin\": \"hunter2\"}", "{}", "/pin",
                 "\"pin\" must be a size such as \"256m\", or a whole number of bytes", NULL);
}

/* The limits of the request have the same bounds wherever they are written. */
static void test_bounds(void **state)
{
  (void)state;
  static const char *const wrong[] = {"{\"image\": \"i\", \"memory_limit\": \"lots\"}",
                                      "{\"image\": \"i\", \"memory_limit\": 0}",
                                      "{\"image\": \"i\", \"memory_limit\": true}",
                                      "{\"image\": \"i\", \"cpu_limit\": \"1e3\"}",
                                      "{\"image\": \"i\", \"cpu_limit\": -1}",
                                      "{\"image\": \"i\", \"pids\": 0}",
                                      "{\"image\": \"i\", \"cache\": -1}",
                                      "{\"image\": \"i\", \"cache\": \"1x\"}"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    struct outcome outcome = apply(wrong[i], "{}");
    assert_int_equal(json_array_size(outcome.problems), 1);
    assert_json(outcome.request, "{}");
    release(&outcome);
  }
}

/* What the strategies of the seed files take. */
static const char *const engines[][2] = {
    {"docker", "[\"image\", \"text\", null, \"memory_limit\", \"size\", \"memory_limit\","
               " \"cpu_limit\", \"cpus\", \"cpu_limit\", \"extra_flags\", \"text-list\", null]"},
    {"podman", "[\"image\", \"text\", null, \"memory_limit\", \"size\", \"memory_limit\","
               " \"cpu_limit\", \"cpus\", \"cpu_limit\"]"},
    {"firejail", "[\"profile\", \"text\", null, \"whitelist_paths\", \"path-list\","
                 " \"mounts_writable\", \"net\", \"network\", \"network\","
                 " \"extra_args\", \"text-list\", null]"},
    {"bubblewrap", "[\"ro_binds\", \"pair-list\", \"mounts_read_only\","
                   " \"rw_binds\", \"pair-list\", \"mounts_writable\","
                   " \"share_net\", \"boolean\", \"network\"]"},
    {"none", "[]"}};

static json_t *describe_engine(const char *name)
{
  json_t *options = json_array();
  for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
    if (strcmp(engines[i][0], name) != 0)
      continue;
    json_t *words = json_loads(engines[i][1], 0, NULL);
    for (size_t word = 0; word < json_array_size(words); word += 3) {
      json_t *option = json_pack("{s:O, s:O}", "name", json_array_get(words, word), "type",
                                 json_array_get(words, word + 1));
      if (json_is_string(json_array_get(words, word + 2)))
        json_object_set(option, "means", json_array_get(words, word + 2));
      json_array_append_new(options, option);
    }
    json_decref(words);
    return json_pack("{s:o}", "options", options);
  }
  json_decref(options);
  return NULL;
}

/* The options in the files that users have are taken as they stand. */
static void test_seed_configs(void **state)
{
  (void)state;
  static const char *const files[] = {"01-docker",
                                      "02-podman",
                                      "03-firejail",
                                      "04-bubblewrap",
                                      "05-none",
                                      "06-docker-hardened",
                                      "07-firejail-hardened",
                                      "08-filesystem-server",
                                      "09-network-service",
                                      "10-untrusted-code"};
  const char *source = getenv("JAUAUTH_SOURCE");
  if (source == NULL)
    skip();
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/seed-configs/%s.json", source, files[i]);
    json_t *file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    json_t *server = json_array_get(json_object_get(file, "servers"), 0);
    json_t *strategy = json_object_get(json_object_get(server, "sandbox"), "strategy");
    void *first = json_object_iter(strategy);
    json_t *description =
        describe_engine(first == NULL ? json_string_value(strategy) : json_object_iter_key(first));
    assert_non_null(description);
    json_t *request = json_object();
    json_t *problems = json_array();
    json_t *options = NULL;
    assert_int_equal(options_apply(description,
                                   first == NULL ? NULL : json_object_iter_value(first), request,
                                   &options, problems, NULL),
                     0);
    assert_json(problems, "[]");
    json_decref(description);
    json_decref(request);
    json_decref(problems);
    json_decref(options);
    json_decref(file);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_typed),
      cmocka_unit_test(test_moved),
      cmocka_unit_test(test_mounts),
      cmocka_unit_test(test_two_places),
      cmocka_unit_test(test_unknown_and_missing),
      cmocka_unit_test(test_host),
      cmocka_unit_test(test_wrong_types),
      cmocka_unit_test(test_secret),
      cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_seed_configs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

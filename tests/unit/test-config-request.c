/* SPDX-License-Identifier: Apache-2.0 */
/* The request of a server: which place counts, what disagrees, and checks against the plugins. */
#include "core/config/request.h"

#include "core/base/cleanup.h"
#include "core/config/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const environment[] = {"LANG=de", NULL};
static const char *const nothing[] = {NULL};
static const struct servers_settings settings = {
    .default_strategy = "standard", .allowed_variables = nothing, .environment = environment};

struct world {
  struct servers_config *servers;
  struct host_config *host;
  struct config_problems problems;
  struct request_context context;
};

static void open_world(struct world *world, const char *servers, const char *host)
{
  *world = (struct world){.context = {.instance = "abc-1", .state_directory = "/srv/state"}};
  world->host = host_config_parse(host, strlen(host), &world->problems);
  world->servers = servers_config_parse(servers, strlen(servers), &settings, &world->problems);
  assert_non_null(world->host);
  assert_non_null(world->servers);
  assert_int_equal(world->problems.errors, 0);
}

static json_t *start(struct world *world, size_t server)
{
  json_t *request = NULL;
  assert_int_equal(config_request_start(world->servers, server, &world->context, &world->problems,
                                        &request, NULL),
                   0);
  return request;
}

static json_t *build(struct world *world, size_t server)
{
  json_t *request = start(world, server);
  assert_int_equal(config_request_finish(request, world->host, NULL), 0);
  return request;
}

static void close_world(struct world *world)
{
  servers_config_free(&world->servers);
  host_config_free(&world->host);
  config_problems_free(&world->problems);
}

static void is_json(json_t *value, const char *expected)
{
  CLEANUP_FREE char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
  assert_non_null(text);
  assert_string_equal(text, expected);
}

static void test_defaults(void **state)
{
  (void)state;
  struct world world;
  open_world(&world, "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", \"args\": [\"y\"]}]}", "");
  json_t *request = build(&world, 0);
  is_json(json_object_get(request, "network"), "\"none\"");
  is_json(json_object_get(request, "instance"), "\"abc-1\"");
  is_json(json_object_get(request, "server"), "\"a\"");
  is_json(json_object_get(request, "command"), "[\"x\",\"y\"]");
  is_json(json_object_get(request, "mounts"), "[]");
  is_json(json_object_get(request, "environment"),
          "[[\"PATH\",\"/usr/local/bin:/usr/bin:/bin\"],[\"HOME\",\"/home/mcp\"],"
          "[\"LANG\",\"C.UTF-8\"]]");
  is_json(json_object_get(request, "limits"),
          "{\"memory\":{\"value\":2147483648,\"strict\":false},\"pids\":{\"value\":256,\"strict\":"
          "false},\"open_files\":{\"value\":1024,\"strict\":false},\"file_size\":{\"value\":"
          "1073741824,\"strict\":false}}");
  assert_null(json_object_get(request, "home"));
  assert_null(json_object_get(request, "work_directory"));
  assert_false(config_request_has_network(request));
  assert_null(config_accept_partial(&world.servers->servers[0], world.host)[0]);
  json_decref(request);
  close_world(&world);
}

static void test_precedence(void **state)
{
  (void)state;
  struct world world;
  open_world(&world,
             "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", \"env\": {\"PATH\": \"/p\"}, "
             "\"sandbox\": {\"network\": true, \"memory_limit\": \"1m\", \"home\": \"keep\", "
             "\"work_dir\": \"/w\", \"temp_dir\": \"/t\", \"env_passthrough\": [\"LANG\"], "
             "\"mounts\": [\"/nonexistent/a:/a:ro\"], \"accept_partial\": [\"cpu_limit\"], "
             "\"allow_swappable\": [\"/nonexistent/a\"]}}]}",
             "request = { network = false; memory_limit = \"2m\"; cpu_limit = 1; pids_limit = 0; "
             "accept_partial = [\"memory_limit\"]; };");
  world.context.home = "/home/ann";
  json_t *request = start(&world, 0);
  is_json(json_object_get(request, "limits"), "{\"memory\":{\"value\":1048576,\"strict\":true}}");
  /* What the options of the strategy have set stays. */
  json_object_set_new(json_object_get(request, "limits"), "file_size",
                      json_pack("{s:i, s:b}", "value", 4096, "strict", 1));
  assert_int_equal(config_request_finish(request, world.host, NULL), 0);
  assert_int_equal(world.problems.errors, 0);
  is_json(json_object_get(request, "network"), "\"open\"");
  is_json(
      json_object_get(request, "limits"),
      "{\"memory\":{\"value\":1048576,\"strict\":true},\"file_size\":{\"value\":4096,"
      "\"strict\":true},\"cpu\":{\"value\":1000,\"strict\":true},\"open_files\":{\"value\":1024,"
      "\"strict\":false}}");
  is_json(json_object_get(request, "environment"),
          "[[\"PATH\",\"/p\"],[\"LANG\",\"de\"],[\"HOME\",\"/home/ann\"],[\"TMPDIR\",\"/t\"]]");
  is_json(json_object_get(request, "home"), "\"/srv/state/homes/a\"");
  is_json(json_object_get(request, "work_directory"), "\"/w\"");
  is_json(json_object_get(request, "temporary_directory"), "\"/t\"");
  is_json(json_object_get(request, "mounts"),
          "[{\"source\":\"/nonexistent/a\",\"target\":\"/a\",\"read_only\":true,\"host\":false}]");
  is_json(json_object_get(request, "allow_swappable"), "[\"/nonexistent/a\"]");
  assert_true(config_request_has_network(request));
  assert_string_equal(config_accept_partial(&world.servers->servers[0], world.host)[0],
                      "cpu_limit");
  json_decref(request);
  close_world(&world);
}

static void test_places_of_findings(void **state)
{
  (void)state;
  struct world world;
  open_world(&world,
             "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", \"sandbox\": {\"strategy\": "
             "{\"cage\": {\"net\": 1, \"binds\": [\"/a\", \"/b\"]}}, \"mounts\": [\"/x:/y\"]}}]}",
             "");
  json_t *found = json_pack("[{s:s, s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]",
                            "pointer", "/net", "text", "one", "hint", "do", "option", "binds/1",
                            "text", "two", "option", "mounts/0", "text", "three", "option",
                            "command", "text", "four", "option", "color", "text", "five");
  config_check_report(world.servers, 0, CONFIG_ERROR, found, &world.problems);
  json_decref(found);
  assert_true(world.servers->servers[0].broken);
  CLEANUP_BUFFER struct buffer text = {0};
  config_problems_append_text(&world.problems, &text);
  assert_string_equal(text.data, "1:37: error: four (at /servers/0/command)\n"
                                 "1:75: error: five (at /servers/0/sandbox/strategy/cage)\n"
                                 "1:83: error: one (at /servers/0/sandbox/strategy/cage/net)\n"
                                 "    hint: do\n"
                                 "1:102: error: two (at /servers/0/sandbox/strategy/cage/binds/1)\n"
                                 "1:122: error: three (at /servers/0/sandbox/mounts/0)\n");
  close_world(&world);
}

static void test_writable(void **state)
{
  (void)state;
  struct world world;
  open_world(&world,
             "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", \"sandbox\": {\"mounts\": "
             "[\"/nonexistent/w:/a\", \"/usr:/b:ro\", \"//usr/:/c\"]}}, {\"id\": \"b\", "
             "\"command\": \"x\", \"sandbox\": {\"home\": \"keep\", \"mounts\": "
             "[\"/nonexistent/w:/a\"]}}]}",
             "");
  json_t *requests[3] = {build(&world, 0), NULL, build(&world, 1)};
  assert_int_equal(config_requests_link(requests, 3, NULL), 0);
  is_json(json_object_get(requests[0], "own_writable"), "[\"/nonexistent/w\",\"/usr\"]");
  is_json(json_object_get(requests[2], "own_writable"),
          "[\"/srv/state/homes/b\",\"/nonexistent/w\"]");
  for (int i = 0; i < 3; i += 2)
    is_json(json_object_get(requests[i], "writable_elsewhere"),
            "[\"/nonexistent/w\",\"/usr\",\"/srv/state/homes/b\"]");
  json_decref(requests[0]);
  json_decref(requests[2]);
  close_world(&world);
}

static void test_no_state(void **state)
{
  (void)state;
  struct world world;
  open_world(&world,
             "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", \"sandbox\": {\"home\": "
             "\"keep\"}}]}",
             "");
  world.context.state_directory = NULL;
  json_t *request = build(&world, 0);
  assert_int_equal(world.problems.errors, 1);
  assert_string_equal(world.problems.items[0].pointer, "/servers/0/sandbox/home");
  json_decref(request);
  close_world(&world);
}

static void test_checks(void **state)
{
  (void)state;
  struct world world;
  open_world(
      &world,
      "{\"servers\": [{\"id\": \"a\", \"command\": \"/usr/bin/engine\", \"args\": [\"run\"]},"
      "\n{\"id\": \"b\", \"command\": \"npx\", \"args\": [\"-y\", \"p\"], \"sandbox\": "
      "{\"strategy\": \"cagee\"}},\n{\"id\": \"c\", \"command\": \"npx\", \"sandbox\": "
      "{\"network\": true, \"strategy\": \"other-thing\"}}]}",
      "");
  static const char *const names[] = {"cage", "standard", NULL};
  static const struct config_front fronts[] = {{"engine", "cage"}};
  assert_true(config_check_strategy(world.servers, 0, names, &world.problems));
  assert_false(config_check_strategy(world.servers, 1, names, &world.problems));
  assert_false(config_check_strategy(world.servers, 2, names, &world.problems));
  assert_int_equal(world.problems.warnings, 2);
  assert_string_equal(world.problems.items[0].hint, "did you mean \"cage\"?");
  assert_non_null(strstr(world.problems.items[1].hint, "jauauth-plugin-other-thing"));
  assert_false(config_check_front(world.servers, 1, fronts, 1, true, &world.problems));
  assert_true(config_check_front(world.servers, 0, fronts, 1, false, &world.problems));
  assert_false(world.servers->servers[0].broken);
  assert_true(config_check_front(world.servers, 0, fronts, 1, true, &world.problems));
  assert_true(world.servers->servers[0].broken);
  for (size_t i = 0; i < 3; i++) {
    json_t *request = build(&world, i);
    config_check_runner(world.servers, i, request, &world.problems);
    json_decref(request);
  }
  assert_int_equal(world.problems.errors, 1);
  assert_int_equal(world.problems.warnings, 4);
  CLEANUP_BUFFER struct buffer text = {0};
  config_problems_append_text(&world.problems, &text);
  assert_non_null(strstr(text.data, "2:24: warning: \"npx\" fetches the server"));
  assert_non_null(strstr(text.data, "{\"strategy\": {\"cage\": {…}}}"));
  close_world(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),           cmocka_unit_test(test_precedence),
      cmocka_unit_test(test_places_of_findings), cmocka_unit_test(test_writable),
      cmocka_unit_test(test_no_state),           cmocka_unit_test(test_checks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

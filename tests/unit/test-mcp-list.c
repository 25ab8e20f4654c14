/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of tools: merging, names, pages, waiting, changes, the cache. */
#include "core/mcp/name.h"
#include "tests/unit/mcp-world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define LIST          "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"method\":\"tools/list\"}"
#define LISTED(tools) "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"result\":{\"tools\":[" tools "]}}"
#define CHANGED       "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}"

static struct world *world_of(const char *const *ids)
{
  struct world *world = world_new();
  for (; *ids != NULL; ids++)
    world_add_server(world, *ids, 0);
  world_add_client(world);
  router_start(world->router);
  client_initializes(world, 0, "2025-11-25");
  return world;
}

#define WORLD(...) world_of((const char *const[]){__VA_ARGS__, NULL})

static void test_merge(void **state)
{
  (void)state;
  struct world *world = WORLD("b", "a");
  server_comes_up(world, 1, "{\"name\":\"x\"}");
  server_comes_up(world, 0,
                  "{ \"inputSchema\":{\"name\":\"q\",\"maximum\":1.0E+2} , \"name\" : \"q\\u0031\","
                  "\"x\":[\"\\/\"]},{\"name\":\"p\"}");
  client_says(world, 0, LIST);
  client_gets(world, 0,
              LISTED("{ \"inputSchema\":{\"name\":\"q\",\"maximum\":1.0E+2} , \"name\" : \"b_q1\","
                     "\"x\":[\"\\/\"]},{\"name\":\"b_p\"},{\"name\":\"a_x\"}"));
  /* The server gets its own bytes back. */
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"b_q1\"}}");
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"q\\u0031\"}}");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{"
              "\"cursor\":\"x\"}}");
  client_gets_part(world, 0, "-32602");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{}}");
  client_gets_part(world, 0, "\"id\":2,\"result\"");
  world_free(world);
}

static unsigned log_lines(const struct world *world)
{
  unsigned count = 0;
  for (const char *at = world->log.data; (at = strchr(at, '\n')) != NULL; at++)
    count++;
  return count;
}

/* What a server lists, and how often, must not fill the disk of the log. */
static void test_log_is_bounded(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  CLEANUP_BUFFER struct buffer tools = {0};
  for (int i = 0; i < 1000; i++)
    buffer_append_format(&tools, "{},{\"name\":\"a.%d\"},{\"name\":\"b\"},", i);
  buffer_append_text(&tools, "{\"name\":\"last\"}");
  server_comes_up(world, 0, tools.data);
  assert_logged(world, "WARNING s an entry of its tools is left out");
  assert_logged(world, "no more is logged about its tools");
  for (int i = 3; i < 203; i++) {
    server_says(world, 0, CHANGED);
    server_waits(world, 0);
    server_gets_part(world, 0, "tools/list");
    CLEANUP_BUFFER struct buffer answer = {0};
    buffer_append_format(&answer, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"error\":{}}", i);
    server_says(world, 0, answer.data);
  }
  assert_true(log_lines(world) < 120);
  world_free(world);
}

/* The place in the configuration decides, not the order of adding; who is not allowed is neither
 * started nor seen. */
static void test_order(void **state)
{
  (void)state;
  static const struct router_server_ops none = {0};
  struct world *world = world_new();
  world->order = 2;
  world_add_server(world, "second", 0);
  world->order = 3;
  world_add_server(world, "third", 0);
  world->order = 1;
  world_add_server(world, "first", 0);
  struct router_server *hidden =
      router_add_server(world->router, "hidden", NULL, 0, 0, &none, NULL, false);
  assert_non_null(hidden);
  router_start(world->router);
  for (unsigned i = 0; i < 3; i++)
    server_comes_up(world, i, "{\"name\":\"x\"}");
  router_server_ready(hidden);
  assert_int_equal(router_server_state(hidden), ROUTER_SERVER_IDLE);
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  client_says(world, 0, LIST);
  client_gets(world, 0,
              LISTED("{\"name\":\"first_x\"},{\"name\":\"second_x\"},{\"name\":\"third_x\"}"));
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"hidden_x\"}}");
  client_gets_part(world, 0, "Unknown tool: hidden_x");
  world_free(world);
}

static void test_underscores(void **state)
{
  (void)state;
  struct world *world = WORLD("a", "a_b");
  server_comes_up(world, 0, "{\"name\":\"b_d\"},{\"name\":\"b_c\"},{\"name\":\"e\"}");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"a_b_c\"}}");
  server_gets_part(world, 0, "\"name\":\"b_c\"");
  server_comes_up(world, 1, "{\"name\":\"c\"},{\"name\":\"f\"}");
  assert_logged(world, "ERROR a_b servers \"a\" and \"a_b\" both have a tool that would be named "
                       "a_b_c, so neither is offered");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"a_b_d\"},{\"name\":\"a_e\"},{\"name\":\"a_b_f\"}"));
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"a_b_c\"}}");
  client_gets_part(world, 0, "-32602");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"a_b_d\"}}");
  server_gets_part(world, 0, "\"name\":\"b_d\"");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"a_b_f\"}}");
  server_gets_part(world, 1, "\"name\":\"f\"");
  /* One of the two goes: the other one's is offered. */
  router_server_ended(world->servers[0].handle, "gone");
  client_gets_part(world, 0, "-31001");
  client_gets_part(world, 0, "-31001");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"a_b_c\"},{\"name\":\"a_b_f\"}"));
  world_free(world);
}

static void test_bad_entries(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  server_comes_up(world, 0,
                  "1,null,{},{\"name\":\"\"},{\"name\":5},{\"name\":\"a\",\"name\":\"b\"},"
                  "{\"name\":\"ok\",\"n\":1},{\"name\":\"ok\",\"n\":2},[{\"name\":\"x\"}]");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_ok\",\"n\":1}"));
  assert_logged(world, "two tools that are named s_ok");
  assert_logged(world, "duplicate key");
  world_free(world);
}

static void check_name(const char *server, const char *tool, size_t length, const char *expected,
                       bool expected_alias)
{
  bool alias;
  char *name = mcp_tool_name(server, tool, length, 64, &alias);
  assert_non_null(name);
  assert_string_equal(name, expected);
  assert_int_equal(alias, expected_alias);
  free(name);
}

static void test_names(void **state)
{
  (void)state;
  assert_true(sodium_init() >= 0);
  check_name("s", "Tool-1_x", 8, "s_Tool-1_x", false);
  char tool[101];
  memset(tool, 'y', 100);
  tool[100] = '\0';
  char expected[65] = "s_";
  memset(expected + 2, 'y', 62);
  check_name("s", tool, 62, expected, false);
  bool alias;
  char *first = mcp_tool_name("s", tool, 63, 64, &alias);
  char *second = mcp_tool_name("s", tool, 64, 64, &alias);
  assert_true(alias);
  assert_int_equal(strlen(first), 64);
  assert_int_equal(strlen(second), 64);
  assert_memory_equal(first, second, 55);
  assert_string_not_equal(first, second);
  free(first);
  free(second);
  char *dotted = mcp_tool_name("s", "a.b", 3, 64, &alias);
  char *spaced = mcp_tool_name("s", "a b", 3, 64, &alias);
  assert_memory_equal(dotted, "s_a_b_", 6);
  assert_memory_equal(spaced, "s_a_b_", 6);
  assert_string_not_equal(dotted, spaced);
  assert_int_equal(strlen(dotted), 14);
  /* The same in every run, on every machine. */
  assert_string_equal(dotted, "s_a_b_e6c9e579");
  free(dotted);
  free(spaced);
  char *bytes = mcp_tool_name("s", "\0\xC3\xA9", 3, 16, &alias);
  assert_memory_equal(bytes, "s_____", 6);
  assert_int_equal(strlen(bytes), 14);
  free(bytes);
}

static void test_alias(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  server_comes_up(world, 0, "{\"name\":\"a.b\"}");
  assert_logged(world, "its tool \"a.b\" is offered as s_a_b_e6c9e579");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_a_b_e6c9e579\"}"));
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"s_a_b_e6c9e579\"}}");
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"a.b\"}}");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"s_a.b\"}}");
  client_gets_part(world, 0, "-32602");
  world_free(world);
}

static void page(struct world *world, int id, const char *tools, const char *cursor)
{
  char text[400];
  snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"tools\":[%s]%s}}", id,
           tools, cursor);
  server_says(world, 0, text);
}

static void test_pages(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  server_initializes(world, 0, "2024-11-05", "{\"tools\":{}}");
  server_gets_part(world, 0, "\"id\":2,\"method\":\"tools/list\"}");
  page(world, 2, "{\"name\":\"a\"}", ",\"nextCursor\":\"\"");
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/list\",\"params\":{"
              "\"cursor\":\"\"}}");
  client_says(world, 0, LIST);
  client_gets_nothing(world, 0);
  page(world, 3, "", ",\"nextCursor\":\"\\u00e9\\/\"");
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/list\",\"params\":{"
              "\"cursor\":\"\\u00e9\\/\"}}");
  page(world, 4, "{\"name\":\"b\"}", "");
  server_gets_nothing(world, 0);
  client_gets(world, 0, LISTED("{\"name\":\"s_a\"},{\"name\":\"s_b\"}"));
  world_free(world);
}

static void test_endless_pages(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  server_initializes(world, 0, "2025-06-18", "{\"tools\":{}}");
  page(world, 2, "{\"name\":\"a\"}", ",\"nextCursor\":\"1\"");
  page(world, 3, "{\"name\":\"b\"}", ",\"nextCursor\":\"2\"");
  page(world, 4, "{\"name\":\"c\"}", ",\"nextCursor\":\"1\"");
  assert_logged(world, "never ends");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_a\"},{\"name\":\"s_b\"},{\"name\":\"s_c\"}"));
  world_free(world);
}

static void test_page_limit(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  server_initializes(world, 0, "2025-06-18", "{\"tools\":{}}");
  for (int i = 2; router_server_state(world->servers[0].handle) == ROUTER_SERVER_LISTING; i++) {
    char cursor[60];
    snprintf(cursor, sizeof cursor, ",\"nextCursor\":\"%d\"", i);
    assert_true(i < 1100);
    page(world, i, "", cursor);
  }
  assert_logged(world, "more than 1000 pages");
  world_free(world);
}

static void test_failing_list(void **state)
{
  (void)state;
  static const char *const answers[] = {
      "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32601,\"message\":\"no\"}}",
      "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}",
      "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":{}}}",
      "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[],\"tools\":[]}}",
      "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}",
  };
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    struct world *world = WORLD("s", "other");
    server_comes_up(world, 1, "{\"name\":\"x\"}");
    server_initializes(world, 0, "2025-11-25", "{\"tools\":{}}");
    client_says(world, 0, LIST);
    client_gets_nothing(world, 0);
    server_says(world, 0, answers[i]);
    client_gets(world, 0, LISTED("{\"name\":\"other_x\"}"));
    assert_logged(world, "ERROR s its answer to tools/list");
    world_free(world);
  }
}

static void test_no_tools(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  server_initializes(world, 0, "2025-11-25", "{\"prompts\":{}}");
  server_gets_nothing(world, 0);
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED(""));
  world_free(world);
}

static void test_list_waits(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->settings.list_wait_ms = 50;
  world_add_server(world, "quick", 0);
  world_add_server(world, "slow", 0);
  world_add_client(world);
  router_start(world->router);
  assert_int_equal(world->servers[1].started, 1);
  client_initializes(world, 0, "2025-11-25");
  client_says(world, 0, LIST);
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"slow_x\"}}");
  client_gets_nothing(world, 0);
  server_comes_up(world, 0, "{\"name\":\"x\"}");
  client_gets_nothing(world, 0);
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}");
  client_gets_part(world, 0, "\"id\":2,");
  client_waits(world, 0);
  client_gets(world, 0, LISTED("{\"name\":\"quick_x\"}"));
  client_gets_part(world, 0, "Unknown tool: slow_x");
  /* Nobody waits for it any more; its tools come by notification. */
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"quick_x\"}"));
  server_comes_up(world, 1, "{\"name\":\"x\"}");
  client_waits(world, 0);
  client_gets(world, 0, CHANGED);
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"quick_x\"},{\"name\":\"slow_x\"}"));
  world_run(world, 20);
  client_gets_nothing(world, 0);
  world_free(world);
}

static void test_waiting_ends(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  client_says(world, 0, LIST);
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"s_x\"}}");
  router_server_ended(world->servers[0].handle, "cannot be started");
  client_gets(world, 0, LISTED(""));
  client_gets_part(world, 0, "\"id\":1,\"error\":{\"code\":-32602");
  world_free(world);
}

static void list_again(struct world *world, int id, const char *tools)
{
  server_waits(world, 0);
  server_gets_part(world, 0, "\"method\":\"tools/list\"}");
  page(world, id, tools, "");
}

static void test_list_changed(void **state)
{
  (void)state;
  const char *changed = CHANGED;
  struct world *world = WORLD("s");
  server_comes_up(world, 0, "{\"name\":\"a\"}");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_a\"}"));
  /* A storm is one request. */
  for (int i = 0; i < 100; i++)
    server_says(world, 0, changed);
  list_again(world, 3, "{\"name\":\"a\"},{\"name\":\"b\"}");
  client_waits(world, 0);
  client_gets(world, 0, CHANGED);
  /* Not listed in between; another change is told all the same. */
  server_says(world, 0, changed);
  list_again(world, 4, "{\"name\":\"c\"}");
  client_waits(world, 0);
  client_gets(world, 0, CHANGED);
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_c\"}"));
  /* No change is none, and a failure keeps what there was. */
  server_says(world, 0, changed);
  list_again(world, 5, "{\"name\":\"c\"}");
  server_says(world, 0, changed);
  server_waits(world, 0);
  server_gets_part(world, 0, "\"id\":6,\"method\":\"tools/list\"}");
  server_says(world, 0, changed); /* while it is asked: once more afterwards */
  world_run(world, 20);
  server_gets_nothing(world, 0);
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":6,\"error\":{\"code\":1,\"message\":\"\"}}");
  list_again(world, 7, "{\"name\":\"c\"}");
  world_run(world, 20);
  client_gets_nothing(world, 0);
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_c\"}"));
  world_free(world);
}

static void test_one_burst(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->settings.list_wait_ms = 1;
  world->settings.list_changed_ms = 40;
  for (int i = 0; i < 5; i++) {
    char id[2] = {(char)('a' + i), '\0'};
    world_add_server(world, id, 0);
  }
  world_add_client(world);
  router_start(world->router);
  client_initializes(world, 0, "2025-11-25");
  for (unsigned i = 0; i < 5; i++)
    server_comes_up(world, i, "{\"name\":\"x\"}");
  client_waits(world, 0);
  client_gets(world, 0, CHANGED);
  world_run(world, 80);
  client_gets_nothing(world, 0);
  world_free(world);
}

static void test_cache(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->cache = strdup("{\"tools\":[{\"name\":\"old\"},{\"name\":\"both\"}]}");
  world_add_server(world, "s", 0);
  world_add_client(world);
  router_start(world->router);
  client_initializes(world, 0, "2025-11-25");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_old\"},{\"name\":\"s_both\"}"));
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"s_both\"}}");
  client_gets_nothing(world, 0);
  server_initializes(world, 0, "2025-11-25", "{\"tools\":{}}");
  server_gets_part(world, 0, "\"id\":2,\"method\":\"tools/list\"");
  /* The call did not have to wait for the list. */
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"both\"}}");
  page(world, 2, "{\"name\":\"both\"},{\"name\":\"new\"}", "");
  assert_string_equal(world->stored, "{\"tools\":[{\"name\":\"both\"},{\"name\":\"new\"}]}");
  client_waits(world, 0);
  client_gets(world, 0, CHANGED);
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_both\"},{\"name\":\"s_new\"}"));
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}");
  client_gets_part(world, 0, "\"id\":1,");
  world_free(world);
}

static void test_cache_unchanged(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->cache = strdup("{\"tools\":[{\"name\":\"t\"}]}");
  world_add_server(world, "s", 0);
  world_add_client(world);
  router_start(world->router);
  client_initializes(world, 0, "2025-11-25");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  assert_null(world->stored);
  world_run(world, 20);
  client_gets_nothing(world, 0);
  world_free(world);
}

static void test_broken_cache(void **state)
{
  (void)state;
  static const char *const caches[] = {"", "{", "[]", "{\"tools\":5}", "{\"tools\":[1]}"};
  for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
    struct world *world = world_new();
    world->cache = strdup(caches[i]);
    world_add_server(world, "s", 0);
    world_add_client(world);
    router_start(world->router);
    client_initializes(world, 0, "2025-11-25");
    server_comes_up(world, 0, "{\"name\":\"t\"}");
    client_says(world, 0, LIST);
    client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
    world_free(world);
  }
}

/* A call to a tool of the cache waits for its server no longer than a call may take. */
static void test_cached_server_hangs(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->cache = strdup("{\"tools\":[{\"name\":\"t\"}]}");
  world_add_server(world, "s", 30);
  world_add_client(world);
  router_start(world->router);
  client_initializes(world, 0, "2025-11-25");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"s_t\"}}");
  client_waits(world, 0);
  client_gets_part(world, 0, "-31002");
  router_server_ended(world->servers[0].handle, "was killed");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"s_t\"}}");
  client_gets_part(world, 0, "was killed");
  world_free(world);
}

static void test_large_list(void **state)
{
  (void)state;
  struct world *world = WORLD("s");
  server_initializes(world, 0, "2025-11-25", "{\"tools\":{}}");
  struct buffer text = {0};
  buffer_append_text(&text, "{\"result\":{\"tools\":[");
  for (int i = 0; i < 25000; i++)
    buffer_append_format(&text, "%s{\"name\":\"t%d\",\"description\":\"%060d\"}", i > 0 ? "," : "",
                         i, i);
  buffer_append_text(&text, "]},\"jsonrpc\":\"2.0\",\"id\":2}");
  server_says(world, 0, text.data);
  buffer_free(&text);
  assert_logged(world, "too many tools");
  client_says(world, 0, LIST);
  const char *list = client_gets_part(world, 0, "{\"name\":\"s_t19999\",");
  assert_null(strstr(list, "s_t20000"));
  world_free(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_merge),         cmocka_unit_test(test_log_is_bounded),
      cmocka_unit_test(test_order),         cmocka_unit_test(test_underscores),
      cmocka_unit_test(test_bad_entries),   cmocka_unit_test(test_names),
      cmocka_unit_test(test_alias),         cmocka_unit_test(test_pages),
      cmocka_unit_test(test_endless_pages), cmocka_unit_test(test_page_limit),
      cmocka_unit_test(test_failing_list),  cmocka_unit_test(test_no_tools),
      cmocka_unit_test(test_list_waits),    cmocka_unit_test(test_waiting_ends),
      cmocka_unit_test(test_list_changed),  cmocka_unit_test(test_one_burst),
      cmocka_unit_test(test_cache),         cmocka_unit_test(test_cache_unchanged),
      cmocka_unit_test(test_broken_cache),  cmocka_unit_test(test_cached_server_hangs),
      cmocka_unit_test(test_large_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

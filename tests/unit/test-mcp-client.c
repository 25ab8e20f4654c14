/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may say: versions, errors, arrays, levels of log messages. */
#include "core/mcp/message.h"
#include "tests/unit/mcp-world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}"
#define PONG(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{}}"

static void test_versions(void **state)
{
  (void)state;
  static const char *const versions[][2] = {
      {"2024-11-05", "2024-11-05"}, {"2025-03-26", "2025-03-26"}, {"2025-06-18", "2025-06-18"},
      {"2025-11-25", "2025-11-25"}, {"2026-07-28", "2025-11-25"}, {"1.0", "2025-11-25"},
      {"", "2025-11-25"},
  };
  for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
    struct world *world = world_new();
    world_add_server(world, "s", 0);
    router_start(world->router);
    world_add_client(world);
    client_says_format(world, 0,
                       "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"method\":\"initialize\",\"params\":{"
                       "\"protocolVersion\":\"%s\",\"capabilities\":{\"roots\":{}}}}",
                       versions[i][0]);
    char text[400];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"result\":{\"protocolVersion\":\"%s\","
             "\"capabilities\":{\"logging\":{},\"tools\":{\"listChanged\":true}},"
             "\"serverInfo\":{\"name\":\"router\",\"version\":\"1.2.3\"}}}",
             versions[i][1]);
    client_gets(world, 0, text);
    world_free(world);
  }
}

static void test_before_initialize(void **state)
{
  (void)state;
  struct world *world = world_new();
  world_add_server(world, "s", 0);
  router_start(world->router);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  world_add_client(world);
  client_says(world, 0, PING("7"));
  client_gets(world, 0, PONG("7"));
  static const char *const methods[] = {"tools/list", "tools/call", "logging/setLevel"};
  for (size_t i = 0; i < 3; i++) {
    client_says_format(world, 0,
                       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{\"name\":"
                       "\"s_t\",\"level\":\"debug\"}}",
                       methods[i]);
    client_gets_part(world, 0, "\"id\":1,\"error\":{\"code\":-32600");
  }
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}");
  client_gets_part(world, 0, "-32601");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}");
  client_gets_part(world, 0, "-32602");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
  world_run(world, 10);
  client_gets_nothing(world, 0);
  server_gets_nothing(world, 0);
  client_initializes(world, 0, "2025-11-25");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"initialize\",\"params\":{"
              "\"protocolVersion\":\"2024-11-05\"}}");
  client_gets_part(world, 0, "-32600");
  world_free(world);
}

static void test_other_methods(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  static const char *const methods[] = {
      "prompts/list", "resources/read", "completion/complete", "tools/list2", "", "tasks/list"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    client_says_format(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"%s\"}",
                       methods[i]);
    client_gets_part(world, 0, "\"id\":\"x\",\"error\":{\"code\":-32601");
    client_says_format(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"}", methods[i]);
    client_gets_nothing(world, 0);
  }
  /* An answer to nothing. */
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"s_t\"}}");
  client_gets_nothing(world, 0);
  server_gets_nothing(world, 0);
  world_free(world);
}

static void test_garbage(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    const char *code;
  } cases[] = {
      {"", "-32700"},
      {"hello", "-32700"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"", "-32700"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}}", "-32700"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"ping\"}", "-32700"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", "-32700"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"name\":1,\"name\":1}}",
       "-32700"},
      {"1", "-32600"},
      {"null", "-32600"},
      {"\"ping\"", "-32600"},
      {"{}", "-32600"},
      {"{\"jsonrpc\":\"2.0\"}", "-32600"},
      {"{\"id\":1,\"method\":\"ping\"}", "-32600"},
      {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", "-32600"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", "-32600"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}", "-32600"},
      {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", "-32600"},
      {"[]", "-32600"},
      {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", "-32600"},
  };
  struct world *world = world_simple(0);
  world_add_client(world);
  client_initializes(world, 1, "2025-06-18");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    client_says(world, 0, cases[i].text);
    const char *newest = client_gets_part(world, 0, cases[i].code);
    client_says(world, 1, cases[i].text);
    const char *older = client_gets_part(world, 1, cases[i].code);
    /* Without an id that can be read: none in the newest revision, null before. */
    if (strstr(newest, "\"id\":1,") == NULL) {
      assert_null(strstr(newest, "\"id\""));
      assert_non_null(strstr(older, "\"id\":null,"));
    }
  }
  char deep[600] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":";
  memset(deep + strlen(deep), '[', 200);
  client_says(world, 0, deep);
  client_gets_part(world, 0, "nested too deeply");
  client_says(world, 0, PING("1"));
  client_gets(world, 0, PONG("1"));
  server_gets_nothing(world, 0);
  world_free(world);
}

static void test_batch(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  world_add_client(world);
  client_says(world, 1, "[" PING("1") "]");
  client_gets_part(world, 1, "-32600");
  client_initializes(world, 1, "2025-03-26");
  client_says(world, 1,
              " [ " PING("1") " , 5, [" PING(
                  "2") "], {\"jsonrpc\":\"2.0\",\"method\":\"x\"},"
                       "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"initialize\",\"params\":{"
                       "\"protocolVersion\":\"2025-03-26\"}},"
                       "{\"jsonrpc\":\"2.0\",\"id\":\"4\",\"method\":\"tools/call\",\"params\":{"
                       "\"name\":\"s_t\"}}]");
  client_gets(world, 1, PONG("1"));
  client_gets_part(world, 1, "\"id\":null,\"error\":{\"code\":-32600");
  client_gets_part(world, 1, "\"id\":null,\"error\":{\"code\":-32600");
  client_gets_part(world, 1, "\"id\":3,\"error\":{\"code\":-32600");
  server_gets_part(world, 0, "\"id\":3");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}");
  client_gets(world, 1, PONG("\"4\""));
  client_says(world, 1, "[]");
  client_gets_part(world, 1, "-32600");
  struct buffer many = {0};
  for (int i = 0; i < 10001; i++)
    buffer_append_text(&many, i == 0 ? "[1" : ",1");
  buffer_append_text(&many, "]");
  client_says(world, 1, many.data);
  buffer_free(&many);
  client_gets_part(world, 1, "1 to 10000");
  client_gets_nothing(world, 1);
  world_free(world);
}

static void test_overflow(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->settings.message_limit = 2000;
  world_add_server(world, "s", 0);
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  char text[3000];
  static const struct {
    const char *head, *tail, *id;
  } cases[] = {
      {"{\"jsonrpc\":\"2.0\",\"id\":\"a b\",\"method\":\"x\",\"params\":{\"x\":\"", "\"}}",
       "\"a b\""},
      {"{ \"method\" : \"x\" , \"id\" : -5 , \"x\":\"", "\"}", "-5"},
      {"{\"method\":\"x\",\"params\":{\"x\":\"", "\"},\"jsonrpc\":\"2.0\",\"id\":77}\r", "77"},
      {"{\"method\":\"x\",\"params\":{\"x\":\"", "\"}, \"id\" : 78 } ", "78"},
      {"{\"method\":\"x\",\"params\":{\"x\":\"", "\",\"id\":79}}", NULL},
      {"{\"params\":{\"id\":5,\"x\":\"", "\"}}", NULL},
      {"{\"id\":{},\"x\":\"", "\"}", NULL},
      {"{\"id\":007,\"x\":\"", "\"}", NULL},
      {"{\"id\":\"\\q\",\"x\":\"", "\"}", NULL},
      {"{\"result\":{},\"x\":\"", "\",\"id\":80}", NULL},
      {"{\"x\":\"", "\\\"id\":81}", NULL},
      {"", "", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    memset(text, ' ', 2500);
    memset(text + 20, 'x', 2400);
    text[2500] = '\0';
    memcpy(text, cases[i].head, strlen(cases[i].head));
    memcpy(text + 2500 - strlen(cases[i].tail), cases[i].tail, strlen(cases[i].tail));
    client_says(world, 0, text);
    const char *error = client_gets_part(world, 0, "\"error\":{\"code\":-32600");
    char id[40];
    snprintf(id, sizeof id, "\"id\":%s,", cases[i].id != NULL ? cases[i].id : "");
    assert_true(cases[i].id != NULL ? strstr(error, id) != NULL : strstr(error, "\"id\"") == NULL);
  }
  client_says(world, 0, PING("1"));
  client_gets(world, 0, PONG("1"));
  world_free(world);
}

static void set_level(struct world *world, unsigned client, const char *level)
{
  client_says_format(world, client,
                     "{\"jsonrpc\":\"2.0\",\"id\":\"v\",\"method\":\"logging/setLevel\","
                     "\"params\":{\"level\":%s}}",
                     level);
}

static void log_from(struct world *world, unsigned server, const char *members)
{
  char text[300];
  snprintf(text, sizeof text,
           "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{%s}}", members);
  server_says(world, server, text);
}

static void test_levels(void **state)
{
  (void)state;
  struct world *world = world_new();
  world_add_server(world, "s", 0);
  world_add_server(world, "quiet", 0);
  router_start(world->router);
  server_initializes(world, 0, "2025-11-25", "{\"logging\":{}}");
  server_initializes(world, 1, "2025-11-25", "{}");
  for (unsigned i = 0; i < 2; i++) {
    world_add_client(world);
    client_initializes(world, i, "2025-11-25");
  }
  log_from(world, 0, "\"level\":\"debug\",\"data\":1");
  client_gets_part(world, 0, "\"logger\":\"s\",\"level\":\"debug\",\"data\":1}}");
  client_gets_part(world, 1, "debug");
  set_level(world, 0, "\"warning\"");
  client_gets(world, 0, PONG("\"v\""));
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"logging/setLevel\",\"params\":{"
              "\"level\":\"warning\"}}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
  set_level(world, 1, "\"error\"");
  client_gets(world, 1, PONG("\"v\""));
  server_gets_nothing(world, 0);
  log_from(world, 0, "\"level\":\"error\",\"data\":2");
  log_from(world, 0, "\"level\":\"warning\",\"data\":3");
  log_from(world, 0, "\"level\":\"notice\",\"data\":4");
  client_gets_part(world, 0, "error");
  client_gets_part(world, 0, "warning");
  client_gets_nothing(world, 0);
  client_gets_part(world, 1, "error");
  client_gets_nothing(world, 1);
  set_level(world, 1, "\"debug\"");
  client_gets(world, 1, PONG("\"v\""));
  server_gets_part(world, 0, "\"id\":3,\"method\":\"logging/setLevel\"");
  /* Refused or not answered, it makes no difference. */
  router_client_closed(world->clients[1].handle);
  server_gets_part(world, 0, "{\"level\":\"warning\"}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":1,\"message\":\"\"}}");
  assert_int_equal(router_server_counters(world->servers[0].handle)->stray, 0);
  static const char *const unknown[] = {"\"loud\"", "\"DEBUG\"", "5", "null"};
  for (size_t i = 0; i < 4; i++) {
    set_level(world, 0, unknown[i]);
    client_gets_part(world, 0, "-32602");
  }
  server_gets_nothing(world, 0);
  server_gets_nothing(world, 1);
  world_free(world);
}

static void test_level_before_start(void **state)
{
  (void)state;
  struct world *world = world_new();
  world_add_server(world, "s", 0);
  router_start(world->router);
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  set_level(world, 0, "\"error\"");
  client_gets(world, 0, PONG("\"v\""));
  server_initializes(world, 0, "2025-11-25", "{\"logging\":{},\"tools\":{}}");
  server_gets_part(world, 0, "\"id\":2,\"method\":\"logging/setLevel\"");
  server_gets_part(world, 0, "\"id\":3,\"method\":\"tools/list\"");
  world_free(world);
}

static void test_loggers(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  log_from(world, 0, "\"data\":{\"logger\":\"x\"},\"logger\" : \"a\\u00e9\" ,\"level\":\"info\"");
  client_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{"
              "\"data\":{\"logger\":\"x\"},\"logger\" : \"s/a\\u00e9\" ,\"level\":\"info\"}}");
  log_from(world, 0, " \"logger\":null,\"level\":\"info\"");
  client_gets_part(world, 0, "{ \"logger\":\"s\",\"level\":\"info\"}");
  log_from(world, 0, " \"level\":\"info\"");
  client_gets_part(world, 0, "{\"logger\":\"s\", \"level\":\"info\"}");
  log_from(world, 0, "\"logger\":\"\",\"level\":\"info\"");
  client_gets_part(world, 0, "{\"logger\":\"s/\",\"level\":\"info\"}");
  log_from(world, 0, "\"level\":\"chatty\",\"data\":1");
  log_from(world, 0, "\"data\":1");
  log_from(world, 0, "");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}");
  client_gets_nothing(world, 0);
  assert_int_equal(router_server_counters(world->servers[0].handle)->dropped, 4);
  world_free(world);
}

/* Before it is initialized a client gets nothing but answers. */
static void test_not_ready(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->settings.list_wait_ms = 1;
  world_add_server(world, "s", 0);
  router_start(world->router);
  world_add_client(world);
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
              "\"protocolVersion\":\"2025-11-25\"}}");
  client_gets_part(world, 0, "\"id\":0");
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  log_from(world, 0, "\"level\":\"info\",\"data\":1");
  world_run(world, 20);
  client_gets_nothing(world, 0);
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
  client_waits(world, 0);
  client_gets_part(world, 0, "notifications/tools/list_changed");
  world_free(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_versions),      cmocka_unit_test(test_before_initialize),
      cmocka_unit_test(test_other_methods), cmocka_unit_test(test_garbage),
      cmocka_unit_test(test_batch),         cmocka_unit_test(test_overflow),
      cmocka_unit_test(test_levels),        cmocka_unit_test(test_level_before_start),
      cmocka_unit_test(test_loggers),       cmocka_unit_test(test_not_ready),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

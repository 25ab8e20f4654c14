/* SPDX-License-Identifier: Apache-2.0 */
/* What a server may say: handshakes of every kind, its own requests, noise, overlong lines. */
#include "tests/unit/mcp-world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALL                                                                                       \
  "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"method\":\"tools/call\",\"params\":{\"name\":\"s_t\"}}"

static struct world *starting(void)
{
  struct world *world = world_new();
  world_add_server(world, "s", 0);
  router_start(world->router);
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  return world;
}

static void test_versions(void **state)
{
  (void)state;
  static const char *const versions[] = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"};
  for (size_t i = 0; i < 4; i++) {
    struct world *world = starting();
    server_initializes(world, 0, versions[i], "{\"tools\":{\"listChanged\":true},\"x\":{}}");
    server_gets_part(world, 0, "\"id\":2,\"method\":\"tools/list\"");
    world_free(world);
  }
}

static void test_refused_handshakes(void **state)
{
  (void)state;
  static const struct {
    const char *answer, *logged;
  } cases[] = {
      {"\"result\":{\"protocolVersion\":\"2026-07-28\",\"capabilities\":{}}", "\"2026-07-28\""},
      {"\"result\":{\"protocolVersion\":5}", "not supported (5;"},
      {"\"result\":{}", "none named"},
      {"\"result\":[]", "none named"},
      {"\"result\":{\"protocolVersion\":\"2025-11-25\",\"protocolVersion\":\"2025-11-25\"}",
       "duplicate key"},
      {"\"error\":{\"code\":-32022,\"message\":\"modern only\\u001b[31m\"}",
       "refused to initialize: modern only\\x1b[31m"},
      {"\"error\":5", "does not say why"},
      {"\"result\":{},\"error\":{\"message\":\"both\"}", "both"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct world *world = starting();
    router_server_ready(world->servers[0].handle);
    server_gets_part(world, 0, "initialize");
    client_says(world, 0, CALL);
    char text[300];
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":1,%s}", cases[i].answer);
    server_says(world, 0, text);
    assert_logged(world, cases[i].logged);
    assert_int_equal(router_server_state(world->servers[0].handle), ROUTER_SERVER_ENDED);
    assert_int_equal(world->servers[0].stopped, 1);
    client_gets_part(world, 0, "\"id\":\"c\",\"error\"");
    server_gets_nothing(world, 0);
    router_server_ended(world->servers[0].handle, "was stopped");
    assert_int_equal(world->servers[0].stopped, 1);
    world_free(world);
  }
}

static void test_silent_server(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->settings.start_wait_ms = 20;
  world_add_server(world, "mute", 0);
  world_add_server(world, "lists-nothing", 0);
  router_start(world->router);
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
  router_server_ready(world->servers[0].handle);
  server_initializes(world, 1, "2025-11-25", "{\"tools\":{}}");
  server_gets_part(world, 1, "tools/list");
  client_waits(world, 0);
  client_gets_part(world, 0, "{\"tools\":[]}");
  assert_int_equal(world->servers[0].stopped, 1);
  assert_logged(world, "ERROR mute it is stopped: it did not answer initialize within 20 ms");
  assert_logged(world, "ERROR lists-nothing it did not answer tools/list within 20 ms");
  server_gets_part(world, 1, "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2,");
  server_says(world, 1, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}");
  assert_int_equal(router_server_counters(world->servers[1].handle)->late, 1);
  world_free(world);
}

static void test_early_messages(void **state)
{
  (void)state;
  struct world *world = starting();
  router_server_ready(world->servers[0].handle);
  server_gets_part(world, 0, "\"id\":1,\"method\":\"initialize\"");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"roots/list\"}");
  server_gets_part(world, 0, "\"id\":0,\"error\":{\"code\":-32601");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}");
  server_gets(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"result\":{}}");
  server_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{"
              "\"level\":\"info\",\"data\":\"hello\"}}");
  client_gets_part(world, 0, "hello");
  server_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\","
              "\"capabilities\":{}}}");
  server_gets_part(world, 0, "notifications/initialized");
  assert_int_equal(router_server_state(world->servers[0].handle), ROUTER_SERVER_READY);
  world_free(world);
}

static void test_requests(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  static const char *const methods[] = {"sampling/createMessage", "elicitation/create",
                                        "roots/list", "tools/list", "initialize"};
  for (size_t i = 0; i < 5; i++) {
    char text[200];
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0041\",\"method\":\"%s\"}",
             methods[i]);
    server_says(world, 0, text);
    server_gets_part(world, 0, "\"id\":\"\\u0041\",\"error\":{\"code\":-32601");
  }
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\"}");
  client_gets_nothing(world, 0);
  server_gets_nothing(world, 0);
  assert_int_equal(router_server_counters(world->servers[0].handle)->refused, 5);
  world_free(world);
}

static void test_noise(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->settings.noise_limit = 20;
  world_add_server(world, "s", 0);
  router_start(world->router);
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  router_server_ready(world->servers[0].handle);
  server_says(world, 0, "Welcome to \033[1mServer\033[0m");
  assert_logged(world, "WARNING s its line number 1 that is no message is dropped");
  assert_logged(world, "Welcome to \\x1b[1mServer");
  server_says(world, 0, "{\"secret\":\"half a li");
  assert_null(strstr(world->log.data, "half a li"));
  server_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\","
              "\"capabilities\":{\"tools\":{}}}}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"t\"}]}}");
  client_says(world, 0, CALL);
  static const char *const lines[] = {
      "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"x\":\"\xff\"}}",
      "{\"jsonrpc\":\"2.0\",\"id\":3,\"id\":3,\"result\":{}}",
      "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{},\"result\":{}}",
      "[{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}]",
      "{}",
      "5",
      "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"x\"}",
      "\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    server_says(world, 0, lines[i]);
  client_gets_nothing(world, 0);
  assert_int_equal(router_server_counters(world->servers[0].handle)->noise, 10);
  /* A message between them starts the count anew. */
  for (int i = 0; i < 45; i++) {
    server_says(world, 0, "loading...");
    if (i % 10 == 0)
      server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}");
  }
  assert_int_equal(world->servers[0].stopped, 0);
  for (int i = 0; i < 30; i++)
    server_says(world, 0, "loading...");
  assert_int_equal(world->servers[0].stopped, 1);
  client_gets_part(world, 0, "was stopped: it wrote more than 20 lines in a row");
  world_free(world);
}

static void test_batch(void **state)
{
  (void)state;
  struct world *world = starting();
  server_initializes(world, 0, "2025-03-26", "{\"tools\":{}}");
  server_gets_part(world, 0, "tools/list");
  client_says(world, 0, CALL);
  server_says(world, 0,
              "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"t\"}]}},"
              "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\"}, 7, [],"
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"x\":1}}]");
  server_gets_part(world, 0, "\"id\":3,\"method\":\"tools/call\"");
  server_gets_part(world, 0, "\"id\":9,\"result\"");
  client_gets(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{\"x\":1}}");
  assert_int_equal(router_server_counters(world->servers[0].handle)->noise, 2);
  world_free(world);
}

/* An overlong answer is told to the client when the ends of the line say whose it is. */
static void test_overflow(void **state)
{
  (void)state;
  static const struct {
    const char *head, *tail;
    bool told;
  } cases[] = {
      {"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"x\":\"", "\"}}", true},
      {"{\"result\":{\"x\":\"", "\"},\"jsonrpc\":\"2.0\",\"id\":3}", true},
      {"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"x\",\"params\":\"", "\"}", false},
      {"{\"method\":\"x\",\"params\":\"", "\",\"id\":3}", false},
      {"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{\"x\":\"", "\"}}", false},
      {"{\"result\":{\"x\":\"", "\",\"id\":3}}", false},
      {"xxxx", "xxxx", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct world *world = world_simple(0);
    client_says(world, 0, CALL);
    router_server_overflow(world->servers[0].handle, cases[i].head, strlen(cases[i].head),
                           cases[i].tail, strlen(cases[i].tail));
    if (cases[i].told)
      client_gets_part(world, 0, "\"id\":\"c\",\"error\":{\"code\":-31004");
    client_gets_nothing(world, 0);
    assert_int_equal(router_server_counters(world->servers[0].handle)->noise, 1);
    world_free(world);
  }
}

static void test_ended_early(void **state)
{
  (void)state;
  struct world *world = starting();
  router_server_ended(world->servers[0].handle, "the program does not exist");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
  assert_logged(world, "ERROR s it has ended: the program does not exist");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
  client_gets_part(world, 0, "{\"tools\":[]}");
  world_free(world);
}

static void test_full_from_the_start(void **state)
{
  (void)state;
  struct world *world = starting();
  world->servers[0].full = true;
  router_server_ready(world->servers[0].handle);
  assert_int_equal(world->servers[0].stopped, 1);
  assert_int_equal(router_server_state(world->servers[0].handle), ROUTER_SERVER_ENDED);
  world_free(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_versions),      cmocka_unit_test(test_refused_handshakes),
      cmocka_unit_test(test_silent_server), cmocka_unit_test(test_early_messages),
      cmocka_unit_test(test_requests),      cmocka_unit_test(test_noise),
      cmocka_unit_test(test_batch),         cmocka_unit_test(test_overflow),
      cmocka_unit_test(test_ended_early),   cmocka_unit_test(test_full_from_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

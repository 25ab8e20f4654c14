/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that are started again, parked, stopped for being idle, and started by a call. */
#include "tests/unit/mcp-world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIST          "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"method\":\"tools/list\"}"
#define LISTED(tools) "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"result\":{\"tools\":[" tools "]}}"
#define CHANGED       "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}"
#define CALL(id)                                                                                   \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"s_t\"}}"

static struct world *supervised(struct life_settings settings, const char *cache)
{
  struct world *world = world_new();
  world->cache = cache != NULL ? strdup(cache) : NULL;
  world_add_server(world, "s", 0);
  router_server_supervise(world->servers[0].handle, &settings);
  world_add_client(world);
  router_start(world->router);
  client_initializes(world, 0, "2025-11-25");
  return world;
}

static struct router_server_report report(struct world *world)
{
  return router_server_report(world->servers[0].handle);
}

/* Runs the loop until the server was started so often. */
static void started(struct world *world, unsigned times)
{
  for (unsigned i = 0; world->servers[0].started < times && i < 10000; i++)
    world_run(world, 1);
  assert_int_equal(world->servers[0].started, times);
}

static void stopped(struct world *world, unsigned times)
{
  for (unsigned i = 0; world->servers[0].stopped < times && i < 10000; i++)
    world_run(world, 1);
  assert_int_equal(world->servers[0].stopped, times);
}

static void answers(struct world *world, int upstream)
{
  char text[100];
  snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"n\":1}}", upstream);
  server_says(world, 0, text);
}

static void test_restart(void **state)
{
  (void)state;
  struct world *world = supervised(
      (struct life_settings){.crash_limit = 3, .backoff_ms = 1, .backoff_most = 1}, NULL);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  client_says(world, 0, CALL("1"));
  server_gets_part(world, 0, "\"id\":3");
  router_server_ended(world->servers[0].handle, "exited with status 1");
  client_gets_part(world, 0, "has ended before it answered: exited with status 1");
  assert_string_equal(report(world).word, "restarting");
  assert_string_equal(report(world).reason, "exited with status 1");
  /* Its tools stay, nobody is told of a change, and a call waits. */
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  client_says(world, 0, CALL("2"));
  client_gets_nothing(world, 0);
  started(world, 2);
  assert_int_equal(report(world).restarts, 1);
  assert_string_equal(report(world).word, "starting");
  /* The call that had been sent is not sent again, the one that waited is sent once. */
  server_initializes(world, 0, "2025-11-25", "{\"tools\":{}}");
  server_gets_part(world, 0, "\"method\":\"tools/list\"");
  server_gets_part(world, 0, "\"id\":3,\"method\":\"tools/call\"");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"t\"}]}}");
  answers(world, 3);
  client_gets_part(world, 0, "\"id\":2,\"result\"");
  server_gets_nothing(world, 0);
  world_run(world, 20);
  client_gets_nothing(world, 0);
  assert_string_equal(report(world).word, "running");
  world_free(world);
}

static void test_other_tools_after_restart(void **state)
{
  (void)state;
  struct world *world = supervised((struct life_settings){.crash_limit = 3, .backoff_ms = 1}, NULL);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  world_run(world, 5);
  client_gets(world, 0, CHANGED);
  router_server_ended(world->servers[0].handle, "gone");
  client_says(world, 0, CALL("1"));
  started(world, 2);
  server_initializes(world, 0, "2025-11-25", "{\"tools\":{}}");
  server_gets_part(world, 0, "\"method\":\"tools/list\"");
  server_gets_part(world, 0, "tools/call");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"u\"}]}}");
  client_waits(world, 0);
  client_gets(world, 0, CHANGED);
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_u\"}"));
  client_says(world, 0, CALL("2"));
  client_gets_part(world, 0, "Unknown tool: s_t");
  world_free(world);
}

static void test_parked(void **state)
{
  (void)state;
  struct world *world =
      supervised((struct life_settings){.crash_limit = 2, .backoff_ms = 1, .parked_ms = 100}, NULL);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  router_server_ended(world->servers[0].handle, "gone");
  client_says(world, 0, CALL("1"));
  started(world, 2);
  router_server_ended(world->servers[0].handle, "gone too");
  /* A call that has waited gets the reason, and the tools are taken off. */
  client_gets_part(world, 0,
                   "server \\\"s\\\" is not running: gone too; it is parked after 2 "
                   "failures in a row, in 1 seconds a call tries it again");
  assert_string_equal(report(world).word, "parked");
  assert_int_equal(report(world).crashes, 2);
  assert_logged(world, "ERROR s it is parked after 2 failures in a row");
  client_waits(world, 0);
  client_gets(world, 0, CHANGED);
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED(""));
  /* A call tries it again, later. */
  for (int i = 0; i < 1000 && world->servers[0].started < 3; i++) {
    client_says(world, 0, CALL("1"));
    world_run(world, 10);
  }
  assert_int_equal(world->servers[0].started, 3);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  client_says(world, 0, LIST);
  world_free(world);
}

/* A list does not wait for a server that has failed, not even at its first start. */
static void test_failing_first_start(void **state)
{
  (void)state;
  struct world *world = supervised(
      (struct life_settings){.crash_limit = 9, .backoff_ms = 60000, .backoff_most = 60000}, NULL);
  client_says(world, 0, LIST);
  client_gets_nothing(world, 0);
  router_server_ended(world->servers[0].handle, "gone");
  client_gets(world, 0, LISTED(""));
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED(""));
  world_free(world);
}

static void test_refused(void **state)
{
  (void)state;
  struct world *world = supervised(
      (struct life_settings){.crash_limit = 9, .backoff_ms = 1, .parked_ms = 60000}, NULL);
  router_server_refused(world->servers[0].handle, "there is no such program", false);
  world_run(world, 20);
  assert_int_equal(world->servers[0].started, 1);
  assert_string_equal(report(world).word, "parked");
  assert_string_equal(report(world).reason, "there is no such program");
  world_free(world);
}

/* Its engine is not there yet: parked, and tried again without a call or a changed list. */
static void test_waits(void **state)
{
  (void)state;
  struct world *world =
      supervised((struct life_settings){.crash_limit = 9, .backoff_ms = 20, .backoff_most = 20},
                 "{\"tools\":[{\"name\":\"t\"}]}");
  for (unsigned i = 1; i <= 4; i++) {
    started(world, i);
    router_server_refused(world->servers[0].handle, "no engine", true);
    assert_string_equal(report(world).word, "parked");
    client_says(world, 0, CALL("1"));
    client_gets_part(world, 0, "is not running: no engine; it is parked, and tried again in");
    if (i == 1) {
      client_says(world, 0, LIST);
      client_gets(world, 0, LISTED(""));
    }
  }
  started(world, 5);
  world_run(world, 60);
  client_gets_nothing(world, 0);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  world_run(world, 60);
  client_gets_part(world, 0, "list_changed");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  assert_int_equal(report(world).restarts, 0);
  world_free(world);
}

/* The next process is started once the last one has gone. */
static void test_given_up(void **state)
{
  (void)state;
  struct world *world = supervised((struct life_settings){.crash_limit = 9, .backoff_ms = 1}, NULL);
  router_server_ready(world->servers[0].handle);
  server_gets_part(world, 0, "initialize");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"no\"}}");
  assert_int_equal(world->servers[0].stopped, 1);
  world_run(world, 20);
  assert_int_equal(world->servers[0].started, 1);
  router_server_ended(world->servers[0].handle, "was stopped");
  started(world, 2);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  world_free(world);
}

static void test_idle(void **state)
{
  (void)state;
  struct world *world =
      supervised((struct life_settings){.crash_limit = 9, .idle_stop_ms = 30}, NULL);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  /* Not while a call is in flight. */
  client_says(world, 0, CALL("1"));
  server_gets_part(world, 0, "\"id\":3");
  world_run(world, 60);
  assert_int_equal(world->servers[0].stopped, 0);
  answers(world, 3);
  client_gets_part(world, 0, "\"id\":1,\"result\"");
  stopped(world, 1);
  assert_string_equal(report(world).word, "stopped");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  /* A call while it ends: a new process, after the old one has gone. */
  client_says(world, 0, CALL("2"));
  world_run(world, 5);
  assert_int_equal(world->servers[0].started, 1);
  answers(world, 4); /* what is still read from its pipe */
  router_server_ended(world->servers[0].handle, "exited with status 0");
  started(world, 2);
  server_initializes(world, 0, "2025-11-25", "{\"tools\":{}}");
  server_gets_part(world, 0, "tools/list");
  server_gets_part(world, 0, "\"id\":3,\"method\":\"tools/call\"");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"t\"}]}}");
  answers(world, 3);
  client_gets_part(world, 0, "\"id\":2,\"result\"");
  assert_int_equal(report(world).crashes, 0);
  /* And idle once more; nobody was told of any change. */
  stopped(world, 2);
  router_server_ended(world->servers[0].handle, "exited with status 0");
  world_run(world, 20);
  client_gets_nothing(world, 0);
  assert_int_equal(world->servers[0].started, 2);
  world_free(world);
}

static void test_lazy(void **state)
{
  (void)state;
  struct world *world = supervised((struct life_settings){.lazy = true, .crash_limit = 9},
                                   "{\"tools\":[{\"name\":\"t\"}]}");
  client_says(world, 0, LIST);
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  world_run(world, 20);
  assert_int_equal(world->servers[0].started, 0);
  assert_string_equal(report(world).word, "stopped");
  client_says(world, 0, CALL("1"));
  client_says(world, 0, CALL("2"));
  started(world, 1);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  world_free(world);
}

/* Without a list from an earlier start it is started once, for that only. */
static void test_lazy_unknown(void **state)
{
  (void)state;
  struct world *world = supervised((struct life_settings){.lazy = true, .crash_limit = 9}, NULL);
  assert_int_equal(world->servers[0].started, 1);
  client_says(world, 0, LIST);
  client_gets_nothing(world, 0);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  client_gets(world, 0, LISTED("{\"name\":\"s_t\"}"));
  stopped(world, 1);
  router_server_ended(world->servers[0].handle, "exited with status 0");
  client_says(world, 0, CALL("1"));
  started(world, 2);
  server_initializes(world, 0, "2025-11-25", "{\"tools\":{}}");
  server_gets_part(world, 0, "tools/list");
  server_gets_part(world, 0, "tools/call");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"t\"}]}}");
  answers(world, 3);
  client_gets_part(world, 0, "\"id\":1,\"result\"");
  world_run(world, 20);
  assert_int_equal(world->servers[0].stopped, 1);
  world_free(world);
}

static void test_stop(void **state)
{
  (void)state;
  struct world *world = supervised((struct life_settings){.crash_limit = 9, .backoff_ms = 1}, NULL);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  router_stop(world->router);
  router_server_ended(world->servers[0].handle, "was stopped");
  client_says(world, 0, CALL("1"));
  client_gets_part(world, 0, "was stopped");
  world_run(world, 20);
  assert_int_equal(world->servers[0].started, 1);
  world_free(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_restart),  cmocka_unit_test(test_other_tools_after_restart),
      cmocka_unit_test(test_parked),   cmocka_unit_test(test_failing_first_start),
      cmocka_unit_test(test_refused),  cmocka_unit_test(test_waits),
      cmocka_unit_test(test_given_up), cmocka_unit_test(test_idle),
      cmocka_unit_test(test_lazy),     cmocka_unit_test(test_lazy_unknown),
      cmocka_unit_test(test_stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

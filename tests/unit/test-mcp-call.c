/* SPDX-License-Identifier: Apache-2.0 */
/* Calls through the router: ids, tokens, bytes, order, cancellation, time-outs, deaths. */
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
  "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"tools/call\",\"params\":{\"name\":\"s_t\"}}"
#define CALL_TOKEN                                                                                 \
  "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"tools/call\",\"params\":{\"name\":\"s_t\","         \
  "\"_meta\":{\"progressToken\":%s}}}"
#define ANSWER "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"n\":%d}}"

static void answer(struct world *world, unsigned server, int id, int number)
{
  char text[100];
  snprintf(text, sizeof text, ANSWER, id, number);
  server_says(world, server, text);
}

static void test_ids(void **state)
{
  (void)state;
  static char long_id[5003];
  memset(long_id, 'x', sizeof long_id - 1);
  long_id[0] = long_id[sizeof long_id - 2] = '"';
  const char *const ids[] = {"0",
                             "-1",
                             "1",
                             "\"1\"",
                             "9223372036854775807",
                             "9007199254740993",
                             "123456789012345678901234567890",
                             "\"\"",
                             "\"a\\u00e9\\\"\\\\/\\/\"",
                             "\"\xC3\xA9\"",
                             "-0",
                             long_id};
  enum { COUNT = sizeof ids / sizeof *ids };
  struct world *world = world_simple(0);
  for (size_t i = 0; i < COUNT; i++)
    client_says_format(world, 0, CALL, ids[i]);
  for (size_t i = 0; i < COUNT; i++) {
    char text[200];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"tools/call\",\"params\":"
             "{\"name\":\"t\"}}",
             i + 3);
    server_gets(world, 0, text);
  }
  /* In reverse order. */
  for (size_t i = COUNT; i-- > 0;) {
    answer(world, 0, (int)i + 3, (int)i);
    char text[sizeof long_id + 100];
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"n\":%zu}}", ids[i],
             i);
    client_gets(world, 0, text);
  }
  server_gets_nothing(world, 0);
  client_gets_nothing(world, 0);
  world_free(world);
}

static void test_bad_ids(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  static const char *const ids[] = {"null", "1.5", "1e3", "true", "{}", "[1]"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    client_says_format(world, 0, CALL, ids[i]);
    const char *error = client_gets_part(world, 0, "-32600");
    assert_null(strstr(error, "\"id\""));
  }
  server_gets_nothing(world, 0);
  char *huge = malloc(70003);
  assert_non_null(huge);
  memset(huge, 'x', 70002);
  huge[0] = huge[70001] = '"';
  huge[70002] = '\0';
  client_says_format(world, 0, CALL, huge);
  client_gets_part(world, 0, "-32600");
  client_says_format(world, 0, CALL_TOKEN, "1", huge);
  client_gets_part(world, 0, "-32600");
  free(huge);
  server_gets_nothing(world, 0);
  world_free(world);
}

static void test_two_clients(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  world_add_client(world);
  client_initializes(world, 1, "2024-11-05");
  client_says_format(world, 0, CALL_TOKEN, "1", "1");
  client_says_format(world, 1, CALL_TOKEN, "1", "\"1\"");
  server_gets_part(world, 0, "\"id\":3,");
  server_gets_part(world, 0, "\"progressToken\":4}");
  server_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
              "\"progressToken\":4,\"progress\":0.10}}");
  server_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
              "\"progress\":5,\"progressToken\":3}}");
  answer(world, 0, 4, 44);
  answer(world, 0, 3, 33);
  client_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
              "\"progress\":5,\"progressToken\":1}}");
  client_gets(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":33}}");
  client_gets(world, 1,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
              "\"progressToken\":\"1\",\"progress\":0.10}}");
  client_gets(world, 1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":44}}");
  world_free(world);
}

static void test_progress(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  client_says_format(world, 0, CALL, "1");               /* 3: no token */
  client_says_format(world, 0, CALL_TOKEN, "2", "null"); /* 4: none either */
  client_says_format(world, 0, CALL_TOKEN, "3", "{}");   /* refused */
  client_gets_part(world, 0, "-32602");
  client_says_format(world, 0, CALL_TOKEN, "4", "-5"); /* 5 */
  server_gets(
      world, 0,
      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}");
  server_gets_part(world, 0, "\"progressToken\":null");
  server_gets_part(world, 0, "\"progressToken\":5");
  static const char *const tokens[] = {"3", "4", "6", "\"5\"", "0", "-5", "null", "5.0"};
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
    char text[200];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
             "\"progressToken\":%s,\"progress\":1}}",
             tokens[i]);
    server_says(world, 0, text);
    client_gets_nothing(world, 0);
  }
  answer(world, 0, 5, 1);
  client_gets_part(world, 0, "\"id\":4");
  server_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
              "\"progressToken\":5,\"progress\":2}}");
  client_gets_nothing(world, 0);
  assert_int_equal(router_server_counters(world->servers[0].handle)->dropped, 9);
  world_free(world);
}

static void test_bytes(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  client_says(world, 0,
              " { \"params\" : {\"_meta\":{\"z\":1,\"progressToken\" : \"p\\u0041\" ,\"x/y\":null},"
              "\"arguments\":{\"name\":\"s_t\",\"id\":7,\"n\":1.0e+10,\"big\":"
              "12345678901234567890123,\"e\":\"\\ud83d\\ude00\\/ \\u00e9\xC3\xA9\",\"a\":1,\"a\":2,"
              "\"lone\":\"\\ud800\"}, \"name\" : \"s\\u005ft\" } ,\"unknown\":[ ],"
              "\"method\":\"tools\\/call\",\"\\u0069d\":\"x\" , \"jsonrpc\":\"2.0\"}");
  server_gets(world, 0,
              "{ \"params\" : {\"_meta\":{\"z\":1,\"progressToken\" : 3 ,\"x/y\":null},"
              "\"arguments\":{\"name\":\"s_t\",\"id\":7,\"n\":1.0e+10,\"big\":"
              "12345678901234567890123,\"e\":\"\\ud83d\\ude00\\/ \\u00e9\xC3\xA9\",\"a\":1,\"a\":2,"
              "\"lone\":\"\\ud800\"}, \"name\" : \"t\" } ,\"unknown\":[ ],"
              "\"method\":\"tools\\/call\",\"\\u0069d\":3 , \"jsonrpc\":\"2.0\"}");
  world_free(world);
}

static void test_answer_bytes(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  client_says_format(world, 0, CALL, "\"x\"");
  server_says(world, 0,
              "{\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"\\u0000 \\/ id 3\"}],"
              "\"isError\":true,\"n\":-0.0,\"id\":3},\"future\":{\"id\":3},\"id\" : 3,"
              "\"jsonrpc\":\"2.0\"}\r");
  client_gets(world, 0,
              "{\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"\\u0000 \\/ id 3\"}],"
              "\"isError\":true,\"n\":-0.0,\"id\":3},\"future\":{\"id\":3},\"id\" : \"x\","
              "\"jsonrpc\":\"2.0\"}\r");
  client_says_format(world, 0, CALL, "\"x\"");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-5,\"data\":[1]}}");
  client_gets(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-5,\"data\":[1]}}");
  world_free(world);
}

static void test_bad_answers(void **state)
{
  (void)state;
  static const char *const answers[] = {
      "{\"jsonrpc\":\"2.0\",\"id\":%d}",
      "{\"id\":%d,\"result\":{}}",
      "{\"jsonrpc\":\"1.0\",\"id\":%d,\"result\":{}}",
      "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{},\"error\":{\"code\":1,\"message\":\"\"}}",
      "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":[]}",
      "{\"jsonrpc\":\"2.0\",\"id\":%d,\"error\":\"no\"}",
  };
  struct world *world = world_simple(0);
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    client_says_format(world, 0, CALL, "\"x\"");
    char text[200];
    snprintf(text, sizeof text, answers[i], (int)i + 3);
    server_says(world, 0, text);
    assert_non_null(strstr(client_gets_part(world, 0, "-31004"), "\"id\":\"x\""));
  }
  client_gets_nothing(world, 0);
  world_free(world);
}

static void test_stray_answers(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  client_says_format(world, 0, CALL, "7");
  answer(world, 0, 3, 1);
  client_gets_part(world, 0, "\"id\":7");
  answer(world, 0, 3, 2); /* twice */
  answer(world, 0, 4, 2); /* never asked */
  answer(world, 0, 0, 2);
  answer(world, 0, -3, 2);
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":\"3\",\"result\":{}}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":3.0,\"result\":{}}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"result\":{}}");
  server_says(world, 0, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"\"}}");
  client_gets_nothing(world, 0);
  assert_int_equal(router_server_counters(world->servers[0].handle)->stray, 8);
  assert_logged(world, "answer number 1 ");
  assert_logged(world, "answer number 8 ");
  assert_null(strstr(world->log.data, "answer number 3 "));
  world_free(world);
}

static void test_same_id_twice(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  client_says_format(world, 0, CALL, "1");
  client_says_format(world, 0, CALL, "1");
  client_gets_part(world, 0, "-32600");
  server_gets_part(world, 0, "\"id\":3");
  server_gets_nothing(world, 0);
  answer(world, 0, 3, 5);
  client_gets(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":5}}");
  client_says_format(world, 0, CALL, "1");
  server_gets_part(world, 0, "\"id\":4");
  world_free(world);
}

#define CANCEL                                                                                     \
  "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%s,"      \
  "\"reason\":\"user \\u0001 pressed\"}}"

static void test_cancel(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  world_add_client(world);
  client_initializes(world, 1, "2025-06-18");
  client_says_format(world, 0, CALL_TOKEN, "\"a\"", "\"a\"");
  server_gets_part(world, 0, "\"id\":3");
  client_says_format(world, 1, CANCEL, "\"a\""); /* of another client */
  client_says_format(world, 0, CANCEL, "\"b\"");
  client_says_format(world, 0, CANCEL, "3");
  client_says_format(world, 0, CANCEL, "null");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
  server_gets_nothing(world, 0);
  client_says_format(world, 0, CANCEL, "\"a\"");
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
              "\"requestId\":3,\"reason\":\"user \\u0001 pressed\"}}");
  /* What comes late is neither passed on nor held against the server. */
  server_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
              "\"progressToken\":3,\"progress\":1}}");
  answer(world, 0, 3, 1);
  client_gets_nothing(world, 0);
  assert_int_equal(router_server_counters(world->servers[0].handle)->late, 1);
  assert_int_equal(router_server_counters(world->servers[0].handle)->stray, 0);
  client_says_format(world, 0, CANCEL, "\"a\"");
  server_gets_nothing(world, 0);
  /* After the answer. */
  client_says_format(world, 0, CALL, "\"a\"");
  server_gets_part(world, 0, "\"id\":4");
  answer(world, 0, 4, 2);
  client_gets_part(world, 0, "\"n\":2");
  client_says_format(world, 0, CANCEL, "\"a\"");
  server_gets_nothing(world, 0);
  client_gets_nothing(world, 1);
  world_free(world);
}

static void test_cancel_while_waiting(void **state)
{
  (void)state;
  struct world *world = world_new();
  world_add_server(world, "s", 0);
  world_add_client(world);
  router_start(world->router);
  client_initializes(world, 0, "2025-11-25");
  client_says_format(world, 0, CALL, "1");
  client_says_format(world, 0, CALL, "2");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/list\"}");
  client_says_format(world, 0, CANCEL, "1");
  client_says_format(world, 0, CANCEL, "3");
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  server_gets(
      world, 0,
      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}");
  server_gets_nothing(world, 0);
  answer(world, 0, 3, 9);
  client_gets(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"n\":9}}");
  client_gets_nothing(world, 0);
  world_free(world);
}

static void test_timeout(void **state)
{
  (void)state;
  struct world *world = world_simple(30);
  client_says_format(world, 0, CALL, "\"slow\"");
  client_says_format(world, 0, CALL, "\"fast\"");
  server_gets_part(world, 0, "\"id\":3");
  server_gets_part(world, 0, "\"id\":4");
  answer(world, 0, 4, 1);
  client_gets_part(world, 0, "fast");
  client_waits(world, 0);
  assert_non_null(strstr(client_gets_part(world, 0, "\"slow\""), "-31002"));
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
              "\"requestId\":3,\"reason\":\"timed out\"}}");
  answer(world, 0, 3, 1);
  client_gets_nothing(world, 0);
  assert_int_equal(router_server_counters(world->servers[0].handle)->late, 1);
  world_free(world);
}

static void test_death(void **state)
{
  (void)state;
  struct world *world = world_new();
  world_add_server(world, "s", 0);
  world_add_server(world, "other", 0);
  router_start(world->router);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  server_comes_up(world, 1, "{\"name\":\"t\"}");
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  client_says_format(world, 0, CALL, "1");
  client_says_format(world, 0, CALL, "2");
  client_says(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
              "\"name\":\"other_t\"}}");
  server_gets_part(world, 0, "\"id\":3");
  server_gets_part(world, 0, "\"id\":4");
  router_server_ended(world->servers[0].handle, "exited with status 1");
  client_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-31001,\"message\":\"server "
              "\\\"s\\\" has ended before it answered: exited with status 1\"}}");
  client_gets_part(world, 0, "\"id\":2,");
  answer(world, 0, 3, 1); /* what is still read from its pipe */
  client_gets_nothing(world, 0);
  client_says_format(world, 0, CALL, "4");
  client_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-31001,\"message\":\"server "
              "\\\"s\\\" is not running: exited with status 1\"}}");
  server_gets_nothing(world, 0);
  answer(world, 1, 3, 1);
  client_gets(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"n\":1}}");
  client_waits(world, 0);
  client_gets_part(world, 0, "notifications/tools/list_changed");
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\"}");
  client_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"tools\":[{\"name\":\"other_t\"}]}}");
  world_free(world);
}

static void test_client_gone(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  world_add_client(world);
  client_initializes(world, 1, "2025-11-25");
  client_says_format(world, 0, CALL, "1");
  client_says_format(world, 1, CALL, "1");
  server_gets_part(world, 0, "\"id\":3");
  server_gets_part(world, 0, "\"id\":4");
  router_client_closed(world->clients[0].handle);
  server_gets(world, 0,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
              "\"requestId\":3,\"reason\":\"the client is gone\"}}");
  answer(world, 0, 3, 1);
  answer(world, 0, 4, 1);
  client_gets_nothing(world, 0);
  client_gets_part(world, 1, "\"n\":1");
  world_free(world);
}

static void test_server_takes_no_more(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  world->servers[0].full = true;
  client_says_format(world, 0, CALL, "1");
  assert_non_null(strstr(client_gets_part(world, 0, "-31001"), "does not read"));
  world->servers[0].full = false;
  client_says_format(world, 0, CALL, "1");
  server_gets_part(world, 0, "\"id\":4");
  answer(world, 0, 4, 1);
  client_gets_part(world, 0, "\"n\":1");
  world_free(world);
}

static void test_unknown_tool(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  static const char *const names[] = {"\"s_x\"",  "\"t\"",     "\"\"",        "\"s_t\\u0000\"",
                                      "\"s_tt\"", "\"S_t\"",   "\"\\ud800\"", "\"s__t\"",
                                      "\"s_\"",   "\"s_t\\n\""};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    client_says_format(world, 0,
                       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
                       "\"name\":%s}}",
                       names[i]);
    assert_non_null(strstr(client_gets_part(world, 0, "-32602"), "Unknown tool"));
  }
  static const char *const params[] = {"{}", "{\"name\":5}", "{\"name\":null}", "null"};
  for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
    client_says_format(world, 0,
                       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":%s}",
                       params[i]);
    client_gets_part(world, 0, "-32602");
  }
  server_gets_nothing(world, 0);
  world_free(world);
}

static void test_call_limit(void **state)
{
  (void)state;
  struct world *world = world_new();
  world->settings.call_limit = 3;
  world_add_server(world, "s", 0);
  router_start(world->router);
  server_comes_up(world, 0, "{\"name\":\"t\"}");
  world_add_client(world);
  client_initializes(world, 0, "2025-11-25");
  for (int i = 0; i < 3; i++)
    client_says_format(world, 0, CALL, i == 0 ? "0" : i == 1 ? "1" : "2");
  client_gets_nothing(world, 0);
  client_says_format(world, 0, CALL, "3");
  client_gets_part(world, 0, "-31003");
  answer(world, 0, 4, 1);
  client_gets_part(world, 0, "\"id\":1,");
  client_says_format(world, 0, CALL, "3");
  client_gets_nothing(world, 0);
  world_free(world);
}

/* Many in flight, answered in another order, several times over: every answer is the right one. */
static void test_many(void **state)
{
  (void)state;
  enum { COUNT = 2000 };
  struct world *world = world_simple(60000);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < COUNT; i++) {
      char id[40];
      snprintf(id, sizeof id, i % 2 == 0 ? "\"%d-%d\"" : "%d%d", i, round);
      client_says_format(world, 0, CALL, id);
    }
    for (int i = 0; i < COUNT; i++) {
      int turn = i * 7919 % COUNT;
      answer(world, 0, 3 + round * COUNT + turn, turn);
      char text[100];
      snprintf(text, sizeof text,
               turn % 2 == 0 ? "{\"jsonrpc\":\"2.0\",\"id\":\"%d-%d\",\"result\":{\"n\":%d}}"
                             : "{\"jsonrpc\":\"2.0\",\"id\":%d%d,\"result\":{\"n\":%d}}",
               turn, round, turn);
      client_gets(world, 0, text);
    }
  }
  client_gets_nothing(world, 0);
  world_free(world);
}

/* Else a short array could ask for more than there is memory. */
static void test_blocked_client_lists(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  router_client_blocked(world->clients[0].handle, true);
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
  client_gets_part(world, 0, "earlier answers were not read yet");
  router_client_blocked(world->clients[0].handle, false);
  client_says(world, 0, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
  client_gets_part(world, 0, "\"tools\":[");
  world_free(world);
}

static void test_blocked_client(void **state)
{
  (void)state;
  struct world *world = world_simple(0);
  client_says_format(world, 0, CALL, "1");
  router_client_blocked(world->clients[0].handle, true);
  assert_true(world->clients[0].paused);
  assert_false(world->servers[0].paused);
  answer(world, 0, 3, 1);
  assert_true(world->servers[0].paused);
  router_client_blocked(world->clients[0].handle, false);
  assert_false(world->clients[0].paused);
  assert_false(world->servers[0].paused);
  client_gets_part(world, 0, "\"n\":1");
  world_free(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ids),
      cmocka_unit_test(test_bad_ids),
      cmocka_unit_test(test_two_clients),
      cmocka_unit_test(test_progress),
      cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_answer_bytes),
      cmocka_unit_test(test_bad_answers),
      cmocka_unit_test(test_stray_answers),
      cmocka_unit_test(test_same_id_twice),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_cancel_while_waiting),
      cmocka_unit_test(test_timeout),
      cmocka_unit_test(test_death),
      cmocka_unit_test(test_client_gone),
      cmocka_unit_test(test_server_takes_no_more),
      cmocka_unit_test(test_unknown_tool),
      cmocka_unit_test(test_call_limit),
      cmocka_unit_test(test_many),
      cmocka_unit_test(test_blocked_client),
      cmocka_unit_test(test_blocked_client_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

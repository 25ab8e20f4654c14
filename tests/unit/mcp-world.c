/* SPDX-License-Identifier: Apache-2.0 */
/* A router between clients and servers that live in the test, message by message. */
#include "tests/unit/mcp-world.h"

#include "core/base/cleanup.h"
#include "core/json/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- What the router calls -------------------------------------------------------------------- */

/* Everything that leaves the router is one line of valid JSON. */
static void inbox_put(struct inbox *inbox, const struct iovec *parts, size_t count)
{
  struct buffer text = {0};
  for (size_t i = 0; i < count; i++) {
    assert_true(parts[i].iov_len > 0);
    buffer_append(&text, parts[i].iov_base, parts[i].iov_len);
  }
  assert_true(json_scan(text.data, text.length, NULL, NULL, 0, NULL));
  assert_null(memchr(text.data, '\n', text.length));
  inbox->messages = realloc(inbox->messages, (inbox->count + 1) * sizeof(char *));
  assert_non_null(inbox->messages);
  inbox->messages[inbox->count++] = buffer_steal(&text);
}

static void start(void *data)
{
  ((struct world_server *)data)->started++;
}

static void stop(void *data)
{
  ((struct world_server *)data)->stopped++;
}

static bool server_send(void *data, const struct iovec *parts, size_t count)
{
  struct world_server *server = data;
  if (server->full)
    return false;
  inbox_put(&server->inbox, parts, count);
  return true;
}

static void server_pause(void *data, bool paused)
{
  ((struct world_server *)data)->paused = paused;
}

static void client_send(void *data, const struct iovec *parts, size_t count)
{
  inbox_put(&((struct world_client *)data)->inbox, parts, count);
}

static void client_pause(void *data, bool paused)
{
  ((struct world_client *)data)->paused = paused;
}

static void keep_log(void *data, enum log_level level, const char *server, const char *text)
{
  static const char *const names[] = {"", "ERROR", "WARNING", "INFO", "DEBUG"};
  buffer_append_format(&((struct world *)data)->log, "%s %s %s\n", names[level],
                       server != NULL ? server : "-", text);
}

static bool cache_load(void *data, const char *server, struct buffer *out)
{
  struct world *world = data;
  (void)server;
  if (world->cache == NULL)
    return false;
  buffer_append_text(out, world->cache);
  return true;
}

static void cache_store(void *data, const char *server, const char *bytes, size_t length)
{
  struct world *world = data;
  (void)server;
  free(world->stored);
  world->stored = strndup(bytes, length);
}

/* --- The world -------------------------------------------------------------------------------- */

struct world *world_new(void)
{
  struct world *world = calloc(1, sizeof *world);
  assert_non_null(world);
  assert_int_equal(uv_loop_init(&world->loop), 0);
  buffer_append_text(&world->log, "");
  world->settings = (struct router_settings){.name = "router",
                                             .version = "1.2.3",
                                             .list_wait_ms = 60000,
                                             .list_changed_ms = 1,
                                             .data = world,
                                             .log = keep_log,
                                             .cache_load = cache_load,
                                             .cache_store = cache_store};
  return world;
}

static void make_router(struct world *world)
{
  if (world->router != NULL)
    return;
  world->router = router_new(&world->loop, &world->settings, NULL);
  assert_non_null(world->router);
}

static void inbox_free(struct inbox *inbox)
{
  for (size_t i = 0; i < inbox->count; i++)
    free(inbox->messages[i]);
  free(inbox->messages);
}

void world_free(struct world *world)
{
  router_free(world->router);
  uv_run(&world->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&world->loop), 0);
  for (unsigned i = 0; i < WORLD_SERVERS; i++)
    inbox_free(&world->servers[i].inbox);
  for (unsigned i = 0; i < WORLD_CLIENTS; i++)
    inbox_free(&world->clients[i].inbox);
  buffer_free(&world->log);
  free(world->cache);
  free(world->stored);
  free(world);
}

unsigned world_add_server(struct world *world, const char *id, unsigned timeout_ms)
{
  static const struct router_server_ops ops = {start, server_send, stop, server_pause};
  make_router(world);
  unsigned number = world->server_count++;
  world->servers[number].handle = router_add_server(
      world->router, id, NULL, timeout_ms, world->order, &ops, &world->servers[number], true);
  assert_non_null(world->servers[number].handle);
  return number;
}

unsigned world_add_client(struct world *world)
{
  static const struct router_client_ops ops = {client_send, client_pause};
  make_router(world);
  unsigned number = world->client_count++;
  world->clients[number].handle = router_add_client(world->router, &ops, &world->clients[number]);
  assert_non_null(world->clients[number].handle);
  return number;
}

/* A copy of the exact size lets sanitizers see a read behind the end. */
static char *exact_copy(const char *text, size_t length)
{
  char *copy = malloc(length > 0 ? length : 1);
  assert_non_null(copy);
  memcpy(copy, text, length);
  return copy;
}

void server_says(struct world *world, unsigned server, const char *message)
{
  size_t length = strlen(message);
  CLEANUP_FREE char *copy = exact_copy(message, length);
  router_server_message(world->servers[server].handle, copy, length);
}

void client_says(struct world *world, unsigned client, const char *message)
{
  size_t length = strlen(message);
  CLEANUP_FREE char *copy = exact_copy(message, length);
  router_client_message(world->clients[client].handle, copy, length);
}

void client_says_format(struct world *world, unsigned client, const char *format, ...)
{
  CLEANUP_FREE char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  assert_true(vasprintf(&text, format, arguments) >= 0);
  va_end(arguments);
  client_says(world, client, text);
}

static const char *inbox_take(struct inbox *inbox)
{
  return inbox->taken < inbox->count ? inbox->messages[inbox->taken++] : NULL;
}

void inbox_expect(struct inbox *inbox, const char *text, const char *file, int line)
{
  const char *message = inbox_take(inbox);
  if (text == NULL && message == NULL)
    return;
  if (message == NULL || text == NULL)
    print_error("got %s\nexpected %s\n", message != NULL ? message : "nothing",
                text != NULL ? text : "nothing");
  _assert_true(text != NULL && message != NULL, "a message", file, line);
  _assert_string_equal(message, text, file, line);
}

const char *inbox_expect_part(struct inbox *inbox, const char *text, const char *file, int line)
{
  const char *message = inbox_take(inbox);
  if (message == NULL || strstr(message, text) == NULL)
    print_error("got %s\nexpected %s in it\n", message != NULL ? message : "nothing", text);
  _assert_true(message != NULL && strstr(message, text) != NULL, "a message", file, line);
  return message;
}

/* --- Time ------------------------------------------------------------------------------------- */

static void tick(uv_timer_t *timer)
{
  (void)timer;
}

/* Until the inbox holds something new (when there is one), at most so long; whether it does. */
static bool run(struct world *world, const struct inbox *inbox, unsigned milliseconds)
{
  uv_update_time(&world->loop);
  uint64_t end = uv_now(&world->loop) + milliseconds;
  uv_timer_t timer;
  uv_timer_init(&world->loop, &timer);
  /* One turn of the loop may run a timer that is due and then still sleep until the next one. */
  uv_timer_start(&timer, tick, 1, 1);
  while (uv_now(&world->loop) < end && (inbox == NULL || inbox->taken == inbox->count))
    uv_run(&world->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&world->loop, UV_RUN_NOWAIT);
  return inbox == NULL || inbox->taken < inbox->count;
}

void client_waits(struct world *world, unsigned client)
{
  assert_true(run(world, &world->clients[client].inbox, 10000));
}

void server_waits(struct world *world, unsigned server)
{
  assert_true(run(world, &world->servers[server].inbox, 10000));
}

void world_turn(struct world *world)
{
  uv_run(&world->loop, UV_RUN_NOWAIT);
}

void world_run(struct world *world, unsigned milliseconds)
{
  run(world, NULL, milliseconds);
}

/* --- Beginnings ------------------------------------------------------------------------------- */

void server_initializes(struct world *world, unsigned server, const char *version,
                        const char *capabilities)
{
  router_server_ready(world->servers[server].handle);
  server_gets(world, server,
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
              "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
              "\"clientInfo\":{\"name\":\"router\",\"version\":\"1.2.3\"}}}");
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_format(&text,
                       "{\"result\":{\"protocolVersion\":\"%s\",\"capabilities\":%s,"
                       "\"serverInfo\":{\"name\":\"x\",\"version\":\"0\"}},"
                       "\"jsonrpc\":\"2.0\",\"id\":1}",
                       version, capabilities);
  server_says(world, server, text.data);
  server_gets(world, server, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
}

void server_comes_up(struct world *world, unsigned server, const char *tools)
{
  server_initializes(world, server, "2025-11-25", "{\"tools\":{}}");
  server_gets(world, server, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}");
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_format(&text, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[%s]}}", tools);
  server_says(world, server, text.data);
  assert_int_equal(router_server_state(world->servers[server].handle), ROUTER_SERVER_READY);
}

void client_initializes(struct world *world, unsigned client, const char *version)
{
  client_says_format(world, client,
                     "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
                     "\"protocolVersion\":\"%s\",\"capabilities\":{},"
                     "\"clientInfo\":{\"name\":\"test\",\"version\":\"0\"}}}",
                     version);
  client_gets_part(world, client, version);
  client_says(world, client, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
}

struct world *world_simple(unsigned timeout_ms)
{
  struct world *world = world_new();
  unsigned server = world_add_server(world, "s", timeout_ms);
  router_start(world->router);
  server_comes_up(world, server, "{\"name\":\"t\"}");
  unsigned client = world_add_client(world);
  client_initializes(world, client, "2025-11-25");
  return world;
}

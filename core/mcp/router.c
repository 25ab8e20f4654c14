/* SPDX-License-Identifier: Apache-2.0 */
/* The router as a whole: its life, its one timer, its log. */
#include "core/mcp/router.h"

#include "core/base/text.h"
#include "core/mcp/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

uint64_t mcp_hash(const struct router *router, const void *bytes, size_t length)
{
  uint64_t hash;
  crypto_shorthash((unsigned char *)&hash, bytes, length, router->hash_key);
  return hash;
}

/* --- Time ------------------------------------------------------------------------------------- */

static void timer_fired(uv_timer_t *timer);

void mcp_timer_at(struct router *router, uint64_t when)
{
  /* An earlier firing finds nothing to do and sets the right time, so that a message that moves a
   * deadline back costs nothing here. */
  if (when >= router->armed)
    return;
  uint64_t now = uv_now(router->loop);
  router->armed = when;
  uv_timer_start(&router->timer, timer_fired, when > now ? when - now : 0, 0);
}

static void timer_fired(uv_timer_t *timer)
{
  struct router *router = timer->data;
  uint64_t now = uv_now(router->loop);
  uint64_t next = MCP_NEVER;
  router->armed = MCP_NEVER;
  for (size_t i = 0; i < router->server_count; i++)
    mcp_server_check(router->servers[i], now, &next);
  mcp_waiting_check(router, now, &next);
  mcp_tools_tell(router, now, &next);
  if (next != MCP_NEVER)
    mcp_timer_at(router, next);
}

uint64_t mcp_deadline(const struct router *router, unsigned span_ms)
{
  return span_ms == 0 ? MCP_NEVER : uv_now(router->loop) + span_ms;
}

/* --- Log -------------------------------------------------------------------------------------- */

void mcp_log(struct router *router, enum log_level level, const char *server, const char *format,
             ...)
{
  if (router->settings.log == NULL)
    return;
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0)
    return;
  CLEANUP_BUFFER struct buffer escaped = {0};
  text_escape_controls(&escaped, line, strlen(line));
  if (escaped.data != NULL && !escaped.failed)
    router->settings.log(router->settings.data, level, server, escaped.data);
}

bool mcp_log_worthy(uint64_t count)
{
  return (count & (count - 1)) == 0;
}

/* --- Life ------------------------------------------------------------------------------------- */

static void apply_defaults(struct router_settings *settings)
{
  if (settings->list_wait_ms == 0)
    settings->list_wait_ms = 10000;
  if (settings->start_wait_ms == 0)
    settings->start_wait_ms = 60000;
  if (settings->list_changed_ms == 0)
    settings->list_changed_ms = 50;
  if (settings->message_limit == 0)
    settings->message_limit = (size_t)16 * 1024 * 1024;
  if (settings->name_limit == 0)
    settings->name_limit = 64;
  if (settings->name_limit < 16)
    settings->name_limit = 16;
  if (settings->name_warn == 0)
    settings->name_warn = 52;
  if (settings->call_limit == 0)
    settings->call_limit = 65536;
  if (settings->noise_limit == 0)
    settings->noise_limit = 10000;
}

static void free_memory(struct router *router)
{
  free(router->name);
  free(router->version);
  free(router->servers);
  mcp_table_free(&router->tools);
  buffer_free(&router->merged);
  buffer_free(&router->scratch);
  buffer_free(&router->text);
  free(router);
}

struct router *router_new(uv_loop_t *loop, const struct router_settings *settings,
                          struct error **error)
{
  if (sodium_init() < 0) {
    error_make(error, ERROR_FAILED, 0, "libsodium cannot be initialised");
    return NULL;
  }
  struct router *router = calloc(1, sizeof *router);
  if (router == NULL) {
    error_memory(error);
    return NULL;
  }
  router->loop = loop;
  router->settings = *settings;
  apply_defaults(&router->settings);
  router->name = strdup(settings->name != NULL ? settings->name : "jauauth");
  router->version = strdup(settings->version != NULL ? settings->version : "0");
  int result = uv_timer_init(loop, &router->timer);
  if (router->name == NULL || router->version == NULL || result != 0) {
    free_memory(router);
    error_make(error, ERROR_FAILED, result != 0 ? -result : ENOMEM, "the router cannot be set up");
    return NULL;
  }
  router->timer.data = router;
  router->armed = MCP_NEVER;
  router->tell_due = MCP_NEVER;
  randombytes_buf(router->hash_key, sizeof router->hash_key);
  mcp_ring_start(&router->clients);
  mcp_ring_start(&router->waiting);
  mcp_ring_start(&router->free_calls);
  return router;
}

static void timer_closed(uv_handle_t *handle)
{
  free_memory(handle->data);
}

static void free_calls(struct mcp_ring *head)
{
  while (!mcp_ring_empty(head)) {
    struct mcp_call *call = MCP_RECORD(head->next, struct mcp_call, of_client);
    mcp_ring_remove(&call->of_client);
    buffer_free(&call->bytes);
    free(call);
  }
}

static void free_server(struct router_server *server)
{
  mcp_listing_free(&server->listing);
  mcp_listing_free(&server->fetch.listing);
  free(server->fetch.cursors);
  mcp_table_free(&server->calls);
  free(server->id);
  free(server->title);
  free(server->ending);
  free(server);
}

void router_free(struct router *router)
{
  if (router == NULL)
    return;
  while (!mcp_ring_empty(&router->clients)) {
    struct router_client *client =
        MCP_RECORD(router->clients.next, struct router_client, of_router);
    mcp_ring_remove(&client->of_router);
    free_calls(&client->requests);
    mcp_table_free(&client->calls);
    free(client);
  }
  free_calls(&router->free_calls);
  for (size_t i = 0; i < router->server_count; i++)
    free_server(router->servers[i]);
  uv_close((uv_handle_t *)&router->timer, timer_closed);
}

struct router_server *router_add_server(struct router *router, const char *id, const char *title,
                                        unsigned timeout_ms, int order,
                                        const struct router_server_ops *ops, void *data,
                                        bool allowed)
{
  struct router_server **servers =
      realloc(router->servers, (router->server_count + 1) * sizeof(struct router_server *));
  if (servers == NULL)
    return NULL;
  router->servers = servers;
  struct router_server *server = calloc(1, sizeof *server);
  if (server == NULL)
    return NULL;
  server->router = router;
  server->id = strdup(id);
  server->title = strdup(title != NULL ? title : id);
  if (server->id == NULL || server->title == NULL) {
    free_server(server);
    return NULL;
  }
  server->timeout_ms = timeout_ms;
  server->order = order;
  server->ops = *ops;
  server->data = data;
  server->allowed = allowed;
  server->deadline = server->fetch_due = server->fetch.deadline = MCP_NEVER;
  life_init(&server->life, &(struct life_settings){0});
  mcp_ring_start(&server->in_flight);
  size_t at = router->server_count++;
  for (; at > 0 && servers[at - 1]->order > order; at--)
    servers[at] = servers[at - 1];
  servers[at] = server;
  if (allowed)
    mcp_cache_load(server);
  return server;
}

void router_server_supervise(struct router_server *server, const struct life_settings *settings)
{
  life_init(&server->life, settings);
}

void router_start(struct router *router)
{
  uint64_t until = mcp_deadline(router, router->settings.list_wait_ms);
  /* All at once before the first start, which may end at once. */
  for (size_t i = 0; i < router->server_count; i++) {
    struct router_server *server = router->servers[i];
    if (!server->allowed || server->state != ROUTER_SERVER_IDLE)
      continue;
    bool waits = server->life.settings.lazy && server->from_cache;
    server->state = waits ? ROUTER_SERVER_STOPPED : ROUTER_SERVER_STARTING;
    server->awaited_until = waits ? 0 : until;
  }
  mcp_timer_at(router, until);
  mcp_tools_changed(router); /* what the cache had is offered from now on */
  for (size_t i = 0; i < router->server_count; i++)
    if (router->servers[i]->state == ROUTER_SERVER_STARTING)
      mcp_server_start(router->servers[i]);
}

void router_stop(struct router *router)
{
  router->stopping = true;
}

struct router_server_report router_server_report(const struct router_server *server)
{
  static const char *const words[] = {[ROUTER_SERVER_IDLE] = "idle",
                                      [ROUTER_SERVER_STOPPED] = "stopped",
                                      [ROUTER_SERVER_RESTARTING] = "restarting",
                                      [ROUTER_SERVER_STARTING] = "starting",
                                      [ROUTER_SERVER_INITIALIZING] = "starting",
                                      [ROUTER_SERVER_LISTING] = "starting",
                                      [ROUTER_SERVER_READY] = "running",
                                      [ROUTER_SERVER_ENDED] = "parked"};
  return (struct router_server_report){.state = server->state,
                                       .word = words[server->state],
                                       .restarts = server->life.restarts,
                                       .crashes = server->life.crashes,
                                       .reason = server->ending};
}

enum router_server_state router_server_state(const struct router_server *server)
{
  return server->state;
}

const struct router_server_counters *router_server_counters(const struct router_server *server)
{
  return &server->counters;
}

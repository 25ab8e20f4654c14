/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of servers, and the life of a server from handshake to end. */
#include "core/json/decode.h"
#include "core/mcp/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

/* --- The end ---------------------------------------------------------------------------------- */

/* Nothing is expected of the process any more. */
static void leave(struct router_server *server, enum router_server_state state)
{
  server->state = state;
  server->awaited_until = 0;
  server->deadline = server->fetch_due = MCP_NEVER;
  server->initialize_id = server->level_id = 0;
  server->forgotten = 0;
  mcp_fetch_stop(server);
}

static void log_outlook(const struct router_server *server, bool parked)
{
  const struct life *life = &server->life;
  struct router *router = server->router;
  if (life->settings.crash_limit <= 1)
    return;
  if (life->waits > 0) {
    if (mcp_log_worthy(life->waits))
      mcp_log(router, LOG_LEVEL_ERROR, server->id,
              "it is parked and tried again from time to time, first in %" PRIu64 " ms",
              life->start_due - uv_now(router->loop));
    return;
  }
  if (!parked)
    mcp_log(router, LOG_LEVEL_WARNING, server->id,
            "it is started again in %" PRIu64 " ms; after %u failures in a row it would be parked, "
            "this was number %u",
            life->start_due - uv_now(router->loop), life->settings.crash_limit, life->crashes);
  else
    mcp_log(
        router, LOG_LEVEL_ERROR, server->id,
        "it is parked after %u failure%s in a row; a call in %u seconds or later tries it again",
        life->crashes, life->crashes == 1 ? "" : "s", life->settings.parked_ms / 1000);
}

/* It ends, and nobody has asked it to. `text` is what its calls are told. */
static void end(struct router_server *server, const char *ending, const char *text,
                enum life_failure failure)
{
  struct router *router = server->router;
  bool offered = mcp_server_offers(server);
  free(server->ending);
  server->ending = strdup(ending);
  bool parked = life_fails(&server->life, uv_now(router->loop), randombytes_random(), failure) ||
                router->stopping;
  leave(server, parked ? ROUTER_SERVER_ENDED : ROUTER_SERVER_RESTARTING);
  if (!router->stopping)
    log_outlook(server, parked);
  mcp_calls_fail(server, ROUTER_ERROR_UNAVAILABLE, text);
  if (parked && offered)
    mcp_tools_changed(router);
  mcp_timer_at(router, server->life.start_due);
  mcp_waiting_wake(router);
}

void mcp_server_fail(struct router_server *server, const char *format, ...)
{
  char reason[400];
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  if (vsnprintf(reason, sizeof reason, format, arguments) < 0)
    reason[0] = '\0';
  va_end(arguments);
  mcp_log(server->router, LOG_LEVEL_ERROR, server->id, "it is stopped: %s", reason);
  snprintf(text, sizeof text, "server \"%.80s\" was stopped: %s", server->id, reason);
  end(server, reason, text, LIFE_ENDED);
  server->ops.stop(server->data);
}

/* What is stopped because nobody calls it. */
static void stop_idle(struct router_server *server)
{
  mcp_log(server->router, LOG_LEVEL_INFO, server->id, "it is stopped until somebody calls it");
  life_stops(&server->life);
  leave(server, ROUTER_SERVER_STOPPED);
  server->ops.stop(server->data);
}

static bool is_running(const struct router_server *server)
{
  return server->state == ROUTER_SERVER_INITIALIZING || server->state == ROUTER_SERVER_LISTING ||
         server->state == ROUTER_SERVER_READY;
}

static void ended(struct router_server *server, const char *text, enum life_failure failure)
{
  if (!server->allowed)
    return;
  server->paused = server->process = false;
  if (!is_running(server) && server->state != ROUTER_SERVER_STARTING) {
    mcp_log(server->router, LOG_LEVEL_INFO, server->id, "it has ended: %s", text);
    mcp_timer_at(server->router, server->life.start_due);
    return;
  }
  bool worthy = failure != LIFE_WAITS || mcp_log_worthy(server->life.waits + 1);
  mcp_log(server->router, worthy ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, server->id,
          "it has ended: %s", text);
  char message[560];
  snprintf(message, sizeof message, "server \"%.80s\" has ended before it answered: %.400s",
           server->id, text);
  end(server, text, message, failure);
}

void router_server_ended(struct router_server *server, const char *text)
{
  ended(server, text, LIFE_ENDED);
}

void router_server_refused(struct router_server *server, const char *text, bool waits)
{
  ended(server, text, waits ? LIFE_WAITS : LIFE_HOPELESS);
}

void mcp_server_noise(struct router_server *server, const char *bytes, size_t length,
                      const char *reason)
{
  uint64_t count = ++server->counters.noise;
  if (mcp_log_worthy(count)) {
    /* A banner helps to find its cause. Broken JSON may be anybody's data, and is not shown. */
    bool banner = length > 0 && *bytes != '{' && *bytes != '[';
    int shown = !banner ? 0 : length > 100 ? 100 : (int)length;
    mcp_log(server->router, LOG_LEVEL_WARNING, server->id,
            "its line number %" PRIu64 " that is no message is dropped (%s)%s%.*s", count, reason,
            banner ? ": " : "", shown, bytes);
  }
  if (++server->noise_in_a_row > server->router->settings.noise_limit)
    mcp_server_fail(server, "it wrote more than %u lines in a row that are no messages",
                    server->router->settings.noise_limit);
}

/* --- The beginning ---------------------------------------------------------------------------- */

static void append_member(struct buffer *out, const char *name, const char *text)
{
  buffer_append_byte(out, '"');
  buffer_append_text(out, name);
  buffer_append_text(out, "\":");
  json_string_append(out, text, strlen(text));
}

void mcp_server_start(struct router_server *server)
{
  bool parked = server->state == ROUTER_SERVER_ENDED;
  life_starts(&server->life, uv_now(server->router->loop));
  server->state = ROUTER_SERVER_STARTING;
  server->process = true;
  if (parked && mcp_server_offers(server))
    mcp_tools_changed(server->router); /* its last list is offered until it answers */
  server->ops.start(server->data);
}

void router_server_ready(struct router_server *server)
{
  struct router *router = server->router;
  if (server->state != ROUTER_SERVER_STARTING)
    return;
  bool offered = mcp_server_offers(server);
  server->state = ROUTER_SERVER_INITIALIZING;
  if (!offered)
    mcp_tools_changed(router);
  server->last_id = 0;
  server->level = MCP_LEVEL_UNSET;
  server->noise_in_a_row = server->list_lines = 0;
  server->version = MCP_VERSION_NONE;
  server->has_tools = server->has_logging = false;
  server->deadline = mcp_deadline(router, router->settings.start_wait_ms);
  mcp_timer_at(router, server->deadline);
  struct buffer *params = &router->text;
  buffer_clear(params);
  buffer_append_text(params, "{");
  append_member(params, "protocolVersion", mcp_version_name(MCP_VERSION_NEWEST));
  /* None: a server's request could not be told to belong to one client. */
  buffer_append_text(params, ",\"capabilities\":{},\"clientInfo\":{");
  append_member(params, "name", router->name);
  buffer_append_byte(params, ',');
  append_member(params, "version", router->version);
  buffer_append_text(params, "}}");
  server->initialize_id =
      params->failed ? 0 : mcp_server_request(server, "initialize", params->data, params->length);
  if (server->initialize_id == 0)
    mcp_server_fail(server, "it cannot be sent anything");
}

static void refused_handshake(struct router_server *server, struct json_slice error)
{
  struct json_want want = {.path = "message"};
  struct buffer *text = &server->router->text;
  buffer_clear(text);
  if (json_scan(error.at, error.length, NULL, &want, 1, NULL))
    json_string_decode(want.value, text);
  mcp_server_fail(server, "it refused to initialize: %.300s",
                  text->length > 0 ? text->data : "it does not say why");
}

static void initialized(struct router_server *server, const struct mcp_message *message)
{
  server->initialize_id = 0;
  if (message->result.at == NULL || message->error.at != NULL) {
    refused_handshake(server, message->error);
    return;
  }
  struct json_want wants[] = {{.path = "protocolVersion"},
                              {.path = "capabilities/tools"},
                              {.path = "capabilities/logging"}};
  struct json_fault fault;
  if (!json_scan(message->result.at, message->result.length, NULL, wants, 3, &fault)) {
    mcp_server_fail(server, "its answer to initialize cannot be used: %s", fault.reason);
    return;
  }
  server->version = mcp_version_of(wants[0].value);
  if (server->version == MCP_VERSION_NONE) {
    struct json_slice named = wants[0].value;
    mcp_server_fail(server,
                    "it speaks a revision of the protocol that is not supported (%.*s; supported "
                    "are 2024-11-05, 2025-03-26, 2025-06-18 and 2025-11-25)",
                    named.at == NULL    ? 10
                    : named.length > 40 ? 40
                                        : (int)named.length,
                    named.at == NULL ? "none named" : named.at);
    return;
  }
  server->has_tools = json_kind(wants[1].value) == JSON_KIND_OBJECT;
  server->has_logging = json_kind(wants[2].value) == JSON_KIND_OBJECT;
  server->deadline = MCP_NEVER;
  server->state = ROUTER_SERVER_LISTING;
  if (!mcp_server_notify(server,
                         "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}")) {
    mcp_server_fail(server, "it cannot be sent anything");
    return;
  }
  mcp_level_tell(server);
  mcp_fetch_start(server);
  mcp_waiting_wake(server->router);
}

/* Starts and stops what the policy wants started and stopped now. */
static void check_life(struct router_server *server, uint64_t now, uint64_t *next)
{
  const struct life *life = &server->life;
  if (life->start_due != LIFE_NEVER && !server->process && !server->router->stopping) {
    if (life->start_due <= now)
      mcp_server_start(server);
    else
      mcp_earlier(next, life->start_due);
  }
  /* Whatever keeps it from being idle sets the timer when it ends. */
  if (server->state != ROUTER_SERVER_READY || life->idle_due == LIFE_NEVER)
    return;
  if (life->idle_due > now)
    mcp_earlier(next, life->idle_due);
  else if (mcp_ring_empty(&server->in_flight) && server->fetch.id == 0 &&
           server->fetch_due == MCP_NEVER)
    stop_idle(server);
}

void mcp_server_check(struct router_server *server, uint64_t now, uint64_t *next)
{
  check_life(server, now, next);
  if (server->deadline <= now)
    mcp_server_fail(server, "it did not answer initialize within %u ms",
                    server->router->settings.start_wait_ms);
  mcp_earlier(next, server->deadline);
  mcp_fetch_check(server, now, next);
  mcp_calls_expire(server, now, next);
}

/* --- Messages --------------------------------------------------------------------------------- */

static void handle_request(struct router_server *server, const struct mcp_message *message)
{
  if (json_string_equals(message->method, "ping")) {
    mcp_server_answer(server, message->id, "{}", NULL);
    return;
  }
  server->counters.refused++;
  mcp_server_answer(server, message->id, NULL,
                    "{\"code\":-32601,\"message\":\"the client has no such capability\"}");
}

static void handle_notification(struct router_server *server, const struct mcp_message *message)
{
  if (json_string_equals(message->method, "notifications/progress"))
    mcp_call_progress(server, message);
  else if (json_string_equals(message->method, "notifications/message"))
    mcp_log_message(server, message);
  else if (json_string_equals(message->method, "notifications/tools/list_changed"))
    mcp_fetch_changed(server);
  else
    server->counters.dropped++;
}

static void stray_response(struct router_server *server, struct json_slice id)
{
  int64_t number;
  bool asked = json_slice_integer(id, &number) && number > 0 && (uint64_t)number <= server->last_id;
  if (asked && server->forgotten > 0) {
    server->forgotten--;
    server->counters.late++;
    return;
  }
  if (mcp_log_worthy(++server->counters.stray))
    mcp_log(server->router, LOG_LEVEL_WARNING, server->id,
            "its answer number %" PRIu64 " that nobody waits for is dropped (%s)",
            server->counters.stray, asked ? "answered before" : "never asked");
}

static void handle_response(struct router_server *server, const struct mcp_message *message)
{
  struct mcp_call *call = mcp_call_of_answer(server, message->id);
  int64_t number;
  if (call != NULL) {
    mcp_call_answer(call, message);
    return;
  }
  uint64_t id = json_slice_integer(message->id, &number) && number > 0 ? (uint64_t)number : 0;
  if (id != 0 && id == server->initialize_id)
    initialized(server, message);
  else if (id != 0 && id == server->fetch.id)
    mcp_fetch_answer(server, message);
  else if (id != 0 && id == server->level_id)
    server->level_id = 0;
  else
    stray_response(server, message->id);
}

static void handle(struct router_server *server, const char *bytes, size_t length, bool in_batch);

static void handle_batch(struct router_server *server, const struct mcp_message *message)
{
  if (server->version != MCP_VERSION_2025_03_26) {
    mcp_server_noise(server, message->whole.at, message->whole.length,
                     "an array, which only revision 2025-03-26 has");
    return;
  }
  struct json_slice element;
  for (struct json_walk walk = json_walk(message->whole);
       is_running(server) && json_array_next(&walk, &element);)
    handle(server, element.at, element.length, true);
}

static void handle(struct router_server *server, const char *bytes, size_t length, bool in_batch)
{
  struct mcp_message message;
  mcp_message_from_server(&message, bytes, length);
  enum mcp_kind kind = message.kind;
  /* What is no message, but clearly meant as the answer to a call, is answered now. */
  if (kind == MCP_KIND_INVALID && message.id.at != NULL && message.method.at == NULL &&
      mcp_call_of_answer(server, message.id) != NULL)
    kind = MCP_KIND_RESPONSE;
  if (kind == MCP_KIND_BROKEN || kind == MCP_KIND_INVALID || (kind == MCP_KIND_BATCH && in_batch)) {
    mcp_server_noise(server, bytes, length,
                     kind == MCP_KIND_BATCH ? "an array in an array" : message.fault.reason);
    return;
  }
  if (kind == MCP_KIND_BATCH) {
    handle_batch(server, &message);
    return;
  }
  server->noise_in_a_row = 0;
  if (kind == MCP_KIND_RESPONSE)
    handle_response(server, &message);
  else if (kind == MCP_KIND_REQUEST)
    handle_request(server, &message);
  else
    handle_notification(server, &message);
}

void router_server_message(struct router_server *server, const char *bytes, size_t length)
{
  if (!is_running(server))
    return;
  if (length > server->router->settings.message_limit)
    router_server_overflow(server, bytes, length > 512 ? 512 : length,
                           length > 512 ? bytes + length - 512 : bytes,
                           length > 512 ? 512 : length);
  else
    handle(server, bytes, length, false);
}

void router_server_overflow(struct router_server *server, const char *head, size_t head_length,
                            const char *tail, size_t tail_length)
{
  if (!is_running(server))
    return;
  struct json_slice id = mcp_id_of_ends(head, head_length, tail, tail_length, true);
  struct mcp_call *call = mcp_call_of_answer(server, id);
  if (call != NULL) {
    mcp_client_error(call->client, mcp_call_id(call), ROUTER_ERROR_ANSWER,
                     "the answer of server \"%s\" is longer than the limit of %zu bytes",
                     server->id, server->router->settings.message_limit);
    mcp_call_end(call);
  }
  mcp_server_noise(server, head, head_length, "longer than the limit of a message");
}

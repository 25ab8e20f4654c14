/* SPDX-License-Identifier: Apache-2.0 */
/* tools/list and tools/call of clients, and their waiting for servers that still start. */
#include "core/json/decode.h"
#include "core/mcp/state.h"

#include <inttypes.h>
#include <stdio.h>

enum resolution {
  RESOLUTION_FORWARD,
  RESOLUTION_WAIT,    /* its server starts, or is started for it, or the name may still appear */
  RESOLUTION_ENDED,   /* its server has ended */
  RESOLUTION_CLASHES, /* two tools have this name */
  RESOLUTION_UNKNOWN
};

/* Whether a list, or else the search for a name, has to wait for some server. */
static bool somebody_awaited(const struct router *router, uint64_t now, bool for_list)
{
  for (size_t i = 0; i < router->server_count; i++) {
    const struct router_server *server = router->servers[i];
    if (mcp_server_awaited(server, now) && !(for_list && server->from_cache))
      return true;
  }
  return false;
}

/* Of a server that does not run: a call has it started, now or after its pause. */
static enum resolution wake(struct router_server *server, uint64_t now)
{
  struct router *router = server->router;
  if (router->stopping || !life_calls(&server->life, now))
    return RESOLUTION_ENDED;
  if (!server->process)
    mcp_timer_at(router, server->life.start_due);
  return RESOLUTION_WAIT;
}

static enum resolution resolve(struct router *router, struct json_slice name, uint64_t now,
                               struct mcp_tool **tool)
{
  *tool = mcp_tool_find(router, name);
  if (*tool == NULL)
    return somebody_awaited(router, now, false) ? RESOLUTION_WAIT : RESOLUTION_UNKNOWN;
  if ((*tool)->clashes)
    return RESOLUTION_CLASHES;
  switch ((*tool)->server->state) {
  case ROUTER_SERVER_LISTING:
  case ROUTER_SERVER_READY:
    return RESOLUTION_FORWARD;
  case ROUTER_SERVER_STARTING:
  case ROUTER_SERVER_INITIALIZING:
    return RESOLUTION_WAIT;
  case ROUTER_SERVER_STOPPED:
  case ROUTER_SERVER_RESTARTING:
  case ROUTER_SERVER_ENDED:
    return wake((*tool)->server, now);
  case ROUTER_SERVER_IDLE:
  default:
    return RESOLUTION_ENDED;
  }
}

static void refuse_ended(struct router_client *client, struct json_slice id,
                         const struct router_server *server)
{
  const struct life *life = &server->life;
  char parked[120] = "";
  uint64_t now = uv_now(client->router->loop);
  if (life->waits > 0 && now < life->free_at)
    snprintf(parked, sizeof parked, "; it is parked, and tried again in %" PRIu64 " seconds",
             (life->free_at - now + 999) / 1000);
  else if (life->free_at != LIFE_NEVER && now < life->free_at)
    snprintf(parked, sizeof parked,
             "; it is parked after %u failure%s in a row, in %" PRIu64
             " seconds a call tries it again",
             life->crashes, life->crashes == 1 ? "" : "s", (life->free_at - now + 999) / 1000);
  mcp_client_error(client, id, ROUTER_ERROR_UNAVAILABLE, "server \"%s\" is not running: %s%s",
                   server->id, server->ending != NULL ? server->ending : "it was not started",
                   parked);
}

/* The error for what can be neither forwarded nor waited for. */
static void refuse(struct router_client *client, struct json_slice id, enum resolution resolution,
                   const struct mcp_tool *tool, struct json_slice name)
{
  struct router *router = client->router;
  if (resolution == RESOLUTION_ENDED) {
    refuse_ended(client, id, tool->server);
    return;
  }
  buffer_clear(&router->text);
  if (!json_string_decode(name, &router->text))
    buffer_clear(&router->text);
  int length = router->text.length > 200 ? 200 : (int)router->text.length;
  const char *text = length > 0 ? router->text.data : "";
  if (resolution == RESOLUTION_CLASHES)
    mcp_client_error(client, id, MCP_CODE_INVALID_PARAMS,
                     "two servers have a tool of this name, so neither is offered: %.*s", length,
                     text);
  else
    mcp_client_error(client, id, MCP_CODE_INVALID_PARAMS, "Unknown tool: %.*s", length, text);
}

/* Puts a recorded request into the queue; answers with an error when the queue is full. */
static void wait(struct mcp_call *call, const struct mcp_message *message, uint64_t deadline)
{
  struct router_client *client = call->client;
  struct router *router = client->router;
  if (call->kind == MCP_CALL_WAITING_TOOL) {
    call->name_at = call->bytes.length + (size_t)(message->name.at - message->whole.at);
    call->name_length = message->name.length;
    buffer_append(&call->bytes, message->whole.at, message->whole.length);
  }
  client->waiting++;
  client->waiting_bytes += call->bytes.length;
  if (call->kind == MCP_CALL_WAITING_LIST)
    client->waiting_lists++;
  call->deadline = deadline;
  mcp_ring_append(&router->waiting, &call->of_server);
  if (call->bytes.failed || client->waiting > MCP_WAITING_LIMIT ||
      client->waiting_bytes / 4 > router->settings.message_limit) {
    mcp_client_error(client, mcp_call_id(call), ROUTER_ERROR_BUSY,
                     "too many requests wait for servers that are starting");
    mcp_call_end(call);
    return;
  }
  mcp_timer_at(router, deadline);
}

void mcp_call_tool(struct router_client *client, const struct mcp_message *message)
{
  struct router *router = client->router;
  if (json_kind(message->name) != JSON_KIND_STRING) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_PARAMS,
                     "tools/call needs the name of a tool");
    return;
  }
  struct mcp_tool *tool;
  enum resolution resolution = resolve(router, message->name, uv_now(router->loop), &tool);
  if (resolution != RESOLUTION_FORWARD && resolution != RESOLUTION_WAIT) {
    refuse(client, message->id, resolution, tool, message->name);
    return;
  }
  bool forward = resolution == RESOLUTION_FORWARD;
  struct mcp_call *call =
      mcp_call_new(client, message, forward ? MCP_CALL_FORWARDED : MCP_CALL_WAITING_TOOL);
  if (call == NULL)
    return;
  if (forward)
    mcp_call_forward(call, tool, message);
  else
    wait(call, message, tool != NULL ? mcp_deadline(router, tool->server->timeout_ms) : MCP_NEVER);
}

static void answer_list(struct router_client *client, struct json_slice id)
{
  /* One short request makes a long answer, and an array of messages brings thousands at once. */
  if (client->blocked) {
    mcp_client_error(client, id, ROUTER_ERROR_BUSY, "earlier answers were not read yet");
    return;
  }
  const struct buffer *result = mcp_tools_result(client->router);
  if (result == NULL) {
    mcp_client_error(client, id, ROUTER_ERROR_BUSY, "the router is out of memory");
    return;
  }
  client->seen_generation = client->router->generation;
  mcp_client_result(client, id, result->data, result->length);
}

void mcp_list_tools(struct router_client *client, const struct mcp_message *message)
{
  struct router *router = client->router;
  /* All tools are one page, so that no cursor can be ours. */
  if (message->cursor.at != NULL && json_kind(message->cursor) != JSON_KIND_NULL) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_PARAMS, "unknown cursor");
    return;
  }
  if (!somebody_awaited(router, uv_now(router->loop), true)) {
    answer_list(client, message->id);
    return;
  }
  struct mcp_call *call = mcp_call_new(client, message, MCP_CALL_WAITING_LIST);
  if (call != NULL)
    wait(call, message, MCP_NEVER);
}

/* --- Later ------------------------------------------------------------------------------------ */

static void forward_kept(struct mcp_call *call, const struct mcp_tool *tool)
{
  size_t at = call->id_length + call->token_length;
  struct mcp_message message;
  mcp_message_from_client(&message, call->bytes.data + at, call->bytes.length - at);
  call->client->waiting--;
  call->client->waiting_bytes -= call->bytes.length;
  mcp_ring_remove(&call->of_server);
  call->kind = MCP_CALL_FORWARDED;
  mcp_call_forward(call, tool, &message);
}

static void check_call(struct mcp_call *call, uint64_t now, uint64_t *next)
{
  struct json_slice name = {call->bytes.data + call->name_at, call->name_length};
  struct mcp_tool *tool;
  enum resolution resolution = resolve(call->client->router, name, now, &tool);
  if (resolution == RESOLUTION_FORWARD) {
    forward_kept(call, tool);
    return;
  }
  if (resolution == RESOLUTION_WAIT && now < call->deadline) {
    mcp_earlier(next, call->deadline);
    return;
  }
  if (resolution == RESOLUTION_WAIT)
    mcp_client_error(call->client, mcp_call_id(call), ROUTER_ERROR_TIMEOUT,
                     "the server of this tool is still starting");
  else
    refuse(call->client, mcp_call_id(call), resolution, tool, name);
  mcp_call_end(call);
}

void mcp_waiting_check(struct router *router, uint64_t now, uint64_t *next)
{
  for (size_t i = 0; i < router->server_count; i++)
    if (mcp_server_awaited(router->servers[i], now))
      mcp_earlier(next, router->servers[i]->awaited_until);
  bool list_waits = somebody_awaited(router, now, true);
  for (struct mcp_ring *at = router->waiting.next, *after; at != &router->waiting; at = after) {
    after = at->next;
    struct mcp_call *call = MCP_RECORD(at, struct mcp_call, of_server);
    if (call->kind == MCP_CALL_WAITING_TOOL) {
      check_call(call, now, next);
    } else if (!list_waits) {
      answer_list(call->client, mcp_call_id(call));
      mcp_call_end(call);
    }
  }
}

void mcp_waiting_wake(struct router *router)
{
  uint64_t next = MCP_NEVER;
  mcp_waiting_check(router, uv_now(router->loop), &next);
  if (next != MCP_NEVER)
    mcp_timer_at(router, next);
}

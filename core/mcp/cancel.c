/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that end without an answer of the server: cancelled, timed out, given up. */
#include "core/json/splice.h"
#include "core/mcp/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The server may not have seen the cancellation when it answers: that is no fault of its own. */
static void forget(struct mcp_call *call)
{
  call->server->forgotten++;
  mcp_call_end(call);
}

static bool is_id_of(const void *value, const void *what)
{
  const struct json_slice *id = what;
  struct json_slice own = mcp_call_id(value);
  return own.length == id->length && memcmp(own.at, id->at, id->length) == 0;
}

void mcp_call_cancel(struct router_client *client, const struct mcp_message *message)
{
  struct json_slice id = message->request_id;
  if (!mcp_is_id(id))
    return;
  uint64_t key = mcp_hash(client->router, id.at, id.length);
  struct mcp_call *call = mcp_table_find(&client->calls, key, is_id_of, &id);
  if (call == NULL)
    return;
  if (call->kind != MCP_CALL_FORWARDED) {
    mcp_call_end(call);
    return;
  }
  char number[24];
  size_t length = (size_t)snprintf(number, sizeof number, "%" PRIu64, call->upstream_id);
  struct json_replacement replacement = {id, number, length};
  struct iovec parts[JSON_SPLICE_PARTS(1)];
  size_t count;
  if (json_splice_parts(message->whole.at, message->whole.length, &replacement, 1, parts, &count))
    call->server->ops.send(call->server->data, parts, count);
  forget(call);
}

void mcp_call_abandon(struct mcp_call *call, const char *reason)
{
  if (call->kind != MCP_CALL_FORWARDED) {
    mcp_call_end(call);
    return;
  }
  mcp_server_cancel(call->server, call->upstream_id, reason);
  forget(call);
}

void mcp_calls_expire(struct router_server *server, uint64_t now, uint64_t *next)
{
  while (!mcp_ring_empty(&server->in_flight)) {
    struct mcp_call *call = MCP_RECORD(server->in_flight.next, struct mcp_call, of_server);
    if (call->deadline > now) {
      mcp_earlier(next, call->deadline);
      return;
    }
    mcp_client_error(call->client, mcp_call_id(call), ROUTER_ERROR_TIMEOUT,
                     "server \"%s\" did not answer within %u ms", server->id, server->timeout_ms);
    mcp_log(server->router, LOG_LEVEL_WARNING, server->id,
            "a call was not answered within %u ms and is cancelled", server->timeout_ms);
    mcp_call_abandon(call, "timed out");
  }
}

void mcp_calls_fail(struct router_server *server, int code, const char *text)
{
  while (!mcp_ring_empty(&server->in_flight)) {
    struct mcp_call *call = MCP_RECORD(server->in_flight.next, struct mcp_call, of_server);
    mcp_client_error(call->client, mcp_call_id(call), code, "%s", text);
    mcp_call_end(call);
  }
}

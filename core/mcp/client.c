/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of clients, and the life of a client. */
#include "core/json/decode.h"
#include "core/mcp/state.h"

#include <stdlib.h>
#include <string.h>

/* --- Life ------------------------------------------------------------------------------------- */

struct router_client *router_add_client(struct router *router, const struct router_client_ops *ops,
                                        void *data)
{
  struct router_client *client = calloc(1, sizeof *client);
  if (client == NULL)
    return NULL;
  client->router = router;
  client->ops = *ops;
  client->data = data;
  mcp_ring_start(&client->requests);
  mcp_ring_append(&router->clients, &client->of_router);
  return client;
}

/* Reading again from all: who still sends to a client that is blocked is paused again. */
static void resume_servers(struct router *router)
{
  for (size_t i = 0; i < router->server_count; i++) {
    struct router_server *server = router->servers[i];
    if (!server->paused)
      continue;
    server->paused = false;
    if (server->ops.pause != NULL)
      server->ops.pause(server->data, false);
  }
}

void mcp_pause_server(struct router_server *server)
{
  if (server->paused)
    return;
  server->paused = true;
  if (server->ops.pause != NULL)
    server->ops.pause(server->data, true);
}

void router_client_blocked(struct router_client *client, bool blocked)
{
  if (client->blocked == blocked)
    return;
  client->blocked = blocked;
  if (client->ops.pause != NULL)
    client->ops.pause(client->data, blocked);
  if (!blocked)
    resume_servers(client->router);
}

void router_client_closed(struct router_client *client)
{
  struct router *router = client->router;
  while (!mcp_ring_empty(&client->requests))
    mcp_call_abandon(MCP_RECORD(client->requests.next, struct mcp_call, of_client),
                     "the client is gone");
  mcp_ring_remove(&client->of_router);
  if (client->blocked)
    resume_servers(router);
  mcp_levels_update(router);
  mcp_table_free(&client->calls);
  free(client);
}

/* --- Messages --------------------------------------------------------------------------------- */

static void initialize(struct router_client *client, const struct mcp_message *message)
{
  struct router *router = client->router;
  if (client->version != MCP_VERSION_NONE) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_REQUEST,
                     "initialize was answered already");
    return;
  }
  if (json_kind(message->protocol_version) != JSON_KIND_STRING) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_PARAMS,
                     "initialize needs a protocolVersion");
    return;
  }
  enum mcp_version version = mcp_version_of(message->protocol_version);
  client->version = version != MCP_VERSION_NONE ? version : MCP_VERSION_NEWEST;
  client->seen_generation = router->generation;
  struct buffer *result = &router->text;
  buffer_clear(result);
  buffer_append_text(result, "{\"protocolVersion\":\"");
  buffer_append_text(result, mcp_version_name(client->version));
  buffer_append_text(result,
                     "\",\"capabilities\":{\"logging\":{},\"tools\":{\"listChanged\":true}},"
                     "\"serverInfo\":{\"name\":");
  json_string_append(result, router->name, strlen(router->name));
  buffer_append_text(result, ",\"version\":");
  json_string_append(result, router->version, strlen(router->version));
  buffer_append_text(result, "}}");
  if (!result->failed)
    mcp_client_result(client, message->id, result->data, result->length);
}

/* From now on it may be sent notifications, and has missed what changed before. */
static void become_ready(struct router_client *client)
{
  struct router *router = client->router;
  if (client->ready)
    return;
  client->ready = true;
  if (client->seen_generation == router->generation)
    return;
  if (router->tell_due == MCP_NEVER)
    router->tell_due = mcp_deadline(router, router->settings.list_changed_ms);
  mcp_timer_at(router, router->tell_due);
}

static void handle_request(struct router_client *client, const struct mcp_message *message,
                           bool in_batch)
{
  struct json_slice method = message->method;
  if (json_string_equals(method, "ping")) {
    mcp_client_result(client, message->id, "{}", 2);
    return;
  }
  if (json_string_equals(method, "initialize")) {
    if (in_batch)
      mcp_client_error(client, message->id, MCP_CODE_INVALID_REQUEST,
                       "initialize must not be part of an array");
    else
      initialize(client, message);
    return;
  }
  void (*handler)(struct router_client *, const struct mcp_message *) =
      json_string_equals(method, "tools/call")         ? mcp_call_tool
      : json_string_equals(method, "tools/list")       ? mcp_list_tools
      : json_string_equals(method, "logging/setLevel") ? mcp_set_level
                                                       : NULL;
  if (handler == NULL) {
    mcp_client_error(client, message->id, MCP_CODE_UNKNOWN_METHOD, "unknown method");
    return;
  }
  if (client->version == MCP_VERSION_NONE) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_REQUEST, "initialize must come first");
    return;
  }
  /* Some clients never say that they are initialized. */
  become_ready(client);
  handler(client, message);
}

static void handle_notification(struct router_client *client, const struct mcp_message *message)
{
  if (client->version == MCP_VERSION_NONE)
    return;
  if (json_string_equals(message->method, "notifications/cancelled"))
    mcp_call_cancel(client, message);
  else if (json_string_equals(message->method, "notifications/initialized"))
    become_ready(client);
}

static void handle(struct router_client *client, const char *bytes, size_t length, bool in_batch);

static void handle_batch(struct router_client *client, const struct mcp_message *message)
{
  struct json_slice nobody = {0};
  struct json_slice element;
  size_t count = 0;
  if (client->version != MCP_VERSION_2025_03_26) {
    mcp_client_error(client, nobody, MCP_CODE_INVALID_REQUEST,
                     "an array of messages is part of revision 2025-03-26 only");
    return;
  }
  for (struct json_walk walk = json_walk(message->whole); json_array_next(&walk, &element);)
    count++;
  if (count == 0 || count > MCP_BATCH_LIMIT) {
    mcp_client_error(client, nobody, MCP_CODE_INVALID_REQUEST,
                     "an array of messages must have 1 to %d of them", MCP_BATCH_LIMIT);
    return;
  }
  for (struct json_walk walk = json_walk(message->whole); json_array_next(&walk, &element);)
    handle(client, element.at, element.length, true);
}

static void handle(struct router_client *client, const char *bytes, size_t length, bool in_batch)
{
  struct mcp_message message;
  mcp_message_from_client(&message, bytes, length);
  switch (message.kind) {
  case MCP_KIND_REQUEST:
    handle_request(client, &message, in_batch);
    break;
  case MCP_KIND_NOTIFICATION:
    handle_notification(client, &message);
    break;
  case MCP_KIND_RESPONSE:
    break; /* nothing was asked */
  case MCP_KIND_BATCH:
    if (!in_batch)
      handle_batch(client, &message);
    else
      mcp_client_error(client, message.id, MCP_CODE_INVALID_REQUEST, "an array in an array");
    break;
  case MCP_KIND_BROKEN:
    mcp_client_error(client, message.id, MCP_CODE_PARSE,
                     "the message cannot be read: %s (at byte %zu)", message.fault.reason,
                     message.fault.offset);
    break;
  case MCP_KIND_INVALID:
  default:
    mcp_client_error(client, message.id, MCP_CODE_INVALID_REQUEST, "not a JSON-RPC message: %s",
                     message.fault.reason);
  }
}

void router_client_message(struct router_client *client, const char *bytes, size_t length)
{
  if (length > client->router->settings.message_limit)
    router_client_overflow(client, bytes, length > 512 ? 512 : length,
                           length > 512 ? bytes + length - 512 : bytes,
                           length > 512 ? 512 : length);
  else
    handle(client, bytes, length, false);
}

void router_client_overflow(struct router_client *client, const char *head, size_t head_length,
                            const char *tail, size_t tail_length)
{
  mcp_client_error(client, mcp_id_of_ends(head, head_length, tail, tail_length, false),
                   MCP_CODE_INVALID_REQUEST, "the message is longer than the limit of %zu bytes",
                   client->router->settings.message_limit);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: recorded, forwarded, and answered with what belongs to the client. */
#include "core/json/splice.h"
#include "core/mcp/state.h"

#include <stdlib.h>
#include <string.h>

enum { FREE_CALLS_KEPT = 4096 };

struct json_slice mcp_call_id(const struct mcp_call *call)
{
  return (struct json_slice){call->bytes.data, call->id_length};
}

/* Ids are compared by their bytes, as they are given back. */
static bool has_id(const void *value, const void *what)
{
  const struct mcp_call *call = value;
  const struct json_slice *id = what;
  return call->id_length == id->length && memcmp(call->bytes.data, id->at, id->length) == 0;
}

static struct mcp_call *take_record(struct router *router)
{
  if (mcp_ring_empty(&router->free_calls)) {
    struct mcp_call *call = calloc(1, sizeof *call);
    if (call != NULL) {
      mcp_ring_start(&call->of_client);
      mcp_ring_start(&call->of_server);
    }
    return call;
  }
  struct mcp_call *call = MCP_RECORD(router->free_calls.next, struct mcp_call, of_client);
  mcp_ring_remove(&call->of_client);
  router->free_call_count--;
  return call;
}

static void give_record(struct router *router, struct mcp_call *call)
{
  if (router->free_call_count == FREE_CALLS_KEPT) {
    buffer_free(&call->bytes);
    free(call);
    return;
  }
  if (call->bytes.capacity > MCP_KEPT_BYTES)
    buffer_free(&call->bytes);
  router->free_call_count++;
  mcp_ring_append(&router->free_calls, &call->of_client);
}

/* Answers what cannot be recorded. */
static bool acceptable(struct router_client *client, const struct mcp_message *message,
                       uint64_t key)
{
  struct json_slice token = message->progress_token;
  if (message->id.length > MCP_ID_LIMIT || token.length > MCP_ID_LIMIT) {
    mcp_client_error(client, (struct json_slice){0}, MCP_CODE_INVALID_REQUEST,
                     "the request's id or progress token is longer than %d bytes", MCP_ID_LIMIT);
    return false;
  }
  if (mcp_table_find(&client->calls, key, has_id, &message->id) != NULL) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_REQUEST,
                     "a request with this id is in flight already");
    return false;
  }
  if (token.at != NULL && !mcp_is_id(token) && json_kind(token) != JSON_KIND_NULL) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_PARAMS,
                     "progressToken must be a string or an integer");
    return false;
  }
  if (client->calls.count >= client->router->settings.call_limit) {
    mcp_client_error(client, message->id, ROUTER_ERROR_BUSY,
                     "%zu requests are in flight already, which is the limit", client->calls.count);
    return false;
  }
  return true;
}

struct mcp_call *mcp_call_new(struct router_client *client, const struct mcp_message *message,
                              enum mcp_call_kind kind)
{
  struct router *router = client->router;
  uint64_t key = mcp_hash(router, message->id.at, message->id.length);
  if (!acceptable(client, message, key))
    return NULL;
  struct mcp_call *call = take_record(router);
  bool tokened = mcp_is_id(message->progress_token);
  if (call != NULL) {
    buffer_clear(&call->bytes);
    buffer_append(&call->bytes, message->id.at, message->id.length);
    if (tokened)
      buffer_append(&call->bytes, message->progress_token.at, message->progress_token.length);
  }
  if (call == NULL || call->bytes.failed || !mcp_table_add(&client->calls, key, call)) {
    if (call != NULL)
      give_record(router, call);
    mcp_client_error(client, message->id, ROUTER_ERROR_BUSY, "the router is out of memory");
    return NULL;
  }
  call->client = client;
  call->server = NULL;
  call->kind = kind;
  call->key = key;
  call->deadline = MCP_NEVER;
  call->id_length = message->id.length;
  call->token_length = tokened ? message->progress_token.length : 0;
  mcp_ring_append(&client->requests, &call->of_client);
  return call;
}

void mcp_call_end(struct mcp_call *call)
{
  struct router_client *client = call->client;
  if (call->kind != MCP_CALL_FORWARDED) {
    client->waiting--;
    client->waiting_bytes -= call->bytes.length;
    if (call->kind == MCP_CALL_WAITING_LIST)
      client->waiting_lists--;
  }
  if (call->server != NULL) {
    mcp_table_remove(&call->server->calls, call->upstream_id, call);
    life_used(&call->server->life, uv_now(client->router->loop));
    mcp_timer_at(client->router, call->server->life.idle_due);
  }
  call->server = NULL;
  mcp_ring_remove(&call->of_server);
  mcp_ring_remove(&call->of_client);
  mcp_table_remove(&client->calls, call->key, call);
  give_record(client->router, call);
}

/* The replacements in the order of the text, whatever order the client chose. */
static void sort(struct json_replacement *replacements, size_t count)
{
  for (size_t i = 1; i < count; i++)
    for (size_t j = i; j > 0 && replacements[j].original.at < replacements[j - 1].original.at;
         j--) {
      struct json_replacement swapped = replacements[j];
      replacements[j] = replacements[j - 1];
      replacements[j - 1] = swapped;
    }
}

/* Prints into the end of `room` and returns where the digits begin. */
static char *print_number(char (*room)[20], uint64_t number)
{
  char *at = *room + sizeof *room;
  do
    *--at = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  return at;
}

static bool forward_spliced(const struct mcp_call *call, const struct mcp_tool *tool,
                            const struct mcp_message *message)
{
  struct router_server *server = call->server;
  char room[20]; /* for UINT64_MAX */
  const char *number = print_number(&room, call->upstream_id);
  size_t length = (size_t)(room + sizeof room - number);
  struct json_replacement replacements[] = {
      {message->id, number, length},
      {message->name, server->listing.text.data + tool->name_at, tool->name_length},
      {message->progress_token, number, length},
  };
  size_t count = call->token_length > 0 ? 3 : 2;
  sort(replacements, count);
  struct iovec parts[JSON_SPLICE_PARTS(3)];
  size_t part_count;
  return json_splice_parts(message->whole.at, message->whole.length, replacements, count, parts,
                           &part_count) &&
         server->ops.send(server->data, parts, part_count);
}

void mcp_call_forward(struct mcp_call *call, const struct mcp_tool *tool,
                      const struct mcp_message *message)
{
  struct router_server *server = tool->server;
  call->upstream_id = ++server->last_id;
  call->server = server;
  if (!mcp_table_add(&server->calls, call->upstream_id, call) ||
      !forward_spliced(call, tool, message)) {
    mcp_client_error(call->client, mcp_call_id(call), ROUTER_ERROR_UNAVAILABLE,
                     "server \"%s\" takes no more calls: it does not read what it was sent",
                     server->id);
    mcp_call_end(call);
    return;
  }
  call->deadline = mcp_deadline(server->router, server->timeout_ms);
  mcp_ring_append(&server->in_flight, &call->of_server);
  mcp_timer_at(server->router, call->deadline);
  server->counters.calls++;
  life_used(&server->life, uv_now(server->router->loop));
}

/* --- Answers ---------------------------------------------------------------------------------- */

struct mcp_call *mcp_call_of_answer(struct router_server *server, struct json_slice id)
{
  int64_t number;
  if (!json_slice_integer(id, &number) || number <= 0)
    return NULL;
  return mcp_table_find(&server->calls, (uint64_t)number, NULL, NULL);
}

/* Sends a message of the server with one value replaced. */
static void pass_down(struct router_client *client, struct router_server *server,
                      const struct mcp_message *message, struct json_slice original,
                      const char *bytes, size_t length)
{
  struct json_replacement replacement = {original, bytes, length};
  struct iovec parts[JSON_SPLICE_PARTS(1)];
  size_t count;
  if (!json_splice_parts(message->whole.at, message->whole.length, &replacement, 1, parts, &count))
    return;
  client->ops.send(client->data, parts, count);
  if (client->blocked)
    mcp_pause_server(server);
}

void mcp_call_answer(struct mcp_call *call, const struct mcp_message *message)
{
  bool one = (message->result.at == NULL) != (message->error.at == NULL);
  struct json_slice value = message->result.at != NULL ? message->result : message->error;
  if (message->kind == MCP_KIND_RESPONSE && one && *value.at == '{')
    pass_down(call->client, call->server, message, message->id, call->bytes.data, call->id_length);
  else
    mcp_client_error(call->client, mcp_call_id(call), ROUTER_ERROR_ANSWER,
                     "server \"%s\" gave an answer that is no JSON-RPC response", call->server->id);
  mcp_call_end(call);
}

void mcp_call_progress(struct router_server *server, const struct mcp_message *message)
{
  struct mcp_call *call = mcp_call_of_answer(server, message->progress_token);
  if (call == NULL || call->token_length == 0) {
    server->counters.dropped++;
    return;
  }
  pass_down(call->client, server, message, message->progress_token,
            call->bytes.data + call->id_length, call->token_length);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Log messages of servers, and how many of them clients want. */
#include "core/json/decode.h"
#include "core/json/splice.h"
#include "core/mcp/state.h"

#include <string.h>

/* In the order of enum mcp_level, from 1 on. */
static const char *const level_names[] = {NULL,    "debug",    "info",  "notice",   "warning",
                                          "error", "critical", "alert", "emergency"};

enum mcp_level mcp_level_of(struct json_slice slice)
{
  for (int i = MCP_LEVEL_DEBUG; i <= MCP_LEVEL_EMERGENCY; i++)
    if (json_string_equals(slice, level_names[i]))
      return (enum mcp_level)i;
  return MCP_LEVEL_UNSET;
}

void mcp_level_tell(struct router_server *server)
{
  enum mcp_level level = server->router->level;
  if (!server->has_logging || server->state < ROUTER_SERVER_LISTING ||
      server->state == ROUTER_SERVER_ENDED || level == MCP_LEVEL_UNSET || level == server->level)
    return;
  struct buffer *params = &server->router->text;
  buffer_clear(params);
  buffer_append_text(params, "{\"level\":\"");
  buffer_append_text(params, level_names[level]);
  buffer_append_text(params, "\"}");
  if (params->failed)
    return;
  uint64_t id = mcp_server_request(server, "logging/setLevel", params->data, params->length);
  if (id == 0)
    return;
  /* Of an earlier one that is not answered yet, the answer does not matter either. */
  if (server->level_id != 0)
    server->forgotten++;
  server->level_id = id;
  server->level = level;
}

void mcp_levels_update(struct router *router)
{
  enum mcp_level level = MCP_LEVEL_UNSET;
  for (struct mcp_ring *at = router->clients.next; at != &router->clients; at = at->next) {
    enum mcp_level wanted = MCP_RECORD(at, struct router_client, of_router)->level;
    if (wanted != MCP_LEVEL_UNSET && (level == MCP_LEVEL_UNSET || wanted < level))
      level = wanted;
  }
  if (level == MCP_LEVEL_UNSET || level == router->level)
    return;
  router->level = level;
  for (size_t i = 0; i < router->server_count; i++)
    mcp_level_tell(router->servers[i]);
}

void mcp_set_level(struct router_client *client, const struct mcp_message *message)
{
  enum mcp_level level = mcp_level_of(message->level);
  if (level == MCP_LEVEL_UNSET) {
    mcp_client_error(client, message->id, MCP_CODE_INVALID_PARAMS,
                     "level must be one of debug, info, notice, warning, error, critical, alert, "
                     "emergency");
    return;
  }
  client->level = level;
  mcp_client_result(client, message->id, "{}", 2);
  mcp_levels_update(client->router);
}

/* "ID/LOGGER", or "ID" when the server named none, as JSON in router->text; the replacement says
 * where it goes. */
static bool prefix_logger(struct router_server *server, const struct mcp_message *message,
                          struct json_replacement *replacement)
{
  struct buffer *text = &server->router->text;
  buffer_clear(text);
  replacement->original = message->logger;
  if (message->logger.at == NULL) {
    /* In front of the first member: there is one, the level. */
    replacement->original = (struct json_slice){message->params.at + 1, 0};
    buffer_append_text(text, "\"logger\":");
  }
  json_string_append(text, server->id, strlen(server->id));
  if (json_kind(message->logger) == JSON_KIND_STRING) {
    text->length--; /* the closing quote, which the logger brings along */
    buffer_append_byte(text, '/');
    buffer_append(text, message->logger.at + 1, message->logger.length - 1);
  } else if (message->logger.at == NULL) {
    buffer_append_byte(text, ',');
  }
  replacement->bytes = text->data;
  replacement->length = text->length;
  return !text->failed;
}

void mcp_log_message(struct router_server *server, const struct mcp_message *message)
{
  struct router *router = server->router;
  enum mcp_level level = mcp_level_of(message->level);
  struct json_replacement replacement;
  struct iovec parts[JSON_SPLICE_PARTS(1)];
  size_t count;
  if (level == MCP_LEVEL_UNSET || !prefix_logger(server, message, &replacement) ||
      !json_splice_parts(message->whole.at, message->whole.length, &replacement, 1, parts,
                         &count)) {
    server->counters.dropped++;
    return;
  }
  for (struct mcp_ring *at = router->clients.next; at != &router->clients; at = at->next) {
    struct router_client *client = MCP_RECORD(at, struct router_client, of_router);
    /* Who never said which ones it wants gets what the server sends. */
    if (!client->ready || level < client->level)
      continue;
    client->ops.send(client->data, parts, count);
    if (client->blocked)
      mcp_pause_server(server);
  }
}

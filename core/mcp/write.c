/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the router's own, to clients and to servers. */
#include "core/json/decode.h"
#include "core/mcp/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void client_send(struct router_client *client, const char *bytes, size_t length)
{
  struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  client->ops.send(client->data, &part, 1);
}

static bool server_send(struct router_server *server, const char *bytes, size_t length)
{
  struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  return server->ops.send(server->data, &part, 1);
}

static struct buffer *scratch(struct router *router)
{
  buffer_clear(&router->scratch);
  return &router->scratch;
}

void mcp_client_error(struct router_client *client, struct json_slice id, int code,
                      const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length < 0)
    return;
  struct buffer *out = scratch(client->router);
  buffer_append_text(out, "{\"jsonrpc\":\"2.0\",");
  /* The newest revision leaves an unknown id out; older readers expect null. */
  if (id.at != NULL) {
    buffer_append_text(out, "\"id\":");
    buffer_append(out, id.at, id.length);
    buffer_append_byte(out, ',');
  } else if (client->version < MCP_VERSION_2025_11_25) {
    buffer_append_text(out, "\"id\":null,");
  }
  char number[16];
  snprintf(number, sizeof number, "%d", code);
  buffer_append_text(out, "\"error\":{\"code\":");
  buffer_append_text(out, number);
  buffer_append_text(out, ",\"message\":");
  json_string_append(out, text, strlen(text));
  buffer_append_text(out, "}}");
  if (!out->failed)
    client_send(client, out->data, out->length);
}

static struct iovec part_of(const char *bytes, size_t length)
{
  return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
}

void mcp_client_result(struct router_client *client, struct json_slice id, const char *result,
                       size_t length)
{
  static const char start[] = "{\"jsonrpc\":\"2.0\",\"id\":";
  static const char middle[] = ",\"result\":";
  struct iovec parts[] = {part_of(start, sizeof start - 1), part_of(id.at, id.length),
                          part_of(middle, sizeof middle - 1), part_of(result, length),
                          part_of("}", 1)};
  client->ops.send(client->data, parts, sizeof parts / sizeof *parts);
}

void mcp_client_notify(struct router_client *client, const char *message)
{
  client_send(client, message, strlen(message));
}

static void append_number(struct buffer *out, uint64_t number)
{
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRIu64, number);
  buffer_append_text(out, digits);
}

uint64_t mcp_server_request(struct router_server *server, const char *method, const char *params,
                            size_t length)
{
  struct buffer *out = scratch(server->router);
  uint64_t id = server->last_id + 1;
  buffer_append_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
  append_number(out, id);
  buffer_append_text(out, ",\"method\":\"");
  buffer_append_text(out, method);
  buffer_append_byte(out, '"');
  if (params != NULL) {
    buffer_append_text(out, ",\"params\":");
    buffer_append(out, params, length);
  }
  buffer_append_byte(out, '}');
  if (out->failed || !server_send(server, out->data, out->length))
    return 0;
  server->last_id = id;
  return id;
}

bool mcp_server_notify(struct router_server *server, const char *message)
{
  return server_send(server, message, strlen(message));
}

void mcp_server_answer(struct router_server *server, struct json_slice id, const char *result,
                       const char *error)
{
  struct buffer *out = scratch(server->router);
  buffer_append_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
  buffer_append(out, id.at, id.length);
  buffer_append_text(out, result != NULL ? ",\"result\":" : ",\"error\":");
  buffer_append_text(out, result != NULL ? result : error);
  buffer_append_byte(out, '}');
  if (!out->failed)
    server_send(server, out->data, out->length);
}

void mcp_server_cancel(struct router_server *server, uint64_t id, const char *reason)
{
  struct buffer *out = scratch(server->router);
  buffer_append_text(out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
                          "\"params\":{\"requestId\":");
  append_number(out, id);
  buffer_append_text(out, ",\"reason\":");
  json_string_append(out, reason, strlen(reason));
  buffer_append_text(out, "}}");
  if (!out->failed)
    server_send(server, out->data, out->length);
}

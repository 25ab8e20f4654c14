/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the router in this very process. */
#include "config.h"

#include "core/cli/local-client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/json/decode.h"

/* Only the answer that is waited for is kept; notifications are not asked for here. */
static void receive(void *data, const struct iovec *parts, size_t count)
{
  struct local_client *client = data;
  CLEANUP_BUFFER struct buffer message = {0};
  for (size_t i = 0; i < count; i++)
    buffer_append(&message, parts[i].iov_base, parts[i].iov_len);
  struct json_slice all = {message.data, message.length};
  struct json_slice id;
  int64_t number = 0;
  if (message.failed || !json_member(all, "id", &id) || !json_slice_integer(id, &number) ||
      number != client->asked)
    return;
  buffer_free(&client->answer);
  client->answer = message;
  message = (struct buffer){0};
  client->answered = true;
}

static int answer_error(struct json_slice failure, struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_BUFFER struct buffer shown = {0};
  struct json_slice message;
  if (json_member(failure, "message", &message) && json_string_decode(message, &text))
    text_escape_controls(&shown, text.data, text.length);
  return error_make(error, ERROR_FAILED, 0, "%s",
                    shown.length > 0 ? shown.data : "the server answered with an error");
}

int local_client_request(struct local_client *client, const char *method, const char *params,
                         struct json_slice *result, struct error **error)
{
  CLEANUP_BUFFER struct buffer message = {0};
  client->asked++;
  client->answered = false;
  buffer_append_format(&message,
                       "{\"jsonrpc\":\"2.0\",\"id\":%" PRId64 ",\"method\":\"%s\",\"params\":%s}",
                       client->asked, method, params);
  if (message.failed)
    return error_memory(error);
  router_client_message(client->routed, message.data, message.length);
  while (!client->answered)
    uv_run(&client->gateway->loop, UV_RUN_ONCE);
  struct json_slice all = {client->answer.data, client->answer.length};
  struct json_slice failure;
  if (json_member(all, "error", &failure))
    return answer_error(failure, error);
  if (!json_member(all, "result", result))
    return error_make(error, ERROR_FAILED, 0, "the answer has no result");
  return 0;
}

int local_client_open(struct local_client *client, struct gateway *gateway, struct error **error)
{
  static const struct router_client_ops operations = {.send = receive};
  static const char hello[] =
      "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
      "\"clientInfo\":{\"name\":\"" PACKAGE_NAME "\",\"version\":\"" PACKAGE_VERSION "\"}}";
  static const char ready[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";
  *client = (struct local_client){.gateway = gateway};
  client->routed = router_add_client(gateway->router, &operations, client);
  if (client->routed == NULL)
    return error_memory(error);
  struct json_slice result;
  if (local_client_request(client, "initialize", hello, &result, error) != 0)
    return -1;
  router_client_message(client->routed, ready, sizeof ready - 1);
  return 0;
}

void local_client_close(struct local_client *client)
{
  if (client->routed != NULL)
    router_client_closed(client->routed);
  buffer_free(&client->answer);
  client->routed = NULL;
}

static void all_stopped(void *data)
{
  *(bool *)data = true;
}

int local_client_run(struct gateway *gateway, size_t only,
                     int (*use)(struct local_client *client, void *data, struct error **error),
                     void *data, struct error **error)
{
  struct local_client client = {0};
  int answer = -1;
  if (gateway_start(gateway, only, error) == 0 && local_client_open(&client, gateway, error) == 0)
    answer = use(&client, data, error);
  local_client_close(&client);
  bool stopped = gateway->processes == NULL;
  if (!stopped)
    gateway_stop(gateway, all_stopped, &stopped);
  while (!stopped)
    uv_run(&gateway->loop, UV_RUN_ONCE);
  return answer;
}

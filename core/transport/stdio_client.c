/* SPDX-License-Identifier: Apache-2.0 */
/* The client on the router's own stdin and stdout. */
#include "core/transport/stdio_client.h"

#include "core/transport/reader.h"
#include "core/transport/writer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

enum {
  CROWD = 64 * 1024 * 1024, /* queued bytes from which on a client is no longer read */
  DRAIN_MILLISECONDS = 2000
};

struct stdio_client {
  struct reader reader;
  struct writer writer;
  uv_timer_t timer; /* bounds the writing after the end of the input */
  struct router_client *client;
  stdio_client_ended *ended;
  void *data;
  int input, output;
  int input_flags, output_flags;
  unsigned open_handles;
  bool leaving;
  bool told;
  bool closed;
};

/* --- Towards the router ----------------------------------------------------------------------- */

static void send_message(void *data, const struct iovec *parts, size_t count)
{
  writer_send(&((struct stdio_client *)data)->writer, parts, count);
}

static void pause_reading(void *data, bool paused)
{
  reader_pause(&((struct stdio_client *)data)->reader, paused);
}

static void line(void *data, const char *bytes, size_t length)
{
  router_client_message(((struct stdio_client *)data)->client, bytes, length);
}

static void overflow(void *data, const char *head, size_t head_length, const char *tail,
                     size_t tail_length)
{
  router_client_overflow(((struct stdio_client *)data)->client, head, head_length, tail,
                         tail_length);
}

static void crowded(void *data, bool is_crowded)
{
  struct stdio_client *client = data;
  if (client->client != NULL)
    router_client_blocked(client->client, is_crowded);
}

/* --- The end ---------------------------------------------------------------------------------- */

static void tell_end(struct stdio_client *client)
{
  if (client->told || client->closed)
    return;
  client->told = true;
  uv_timer_stop(&client->timer);
  client->ended(client->data);
}

static void time_over(uv_timer_t *timer)
{
  tell_end(timer->data);
}

static void leave(struct stdio_client *client)
{
  if (client->client == NULL)
    return;
  struct router_client *leaving = client->client;
  client->client = NULL;
  client->leaving = true;
  reader_pause(&client->reader, true);
  router_client_closed(leaving);
}

static void input_ended(void *data)
{
  struct stdio_client *client = data;
  leave(client);
  writer_flush(&client->writer);
  if (writer_queued(&client->writer) == 0)
    tell_end(client);
  else
    uv_timer_start(&client->timer, time_over, DRAIN_MILLISECONDS, 0);
}

static void drained(void *data)
{
  struct stdio_client *client = data;
  if (client->leaving)
    tell_end(client);
}

static void output_failed(void *data)
{
  struct stdio_client *client = data;
  leave(client);
  tell_end(client);
}

/* --- Life ------------------------------------------------------------------------------------- */

static void count_down(struct stdio_client *client)
{
  if (--client->open_handles > 0)
    return;
  reader_free(&client->reader);
  free(client);
}

static void reader_handle_closed(uv_handle_t *handle)
{
  struct reader *reader = handle->data;
  count_down(reader->data);
}

static void writer_handle_closed(uv_handle_t *handle)
{
  struct writer *writer = handle->data;
  count_down(writer->data);
}

static void timer_closed(uv_handle_t *handle)
{
  count_down(handle->data);
}

static void restore_flags(int descriptor, int flags)
{
  if (flags >= 0)
    fcntl(descriptor, F_SETFL, flags);
}

void stdio_client_close(struct stdio_client *client)
{
  if (client == NULL || client->closed)
    return;
  client->closed = true;
  leave(client);
  reader_close(&client->reader, reader_handle_closed);
  writer_close(&client->writer, writer_handle_closed);
  uv_close((uv_handle_t *)&client->timer, timer_closed);
  restore_flags(client->input, client->input_flags);
  restore_flags(client->output, client->output_flags);
}

struct stdio_client *stdio_client_open(uv_loop_t *loop, struct router *router, int input,
                                       int output, size_t message_limit, stdio_client_ended *ended,
                                       void *data, struct error **error)
{
  static const struct reader_ops reader_ops = {line, overflow, input_ended};
  static const struct writer_ops writer_ops = {crowded, drained, output_failed};
  static const struct router_client_ops client_ops = {send_message, pause_reading};
  struct stdio_client *client = calloc(1, sizeof *client);
  if (client == NULL) {
    error_memory(error);
    return NULL;
  }
  signal(SIGPIPE, SIG_IGN);
  client->ended = ended;
  client->data = data;
  client->input = input;
  client->output = output;
  client->input_flags = fcntl(input, F_GETFL);
  client->output_flags = fcntl(output, F_GETFL);
  uv_timer_init(loop, &client->timer);
  client->timer.data = client;
  client->open_handles = 1;
  client->reader.closed = client->writer.closed = true;
  client->client = router_add_client(router, &client_ops, client);
  if (client->client == NULL)
    error_memory(error);
  if (client->client == NULL ||
      reader_open(&client->reader, loop, input, message_limit, &reader_ops, client,
                  &client->open_handles, error) != 0 ||
      writer_open(&client->writer, loop, output, SIZE_MAX, CROWD, &writer_ops, client,
                  &client->open_handles, error) != 0) {
    stdio_client_close(client);
    return NULL;
  }
  return client;
}

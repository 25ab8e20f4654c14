/* SPDX-License-Identifier: Apache-2.0 */
/* A server on the other end of two pipes. */
#include "core/transport/server_pipe.h"

#include "core/transport/reader.h"
#include "core/transport/writer.h"

#include <stdlib.h>
#include <unistd.h>

struct server_pipe {
  struct reader reader;
  struct writer writer;
  struct router_server *server;
  server_pipe_ended *ended;
  void (*spoke)(void *data); /* NULL: told, or nobody asks */
  void *data;
  int input;
  int output;
  unsigned open_handles;
  bool closed;
};

/* A banner is no message: what the server writes to stderr behind it may be why it fails. */
static bool may_be_message(const char *bytes, size_t length)
{
  size_t at = 0;
  while (at < length && (bytes[at] == ' ' || bytes[at] == '\t'))
    at++;
  return at < length && bytes[at] == '{';
}

static void line(void *data, const char *bytes, size_t length)
{
  struct server_pipe *pipe = data;
  if (pipe->spoke != NULL && may_be_message(bytes, length)) {
    void (*spoke)(void *) = pipe->spoke;
    pipe->spoke = NULL;
    spoke(pipe->data);
  }
  router_server_message(pipe->server, bytes, length);
}

static void overflow(void *data, const char *head, size_t head_length, const char *tail,
                     size_t tail_length)
{
  router_server_overflow(((struct server_pipe *)data)->server, head, head_length, tail,
                         tail_length);
}

static void output_ended(void *data)
{
  struct server_pipe *pipe = data;
  pipe->ended(pipe->data);
}

/* Its stdin is closed, which a server may do and still answer: later sends are refused, and what
 * became of the process is told by the end of its output. */
static void input_failed(void *data)
{
  (void)data;
}

static void free_pipe(struct server_pipe *pipe)
{
  reader_free(&pipe->reader);
  free(pipe);
}

static void count_down(struct server_pipe *pipe)
{
  if (--pipe->open_handles == 0 && pipe->closed)
    free_pipe(pipe);
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

struct server_pipe *server_pipe_open(uv_loop_t *loop, struct router_server *server, int input,
                                     int output, const struct server_pipe_settings *settings,
                                     server_pipe_ended *ended, void *data, struct error **error)
{
  static const struct reader_ops reader_ops = {line, overflow, output_ended};
  static const struct writer_ops writer_ops = {NULL, NULL, input_failed};
  struct server_pipe *pipe = calloc(1, sizeof *pipe);
  if (pipe == NULL) {
    close(input);
    close(output);
    error_memory(error);
    return NULL;
  }
  pipe->server = server;
  pipe->ended = ended;
  pipe->spoke = settings->spoke;
  pipe->data = data;
  pipe->input = input;
  pipe->output = output;
  size_t limit = settings->queue_limit != 0 ? settings->queue_limit : 2 * settings->message_limit;
  pipe->writer.closed = true;
  bool opened = reader_open(&pipe->reader, loop, output, settings->message_limit, &reader_ops, pipe,
                            &pipe->open_handles, error) == 0;
  if (!opened || writer_open(&pipe->writer, loop, input, limit, SIZE_MAX, &writer_ops, pipe,
                             &pipe->open_handles, error) != 0) {
    server_pipe_close(pipe);
    return NULL;
  }
  return pipe;
}

bool server_pipe_send(struct server_pipe *pipe, const struct iovec *parts, size_t count)
{
  return writer_send(&pipe->writer, parts, count);
}

void server_pipe_pause(struct server_pipe *pipe, bool paused)
{
  reader_pause(&pipe->reader, paused);
}

void server_pipe_close_input(struct server_pipe *pipe)
{
  if (pipe->input < 0)
    return;
  writer_flush(&pipe->writer);
  writer_close(&pipe->writer, writer_handle_closed);
  close(pipe->input);
  pipe->input = -1;
}

void server_pipe_close(struct server_pipe *pipe)
{
  if (pipe == NULL || pipe->closed)
    return;
  pipe->closed = true;
  reader_close(&pipe->reader, reader_handle_closed);
  writer_close(&pipe->writer, writer_handle_closed);
  if (pipe->input >= 0)
    close(pipe->input);
  close(pipe->output);
  pipe->input = pipe->output = -1;
  if (pipe->open_handles == 0)
    free_pipe(pipe);
}

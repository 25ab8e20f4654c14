/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the lines of a descriptor on the loop. */
#include "core/transport/reader.h"

#include <errno.h>
#include <unistd.h>

static void readable(uv_poll_t *poll, int status, int events);
static void idle_turn(uv_idle_t *idle);

static bool running(const struct reader *reader)
{
  return !reader->closed && !reader->paused && !reader->finished;
}

static void listen_again(struct reader *reader)
{
  if (reader->pollable)
    uv_poll_start(&reader->poll, UV_READABLE, readable);
  else
    uv_idle_start(&reader->idle, idle_turn);
}

static void stop_listening(struct reader *reader)
{
  if (reader->pollable)
    uv_poll_stop(&reader->poll);
  uv_idle_stop(&reader->idle);
}

static void report(struct reader *reader, enum lines_event event, const char *line, size_t length)
{
  const struct lines *lines = &reader->lines;
  if (event == LINES_LINE)
    reader->ops->line(reader->data, line, length);
  else
    reader->ops->overflow(reader->data, lines->head, lines->head_length, lines->tail,
                          lines->tail_length);
}

/* Reports what is held, as long as nobody objects; then the end, when it was reached. */
static void deliver(struct reader *reader)
{
  const char *line;
  size_t length;
  while (running(reader)) {
    enum lines_event event = lines_next(&reader->lines, &line, &length);
    if (event == LINES_NONE)
      break;
    report(reader, event, line, length);
  }
  if (!reader->at_end || !running(reader))
    return;
  enum lines_event event = lines_finish(&reader->lines, &line, &length);
  if (event != LINES_NONE)
    report(reader, event, line, length);
  if (!running(reader)) /* another turn reports the end */
    return;
  stop_listening(reader);
  reader->finished = true;
  reader->ops->ended(reader->data);
}

/* `broken`: nothing there now means nothing ever. */
static void read_more(struct reader *reader, bool broken)
{
  size_t available;
  char *space = lines_space(&reader->lines, &available);
  ssize_t count = -1;
  if (space != NULL)
    do
      count = read(reader->descriptor, space, available);
    while (count < 0 && errno == EINTR);
  if (space != NULL && count < 0 && errno == EAGAIN && !broken)
    return;
  if (count > 0)
    lines_added(&reader->lines, (size_t)count);
  else
    reader->at_end = true;
  deliver(reader);
}

static void readable(uv_poll_t *poll, int status, int events)
{
  (void)events;
  read_more(poll->data, status < 0);
}

static void idle_turn(uv_idle_t *idle)
{
  struct reader *reader = idle->data;
  if (reader->pollable)
    uv_idle_stop(idle);
  deliver(reader);
  if (!running(reader))
    return;
  if (reader->pollable)
    listen_again(reader);
  else
    read_more(reader, false);
}

int reader_open(struct reader *reader, uv_loop_t *loop, int descriptor, size_t limit,
                const struct reader_ops *ops, void *data, unsigned *open_handles,
                struct error **error)
{
  *reader = (struct reader){.descriptor = descriptor, .ops = ops, .data = data};
  lines_start(&reader->lines, limit);
  int result = uv_poll_init(loop, &reader->poll, descriptor);
  if (result != 0 && result != UV_EPERM) {
    reader->closed = true;
    return error_make(error, ERROR_FAILED, -result, "descriptor %d cannot be read", descriptor);
  }
  reader->pollable = result == 0;
  uv_idle_init(loop, &reader->idle);
  reader->poll.data = reader->idle.data = reader;
  *open_handles += reader->pollable ? 2 : 1;
  listen_again(reader);
  return 0;
}

void reader_pause(struct reader *reader, bool paused)
{
  if (reader->closed || reader->finished || reader->paused == paused)
    return;
  reader->paused = paused;
  stop_listening(reader);
  if (!paused)
    uv_idle_start(&reader->idle, idle_turn);
}

void reader_close(struct reader *reader, uv_close_cb closed)
{
  if (reader->closed)
    return;
  reader->closed = true;
  if (reader->pollable)
    uv_close((uv_handle_t *)&reader->poll, closed);
  uv_close((uv_handle_t *)&reader->idle, closed);
}

void reader_free(struct reader *reader)
{
  lines_free(&reader->lines);
}

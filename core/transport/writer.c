/* SPDX-License-Identifier: Apache-2.0 */
/* Writes lines to a descriptor on the loop, gathered and bounded. */
#include "core/transport/writer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
  LONG_MESSAGE = 65536,    /* from here on a message is not copied to be gathered */
  KEPT_CAPACITY = 1048576, /* memory that an empty queue keeps */
  PARTS_MAX = 16
};

static void prepared(uv_prepare_t *prepare);
static void writable(uv_poll_t *poll, int status, int events);

size_t writer_queued(const struct writer *writer)
{
  return writer->queue.length - writer->done;
}

static void turn_later(struct writer *writer)
{
  uv_prepare_start(&writer->prepare, prepared);
}

static void break_off(struct writer *writer)
{
  writer->broken = true;
  buffer_free(&writer->queue);
  writer->done = 0;
  if (writer->waiting)
    uv_poll_stop(&writer->poll);
  writer->waiting = false;
  turn_later(writer);
}

/* Returns how many bytes were taken, 0 also when none can be at the moment. */
static size_t write_parts(struct writer *writer, const struct iovec *parts, size_t count)
{
  ssize_t written;
  do
    written = writev(writer->descriptor, parts, (int)count);
  while (written < 0 && errno == EINTR);
  if (written >= 0)
    return (size_t)written;
  if (errno != EAGAIN)
    break_off(writer);
  return 0;
}

static void note_crowd(struct writer *writer)
{
  size_t queued = writer_queued(writer);
  bool crowded = writer->crowded ? queued >= writer->crowd / 4 : queued > writer->crowd;
  if (crowded == writer->crowded)
    return;
  writer->crowded = crowded;
  if (writer->ops->crowded != NULL)
    writer->ops->crowded(writer->data, crowded);
}

static void forget_written(struct writer *writer)
{
  if (writer->done == writer->queue.length) {
    writer->done = 0;
    if (writer->queue.capacity > KEPT_CAPACITY)
      buffer_free(&writer->queue);
    else
      buffer_clear(&writer->queue);
  } else if (writer->done > writer->queue.length / 2) {
    buffer_consume(&writer->queue, writer->done);
    writer->done = 0;
  }
}

static void wait_for_room(struct writer *writer)
{
  bool wait = writer_queued(writer) > 0;
  if (wait == writer->waiting || !writer->pollable)
    return;
  writer->waiting = wait;
  if (wait)
    uv_poll_start(&writer->poll, UV_WRITABLE, writable);
  else
    uv_poll_stop(&writer->poll);
}

void writer_flush(struct writer *writer)
{
  if (writer->closed || writer->broken)
    return;
  /* What cannot be polled takes all of it, though perhaps in pieces. */
  do {
    struct iovec part = {writer->queue.data + writer->done, writer_queued(writer)};
    if (part.iov_len == 0)
      break;
    writer->done += write_parts(writer, &part, 1);
  } while (!writer->pollable && !writer->broken);
  if (writer->broken)
    return;
  forget_written(writer);
  wait_for_room(writer);
  note_crowd(writer);
}

static void finish_turn(struct writer *writer)
{
  bool queued = writer_queued(writer) > 0;
  writer_flush(writer);
  if (writer->broken && !writer->told) {
    writer->told = true;
    writer->ops->failed(writer->data);
  } else if (queued && !writer->broken && writer_queued(writer) == 0 &&
             writer->ops->drained != NULL) {
    writer->ops->drained(writer->data);
  }
}

static void prepared(uv_prepare_t *prepare)
{
  struct writer *writer = prepare->data;
  uv_prepare_stop(prepare);
  if (!writer->waiting)
    finish_turn(writer);
}

static void writable(uv_poll_t *poll, int status, int events)
{
  /* An error of the descriptor comes again from writev(). */
  (void)status;
  (void)events;
  finish_turn(poll->data);
}

/* Copies what is behind the first `skip` bytes of the parts. */
static void queue_rest(struct writer *writer, const struct iovec *parts, size_t count, size_t skip)
{
  for (size_t i = 0; i < count; i++) {
    size_t taken = skip < parts[i].iov_len ? skip : parts[i].iov_len;
    buffer_append(&writer->queue, (const char *)parts[i].iov_base + taken,
                  parts[i].iov_len - taken);
    skip -= taken;
  }
}

/* Writes the queue and the message behind it without copying it first. */
static void send_long(struct writer *writer, const struct iovec *parts, size_t count)
{
  struct iovec all[PARTS_MAX];
  size_t used = 0;
  size_t queued = writer_queued(writer);
  if (queued > 0)
    all[used++] = (struct iovec){writer->queue.data + writer->done, queued};
  memcpy(all + used, parts, count * sizeof *parts);
  size_t written = write_parts(writer, all, used + count);
  if (writer->broken)
    return;
  size_t old = written < queued ? written : queued;
  writer->done += old;
  forget_written(writer);
  queue_rest(writer, parts, count, written - old);
}

bool writer_send(struct writer *writer, const struct iovec *parts, size_t count)
{
  struct iovec line[PARTS_MAX];
  if (writer->closed || writer->broken || count > PARTS_MAX - 2)
    return false;
  size_t length = 1;
  for (size_t i = 0; i < count; i++)
    length += parts[i].iov_len;
  size_t queued = writer_queued(writer);
  if (queued > 0 && (queued >= writer->limit || length > writer->limit - queued))
    return false;
  memcpy(line, parts, count * sizeof *parts);
  line[count] = (struct iovec){(void *)(uintptr_t) "\n", 1};
  if (length >= LONG_MESSAGE && !writer->waiting)
    send_long(writer, line, count + 1);
  else
    queue_rest(writer, line, count + 1, 0);
  if (writer->broken)
    return false;
  if (writer->queue.failed) {
    /* Half a message may be in it, and nothing can be sent behind that. */
    break_off(writer);
    return false;
  }
  if (!writer->waiting)
    turn_later(writer);
  note_crowd(writer);
  return true;
}

int writer_open(struct writer *writer, uv_loop_t *loop, int descriptor, size_t limit, size_t crowd,
                const struct writer_ops *ops, void *data, unsigned *open_handles,
                struct error **error)
{
  *writer = (struct writer){
      .descriptor = descriptor, .limit = limit, .crowd = crowd, .ops = ops, .data = data};
  int result = uv_poll_init(loop, &writer->poll, descriptor);
  if (result != 0 && result != UV_EPERM) {
    writer->closed = true;
    return error_make(error, ERROR_FAILED, -result, "descriptor %d cannot be written", descriptor);
  }
  writer->pollable = result == 0;
  uv_prepare_init(loop, &writer->prepare);
  writer->poll.data = writer->prepare.data = writer;
  *open_handles += writer->pollable ? 2 : 1;
  return 0;
}

void writer_close(struct writer *writer, uv_close_cb closed)
{
  if (writer->closed)
    return;
  writer->closed = true;
  if (writer->pollable)
    uv_close((uv_handle_t *)&writer->poll, closed);
  uv_close((uv_handle_t *)&writer->prepare, closed);
  buffer_free(&writer->queue);
  writer->done = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Writes lines to a descriptor on the loop, gathered and bounded. */
#ifndef JAUAUTH_TRANSPORT_WRITER_H
#define JAUAUTH_TRANSPORT_WRITER_H

#include "core/base/buffer.h"
#include "core/base/error.h"

#include <sys/uio.h>

#include <uv.h>

struct writer_ops {
  /* More than `crowd` bytes are queued, or less than a quarter of it again. May come from inside of
   * writer_send(). May be NULL. */
  void (*crowded)(void *data, bool crowded);
  /* The queue has become empty. May be NULL. Never from inside of writer_send(). */
  void (*drained)(void *data);
  /* Nothing can be written any more, as the other side is gone; at most once, never from inside of
   * writer_send(). */
  void (*failed)(void *data);
};

/*
 * Embedded in its owner's memory, which must stay until no handle is open any more. Belongs to the
 * thread of the loop. Small messages are gathered until the loop is about to wait, and then go out
 * with one system call; a long one is written at once from where it is, and only what the other
 * side does not take is copied.
 */
struct writer {
  uv_poll_t poll;
  uv_prepare_t prepare; /* runs before the loop waits */
  int descriptor;
  bool pollable; /* regular files are not, but take everything at once */
  bool waiting;  /* for the other side to read */
  bool broken;
  bool told;
  bool crowded;
  bool closed;
  struct buffer queue;
  size_t done;  /* bytes of it that are written */
  size_t limit; /* of the queue, in bytes */
  size_t crowd;
  const struct writer_ops *ops;
  void *data;
};

/* As reader_open(). A `limit` of SIZE_MAX bounds nothing; a single message may always exceed it.
 * SIGPIPE has to be ignored. */
int writer_open(struct writer *writer, uv_loop_t *loop, int descriptor, size_t limit, size_t crowd,
                const struct writer_ops *ops, void *data, unsigned *open_handles,
                struct error **error);

/* Queues one message and adds its line feed. False when the queue is full, or the other side gone:
 * then nothing of it was taken. */
bool writer_send(struct writer *writer, const struct iovec *parts, size_t count);

/* Bytes that are not written yet. */
size_t writer_queued(const struct writer *writer);

/* Writes what can be written at once. */
void writer_flush(struct writer *writer);

/* As reader_close(); what is queued is dropped. */
void writer_close(struct writer *writer, uv_close_cb closed);

#endif

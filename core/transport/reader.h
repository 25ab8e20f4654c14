/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the lines of a descriptor on the loop. */
#ifndef JAUAUTH_TRANSPORT_READER_H
#define JAUAUTH_TRANSPORT_READER_H

#include "core/base/error.h"
#include "core/transport/lines.h"

#include <uv.h>

struct reader_ops {
  void (*line)(void *data, const char *line, size_t length);
  /* A line over the limit has passed; its ends are kept during the call. */
  void (*overflow)(void *data, const char *head, size_t head_length, const char *tail,
                   size_t tail_length);
  /* Nothing more comes, because of the end of the stream or an error; at most once. */
  void (*ended)(void *data);
};

/* Embedded in its owner's memory, which must stay until no handle is open any more. Belongs to the
 * thread of the loop. Any call-back may pause, resume or close it. */
struct reader {
  uv_poll_t poll;
  uv_idle_t idle; /* delivers what is held already, and reads what cannot be polled */
  int descriptor;
  bool pollable; /* regular files are not */
  bool paused;
  bool at_end;
  bool finished; /* the end was reported */
  bool closed;
  struct lines lines;
  const struct reader_ops *ops;
  void *data;
};

/*
 * Reads from now on. The descriptor stays the caller's, becomes non-blocking where it can be
 * polled, and must be open until reader_close(). *open_handles goes up by the number of handles, so
 * many calls of `closed` reader_close() will make. When it fails there is nothing to close.
 */
int reader_open(struct reader *reader, uv_loop_t *loop, int descriptor, size_t limit,
                const struct reader_ops *ops, void *data, unsigned *open_handles,
                struct error **error);

/* While paused nothing is read, and no line delivered. */
void reader_pause(struct reader *reader, bool paused);

/* No call-back any more but `closed`, once a handle. Harmless when done before. */
void reader_close(struct reader *reader, uv_close_cb closed);

/* Frees what it holds, once all handles are closed. */
void reader_free(struct reader *reader);

#endif

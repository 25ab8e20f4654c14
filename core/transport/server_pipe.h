/* SPDX-License-Identifier: Apache-2.0 */
/* A server on the other end of two pipes. */
#ifndef JAUAUTH_TRANSPORT_SERVER_PIPE_H
#define JAUAUTH_TRANSPORT_SERVER_PIPE_H

#include "core/mcp/router.h"

/* Belongs to the thread of the loop. */
struct server_pipe;

struct server_pipe_settings {
  size_t message_limit; /* bytes of a line; that of the router */
  size_t queue_limit;   /* bytes that may wait for the server to read; 0: twice message_limit */
  /* The server has begun to speak the protocol: its first line that may be a message (one with "{"
   * at its begin) has come and is delivered next. At most once; may be NULL; must not close. */
  void (*spoke)(void *data);
};

/*
 * The server has closed its stdout, or its end is there. Lines before it were delivered. What to do
 * about the process is up to the owner. At most once. May close the pipe.
 */
typedef void server_pipe_ended(void *data);

/*
 * Reads lines from `output` (the server's stdout) into router_server_message() and
 * router_server_overflow(). `input` is the server's stdin. The two are different descriptors; they
 * become the pipe's, which closes them, also when this fails (returns NULL).
 */
struct server_pipe *server_pipe_open(uv_loop_t *loop, struct router_server *server, int input,
                                     int output, const struct server_pipe_settings *settings,
                                     server_pipe_ended *ended, void *data, struct error **error);

/* For the operations of the router; each takes the pipe. */
bool server_pipe_send(struct server_pipe *pipe, const struct iovec *parts, size_t count);
void server_pipe_pause(struct server_pipe *pipe, bool paused);

/* Closes the server's stdin, after what can be written at once: the first step of a stop. The
 * server is still read. */
void server_pipe_close_input(struct server_pipe *pipe);

/* Closes both ends; no call-back comes any more. The memory is freed later, on the loop. May be
 * called from inside of a call-back and of an operation of the router. Accepts NULL. */
void server_pipe_close(struct server_pipe *pipe);

#endif

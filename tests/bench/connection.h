/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection to an MCP server that it has started: lines over two pipes. */
#ifndef JAUAUTH_TESTS_BENCH_CONNECTION_H
#define JAUAUTH_TESTS_BENCH_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes that are filled at the end and used up at the front. */
struct stretch {
  char *data;
  size_t capacity;
  size_t start;
  size_t end;
};

struct connection {
  const char *name; /* in error texts */
  pid_t pid;
  int input;  /* the program's stdin, non-blocking */
  int output; /* its stdout, non-blocking */
  struct stretch outgoing;
  struct stretch incoming;
  size_t scanned; /* no line feed in `incoming` before this */
};

/* Every function below ends the whole program with a message when something goes wrong: a
 * measurement in which a message was lost is none. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Nanoseconds of the monotonic clock. */
uint64_t now(void);

/* Starts a program, whose stderr goes to this program's. `argv` ends with NULL. */
void connection_open(struct connection *connection, const char *name, char *const *argv);

/* Room for `length` bytes behind what is to be sent; connection_queued() says how many were used.
 */
char *connection_space(struct connection *connection, size_t length);
void connection_queued(struct connection *connection, size_t length);

/* Writes what the program takes at once. */
void connection_flush(struct connection *connection);

/* The next line that is here already, without its line feed; NULL: none. Valid until
 * connection_wait(). */
const char *connection_line(struct connection *connection, size_t *length);

/* Writes and reads until something was read. */
void connection_wait(struct connection *connection);

/* Sends one message and returns the next line that has an id, for the handshake. */
const char *connection_ask(struct connection *connection, const char *message, size_t *length);

/* Closes its stdin and waits until it has ended. */
void connection_close(struct connection *connection);

#endif

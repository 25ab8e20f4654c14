/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection to an MCP server that it has started: lines over two pipes. */
#include "tests/bench/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  READ_BYTES = 256 * 1024,
  PATIENCE_MS = 60000 /* without a byte, the program hangs */
};

void fail(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

uint64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

void connection_open(struct connection *connection, const char *name, char *const *argv)
{
  int input[2];
  int output[2];
  *connection = (struct connection){.name = name};
  if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
    fail("no pipe: %s", strerror(errno));
  connection->pid = fork();
  if (connection->pid < 0)
    fail("no process: %s", strerror(errno));
  if (connection->pid == 0) {
    if (dup2(input[0], STDIN_FILENO) >= 0 && dup2(output[1], STDOUT_FILENO) >= 0)
      execvp(argv[0], argv);
    fprintf(stderr, "load: cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
  }
  close(input[0]);
  close(output[1]);
  connection->input = input[1];
  connection->output = output[0];
  fcntl(connection->input, F_SETFL, O_NONBLOCK);
  fcntl(connection->output, F_SETFL, O_NONBLOCK);
}

static char *space(struct stretch *stretch, size_t length)
{
  if (stretch->start == stretch->end)
    stretch->start = stretch->end = 0;
  if (stretch->capacity - stretch->end < length && stretch->start > stretch->capacity / 2) {
    memmove(stretch->data, stretch->data + stretch->start, stretch->end - stretch->start);
    stretch->end -= stretch->start;
    stretch->start = 0;
  }
  if (stretch->capacity - stretch->end < length) {
    stretch->capacity = 2 * (stretch->end + length);
    stretch->data = realloc(stretch->data, stretch->capacity);
    if (stretch->data == NULL)
      fail("out of memory");
  }
  return stretch->data + stretch->end;
}

char *connection_space(struct connection *connection, size_t length)
{
  return space(&connection->outgoing, length);
}

void connection_queued(struct connection *connection, size_t length)
{
  connection->outgoing.end += length;
}

void connection_flush(struct connection *connection)
{
  struct stretch *outgoing = &connection->outgoing;
  while (outgoing->start < outgoing->end) {
    ssize_t count =
        write(connection->input, outgoing->data + outgoing->start, outgoing->end - outgoing->start);
    if (count < 0 && errno == EAGAIN)
      return;
    if (count < 0 && errno != EINTR)
      fail("%s takes nothing any more: %s", connection->name, strerror(errno));
    if (count > 0)
      outgoing->start += (size_t)count;
  }
}

const char *connection_line(struct connection *connection, size_t *length)
{
  struct stretch *incoming = &connection->incoming;
  if (connection->scanned == incoming->end)
    return NULL;
  const char *feed =
      memchr(incoming->data + connection->scanned, '\n', incoming->end - connection->scanned);
  if (feed == NULL) {
    connection->scanned = incoming->end;
    return NULL;
  }
  const char *line = incoming->data + incoming->start;
  *length = (size_t)(feed - line);
  incoming->start = connection->scanned = (size_t)(feed + 1 - incoming->data);
  return line;
}

static void receive(struct connection *connection)
{
  struct stretch *incoming = &connection->incoming;
  size_t held = connection->scanned - incoming->start;
  char *to = space(incoming, READ_BYTES);
  connection->scanned = incoming->start + held;
  ssize_t count = read(connection->output, to, incoming->capacity - incoming->end);
  if (count == 0)
    fail("%s has ended", connection->name);
  if (count < 0 && errno != EAGAIN && errno != EINTR)
    fail("%s cannot be read: %s", connection->name, strerror(errno));
  if (count > 0)
    incoming->end += (size_t)count;
}

void connection_wait(struct connection *connection)
{
  connection_flush(connection);
  for (;;) {
    bool sending = connection->outgoing.start < connection->outgoing.end;
    struct pollfd files[2] = {{.fd = connection->output, .events = POLLIN},
                              {.fd = sending ? connection->input : -1, .events = POLLOUT}};
    int ready = poll(files, 2, PATIENCE_MS);
    if (ready == 0)
      fail("%s has been silent for %d seconds", connection->name, PATIENCE_MS / 1000);
    if (ready < 0 && errno != EINTR)
      fail("poll: %s", strerror(errno));
    if (files[1].revents != 0)
      connection_flush(connection);
    if (files[0].revents != 0) {
      receive(connection);
      return;
    }
  }
}

const char *connection_ask(struct connection *connection, const char *message, size_t *length)
{
  size_t size = strlen(message);
  memcpy(connection_space(connection, size), message, size);
  connection_queued(connection, size);
  for (;;) {
    const char *line = connection_line(connection, length);
    if (line != NULL && memmem(line, *length, "\"id\":", 5) != NULL)
      return line;
    if (line == NULL)
      connection_wait(connection);
  }
}

void connection_close(struct connection *connection)
{
  close(connection->input);
  char rest[4096];
  fcntl(connection->output, F_SETFL, 0);
  while (read(connection->output, rest, sizeof rest) > 0)
    continue;
  close(connection->output);
  waitpid(connection->pid, NULL, 0);
  free(connection->outgoing.data);
  free(connection->incoming.data);
}

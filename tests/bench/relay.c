/* SPDX-License-Identifier: Apache-2.0 */
/* Copies bytes between its own pipes and a program's, unread: what one process between costs. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct direction {
  int from;
  int to;
  size_t start;
  size_t end;
  bool ended;
  char bytes[65536];
};

/* False when the other side has gone. */
static bool write_rest(struct direction *direction)
{
  while (direction->start < direction->end) {
    ssize_t count = write(direction->to, direction->bytes + direction->start,
                          direction->end - direction->start);
    if (count < 0 && errno == EAGAIN)
      return true;
    if (count < 0 && errno != EINTR)
      return false;
    if (count > 0)
      direction->start += (size_t)count;
  }
  return true;
}

static bool move(struct direction *direction)
{
  if (direction->start == direction->end) {
    ssize_t count = read(direction->from, direction->bytes, sizeof direction->bytes);
    if (count == 0)
      return false;
    if (count < 0)
      return errno == EAGAIN || errno == EINTR;
    direction->start = 0;
    direction->end = (size_t)count;
  }
  return write_rest(direction);
}

static void end_direction(struct direction *direction)
{
  direction->ended = true;
  close(direction->from);
  close(direction->to);
}

static void relay(struct direction *directions)
{
  while (!directions[0].ended || !directions[1].ended) {
    struct pollfd files[2];
    for (int i = 0; i < 2; i++) {
      const struct direction *direction = &directions[i];
      bool full = direction->start < direction->end;
      files[i].fd = direction->ended ? -1 : full ? direction->to : direction->from;
      files[i].events = full ? POLLOUT : POLLIN;
    }
    if (poll(files, 2, -1) < 0 && errno != EINTR)
      return;
    for (int i = 0; i < 2; i++)
      if (!directions[i].ended && files[i].revents != 0 && !move(&directions[i]))
        end_direction(&directions[i]);
  }
}

int main(int argc, char **argv)
{
  static struct direction directions[2];
  int input[2];
  int output[2];
  if (argc < 2 || pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) {
    fputs("usage: relay PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  pid_t pid = fork();
  if (pid == 0) {
    dup2(input[0], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    execvp(argv[1], argv + 1);
    fprintf(stderr, "relay: cannot run %s: %s\n", argv[1], strerror(errno));
    _exit(127);
  }
  close(input[0]);
  close(output[1]);
  directions[0].from = STDIN_FILENO;
  directions[0].to = input[1];
  directions[1].from = output[0];
  directions[1].to = STDOUT_FILENO;
  for (int i = 0; i < 2; i++) {
    fcntl(directions[i].from, F_SETFL, O_NONBLOCK);
    fcntl(directions[i].to, F_SETFL, O_NONBLOCK);
  }
  relay(directions);
  if (pid > 0)
    waitpid(pid, NULL, 0);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that the keeper waits for. */
#include "core/json/scan.h"
#include "core/sandbox/keeper/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READS_AT_ONCE = 64 };

/* One step is under way at a time. Pages that nothing is written to take no memory. */
static char output[64 * 1024 + 1];
static char errors[KEEPER_ERRORS_MAX + 1];

int64_t keeper_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *keeper_output(void)
{
  return output;
}

const char *keeper_errors(void)
{
  return errors;
}

/* Also adopted descendants are reaped here; nobody else wants to know of them. */
static void reap(struct keeper *keeper)
{
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (keeper->front_running && pid == keeper->front) {
      keeper->front_running = false;
      keeper->front_status = status;
    }
    if (keeper->step_running && pid == keeper->step) {
      keeper->step_running = false;
      keeper->step_status = status;
    }
  }
}

static void take_signals(struct keeper *keeper)
{
  struct signalfd_siginfo info;
  while (read(keeper->signals, &info, sizeof info) == (ssize_t)sizeof info)
    if (info.ssi_signo != SIGCHLD)
      keeper->asked = true;
}

static void take_control(struct keeper *keeper)
{
  char message[16];
  ssize_t got;
  while ((got = recv(KEEPER_CONTROL, message, sizeof message, MSG_DONTWAIT)) > 0)
    if ((size_t)got == strlen(KEEPER_STOP) && memcmp(message, KEEPER_STOP, (size_t)got) == 0)
      keeper->asked = true;
  if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    keeper->router_gone = true;
    keeper->asked = true;
  }
}

static void take_line(struct keeper *keeper)
{
  struct json_want want = {.path = keeper->image.locate_member};
  int64_t pid;
  if (keeper->line_count++ < KEEPER_LINES_MAX)
    keeper_tell(KEEPER_STATUS, 0, IMAGE_NONE, 0, keeper->line, keeper->line_length);
  if (keeper->image.locate == IMAGE_BY_STATUS && keeper->status_pid == 0 &&
      json_scan(keeper->line, keeper->line_length, NULL, &want, 1, NULL) &&
      json_slice_integer(want.value, &pid) && pid > 1 && pid <= INT32_MAX)
    keeper->status_pid = (pid_t)pid;
  keeper->line_length = 0;
}

static void take_status(struct keeper *keeper)
{
  ssize_t got = read(keeper->status, keeper->line + keeper->line_length,
                     sizeof keeper->line - keeper->line_length);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0) {
    close(keeper->status);
    keeper->status = -1;
    return;
  }
  size_t end = keeper->line_length + (size_t)got;
  char block[KEEPER_LINE_MAX];
  memcpy(block, keeper->line, end);
  size_t start = 0;
  for (size_t i = keeper->line_length; i < end; i++)
    if (block[i] == '\n') {
      keeper->line_length = i - start;
      memcpy(keeper->line, block + start, keeper->line_length);
      take_line(keeper);
      start = i + 1;
    }
  keeper->line_length = end - start;
  memcpy(keeper->line, block + start, keeper->line_length);
  if (keeper->line_length == sizeof keeper->line)
    keeper->line_length = 0; /* no line is that long: forget its start */
}

/* Reads what is there; what is beyond the room is thrown away. Closes the pipe at its end. A step
 * that prints faster than this reads must not keep the keeper from its time limit. */
static void take_output(int *pipe, char *room, size_t most, size_t *length)
{
  char rest[512];
  ssize_t got;
  int turns = 0;
  do {
    bool full = *length >= most;
    got = read(*pipe, full ? rest : room + *length, full ? sizeof rest : most - *length);
    if (got > 0 && !full)
      *length += (size_t)got;
    room[*length] = '\0';
  } while (got > 0 && ++turns < READS_AT_ONCE);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
    close(*pipe);
    *pipe = -1;
  }
}

void keeper_turn(struct keeper *keeper, int milliseconds)
{
  enum { SIGNALS, CONTROL, STATUS, OUTPUT, ERRORS, COUNT };
  struct pollfd waits[COUNT] = {
      [SIGNALS] = {.fd = keeper->signals, .events = POLLIN},
      [CONTROL] = {.fd = keeper->router_gone ? -1 : KEEPER_CONTROL, .events = POLLIN},
      [STATUS] = {.fd = keeper->status, .events = POLLIN},
      [OUTPUT] = {.fd = keeper->step_output, .events = POLLIN},
      [ERRORS] = {.fd = keeper->step_errors, .events = POLLIN},
  };
  if (poll(waits, COUNT, milliseconds) > 0) {
    if (waits[SIGNALS].revents != 0)
      take_signals(keeper);
    if (waits[CONTROL].revents != 0)
      take_control(keeper);
    if (waits[STATUS].revents != 0)
      take_status(keeper);
    if (waits[OUTPUT].revents != 0)
      take_output(&keeper->step_output, output, sizeof output - 1, &keeper->output_length);
    if (waits[ERRORS].revents != 0)
      take_output(&keeper->step_errors, errors, sizeof errors - 1, &keeper->errors_length);
  }
  reap(keeper);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program for `probe`: bounded in time and output, and nothing of it is left. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/os/descriptor.h"
#include "core/os/process.h"
#include "core/plugin/world.h"

enum { LOOK_MILLISECONDS = 20, KILL_ROUNDS = 1000, CHILDREN_AT_ONCE = 64 };

struct pipes {
  int output[2];
  int errors[2];
  int failure[2]; /* gets the errno of a failed execve, ends at a successful one */
};

static void close_end(int *descriptor)
{
  if (*descriptor >= 0)
    close(*descriptor);
  *descriptor = -1;
}

static void close_pipes(struct pipes *pipes)
{
  for (int i = 0; i < 2; i++) {
    close_end(&pipes->output[i]);
    close_end(&pipes->errors[i]);
    close_end(&pipes->failure[i]);
  }
}

static int64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int world_kill_children(void)
{
  int killed = 0;
  for (int round = 0; round < KILL_ROUNDS; round++) {
    pid_t ended = waitpid(-1, NULL, WNOHANG | __WALL);
    if (ended < 0 && errno == ECHILD)
      return killed;
    if (ended > 0) {
      killed++;
      continue;
    }
    pid_t children[CHILDREN_AT_ONCE];
    ssize_t count = os_children(getpid(), children, CHILDREN_AT_ONCE);
    for (ssize_t i = 0; i < count; i++)
      kill(children[i], SIGKILL);
    const struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
  }
  return -1;
}

/* In the child: only what may be called after fork(2). */
static _Noreturn void execute(const struct pipes *pipes, const char *const *argv,
                              const char *const *environment, pid_t parent)
{
  const struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int signal = 1; signal < NSIG; signal++)
    sigaction(signal, &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  /* The worker's own files are kept small; the program's are not. */
  struct rlimit size;
  if (getrlimit(RLIMIT_FSIZE, &size) == 0) {
    size.rlim_cur = size.rlim_max;
    setrlimit(RLIMIT_FSIZE, &size);
  }
  int nothing = open("/dev/null", O_RDONLY);
  /* The ends may lie at 0 … 3, so that all are moved up before they are put in place. */
  int output = fcntl(pipes->output[1], F_DUPFD, 10);
  int errors = fcntl(pipes->errors[1], F_DUPFD, 10);
  int failure = fcntl(pipes->failure[1], F_DUPFD_CLOEXEC, 10);
  /* When the worker is killed. A client of an engine that was killed instead, while it makes a
   * container, would leave that behind; one that is asked to end finishes first, or undoes it. */
  if (setsid() >= 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
      chdir("/") == 0 && dup2(nothing, 0) == 0 && dup2(output, 1) == 1 && dup2(errors, 2) == 2 &&
      dup3(failure, 3, O_CLOEXEC) == 3) {
    os_close_from(4);
    failure = 3;
    execve(argv[0], (char *const *)argv, (char *const *)environment);
  }
  int reason = errno;
  ssize_t written = write(failure, &reason, sizeof reason);
  (void)written;
  _exit(127);
}

/* Reads what is there; false at the end of the stream. What is too much is thrown away. */
static bool drain(int descriptor, struct buffer *buffer)
{
  char bytes[8192];
  for (;;) {
    ssize_t length = read(descriptor, bytes, sizeof bytes);
    if (length < 0)
      return errno == EAGAIN || errno == EINTR;
    if (length == 0)
      return false;
    size_t room = HOST_RUN_OUTPUT - buffer->length;
    buffer_append(buffer, bytes, (size_t)length < room ? (size_t)length : room);
  }
}

static void collect(pid_t child, struct pipes *pipes, uint32_t time_limit, struct host_run *result)
{
  int64_t deadline = now() + time_limit;
  int status = 0;
  for (;;) {
    struct pollfd polled[2] = {{.fd = pipes->output[0], .events = POLLIN},
                               {.fd = pipes->errors[0], .events = POLLIN}};
    poll(polled, 2, LOOK_MILLISECONDS);
    if (pipes->output[0] >= 0 && !drain(pipes->output[0], &result->output))
      close_end(&pipes->output[0]);
    if (pipes->errors[0] >= 0 && !drain(pipes->errors[0], &result->errors))
      close_end(&pipes->errors[0]);
    if (waitpid(child, &status, WNOHANG) == child)
      break;
    if (now() < deadline)
      continue;
    result->timed_out = true;
    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
      ;
    break;
  }
  if (pipes->output[0] >= 0)
    drain(pipes->output[0], &result->output);
  if (pipes->errors[0] >= 0)
    drain(pipes->errors[0], &result->errors);
  result->exit_code = WIFEXITED(status) && !result->timed_out ? WEXITSTATUS(status) : -1;
  result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int run(struct pipes *pipes, const char *const *argv, const char *const *environment,
               uint32_t time_limit, struct host_run *result, struct error **error)
{
  if (pipe2(pipes->output, O_CLOEXEC) != 0 || pipe2(pipes->errors, O_CLOEXEC) != 0 ||
      pipe2(pipes->failure, O_CLOEXEC) != 0 || os_set_nonblocking(pipes->output[0]) != 0 ||
      os_set_nonblocking(pipes->errors[0]) != 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot run %s", argv[0]);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot run %s", argv[0]);
  if (child == 0)
    execute(pipes, argv, environment, parent);
  close_end(&pipes->output[1]);
  close_end(&pipes->errors[1]);
  close_end(&pipes->failure[1]);
  int reason = 0;
  ssize_t length = read(pipes->failure[0], &reason, sizeof reason);
  if (length == (ssize_t)sizeof reason) {
    waitpid(child, NULL, 0);
    return error_make(error, ERROR_SANDBOX, reason, "cannot run %s", argv[0]);
  }
  collect(child, pipes, time_limit, result);
  return result->output.failed || result->errors.failed ? error_memory(error) : 0;
}

/* `more` and what every program gets, as an array that the caller frees. `more` comes first: of two
 * with one name a program takes the first. */
static const char **full_environment(const char *const *more)
{
  static const char *const own[] = {"LC_ALL=C", "PATH=" WORLD_SEARCH};
  size_t count = 0;
  while (more != NULL && more[count] != NULL)
    count++;
  const char **all = calloc(count + 3, sizeof *all);
  if (all == NULL)
    return NULL;
  if (count > 0)
    memcpy(all, more, count * sizeof *all);
  memcpy(all + count, own, sizeof own);
  return all;
}

int world_run(void *data, const char *const *argv, const char *const *environment,
              uint32_t time_limit, struct host_run *result, struct error **error)
{
  (void)data;
  CLEANUP_FREE const char **all = full_environment(environment);
  if (all == NULL)
    return error_memory(error);
  __attribute__((cleanup(close_pipes))) struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};
  int outcome = run(&pipes, argv, all, time_limit, result, error);
  world_kill_children();
  if (outcome != 0 && error != NULL && *error != NULL && (*error)->code == NULL)
    (*error)->code = strdup("program-failed");
  return outcome;
}

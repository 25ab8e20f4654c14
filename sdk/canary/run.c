/* SPDX-License-Identifier: Apache-2.0 */
/* Runs each attempt in a child of its own. */
#include "sdk/canary/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SETTLE_MILLISECONDS = 2000, LOOK_MILLISECONDS = 1 };

static _Noreturn void be_attempt(const struct request_attempt *asked,
                                 const struct attempt_kind *kind, const char *descriptors,
                                 int answer, pid_t canary)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != canary)
    _exit(1);
  const struct attempt attempt = {
      .arguments = asked->arguments, .descriptors = descriptors, .answer = answer};
  kind->function(&attempt);
  _exit(0);
}

/* Reads until all that hold the other end have ended; false when that took too long. */
static bool read_answer(int input, int64_t until, char *line, size_t room)
{
  size_t length = 0;
  for (;;) {
    int64_t rest = until - now_milliseconds();
    struct pollfd wait = {.fd = input, .events = POLLIN};
    int count = rest > 0 ? poll(&wait, 1, (int)rest) : 0;
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    ssize_t got = read(input, line + length, room - 1 - length);
    if (got <= 0)
      return true;
    length += (size_t)got;
    line[length] = '\0';
    if (length == room - 1)
      return true;
  }
}

/* What the end of a child says that has not answered. */
static void judge_end(int status, char *line, size_t room)
{
  if (!WIFSIGNALED(status))
    snprintf(line, room, "failed\tthere was no answer\n");
  else if (signal_name(WTERMSIG(status)) != NULL)
    snprintf(line, room, "held\t%s\n", signal_name(WTERMSIG(status)));
  else
    snprintf(line, room, "failed\tended by signal %d\n", WTERMSIG(status));
}

/* Descendants of a child that was killed die with it, and are then ours. */
static void settle(void)
{
  int64_t until = now_milliseconds() + SETTLE_MILLISECONDS;
  while (waitpid(-1, NULL, WNOHANG) >= 0 && now_milliseconds() < until)
    pause_until(now_milliseconds() + LOOK_MILLISECONDS);
}

static void wait_for_answer(pid_t child, int input, unsigned seconds, char *line, size_t room)
{
  int status = 0;
  line[0] = '\0';
  bool in_time = read_answer(input, now_milliseconds() + (int64_t)seconds * 1000, line, room);
  if (!in_time)
    kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  const char *feed = strchr(line, '\n');
  if (!in_time) {
    snprintf(line, room, "timeout\n");
    settle();
  } else if (feed == NULL || feed[1] != '\0') {
    judge_end(status, line, room);
    settle();
  }
}

void run_attempt(const struct request_attempt *asked, const char *descriptors,
                 struct run_answer *answer)
{
  const struct attempt_kind *kind = attempt_kind(asked->name);
  char *line = answer->line;
  size_t room = sizeof answer->line;
  int ends[2];
  if (kind == NULL) {
    snprintf(line, room, "failed\tthere is no such attempt\n");
    return;
  }
  if (asked->count < kind->least || asked->count > kind->most) {
    snprintf(line, room, "failed\tit takes another number of arguments\n");
    return;
  }
  if (pipe2(ends, O_CLOEXEC) != 0) {
    snprintf(line, room, "failed\tpipe: %s\n", errno_name(errno));
    return;
  }
  pid_t canary = getpid();
  pid_t child = fork();
  int errnum = errno;
  if (child == 0) {
    close(ends[0]);
    be_attempt(asked, kind, descriptors, ends[1], canary);
  }
  close(ends[1]);
  if (child < 0)
    snprintf(line, room, "failed\tfork: %s\n", errno_name(errnum));
  else
    wait_for_answer(child, ends[0], kind->seconds, line, room);
  close(ends[0]);
}

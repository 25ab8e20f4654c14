/* SPDX-License-Identifier: Apache-2.0 */
/* The attempt to outlive the host. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIGNALS = 64 };

static _Noreturn void outlive(const struct attempt *attempt, int64_t until)
{
  for (int i = 1; i <= SIGNALS; i++)
    signal(i, SIG_IGN);
  close(STDIN_FILENO);
  close(STDERR_FILENO);
  answer(attempt, "open\t%d", (int)getpid());
  close(attempt->answer);
  pause_until(until);
  _exit(0);
}

/* As a daemon does it: the child of a child that has ended, in a session of its own. */
void attempt_stay(const struct attempt *attempt)
{
  uint64_t milliseconds;
  if (!argument_number(attempt, 0, 1, CANARY_STAY_MAX, &milliseconds))
    return;
  int64_t until = now_milliseconds() + (int64_t)milliseconds;
  pid_t child = fork();
  if (child == 0) {
    setsid();
    pid_t grandchild = fork();
    if (grandchild == 0)
      outlive(attempt, until);
    if (grandchild < 0)
      answer(attempt, "failed\tfork: %s", errno_name(errno));
    _exit(0);
  }
  if (child < 0)
    answer(attempt, "failed\tfork: %s", errno_name(errno));
  else
    waitpid(child, NULL, 0);
}

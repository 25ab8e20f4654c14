/* SPDX-License-Identifier: Apache-2.0 */
/* Children of attempts, and time. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

pid_t child_fork(const struct attempt *attempt)
{
  pid_t parent = getpid();
  pid_t child = fork();
  if (child != 0)
    return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* A parent that had ended before sends no signal. */
  if (getppid() != parent)
    _exit(1);
  close(attempt->answer);
  return 0;
}

int64_t now_milliseconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pause_until(int64_t milliseconds)
{
  const struct timespec until = {.tv_sec = (time_t)(milliseconds / 1000),
                                 .tv_nsec = (long)(milliseconds % 1000) * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
    ;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on limits of processes, processors and files. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMPUTE_STEPS = 100000, DISK_STEP = 4 << 20, DISK_FILE_MAX = 1 << 30, WRITE_STEP = 65536 };

void attempt_processes_limit(const struct attempt *attempt)
{
  uint64_t most;
  int ends[2];
  if (!argument_number(attempt, 0, 1, CANARY_PROCESSES_MAX, &most))
    return;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    answer(attempt, "failed\tpipe: %s", errno_name(errno));
    return;
  }
  uint64_t count = 0;
  int errnum = 0;
  while (errnum == 0 && count < most) {
    pid_t child = child_fork(attempt);
    if (child == 0) {
      char byte;
      close(ends[1]);
      _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    errnum = child < 0 ? errno : 0;
    count += child > 0;
  }
  /* The end of the pipe ends them all. */
  close(ends[1]);
  while (waitpid(-1, NULL, 0) > 0)
    ;
  answer_count(attempt, count, errnum);
}

static _Noreturn void compute(int64_t until)
{
  volatile unsigned steps = 0;
  while (now_milliseconds() < until)
    for (unsigned i = 0; i < COMPUTE_STEPS; i++)
      steps = steps + 1;
  _exit(0);
}

static int64_t milliseconds_of(const struct timeval *time)
{
  return (int64_t)time->tv_sec * 1000 + time->tv_usec / 1000;
}

void attempt_cpu(const struct attempt *attempt)
{
  uint64_t milliseconds;
  uint64_t processes;
  if (!argument_number(attempt, 1, 1, CANARY_TREE_MAX, &processes) ||
      !argument_number(attempt, 0, 1, CANARY_CPU_MAX / processes, &milliseconds))
    return;
  int64_t begin = now_milliseconds();
  int errnum = 0;
  for (uint64_t i = 0; errnum == 0 && i < processes; i++) {
    pid_t child = child_fork(attempt);
    if (child == 0)
      compute(begin + (int64_t)milliseconds);
    errnum = child < 0 ? errno : 0;
  }
  /* Those that were made end by themselves, the latest of them soon. */
  while (waitpid(-1, NULL, 0) > 0)
    ;
  int64_t passed = now_milliseconds() - begin;
  struct rusage use;
  if (errnum != 0 || getrusage(RUSAGE_CHILDREN, &use) != 0)
    answer(attempt, "failed\tfork: %s", errno_name(errnum));
  else
    answer(attempt, "value\t%" PRId64 " %" PRId64, passed,
           milliseconds_of(&use.ru_utime) + milliseconds_of(&use.ru_stime));
}

/* A file that has no name any more; its end is that of the process. */
static int nameless_file(const char *path)
{
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file >= 0 && unlink(path) != 0) {
    close(file);
    return -1;
  }
  return file;
}

void attempt_file_size(const struct attempt *attempt)
{
  uint64_t bytes;
  if (!argument_number(attempt, 0, 1, CANARY_BYTES_MAX, &bytes))
    return;
  int file = nameless_file(attempt->arguments[1]);
  if (file < 0) {
    answer(attempt, "failed\topen: %s", errno_name(errno));
    return;
  }
  /* The signal would say the same as EFBIG. */
  signal(SIGXFSZ, SIG_IGN);
  answer_result(attempt, pwrite(file, "x", 1, (off_t)bytes - 1) == 1);
}

void attempt_open_files(const struct attempt *attempt)
{
  uint64_t most;
  if (!argument_number(attempt, 0, 1, CANARY_FILES_MAX, &most))
    return;
  uint64_t count = 0;
  while (count < most && dup(attempt->answer) >= 0)
    count++;
  answer_count(attempt, count, count < most ? errno : 0);
}

/* Files are no larger than their own limit, which is not what is asked for here. */
static uint64_t largest_file(void)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur > DISK_FILE_MAX)
    return DISK_FILE_MAX;
  return limit.rlim_cur;
}

/* Not every file system can allocate without writing. Returns an errno, or 0. */
static int allocate(int file, uint64_t from, uint64_t length)
{
  static const char zeros[WRITE_STEP];
  if (fallocate(file, 0, (off_t)from, (off_t)length) == 0)
    return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS)
    return errno;
  for (uint64_t done = 0; done < length;) {
    size_t part = length - done < WRITE_STEP ? (size_t)(length - done) : WRITE_STEP;
    ssize_t written = pwrite(file, zeros, part, (off_t)(from + done));
    if (written <= 0)
      return errno;
    done += (uint64_t)written;
  }
  return 0;
}

/* Returns how much of a file could be allocated, with the errno that ended it, or 0. */
static uint64_t fill_file(int file, uint64_t bytes, int *errnum)
{
  uint64_t done = 0;
  while (*errnum == 0 && done < bytes) {
    uint64_t step = bytes - done < DISK_STEP ? bytes - done : DISK_STEP;
    *errnum = allocate(file, done, step);
    done += *errnum == 0 ? step : 0;
  }
  return done;
}

void attempt_disk(const struct attempt *attempt)
{
  uint64_t bytes;
  if (!argument_number(attempt, 0, 1, CANARY_BYTES_MAX, &bytes))
    return;
  signal(SIGXFSZ, SIG_IGN);
  uint64_t largest = largest_file();
  uint64_t done = 0;
  int errnum = largest > 0 ? 0 : EFBIG;
  while (errnum == 0 && done < bytes) {
    int file = nameless_file(attempt->arguments[1]);
    if (file < 0 && done == 0) {
      answer(attempt, "failed\topen: %s", errno_name(errno));
      return;
    }
    if (file < 0)
      errnum = errno;
    else
      done += fill_file(file, bytes - done < largest ? bytes - done : largest, &errnum);
  }
  answer_count(attempt, done, errnum);
}

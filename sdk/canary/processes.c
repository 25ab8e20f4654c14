/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on other processes, and on what processes share. */
#include "sdk/canary/attempt.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static bool argument_pid(const struct attempt *attempt, pid_t *pid)
{
  uint64_t number;
  if (!argument_number(attempt, 0, 1, INT_MAX, &number))
    return false;
  *pid = (pid_t)number;
  return true;
}

void attempt_processes(const struct attempt *attempt)
{
  DIR *directory = opendir("/proc");
  if (directory == NULL) {
    answer_result(attempt, false);
    return;
  }
  char own[32];
  snprintf(own, sizeof own, "%d", (int)getpid());
  uint64_t count = 0;
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
    count += entry->d_name[strspn(entry->d_name, "0123456789")] == '\0' &&
             strcmp(entry->d_name, own) != 0;
  answer_count(attempt, count, 0);
}

void attempt_see(const struct attempt *attempt)
{
  pid_t pid;
  if (!argument_pid(attempt, &pid))
    return;
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%d", (int)pid);
  answer_result(attempt, stat(path, &status) == 0);
}

void attempt_signal(const struct attempt *attempt)
{
  pid_t pid;
  if (argument_pid(attempt, &pid))
    answer_result(attempt, kill(pid, 0) == 0);
}

/* It is not stopped, and let go of when this child ends. */
void attempt_trace(const struct attempt *attempt)
{
  pid_t pid;
  if (argument_pid(attempt, &pid))
    answer_result(attempt, ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
}

void attempt_memory_of(const struct attempt *attempt)
{
  pid_t pid;
  if (!argument_pid(attempt, &pid))
    return;
  char byte;
  struct iovec local = {.iov_base = &byte, .iov_len = 1};
  struct iovec remote = {.iov_base = NULL, .iov_len = 1};
  /* Nothing is mapped at 0, and rights are checked before that is noticed. */
  answer_result(attempt, process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT);
}

void attempt_shm_key(const struct attempt *attempt)
{
  uint64_t key;
  if (argument_number(attempt, 0, 1, UINT32_MAX, &key))
    answer_result(attempt, shmget((key_t)(uint32_t)key, 0, 0) >= 0);
}

void attempt_keyring(const struct attempt *attempt)
{
  answer_result(attempt, syscall(SYS_request_key, "user", attempt->arguments[0], NULL, 0) >= 0);
}

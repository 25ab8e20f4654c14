/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on limits of memory. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, LOOK_MILLISECONDS = 20 };

/* Asks to be the one who is killed when there is no more memory. */
static void volunteer(void)
{
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return;
  ssize_t written = write(file, "1000", 4);
  (void)written; /* there is no other way */
  close(file);
}

/* Where no limit holds, the machine must have enough for others. */
static bool argument_memory(const struct attempt *attempt, uint64_t *bytes)
{
  struct sysinfo machine;
  if (!argument_number(attempt, 0, 1, CANARY_BYTES_MAX, bytes))
    return false;
  if (sysinfo(&machine) == 0 && *bytes > (uint64_t)machine.totalram * machine.mem_unit / 2) {
    answer(attempt, "failed\tthat is more than half of the machine's memory");
    return false;
  }
  return true;
}

/* Returns -1 and errno when it is refused; the process may be killed for it. */
static int use_memory(uint64_t bytes)
{
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return -1;
  for (uint64_t at = 0; at < bytes; at += PAGE)
    ((volatile char *)memory)[at] = 1;
  return 0;
}

void attempt_memory(const struct attempt *attempt)
{
  uint64_t bytes;
  if (!argument_memory(attempt, &bytes))
    return;
  volunteer();
  answer_result(attempt, use_memory(bytes) == 0);
}

struct tree {
  pid_t children[CANARY_TREE_MAX];
  unsigned count;
  unsigned ready;
  bool ended;       /* the first of them, and why: */
  const char *held; /* NULL: not because of a limit */
};

static _Noreturn void hold_memory(uint64_t bytes, int tell)
{
  if (use_memory(bytes) != 0)
    _exit(errno);
  ssize_t written = write(tell, "+", 1);
  (void)written; /* without it the parent waits, up to its time */
  for (;;)
    pause();
}

static void note_end(struct tree *tree, int status)
{
  tree->ended = true;
  if (WIFEXITED(status))
    tree->held = errno_name(WEXITSTATUS(status));
  else
    tree->held = signal_name(WTERMSIG(status));
}

/* Until all have their memory, or one has ended. */
static void wait_for_tree(struct tree *tree, int tell)
{
  while (!tree->ended && tree->ready < tree->count) {
    char bytes[CANARY_TREE_MAX];
    struct pollfd wait = {.fd = tell, .events = POLLIN};
    if (poll(&wait, 1, LOOK_MILLISECONDS) > 0) {
      ssize_t got = read(tell, bytes, sizeof bytes);
      tree->ready += got > 0 ? (unsigned)got : 0;
    }
    int status;
    if (waitpid(-1, &status, WNOHANG) > 0)
      note_end(tree, status);
  }
}

static void end_tree(const struct tree *tree)
{
  for (unsigned i = 0; i < tree->count; i++)
    kill(tree->children[i], SIGKILL);
  while (waitpid(-1, NULL, 0) > 0)
    ;
}

void attempt_memory_tree(const struct attempt *attempt)
{
  uint64_t bytes;
  uint64_t processes;
  int ends[2];
  if (!argument_memory(attempt, &bytes) ||
      !argument_number(attempt, 1, 1, CANARY_TREE_MAX, &processes))
    return;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    answer(attempt, "failed\tpipe: %s", errno_name(errno));
    return;
  }
  struct tree tree = {.count = 0};
  int errnum = 0;
  for (; errnum == 0 && tree.count < processes; tree.count += errnum == 0) {
    pid_t child = child_fork(attempt);
    if (child == 0) {
      volunteer();
      hold_memory((bytes + processes - 1) / processes, ends[1]);
    }
    tree.children[tree.count] = child;
    errnum = child < 0 ? errno : 0;
  }
  if (errnum == 0)
    wait_for_tree(&tree, ends[0]);
  end_tree(&tree);
  if (errnum != 0)
    answer(attempt, "failed\tfork: %s", errno_name(errnum));
  else if (tree.held != NULL)
    answer(attempt, "held\t%s\t%u of %u had it", tree.held, tree.ready, tree.count);
  else if (tree.ended)
    answer(attempt, "failed\tone of them has ended");
  else
    answer(attempt, "open");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that may not be our own children: who they are, signals without mistaking them. */
#ifndef JAUAUTH_OS_PROCESS_H
#define JAUAUTH_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* None of these uses the heap. On failure they return -1 and set errno. */

struct os_process_state {
  pid_t parent;
  uint64_t start; /* in clock ticks since boot: with the pid it names one process */
  uint64_t ticks; /* of processor time used, by it and by the children that it has waited for */
  uint64_t pages; /* of memory in use */
  char state;     /* 'R', 'S', … 'Z'; see proc(5) */
};

/* Reads /proc/PID/stat. ESRCH when there is no such process. */
int os_process_state(pid_t pid, struct os_process_state *state);

/* A process that is held on to: after its end no other one is mistaken for it. */
struct os_process {
  pid_t pid;      /* 0: none */
  int descriptor; /* a pidfd; -1: its start time is compared instead */
  uint64_t start;
};

/* Zero-initialise first; an earlier hold is released. Ends with os_process_release(). */
int os_process_hold(struct os_process *process, pid_t pid);

/* Sends a signal to it. ESRCH when it has ended, or is none. */
int os_process_signal(const struct os_process *process, int signal);

void os_process_release(struct os_process *process);

/* Stores the pids of up to `room` children of a process (all its threads) and returns how many it
 * stored; there may be more when that is `room`. Ended children that nobody waited for count. */
ssize_t os_children(pid_t parent, pid_t *children, size_t room);

/* Whether `pid` is `ancestor`, or descends from it. */
bool os_descends(pid_t pid, pid_t ancestor);

#endif

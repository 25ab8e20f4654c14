/* SPDX-License-Identifier: Apache-2.0 */
/* What the control group of a process uses. */
#ifndef JAUAUTH_OS_CGROUP_H
#define JAUAUTH_OS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The folder of the group that this process is in, in the unified hierarchy when `controller` is
 * NULL, else in that of version 1 with this controller. `path` has room for PATH_MAX bytes. False
 * when it cannot be seen.
 */
bool os_cgroup_own(const char *controller, char *path);

struct os_cgroup_usage {
  uint64_t memory;       /* bytes */
  uint64_t peak;         /* the most that it was */
  uint64_t microseconds; /* of processor time */
  bool memory_known;
  bool peak_known; /* version 2 has it from Linux 5.19 on */
  bool time_known;
};

/*
 * What the groups use that a process is in, of the unified hierarchy or of version 1. Known is what
 * can be read of a group of its own: not the one that this process is in, and not a root.
 */
void os_cgroup_usage(pid_t pid, struct os_cgroup_usage *usage);

#endif

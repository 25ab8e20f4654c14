/* SPDX-License-Identifier: Apache-2.0 */
/* What the control group of a process uses. */
#ifndef JAUAUTH_OS_CGROUP_H
#define JAUAUTH_OS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Memory in bytes and processor time in microseconds of the groups that a process is in, of the
 * unified hierarchy or of version 1. False when they cannot be read, or when the process has no
 * group of its own: it is in the one that this process is in, or in a root.
 */
bool os_cgroup_usage(pid_t pid, uint64_t *memory, uint64_t *microseconds);

#endif

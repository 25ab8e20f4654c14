/* SPDX-License-Identifier: Apache-2.0 */
/* Ends what a child that died has left behind. */
#ifndef JAUAUTH_PLUGIN_ORPHANS_H
#define JAUAUTH_PLUGIN_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

enum { ORPHANS_AT_ONCE = 256 };

/*
 * Kills and reaps every child of this process that is no process handle of the loop: as a subreaper
 * (PR_SET_CHILD_SUBREAPER) it gets what the descendants of a dead child were. Their own children
 * become its own only then, so that this is called again until it returns false: there was none.
 * `left` gets the pids of those that have not ended yet, at most ORPHANS_AT_ONCE. Thread of the
 * loop.
 */
bool orphans_kill(uv_loop_t *loop, pid_t *left, size_t *left_count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The real machine as this process's account sees it, for the host objects. Worker only. */
#ifndef JAUAUTH_PLUGIN_WORLD_H
#define JAUAUTH_PLUGIN_WORLD_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/plugin/host/host.h"

/* The directories that are searched when a plugin names none, as PATH has them. */
#define WORLD_SEARCH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The functions need no data. Errors are ERROR_SANDBOX with the codes "program-not-found",
 * "path-unreachable" or "program-failed". */
extern const struct host_world world_real;

/* The innermost directory on the way to an absolute path that the effective user may not enter, as
 * text that the caller frees; NULL when there is none. */
char *world_closed_directory(const char *path);

/* The name of the effective user, or its number where it has none; static storage. */
const char *world_account(void);

/*
 * host_world.run: see struct jauauth_host. The process must be a subreaper
 * (PR_SET_CHILD_SUBREAPER), because everything that descends from the program is killed and waited
 * for before this returns.
 */
int world_run(void *data, const char *const *argv, const char *const *environment,
              uint32_t time_limit, struct host_run *result, struct error **error);

/* Kills all children of the process, and theirs as they become ours, and waits for them. Returns
 * how many there were, or -1 when some are still there after a second. */
int world_kill_children(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups for the servers whose processes descend from the host's own. */
#ifndef JAUAUTH_SANDBOX_GROUPS_H
#define JAUAUTH_SANDBOX_GROUPS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/sandbox/plan.h"

/*
 * Where groups can be made is found once in a router's life. In this order:
 *
 * - version 2, below the router's own group, when it may write there and the group holds no process
 *   but the router: the kernel lets no group limit groups below it and hold processes itself, so
 *   that the router moves into a group "jauauth-router" below. The root group is the exception:
 *   there it stays where it is.
 * - version 2, in a scope of its own, where there is a systemd: the router asks its manager (the
 *   user's; root the system's) for a scope that holds only the router and is delegated to it, and
 *   goes on as above.
 * - version 1, below its own group in each of the hierarchies of memory, cpu and pids, where it may
 *   write.
 * - none, and why.
 *
 * A group of an instance is "jauauth-" and its id. The plan names it, the journal has it, the
 * keeper makes it, sets its limits, puts the front into it and removes it, so that a router that is
 * killed leaves none; a router whose keeper has died, and a sweep, remove it as well. What is
 * enforced so is memory with swap, processes and threads, and a share of processors, all of them of
 * the whole tree.
 */
struct groups {
  bool unified;
  char *parents[PLAN_LIMITS]; /* folder below which each limit can be set; NULL: nowhere */
  char text[256];             /* what these groups are, or why there are none */
};

/* Finds them. With `act` the router is moved where it has to be: before it has any child, and only
 * in commands that start servers. Without it nothing is changed, and *groups says what would be.
 * It cannot fail: there are then none. */
void groups_find(struct groups *groups, bool act);

/* No groups, because the host file wants none. */
void groups_refuse(struct groups *groups);

void groups_free(struct groups *groups);

/* Names in a plan the groups that its limits want. A plan whose processes are an engine's gets
 * none. */
int groups_plan(const struct groups *groups, struct plan *plan, struct error **error);

/* What the keeper writes into the groups of a plan, in this order. A file whose name begins with
 * '?' need not be there. */
struct groups_setting {
  const char *group; /* of the plan */
  const char *file;
  char value[48];
};
enum { GROUPS_SETTINGS_MAX = 5 };
struct groups_settings {
  struct groups_setting items[GROUPS_SETTINGS_MAX];
  size_t count;
};
void groups_settings(const struct plan *plan, struct groups_settings *settings);

/* The argument list that asks systemd for a scope of this name that holds only this process:
 * `busctl`, the user's manager unless `root`. *arguments points into `room`. */
enum { GROUPS_SCOPE_ARGUMENTS = 24 };
struct groups_scope {
  char unit[64];
  char pid[16];
  const char *arguments[GROUPS_SCOPE_ARGUMENTS]; /* ends with NULL */
};
void groups_scope_command(struct groups_scope *scope, const char *busctl, pid_t pid, bool root);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The control groups of one instance. */
#include "core/sandbox/groups.h"

#include "core/os/group.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD = 100000, REMOVE_MILLISECONDS = 500 }; /* microseconds; PERIOD is the kernel's own */

void groups_free(struct groups *groups)
{
  for (size_t i = 0; i < PLAN_LIMITS; i++)
    free(groups->parents[i]);
  *groups = (struct groups){0};
}

void groups_refuse(struct groups *groups)
{
  *groups = (struct groups){0};
  snprintf(groups->text, sizeof groups->text,
           "no control group is made: the host file has \"control_groups = false\"");
}

/* The group of the plan with this parent; a new one when there is none yet. */
static struct plan_group *take_group(struct plan *plan, const char *parent, bool unified)
{
  char *path = NULL;
  if (asprintf(&path, "%s/" OS_GROUP_PREFIX "%s", parent, plan->instance) < 0)
    return NULL;
  for (size_t i = 0; i < plan->group_count; i++)
    if (strcmp(plan->groups[i].path, path) == 0) {
      free(path);
      return &plan->groups[i];
    }
  struct plan_group *group = &plan->groups[plan->group_count++];
  *group = (struct plan_group){.path = path, .unified = unified};
  return group;
}

int groups_plan(const struct groups *groups, struct plan *plan, struct error **error)
{
  if (plan->tree != PLAN_TREE_OWN || plan->instance == NULL)
    return 0;
  plan->group_text = strdup(groups->text);
  if (plan->group_text == NULL)
    return error_memory(error);
  for (size_t i = 0; i < PLAN_LIMITS; i++) {
    if (plan->limits[i].value == 0 || groups->parents[i] == NULL)
      continue;
    struct plan_group *group = take_group(plan, groups->parents[i], groups->unified);
    if (group == NULL)
      return error_memory(error);
    group->limits |= 1U << i;
  }
  return 0;
}

/* --- Making ---------------------------------------------------------------------------------- */

static int set(const struct plan_group *group, const char *file, uint64_t value)
{
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64, value);
  return os_group_write(group->path, file, text);
}

/* Without swap, or all of it could be used up beside the memory. A kernel that does not count swap
 * has no such file. */
static int set_memory(const struct plan_group *group, uint64_t value)
{
  const char *file = group->unified ? "memory.max" : "memory.limit_in_bytes";
  const char *swap = group->unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
  if (set(group, file, value) < 0)
    return -1;
  return set(group, swap, group->unified ? 0 : value) < 0 && errno != ENOENT ? -1 : 0;
}

static int set_cpu(const struct plan_group *group, uint64_t thousandths)
{
  uint64_t quota = thousandths * PERIOD / 1000;
  char text[64];
  if (group->unified) {
    snprintf(text, sizeof text, "%" PRIu64 " %d", quota, PERIOD);
    return os_group_write(group->path, "cpu.max", text);
  }
  return set(group, "cpu.cfs_period_us", PERIOD) < 0 || set(group, "cpu.cfs_quota_us", quota) < 0
             ? -1
             : 0;
}

static int make_group(const struct plan *plan, const struct plan_group *group, struct error **error)
{
  const struct plan_host_limit *limits = plan->limits;
  if (os_group_make(group->path) < 0)
    return error_make(error, ERROR_SANDBOX, errno, "the control group %s cannot be made",
                      group->path);
  if (((group->limits >> PLAN_MEMORY & 1U) != 0 &&
       set_memory(group, limits[PLAN_MEMORY].value) < 0) ||
      ((group->limits >> PLAN_CPU & 1U) != 0 && set_cpu(group, limits[PLAN_CPU].value) < 0) ||
      ((group->limits >> PLAN_PIDS & 1U) != 0 &&
       set(group, "pids.max", limits[PLAN_PIDS].value) < 0))
    return error_make(error, ERROR_SANDBOX, errno,
                      "the limits of the control group %s cannot be set", group->path);
  return 0;
}

int groups_make(const struct plan *plan, struct error **error)
{
  for (size_t i = 0; i < plan->group_count; i++)
    if (make_group(plan, &plan->groups[i], error) < 0) {
      for (size_t j = 0; j <= i; j++)
        os_group_remove(plan->groups[j].path, REMOVE_MILLISECONDS);
      return error_hint(error, "\"control_groups = false;\" in the host file does without them");
    }
  return 0;
}

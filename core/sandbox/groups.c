/* SPDX-License-Identifier: Apache-2.0 */
/* The control groups of one instance. */
#include "core/sandbox/groups.h"

#include "core/os/group.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD = 100000 }; /* microseconds; the kernel's own */

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

/* --- What is set in them --------------------------------------------------------------------- */

static void add(struct groups_settings *settings, const struct plan_group *group, const char *file,
                uint64_t value)
{
  struct groups_setting *setting = &settings->items[settings->count++];
  *setting = (struct groups_setting){.group = group->path, .file = file};
  snprintf(setting->value, sizeof setting->value, "%" PRIu64, value);
}

/* Without swap, or all of it could be used up beside the memory. A kernel that does not count swap
 * has no such file. */
static void add_memory(struct groups_settings *settings, const struct plan_group *group,
                       uint64_t value)
{
  add(settings, group, group->unified ? "memory.max" : "memory.limit_in_bytes", value);
  add(settings, group, group->unified ? "?memory.swap.max" : "?memory.memsw.limit_in_bytes",
      group->unified ? 0 : value);
}

static void add_cpu(struct groups_settings *settings, const struct plan_group *group,
                    uint64_t thousandths)
{
  uint64_t quota = thousandths * PERIOD / 1000;
  if (group->unified) {
    add(settings, group, "cpu.max", quota);
    struct groups_setting *setting = &settings->items[settings->count - 1];
    size_t length = strlen(setting->value);
    snprintf(setting->value + length, sizeof setting->value - length, " %d", PERIOD);
    return;
  }
  add(settings, group, "cpu.cfs_period_us", PERIOD);
  add(settings, group, "cpu.cfs_quota_us", quota);
}

void groups_settings(const struct plan *plan, struct groups_settings *settings)
{
  settings->count = 0;
  for (size_t i = 0; i < plan->group_count; i++) {
    const struct plan_group *group = &plan->groups[i];
    if ((group->limits >> PLAN_MEMORY & 1U) != 0)
      add_memory(settings, group, plan->limits[PLAN_MEMORY].value);
    if ((group->limits >> PLAN_CPU & 1U) != 0)
      add_cpu(settings, group, plan->limits[PLAN_CPU].value);
    if ((group->limits >> PLAN_PIDS & 1U) != 0)
      add(settings, group, "pids.max", plan->limits[PLAN_PIDS].value);
  }
}

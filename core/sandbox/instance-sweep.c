/* SPDX-License-Identifier: Apache-2.0 */
/* The work of a keeper that died: ending what it has left. */
#include "core/os/group.h"
#include "core/plugin/orphans.h"
#include "core/sandbox/instance-parts.h"

enum { REMOVE_MILLISECONDS = 500 };

void instance_end_groups(struct instance *instance)
{
  struct instance_record *record = &instance->record;
  for (size_t i = 0; i < instance->group_count; i++) {
    struct os_group_counts counts;
    os_group_count(instance->groups[i], &counts);
    record->memory_kills += counts.memory_kills;
    record->pids_refusals += counts.pids_refusals;
    if (!os_group_remove(instance->groups[i], REMOVE_MILLISECONDS))
      buffer_append_format(&record->not_undone, "%sthe control group %s could not be removed",
                           record->not_undone.length > 0 ? "; " : "", instance->groups[i]);
  }
}

bool instance_sweep(struct instance *instance)
{
  pid_t left[ORPHANS_AT_ONCE];
  size_t count = 0;
  bool any = orphans_kill(instance->loop, left, &count);
  if (uv_hrtime() / 1000000 < instance->sweep_deadline)
    return !any;
  for (size_t i = 0; i < count; i++)
    buffer_append_format(&instance->record.not_undone, "%sprocess %d could not be ended",
                         instance->record.not_undone.length > 0 ? "; " : "", (int)left[i]);
  return true;
}

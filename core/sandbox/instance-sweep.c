/* SPDX-License-Identifier: Apache-2.0 */
/* The work of a keeper that died: ending what it has left. */
#include "core/plugin/orphans.h"
#include "core/sandbox/instance-parts.h"

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

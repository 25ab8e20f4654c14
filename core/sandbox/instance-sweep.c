/* SPDX-License-Identifier: Apache-2.0 */
/* The work of a keeper that died: ending what it has left. */
#include "core/os/process.h"
#include "core/sandbox/instance-parts.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIDS_AT_ONCE = 256 };

struct lookup {
  pid_t pid;
  bool found;
};

static void compare(uv_handle_t *handle, void *data)
{
  struct lookup *lookup = data;
  /* Inactive once its process was reaped; the number may then be somebody else's. */
  if (handle->type == UV_PROCESS && uv_is_active(handle) &&
      ((uv_process_t *)handle)->pid == lookup->pid)
    lookup->found = true;
}

static bool is_ours(const struct instance *instance, pid_t pid)
{
  struct lookup lookup = {.pid = pid};
  uv_walk(instance->loop, compare, &lookup);
  return lookup.found;
}

bool instance_sweep(struct instance *instance)
{
  pid_t pids[PIDS_AT_ONCE];
  bool over = uv_hrtime() / 1000000 >= instance->sweep_deadline;
  bool left = false;
  ssize_t count = os_children(getpid(), pids, PIDS_AT_ONCE);
  for (ssize_t i = 0; i < count; i++) {
    if (is_ours(instance, pids[i]))
      continue;
    kill(pids[i], SIGKILL);
    if (waitpid(pids[i], NULL, WNOHANG) == pids[i]) {
      left = true; /* its own children have become ours, and are found in the next round */
      continue;
    }
    left = true;
    if (over)
      buffer_append_format(&instance->record.not_undone, "%sprocess %d could not be ended",
                           instance->record.not_undone.length > 0 ? "; " : "", (int)pids[i]);
  }
  return !left || over;
}

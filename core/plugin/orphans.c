/* SPDX-License-Identifier: Apache-2.0 */
/* Ends what a child that died has left behind. */
#include "core/plugin/orphans.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/os/process.h"

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

static bool is_ours(uv_loop_t *loop, pid_t pid)
{
  struct lookup lookup = {.pid = pid};
  uv_walk(loop, compare, &lookup);
  return lookup.found;
}

bool orphans_kill(uv_loop_t *loop, pid_t *left, size_t *left_count)
{
  pid_t pids[ORPHANS_AT_ONCE];
  ssize_t count = os_children(getpid(), pids, ORPHANS_AT_ONCE);
  bool any = false;
  *left_count = 0;
  for (ssize_t i = 0; i < count; i++) {
    if (is_ours(loop, pids[i]))
      continue;
    any = true;
    kill(pids[i], SIGKILL);
    if (waitpid(pids[i], NULL, WNOHANG) != pids[i])
      left[(*left_count)++] = pids[i];
  }
  return any;
}

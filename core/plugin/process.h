/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin worker, seen from the router: started, asked, watched, ended. */
#ifndef JAUAUTH_PLUGIN_PROCESS_H
#define JAUAUTH_PLUGIN_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>
#include <uv.h>

#include "core/base/error.h"

/* Belongs to one loop and its thread. */
struct process;

struct process_settings {
  const char *program; /* this program */
  const char *name;    /* of the plugin */
  const char *file;
  const char *account; /* becomes this account; NULL: stays who it is */
  uid_t user;
  gid_t group;
};

/* Called on the loop, never from within process_send() or process_end(). */
struct process_events {
  /* The answer of the request (borrowed; NULL: `error` says why, borrowed as well). Without `alive`
   * the process is ending and must be forgotten. */
  void (*answered)(void *data, json_t *answer, const struct error *error, bool alive);
  /* It ended without being asked, or is being ended after five idle seconds: it must be forgotten.
   */
  void (*lost)(void *data);
  /* Nothing of it is left. Comes once for every process that process_start() returned. */
  void (*gone)(void *data);
};

/* Starts a worker. NULL and an ERROR_SANDBOX when that is not possible. The settings are used only
 * during the call; `data` is given to `answered` and `lost`, `owner` to `gone`. */
struct process *process_start(uv_loop_t *loop, const struct process_settings *settings,
                              const struct process_events *events, void *data, void *owner,
                              struct error **error);

/* Sends a request (borrowed) and waits up to `milliseconds` for its answer. Only when no other one
 * is under way. -1 and *error when there is no memory; the process is as before then. */
int process_send(struct process *process, json_t *request, unsigned milliseconds,
                 struct error **error);

/* Kills it with all that descends from it. `answered` and `lost` are not called any more. */
void process_end(struct process *process);

#endif

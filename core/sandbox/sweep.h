/* SPDX-License-Identifier: Apache-2.0 */
/* Clears what routers that have died, and this one, could not remove. */
#ifndef JAUAUTH_SANDBOX_SWEEP_H
#define JAUAUTH_SANDBOX_SWEEP_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "core/base/error.h"
#include "core/plugin/registry.h"
#include "core/sandbox/journal.h"

/*
 * For each entry of a journal whose router is dead, one after the other: the processes that it
 * names are killed if they are still the ones that were started, the plugin says what has to be run
 * (`teardown`), and a keeper runs that. What succeeds is gone from the journal; what does not stays
 * in it with the reason. Journals of routers that live, and those of other accounts, are left
 * alone.
 */
struct sweep;

/* Borrowed until `done`. */
struct sweep_settings {
  uv_loop_t *loop; /* of the registry; instance_prepare_process() was called */
  struct registry *registry;
  const char *keeper_program;
  const char *state_directory;
  const struct journal *own; /* whose entries of ended instances are cleared as well; or NULL */
  bool (*runs)(void *data, const char *instance); /* whether an entry of `own` still runs */
};

/* One entry was dealt with. `entry` is NULL when it could not be read. `error` says why it stays,
 * NULL: it is gone. All is borrowed for the call. */
typedef void sweep_each(void *data, const char *instance, const struct journal_entry *entry,
                        const struct error *error);

/* All were; the sweep is freed. `left` stay. */
typedef void sweep_done(void *data, size_t left);

/* Both are called from the loop. NULL and *error when it cannot begin. */
struct sweep *sweep_start(const struct sweep_settings *settings, sweep_each *each, sweep_done *done,
                          void *data, struct error **error);

/* The entry under way is finished, no other is begun; then `done` is called. */
void sweep_stop(struct sweep *sweep);

/* Whether entries of this plugin can be cleared: else why not, with what to install as the hint. */
int sweep_check_plugin(struct registry *registry, const char *plugin, struct error **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the canary: what it is asked, inside a sandbox or as an ordinary program, and what it
 * answers. */
#ifndef JAUAUTH_SANDBOX_MEASURE_CANARY_H
#define JAUAUTH_SANDBOX_MEASURE_CANARY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/sandbox/instance.h"
#include "core/sandbox/plan.h"

/* Belongs to the loop and its thread, as do all call-backs. */
struct canary;

struct canary_order {
  uv_loop_t *loop;
  const char *program;  /* the canary's file */
  const char *attempts; /* lines of sdk/canary/canary.h, "attempt…" */
  unsigned milliseconds;
  unsigned silence_milliseconds; /* how long its output may stay open behind it; 0: 5 seconds */
  /* Inside a sandbox: the plan, which is copied, and how it is run. */
  const struct plan *plan; /* NULL: as an ordinary program of the account */
  const struct instance_settings *instance;
  /* As an ordinary program. */
  uid_t user;
  gid_t group;
  const char *const *environment; /* ends with NULL */
};

struct canary_events {
  /* It has answered everything and lives on until canary_finish(). Not called where it ended
   * before. */
  void (*answered)(void *data);
  /* Nothing of it runs any more, or its time is over. Exactly once, never from within a call. */
  void (*ended)(void *data);
};

/* Starts it with a random word of its own. NULL and *error when it could not be started. */
struct canary *canary_start(const struct canary_order *order, const struct canary_events *events,
                            void *data, struct error **error);

/* Lets it end, which removes the files that it made. */
void canary_finish(struct canary *canary);

/* Ends it now. */
void canary_stop(struct canary *canary);

/* Cuts the life line of its keeper, and leaves its stdin open. */
void canary_abandon(struct canary *canary);

/* Number of an attempt as text -> its answer, such as "held\tENOENT". Borrowed. */
json_t *canary_facts(const struct canary *canary);

/* Whether all answers came, with the right random word at both ends. */
bool canary_is_complete(const struct canary *canary);

/* Whether its standard output was closed at the end: whoever held it is gone. */
bool canary_is_silent(const struct canary *canary);

/* Process of the canary on this machine, 0: unknown, or elsewhere. */
pid_t canary_process(const struct canary *canary);

/* Whether something of its sandbox could not be removed. */
bool canary_has_left(const struct canary *canary);

/* What went wrong, or NULL. Borrowed. */
const struct error *canary_error(const struct canary *canary);

/* After `ended`. Accepts NULL. The memory goes when the loop has closed the handles. */
void canary_free(struct canary *canary);

#endif

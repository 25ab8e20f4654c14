/* SPDX-License-Identifier: Apache-2.0 */
/* Measures what the sandbox of a server really gives, by a canary in the server's place. */
#ifndef JAUAUTH_SANDBOX_MEASURE_MEASURE_H
#define JAUAUTH_SANDBOX_MEASURE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/sandbox/instance.h"
#include "core/sandbox/launch.h"
#include "core/sandbox/plan.h"

/* Belongs to the loop and its thread. Only one at a time. */
struct measure;

/* All borrowed, until `done`. */
struct measure_settings {
  uv_loop_t *loop;
  struct launch *launch;
  size_t server; /* its index */
  const char *server_id;
  const char *kind;        /* under which the result is kept: "server" or "strategy" */
  const char *name;        /* likewise */
  const char *plugin_file; /* of its strategy */
  const char *keeper;      /* both of trusted owners */
  const char *canary;
  const char *state_directory; /* where decoys are noted and results kept */
  const char *home;            /* of the user; NULL: nothing is planted there */
  const char *host_file;       /* NULL: none */
  const char *servers_file;    /* NULL: none */
  bool again;                  /* whatever was kept */
  /* The instances' entries in the journal; both may be NULL. See gateway_journal_enter(). */
  int (*enter)(void *data, const struct plan *plan, struct instance_settings *settings,
               struct error **error);
  void (*leave)(void *data, bool left);
  void (*progress)(void *data, const char *what); /* NULL: nobody is told */
  void *data;
};

/*
 * `result` (borrowed) is NULL and `error` set when nothing was measured:
 * {
 *   "properties": [{"name", "measured": "held|open|not-measured", "reason": "…",
 *                   "attempts": [{"attempt", "control", "inside",
 *                                 "outcome": "held|open|unproven|missing"}]}],
 *   "strategy": "…", "partial": bool, "kept": bool
 * }
 * One entry for each property, in their order. `own` is the server's plan that it holds for.
 */
typedef void measure_done(void *data, json_t *result, const struct plan *own,
                          const struct error *error);

/*
 * Makes both plans and compares them (compare.h); unless a result for this plan is kept, plants
 * decoys, makes every attempt as an ordinary program of the server's account, which is its control,
 * and then inside; and last cuts the life line of a keeper. `done` is called once from the loop;
 * nothing is left then. Bounded by the times of canary.h, some minutes at worst.
 */
struct measure *measure_start(const struct measure_settings *settings, measure_done *done,
                              struct error **error);

/* Stops as soon as it can; `done` follows with an error. */
void measure_stop(struct measure *measure);

#endif

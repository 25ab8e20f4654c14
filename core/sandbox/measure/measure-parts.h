/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a measurement share. Internal. */
#ifndef JAUAUTH_SANDBOX_MEASURE_MEASURE_PARTS_H
#define JAUAUTH_SANDBOX_MEASURE_MEASURE_PARTS_H

#include "core/os/process.h"
#include "core/sandbox/measure/attempts.h"
#include "core/sandbox/measure/canary.h"
#include "core/sandbox/measure/decoys.h"
#include "core/sandbox/measure/measure.h"
#include "core/sandbox/measure/results.h"

/* The runs of a measurement, in their order. */
enum stage {
  STAGE_TARGET, /* a process outside, on which others are tried */
  STAGE_CONTROL,
  STAGE_INSIDE,
  STAGE_CONTROL_LIMITS,
  STAGE_LIMITS,
  STAGE_CONTROL_STAY,
  STAGE_STAY,
  STAGE_COUNT
};

/* What was seen of the rows that the host looks at itself. */
enum sight { SIGHT_NONE, SIGHT_HELD, SIGHT_OPEN };

struct measure {
  struct measure_settings settings;
  measure_done *done;
  struct launch_account account;        /* of the plan */
  struct launch_account server_account; /* of the server's processes */
  struct plan *own;
  struct plan *plan; /* for the canary */
  char machine[RESULTS_DIGEST];
  char digest[RESULTS_DIGEST];
  json_t *engine_sockets;
  struct decoys decoys;
  struct attempts attempts;
  enum stage stage;
  struct canary *target;
  struct canary *run;    /* under way */
  json_t *control;       /* answers of the runs as an ordinary program, by number */
  json_t *inside;        /* answers from inside */
  enum sight root;       /* whether the server's process is root outside */
  enum sight outlives;   /* whether it outlives a host */
  bool control_outlives; /* an ordinary program does */
  bool partial;          /* a run inside had no end */
  bool entered;          /* the run is in the journal */
  bool stopped;
  bool concluding; /* only the target is waited for */
  bool target_gone;
  struct os_process held;    /* of the last run */
  char *failed[STAGE_COUNT]; /* why a run failed; owned */
  struct error *error;
};

/* measure-result.c: a new reference; NULL when out of memory. */
json_t *measure_result(const struct measure *measure);

/* measure-run.c: starts the run of a stage. -1: there is none, or it failed, which is noted. */
int measure_run(struct measure *measure);

/* The run of this stage has ended: takes what it has found. */
void measure_take(struct measure *measure);

/* measure.c */
void measure_answered(struct measure *measure);
void measure_run_ended(struct measure *measure);
void measure_target_ended(struct measure *measure);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The runs of a measurement, one for each stage. */
#include "core/sandbox/measure/measure-parts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

enum {
  RUN_MS = 60 * 1000,
  LIMITS_MS = 120 * 1000,
  STAY_MS = 10 * 1000, /* that a process is left behind, should nobody end it */
  STAY_CONTROL_MS = 3 * 1000,
  STAY_CONTROL_SILENCE_MS = 500 /* it must outlive the canary so long */
};

static const char *const words[STAGE_COUNT] = {
    [STAGE_TARGET] = "plants decoys",
    [STAGE_CONTROL] = "tries everything without a sandbox",
    [STAGE_INSIDE] = "tries everything inside",
    [STAGE_CONTROL_LIMITS] = "tries to use a lot without a sandbox",
    [STAGE_LIMITS] = "tries to use a lot inside",
    [STAGE_CONTROL_STAY] = "tries to stay without a sandbox",
    [STAGE_STAY] = "tries to stay inside",
};

static bool is_inside(enum stage stage)
{
  return stage == STAGE_INSIDE || stage == STAGE_LIMITS || stage == STAGE_STAY;
}

static void append_attempts(const struct measure *measure, struct buffer *out)
{
  switch (measure->stage) {
  case STAGE_CONTROL:
  case STAGE_INSIDE:
    attempts_append(&measure->attempts, false, out);
    break;
  case STAGE_CONTROL_LIMITS:
  case STAGE_LIMITS:
    attempts_append(&measure->attempts, true, out);
    break;
  case STAGE_CONTROL_STAY:
    buffer_append_format(out, "attempt\t1\tstay\t%d\n", STAY_CONTROL_MS);
    break;
  case STAGE_STAY:
    buffer_append_format(out, "attempt\t1\tstay\t%d\n", STAY_MS);
    break;
  default:
    break;
  }
}

static void on_answered(void *data)
{
  measure_answered(data);
}

static void on_ended(void *data)
{
  measure_run_ended(data);
}

static void on_target_ended(void *data)
{
  measure_target_ended(data);
}

static const struct canary_events run_events = {.answered = on_answered, .ended = on_ended};
static const struct canary_events target_events = {.answered = on_answered,
                                                   .ended = on_target_ended};

static void note(struct measure *measure, const struct error *error)
{
  if (error != NULL && measure->failed[measure->stage] == NULL)
    measure->failed[measure->stage] = strdup(error->message);
}

static int enter(struct measure *measure, struct instance_settings *settings, struct error **error)
{
  const struct measure_settings *given = &measure->settings;
  *settings = (struct instance_settings){
      .keeper_program = given->keeper,
      .server = given->server_id,
      .user = measure->account.user,
      .group = measure->account.group,
      .user_name = measure->account.name[0] != '\0' ? measure->account.name : NULL,
      .prepare = INSTANCE_PREPARE_NOT,
  };
  if (given->enter == NULL)
    return 0;
  measure->entered = given->enter(given->data, measure->plan, settings, error) == 0;
  return measure->entered ? 0 : -1;
}

static int start(struct measure *measure, const char *attempts, struct error **error)
{
  struct instance_settings instance;
  CLEANUP_FREE char *marker = NULL;
  bool limits = measure->stage == STAGE_LIMITS || measure->stage == STAGE_CONTROL_LIMITS;
  if (asprintf(&marker, "%s=1", measure->decoys.marker) < 0) {
    marker = NULL;
    return error_memory(error);
  }
  const char *environment[] = {marker, NULL};
  struct canary_order order = {
      .loop = measure->settings.loop,
      .program = measure->settings.canary,
      .attempts = attempts,
      .milliseconds = limits ? LIMITS_MS : RUN_MS,
      .user = measure->server_account.user,
      .group = measure->server_account.group,
      .environment = environment,
      .silence_milliseconds = measure->stage == STAGE_CONTROL_STAY ? STAY_CONTROL_SILENCE_MS : 0,
  };
  if (is_inside(measure->stage)) {
    if (enter(measure, &instance, error) != 0)
      return -1;
    order.plan = measure->plan;
    order.instance = &instance;
  }
  bool target = measure->stage == STAGE_TARGET;
  struct canary *canary =
      canary_start(&order, target ? &target_events : &run_events, measure, error);
  *(target ? &measure->target : &measure->run) = canary;
  return canary != NULL ? 0 : -1;
}

int measure_run(struct measure *measure)
{
  CLEANUP_BUFFER struct buffer attempts = {0};
  CLEANUP_ERROR struct error *error = NULL;
  bool limits = measure->stage == STAGE_LIMITS || measure->stage == STAGE_CONTROL_LIMITS;
  if (limits && measure->attempts.first_limit == measure->attempts.count)
    return -1;
  append_attempts(measure, &attempts);
  if (measure->settings.progress != NULL)
    measure->settings.progress(measure->settings.data, words[measure->stage]);
  if (attempts.failed)
    error_memory(&error);
  else if (start(measure, attempts.data != NULL ? attempts.data : "", &error) == 0)
    return 0;
  if (measure->entered && measure->settings.leave != NULL)
    measure->settings.leave(measure->settings.data, false);
  measure->entered = false;
  note(measure, error);
  return -1;
}

/* Whether a process on this machine has the rights of root. */
static enum sight looks_like_root(pid_t pid)
{
  char path[64];
  char line[256];
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  CLEANUP_STREAM FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "Uid:", 4) != 0)
      continue;
    char *rest;
    unsigned long real = strtoul(line + 4, &rest, 10);
    return real == 0 || strtoul(rest, NULL, 10) == 0 ? SIGHT_OPEN : SIGHT_HELD;
  }
  return SIGHT_NONE;
}

void measure_answered(struct measure *measure)
{
  pid_t process = measure->run != NULL ? canary_process(measure->run) : 0;
  switch (measure->stage) {
  case STAGE_TARGET:
    measure_run_ended(measure);
    return;
  case STAGE_INSIDE:
    attempts_look(&measure->attempts);
    /* That root is known when it is seen is shown by the first process, which is root's. */
    if (process > 0 && looks_like_root(1) == SIGHT_OPEN)
      measure->root = looks_like_root(process);
    canary_finish(measure->run);
    return;
  case STAGE_STAY:
    if (process > 0)
      (void)os_process_hold(&measure->held, process);
    canary_abandon(measure->run);
    return;
  default:
    canary_finish(measure->run);
    return;
  }
}

static void take_stay(struct measure *measure)
{
  bool silent = canary_is_silent(measure->run);
  if (measure->stage == STAGE_CONTROL_STAY) {
    measure->control_outlives = canary_is_complete(measure->run) && !silent;
    return;
  }
  if (!canary_is_complete(measure->run) || measure->held.pid == 0)
    return;
  bool gone = os_process_signal(&measure->held, 0) != 0 && errno == ESRCH;
  measure->outlives = gone && silent && !canary_has_left(measure->run) ? SIGHT_HELD : SIGHT_OPEN;
}

void measure_take(struct measure *measure)
{
  bool inside = is_inside(measure->stage);
  if (measure->run == NULL)
    return;
  if (measure->stage == STAGE_STAY || measure->stage == STAGE_CONTROL_STAY) {
    take_stay(measure);
  } else {
    json_object_update(inside ? measure->inside : measure->control, canary_facts(measure->run));
    measure->partial = measure->partial || (inside && !canary_is_complete(measure->run));
  }
  note(measure, canary_error(measure->run));
  if (measure->entered && measure->settings.leave != NULL)
    measure->settings.leave(measure->settings.data, canary_has_left(measure->run));
  measure->entered = false;
  canary_free(measure->run);
  measure->run = NULL;
}

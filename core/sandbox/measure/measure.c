/* SPDX-License-Identifier: Apache-2.0 */
/* Measures a sandbox: from two plans to a result. */
#include "core/sandbox/measure/measure.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/sandbox/measure/compare.h"
#include "core/sandbox/measure/measure-parts.h"

static void free_measure(struct measure *measure)
{
  canary_free(measure->run);
  canary_free(measure->target);
  decoys_remove(&measure->decoys);
  attempts_free(&measure->attempts);
  os_process_release(&measure->held);
  plan_free(&measure->own);
  plan_free(&measure->plan);
  json_decref(measure->engine_sockets);
  json_decref(measure->control);
  json_decref(measure->inside);
  for (int i = 0; i < STAGE_COUNT; i++)
    free(measure->failed[i]);
  error_free(&measure->error);
  free(measure);
}

static void tell(struct measure *measure, json_t *result)
{
  if (result == NULL && measure->error == NULL)
    error_memory(&measure->error);
  measure->done(measure->settings.data, result, measure->own, measure->error);
  free_measure(measure);
}

/* A run in which nothing answered says nothing of the sandbox. */
static bool nothing_came(const struct measure *measure)
{
  return json_object_size(measure->inside) == 0;
}

static void conclude(struct measure *measure)
{
  const struct measure_settings *settings = &measure->settings;
  decoys_remove(&measure->decoys);
  if (measure->target != NULL && !measure->target_gone) {
    measure->concluding = true;
    canary_stop(measure->target);
    return;
  }
  if (measure->stopped)
    error_make(&measure->error, ERROR_FAILED, 0, "the measurement was stopped");
  else if (nothing_came(measure))
    error_make_code(&measure->error, ERROR_SANDBOX, "nothing-measured", "%s",
                    measure->failed[STAGE_INSIDE] != NULL ? measure->failed[STAGE_INSIDE]
                                                          : "the canary said nothing");
  json_t *result = measure->error == NULL ? measure_result(measure) : NULL;
  if (result != NULL && !measure->partial)
    results_store(settings->state_directory, settings->kind, settings->name, measure->machine,
                  measure->digest, result);
  tell(measure, result);
  json_decref(result);
}

/* Where it ends early, rows about it are not measured: nothing is seen of it without a sandbox. */
void measure_target_ended(struct measure *measure)
{
  measure->target_gone = true;
  if (measure->concluding)
    conclude(measure);
}

/* The next stage that has a run; a run inside in which nothing answered is not followed by more. */
static void proceed(struct measure *measure)
{
  while (measure->stage < STAGE_COUNT && !measure->stopped) {
    if (measure->stage > STAGE_INSIDE && nothing_came(measure))
      break;
    if (measure_run(measure) == 0)
      return;
    measure->stage++;
  }
  conclude(measure);
}

/* Attempts need to know the target, so that they are made once it runs. */
static int make_attempts(struct measure *measure)
{
  struct attempts_settings settings = {
      .decoys = &measure->decoys,
      .plan = measure->plan,
      .request = launch_request(measure->settings.launch, measure->settings.server),
      .engine_sockets = measure->engine_sockets,
      .target = measure->target != NULL ? canary_process(measure->target) : 0,
  };
  size_t count = 0;
  if (measure->settings.host_file != NULL)
    settings.configuration[count++] = measure->settings.host_file;
  if (measure->settings.servers_file != NULL)
    settings.configuration[count++] = measure->settings.servers_file;
  return attempts_make(&settings, &measure->attempts, &measure->error);
}

void measure_run_ended(struct measure *measure)
{
  measure_take(measure);
  if (measure->stage == STAGE_TARGET && make_attempts(measure) != 0) {
    conclude(measure);
    return;
  }
  if (measure->stage == STAGE_INSIDE && measure->target != NULL)
    canary_finish(measure->target);
  measure->stage++;
  proceed(measure);
}

/* --- The beginning ------------------------------------------------------------------------------
 */

/* Sockets among what the plugin watches are those of its engine. */
static json_t *find_sockets(json_t *probe)
{
  json_t *sockets = json_array();
  size_t index;
  json_t *path;
  json_array_foreach (json_object_get(probe, "watched"), index, path) {
    const char *text = json_string_value(path);
    struct stat status;
    if (text != NULL && strpbrk(text, "\t\n") == NULL && stat(text, &status) == 0 &&
        S_ISSOCK(status.st_mode))
      json_array_append(sockets, path);
  }
  return sockets;
}

static int take_plans(struct measure *measure)
{
  const struct measure_settings *settings = &measure->settings;
  struct results_machine machine = {
      .plugin_file = settings->plugin_file,
      .probe = launch_probe(settings->launch, settings->server),
      .user = measure->account.user,
      .server_user = measure->server_account.user,
  };
  if (measure_compare(measure->own, measure->plan, settings->canary, &measure->error) != 0)
    return -1;
  results_machine_digest(&machine, measure->machine);
  if (!results_plan_digest(measure->own, measure->machine, measure->digest))
    return error_memory(&measure->error);
  return 0;
}

static int plant(struct measure *measure)
{
  struct decoys_settings settings = {
      .state_directory = measure->settings.state_directory,
      .home = measure->settings.home,
      .canary = measure->settings.canary,
  };
  decoys_clear(settings.state_directory);
  measure->control = json_object();
  measure->inside = json_object();
  measure->engine_sockets =
      find_sockets(launch_probe(measure->settings.launch, measure->settings.server));
  if (measure->control == NULL || measure->inside == NULL || measure->engine_sockets == NULL)
    return error_memory(&measure->error);
  return decoys_plant(&measure->decoys, &settings, &measure->error);
}

static void on_planned(void *data, struct plan *own, struct plan *plan, const struct error *error)
{
  struct measure *measure = data;
  const struct measure_settings *settings = &measure->settings;
  measure->own = own;
  measure->plan = plan;
  if (own == NULL)
    measure->error = error_copy(error);
  if (measure->stopped && own != NULL)
    error_make(&measure->error, ERROR_FAILED, 0, "the measurement was stopped");
  if (measure->error != NULL || take_plans(measure) != 0) {
    tell(measure, NULL);
    return;
  }
  json_t *kept = settings->again ? NULL
                                 : results_load(settings->state_directory, settings->kind,
                                                settings->name, measure->machine, measure->digest);
  if (kept != NULL) {
    json_object_set_new(kept, "kept", json_true());
    tell(measure, kept);
    json_decref(kept);
    return;
  }
  if (plant(measure) != 0) {
    tell(measure, NULL);
    return;
  }
  proceed(measure);
}

struct measure *measure_start(const struct measure_settings *settings, measure_done *done,
                              struct error **error)
{
  struct measure *measure = calloc(1, sizeof *measure);
  if (measure == NULL) {
    error_memory(error);
    return NULL;
  }
  *measure = (struct measure){.settings = *settings, .done = done};
  if (settings->state_directory == NULL)
    error_make(error, ERROR_CONFIG, 0, "there is no state directory to note decoys in");
  else if (launch_account(settings->launch, settings->server, &measure->account, error) == 0 &&
           launch_server_account(settings->launch, settings->server, &measure->server_account,
                                 error) == 0) {
    launch_plan_canary(settings->launch, settings->server, settings->canary, on_planned, measure);
    return measure;
  }
  free(measure);
  return NULL;
}

void measure_stop(struct measure *measure)
{
  measure->stopped = true;
  if (measure->run != NULL)
    canary_stop(measure->run);
}

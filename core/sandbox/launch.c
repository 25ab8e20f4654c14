/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the plugins, then answers for each server: blocked, validated, planned. */
#include "core/sandbox/launch-parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/cleanup.h"
#include "core/config/check.h"
#include "core/config/package_runner.h"
#include "core/config/request.h"

void launch_free(struct launch *launch)
{
  if (launch == NULL)
    return;
  for (size_t i = 0; launch->strategies != NULL && i < launch->strategy_count; i++) {
    json_decref(launch->strategies[i].description);
    json_decref(launch->strategies[i].probe);
    error_free(&launch->strategies[i].error);
  }
  for (size_t i = 0; launch->servers != NULL && i < launch->settings.servers->server_count; i++) {
    json_decref(launch->servers[i].request);
    json_decref(launch->servers[i].options);
    error_free(&launch->servers[i].blocked);
  }
  free(launch->strategies);
  free(launch->servers);
  free(launch);
}

void launch_block(struct launch *launch, size_t server, const char *below, const char *code,
                  const char *hint, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  CLEANUP_FREE char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  va_end(arguments);
  struct launch_server *state = &launch->servers[server];
  if (state->blocked != NULL)
    return;
  error_make_code(&state->blocked, ERROR_SANDBOX, code, "%s", text != NULL ? text : code);
  if (hint != NULL)
    error_hint(&state->blocked, "%s", hint);
  servers_config_problem(launch->settings.servers, server, CONFIG_WARNING,
                         launch->settings.problems, below, hint, "%s", text != NULL ? text : code);
}

/* --- Asking the plugins ---------------------------------------------------------------------- */

static void answered(struct launch *launch)
{
  if (--launch->waiting > 0)
    return;
  CLEANUP_ERROR struct error *error = NULL;
  if (launch_make_requests(launch, &error) != 0)
    launch->settings.problems->failed = true; /* out of memory: nothing may be used */
  launch->ready(launch->data);
}

static void probed(void *data, json_t *answer, const struct error *error)
{
  struct launch_strategy *strategy = data;
  if (answer != NULL)
    strategy->probe = json_incref(answer);
  else if (strategy->error == NULL)
    strategy->error = error_copy(error);
  answered(strategy->launch);
}

static void described(void *data, json_t *answer, const struct error *error)
{
  struct launch_strategy *strategy = data;
  if (answer != NULL)
    strategy->description = json_incref(answer);
  else if (strategy->error == NULL)
    strategy->error = error_copy(error);
  answered(strategy->launch);
}

static bool is_used(const struct launch *launch, const char *name)
{
  const struct servers_config *servers = launch->settings.servers;
  for (size_t i = 0; i < servers->server_count; i++)
    if (!servers->servers[i].broken && strcmp(servers->servers[i].sandbox.strategy, name) == 0)
      return true;
  return false;
}

/* Comes from the loop, also when there is no plugin to wait for. */
static void all_asked(uv_handle_t *handle)
{
  struct launch *launch = handle->data;
  free(handle);
  answered(launch);
}

static int ask(struct launch *launch)
{
  uv_timer_t *timer = malloc(sizeof *timer);
  if (timer == NULL || uv_timer_init(launch->settings.loop, timer) != 0) {
    free(timer);
    return -1;
  }
  timer->data = launch;
  uv_close((uv_handle_t *)timer, all_asked);
  struct registry *registry = launch->settings.registry;
  launch->waiting = 1;
  for (size_t i = 0; i < launch->strategy_count; i++) {
    struct launch_strategy *strategy = &launch->strategies[i];
    launch->waiting++;
    registry_describe(registry, strategy->name, described, strategy);
    if (is_used(launch, strategy->name)) {
      launch->waiting++;
      registry_probe(registry, strategy->name, probed, strategy);
    }
  }
  return 0;
}

struct launch *launch_prepare(const struct launch_settings *settings, launch_ready *ready,
                              void *data, struct error **error)
{
  struct launch *launch = calloc(1, sizeof *launch);
  if (launch == NULL) {
    error_memory(error);
    return NULL;
  }
  *launch = (struct launch){.settings = *settings, .ready = ready, .data = data};
  const char *const *names = registry_names(settings->registry);
  while (names[launch->strategy_count] != NULL)
    launch->strategy_count++;
  launch->strategies = calloc(launch->strategy_count + 1, sizeof *launch->strategies);
  launch->servers = calloc(settings->servers->server_count + 1, sizeof *launch->servers);
  if (launch->strategies == NULL || launch->servers == NULL) {
    launch_free(launch);
    error_memory(error);
    return NULL;
  }
  for (size_t i = 0; i < launch->strategy_count; i++)
    launch->strategies[i] = (struct launch_strategy){.launch = launch, .name = names[i]};
  if (ask(launch) != 0) {
    launch_free(launch);
    error_memory(error);
    return NULL;
  }
  return launch;
}

/* --- Questions about one server -----------------------------------------------------------------
 */

const struct error *launch_blocked(const struct launch *launch, size_t server)
{
  return launch->servers[server].blocked;
}

json_t *launch_claims(const struct launch *launch, size_t server)
{
  const struct launch_strategy *strategy = launch->servers[server].strategy;
  return strategy == NULL ? NULL : json_object_get(strategy->probe, "claims");
}

static bool claims(json_t *list, const char *property)
{
  size_t index;
  json_t *claim;
  json_array_foreach (list, index, claim) {
    if (strcmp(json_string_value(claim), property) == 0)
      return true;
  }
  return false;
}

bool launch_is_sandbox(json_t *list)
{
  return claims(list, "private-home") && claims(list, "no-outward-signals");
}

json_t *launch_probe(const struct launch *launch, size_t server)
{
  const struct launch_strategy *strategy = launch->servers[server].strategy;
  return strategy == NULL ? NULL : strategy->probe;
}

const char *launch_strategy_name(const struct launch *launch, size_t server)
{
  return launch->settings.servers->servers[server].sandbox.strategy;
}

json_t *launch_request(const struct launch *launch, size_t server)
{
  return launch->servers[server].request;
}

bool launch_contained(const struct launch *launch, size_t server)
{
  return launch_is_sandbox(launch_claims(launch, server));
}

/* --- Validating ---------------------------------------------------------------------------------
 */

struct validation {
  struct launch *launch;
  size_t server;
  launch_ready *ready;
  void *data;
};

static void validated(void *data, json_t *answer, const struct error *error)
{
  struct validation *validation = data;
  struct launch *launch = validation->launch;
  if (answer != NULL) {
    config_check_report(launch->settings.servers, validation->server, CONFIG_WARNING,
                        json_object_get(answer, "problems"), launch->settings.problems);
    config_check_report(launch->settings.servers, validation->server, CONFIG_NOTE,
                        json_object_get(answer, "notes"), launch->settings.problems);
  } else {
    launch_block(launch, validation->server, "/sandbox/strategy", error->code, error->hint, "%s",
                 error->message);
  }
  validation->ready(validation->data);
  free(validation);
}

void launch_validate(struct launch *launch, size_t server, launch_ready *ready, void *data)
{
  struct launch_server *state = &launch->servers[server];
  struct validation *validation = malloc(sizeof *validation);
  if (state->blocked != NULL || state->request == NULL || validation == NULL) {
    free(validation);
    ready(data);
    return;
  }
  *validation = (struct validation){launch, server, ready, data};
  registry_validate(launch->settings.registry, state->strategy->name, state->request,
                    state->options, validated, validation);
}

/* --- Planning -----------------------------------------------------------------------------------
 */

struct planning {
  struct launch *launch;
  size_t server;
  json_t *request; /* a copy with an instance id of its own */
  launch_planned *planned;
  void *data;
};

/* "ID-0123456789abcdef", of [a-z0-9-] and at most 64 bytes. */
static void instance_id(const char *server, char id[64])
{
  int length = snprintf(id, 47, "%.45s", server);
  for (int i = 0; i < length; i++)
    id[i] = isalnum((unsigned char)id[i]) ? (char)tolower((unsigned char)id[i]) : '-';
  unsigned char random[8];
  randombytes_buf(random, sizeof random);
  id[length] = '-';
  sodium_bin2hex(id + length + 1, 17, random, sizeof random);
}

static struct plan *checked_plan(const struct planning *planning, json_t *answer,
                                 struct error **error)
{
  const struct launch *launch = planning->launch;
  const struct server_config *server = &launch->settings.servers->servers[planning->server];
  struct plan *plan = NULL;
  if (plan_parse(answer, planning->request, &plan, error) != 0)
    return NULL;
  if (plan_check_limits(plan, config_accept_partial(server, launch->settings.host), error) != 0)
    plan_free(&plan);
  return plan;
}

static void finish(struct planning *planning, struct plan *plan, const struct error *error)
{
  planning->planned(planning->data, plan, error);
  json_decref(planning->request);
  free(planning);
}

static void spawned(void *data, json_t *answer, const struct error *failure)
{
  struct planning *planning = data;
  CLEANUP_ERROR struct error *error = NULL;
  struct plan *plan = NULL;
  if (answer != NULL)
    plan = checked_plan(planning, answer, &error);
  finish(planning, plan, answer != NULL ? error : failure);
}

/* What is known before the plugin is asked. */
static int may_plan(const struct planning *planning, struct error **error)
{
  const struct launch *launch = planning->launch;
  const struct server_config *server = &launch->settings.servers->servers[planning->server];
  const struct launch_server *state = &launch->servers[planning->server];
  if (state->blocked != NULL) {
    *error = error_copy(state->blocked);
    return -1;
  }
  if (server->broken || state->request == NULL)
    return error_make(error, ERROR_CONFIG, 0, "its entry in the servers file has errors");
  return package_runner_check((const char *const *)server->command_written,
                              config_request_has_network(state->request), error);
}

static void refused(uv_handle_t *handle)
{
  struct planning *planning = handle->data;
  CLEANUP_ERROR struct error *error = NULL;
  if (may_plan(planning, &error) == 0)
    error_memory(&error);
  free(handle);
  finish(planning, NULL, error);
}

/* Answers from the loop, as the header promises. */
static void refuse_later(struct planning *planning)
{
  uv_timer_t *timer = malloc(sizeof *timer);
  if (timer == NULL || uv_timer_init(planning->launch->settings.loop, timer) != 0)
    abort(); /* not even 152 bytes are left: nothing can be answered any more */
  timer->data = planning;
  uv_close((uv_handle_t *)timer, refused);
}

/* Turns the request into the one for the canary. False when out of memory. */
static bool request_canary(json_t *request, const char *canary)
{
  json_t *mounts = json_copy(json_object_get(request, "mounts"));
  json_t *mount = json_pack("{s:s, s:s, s:b, s:b}", "source", canary, "target", canary, "read_only",
                            1, "host", 1);
  return json_object_set_new(request, "command", json_pack("[s]", canary)) == 0 &&
         json_array_append_new(mounts, mount) == 0 &&
         json_object_set_new(request, "mounts", mounts) == 0;
}

/* Plans under the instance id `id`; `canary` is NULL for the server's own command. */
static void plan_as(struct launch *launch, size_t server, const char *id, const char *canary,
                    launch_planned *planned, void *data)
{
  CLEANUP_ERROR struct error *error = NULL;
  struct launch_server *state = &launch->servers[server];
  struct planning *planning = calloc(1, sizeof *planning);
  if (planning == NULL)
    abort();
  *planning = (struct planning){launch, server, NULL, planned, data};
  if (may_plan(planning, &error) != 0) {
    refuse_later(planning);
    return;
  }
  planning->request = json_copy(state->request);
  if (planning->request == NULL ||
      json_object_set_new(planning->request, "instance", json_string(id)) != 0 ||
      (canary != NULL && !request_canary(planning->request, canary))) {
    refuse_later(planning);
    return;
  }
  registry_spawn(launch->settings.registry, state->strategy->name, planning->request,
                 state->options, spawned, planning);
}

void launch_plan(struct launch *launch, size_t server, launch_planned *planned, void *data)
{
  char id[64];
  instance_id(launch->settings.servers->servers[server].id, id);
  plan_as(launch, server, id, NULL, planned, data);
}

/* --- Planning for a canary ---------------------------------------------------------------------
 */

struct measuring {
  struct launch *launch;
  size_t server;
  char id[64];
  const char *canary;
  struct plan *own;
  launch_measured *planned;
  void *data;
};

static void canary_planned(void *data, struct plan *plan, const struct error *error)
{
  CLEANUP_FREE struct measuring *measuring = data;
  if (plan == NULL)
    plan_free(&measuring->own);
  measuring->planned(measuring->data, measuring->own, plan, error);
}

static void own_planned(void *data, struct plan *plan, const struct error *error)
{
  struct measuring *measuring = data;
  measuring->own = plan;
  if (plan == NULL)
    canary_planned(measuring, NULL, error);
  else
    plan_as(measuring->launch, measuring->server, measuring->id, measuring->canary, canary_planned,
            measuring);
}

void launch_plan_canary(struct launch *launch, size_t server, const char *canary,
                        launch_measured *planned, void *data)
{
  struct measuring *measuring = calloc(1, sizeof *measuring);
  if (measuring == NULL)
    abort(); /* as above */
  *measuring = (struct measuring){
      .launch = launch, .server = server, .canary = canary, .planned = planned, .data = data};
  instance_id(launch->settings.servers->servers[server].id, measuring->id);
  plan_as(launch, server, measuring->id, NULL, own_planned, measuring);
}

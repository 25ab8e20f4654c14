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
#include "core/package/lock.h"
#include "core/package/tree.h"

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
  if (launch_make_requests(launch, CONFIG_WHOLE_FILE, &error) != 0)
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

/* --- Asking again ---------------------------------------------------------------------------- */

struct asking {
  struct launch *launch;
  size_t server;
  launch_ready *ready;
  void *data;
};

bool launch_waits(const struct launch *launch, size_t server)
{
  return launch->servers[server].waits;
}

static void asked_again(void *data, json_t *answer, const struct error *error)
{
  CLEANUP_FREE struct asking *asking = data;
  CLEANUP_ERROR struct error *failure = NULL;
  struct launch *launch = asking->launch;
  struct launch_server *state = &launch->servers[asking->server];
  struct launch_strategy *strategy = state->strategy;
  json_decref(strategy->probe);
  error_free(&strategy->error);
  strategy->probe = json_incref(answer);
  strategy->error = answer == NULL ? error_copy(error) : NULL;
  /* What is wrong with the file was told before. */
  struct config_problems *told = launch->settings.problems;
  CLEANUP_CONFIG_PROBLEMS struct config_problems ignored = {0};
  launch->settings.problems = &ignored;
  if (launch_make_requests(launch, asking->server, &failure) != 0 && state->blocked == NULL)
    state->blocked = steal_pointer(failure);
  launch->settings.problems = told;
  asking->ready(asking->data);
}

void launch_ask_again(struct launch *launch, size_t server, launch_ready *ready, void *data)
{
  struct asking *asking = malloc(sizeof *asking);
  if (asking == NULL)
    abort(); /* as in the registry: nobody could be told */
  *asking = (struct asking){launch, server, ready, data};
  registry_probe_again(launch->settings.registry, launch->servers[server].strategy->name,
                       asked_again, asking);
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
  char id[64];
  const char *canary; /* the program that takes the place of the server's; NULL: none does */
  struct launch_package found;
  uv_work_t work;
  char seal[TREE_SEAL];
  struct error *error; /* of the work */
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
  if ((launch->settings.groups != NULL && groups_plan(launch->settings.groups, plan, error) != 0) ||
      plan_check_limits(plan, config_accept_partial(server, launch->settings.host), error) != 0)
    plan_free(&plan);
  return plan;
}

static void finish(struct planning *planning, struct plan *plan, const struct error *error)
{
  planning->planned(planning->data, plan, error);
  launch_package_close(&planning->found);
  json_decref(planning->request);
  error_free(&planning->error);
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
static int may_plan(const struct launch *launch, size_t server, struct error **error)
{
  const struct launch_server *state = &launch->servers[server];
  if (state->blocked != NULL) {
    *error = error_copy(state->blocked);
    return -1;
  }
  if (launch->settings.servers->servers[server].broken || state->request == NULL)
    return error_make(error, ERROR_CONFIG, 0, "its entry in the servers file has errors");
  return 0;
}

/* Whether it can start with what is, or is not, installed for it. */
static int check_package(struct planning *planning, struct error **error)
{
  const struct launch *launch = planning->launch;
  const struct server_config *server = &launch->settings.servers->servers[planning->server];
  struct launch_package *found = &planning->found;
  bool network = config_request_has_network(launch->servers[planning->server].request);
  if (launch_package_find(launch, planning->server, found, error) != 0) {
    if (!network || server->prepare != NULL || found->package.wanted)
      return -1;
    error_free(error); /* the runner itself does then what jauauth does not know */
    return 0;
  }
  if (found->lock != NULL)
    return 0;
  if (server->prepare != NULL) {
    error_make_code(error, ERROR_SANDBOX, "not-prepared", "%s",
                    found->stale ? "it was prepared by another command than \"prepare\" is now"
                                 : "it is not prepared yet");
    return error_hint(error, "jauauth prepare %s", server->id);
  }
  if (package_runner_check((const char *const *)server->command_written, network, server->id,
                           error) == 0)
    return 0;
  return found->stale ? error_wrap(error, "what was prepared is not what its entry asks for now")
                      : -1;
}

static void refused(uv_handle_t *handle)
{
  struct planning *planning = handle->data;
  CLEANUP_ERROR struct error *error = steal_pointer(planning->error);
  if (error == NULL)
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

/* Takes the reference to the request. */
static void spawn(struct planning *planning, json_t *request)
{
  struct launch *launch = planning->launch;
  struct launch_server *state = &launch->servers[planning->server];
  planning->request = request;
  if (request == NULL || json_object_set_new(request, "instance", json_string(planning->id)) != 0 ||
      (planning->canary != NULL && !request_canary(request, planning->canary))) {
    refuse_later(planning);
    return;
  }
  registry_spawn(launch->settings.registry, state->strategy->name, request, state->options, spawned,
                 planning);
}

static void seal(uv_work_t *work)
{
  struct planning *planning = work->data;
  tree_seal(planning->found.store.folder, lock_text(planning->found.lock, "directory"),
            planning->seal, &planning->error);
}

static void sealed(uv_work_t *work, int status)
{
  struct planning *planning = work->data;
  const struct launch *launch = planning->launch;
  const char *id = launch->settings.servers->servers[planning->server].id;
  const char *locked = lock_text(planning->found.lock, "seal");
  if (planning->error == NULL && status == 0 && strcmp(planning->seal, locked) != 0)
    error_make_code(&planning->error, ERROR_SANDBOX, "package-changed",
                    "what is installed for it was changed since it was prepared");
  if (planning->error != NULL || status != 0) {
    error_hint(&planning->error, "jauauth prepare %s installs what is locked again", id);
    refuse_later(planning);
    return;
  }
  spawn(planning,
        launch_package_request(launch->servers[planning->server].request, &planning->found));
}

static struct planning *begin(struct launch *launch, size_t server, launch_planned *planned,
                              void *data)
{
  struct planning *planning = calloc(1, sizeof *planning);
  if (planning == NULL)
    abort();
  *planning =
      (struct planning){.launch = launch, .server = server, .planned = planned, .data = data};
  planning->found.store = (struct store){-1, -1, NULL};
  planning->work.data = planning;
  instance_id(launch->settings.servers->servers[server].id, planning->id);
  if (may_plan(launch, server, &planning->error) == 0)
    return planning;
  refuse_later(planning);
  return NULL;
}

/* Plans the server's start with what is installed for it. */
static void plan_start(struct planning *planning)
{
  struct launch *launch = planning->launch;
  bool good = check_package(planning, &planning->error) == 0;
  if (good && planning->found.lock == NULL)
    spawn(planning, json_copy(launch->servers[planning->server].request));
  else if (!good || uv_queue_work(launch->settings.loop, &planning->work, seal, sealed) != 0)
    refuse_later(planning);
}

void launch_plan(struct launch *launch, size_t server, launch_planned *planned, void *data)
{
  struct planning *planning = begin(launch, server, planned, data);
  if (planning != NULL)
    plan_start(planning);
}

void launch_plan_install(struct launch *launch, size_t server, json_t *command,
                         const char *directory, launch_planned *planned, void *data)
{
  struct planning *planning = begin(launch, server, planned, data);
  if (planning != NULL)
    spawn(planning, launch_install_request(launch->servers[server].request, command, directory));
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

/* Plans under the one instance id; `canary` is NULL for the server's own command. */
static void plan_measured(struct measuring *measuring, const char *canary, launch_planned *planned)
{
  struct planning *planning = begin(measuring->launch, measuring->server, planned, measuring);
  if (planning == NULL)
    return;
  memcpy(planning->id, measuring->id, sizeof planning->id);
  planning->canary = canary;
  plan_start(planning);
}

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
    plan_measured(measuring, measuring->canary, canary_planned);
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
  plan_measured(measuring, NULL, own_planned);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway writes down: what it has started, what `ps` shows; and clears after others. */
#include "core/cli/gateway.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/os/boot.h"
#include "core/os/process.h"

enum { SWEEP_AGAIN_MS = 30 * 1000 };

/* --- What `ps` shows ------------------------------------------------------------------------- */

static json_t *server_json(const struct gateway *gateway, size_t server)
{
  const struct gateway_status *status = &gateway->statuses[server];
  const struct server_config *config = &gateway->servers->servers[server];
  const struct router_server *routed = gateway_server_routed(gateway, server);
  unsigned restarts = routed != NULL ? router_server_report(routed).restarts : 0;
  return json_pack("{s:s, s:s, s:s, s:s*, s:b, s:i, s:i, s:I, s:i, s:O*, s:s*}", "id", config->id,
                   "strategy", config->sandbox.strategy, "state", status->state, "instance",
                   status->instance, "own_tree", (int)status->own_tree, "keeper",
                   (int)status->keeper, "pid", (int)status->located, "since",
                   (json_int_t)status->since, "restarts", (int)restarts, "limits", status->limits,
                   "reason", status->reason);
}

/* It is for looking at only, so that a disk that is full stops nothing. */
static void publish(struct gateway *gateway)
{
  char boot[OS_BOOT_ID];
  CLEANUP_ERROR struct error *error = NULL;
  if (!gateway->journaled)
    return;
  json_t *list = json_array();
  for (size_t i = 0; i < gateway->servers->server_count; i++)
    if (gateway->statuses[i].state != NULL)
      json_array_append_new(list, server_json(gateway, i));
  os_boot_id(boot);
  json_t *all = json_pack("{s:i, s:i, s:s, s:s, s:o}", "version", 1, "router", (int)getpid(),
                          "boot", boot, "file", gateway->problems.file, "servers", list);
  if (all == NULL || journal_write_servers(&gateway->journal, all, &error) != 0)
    log_write(LOG_LEVEL_WARNING, NULL, "what runs is not shown by ps: %s",
              error != NULL ? error->message : "out of memory");
  json_decref(all);
}

void gateway_journal_state(struct gateway *gateway, size_t server, const char *state,
                           const char *reason)
{
  struct gateway_status *status = &gateway->statuses[server];
  free(status->reason);
  status->reason = reason != NULL ? strdup(reason) : NULL;
  status->state = state;
  status->since = os_since_boot();
  publish(gateway);
}

/* --- What is left ----------------------------------------------------------------------------- */

static void on_sweep_again(uv_timer_t *timer)
{
  gateway_journal_sweep(timer->data);
}

static void sweep_later(struct gateway *gateway)
{
  uv_handle_t *timer = (uv_handle_t *)&gateway->sweep_timer;
  if (gateway->journaled && !gateway->stopping && !uv_is_closing(timer) && !uv_is_active(timer))
    uv_timer_start(&gateway->sweep_timer, on_sweep_again, SWEEP_AGAIN_MS, 0);
}

static bool runs(void *data, const char *instance)
{
  const struct gateway *gateway = data;
  for (size_t i = 0; i < gateway->servers->server_count; i++) {
    const char *mine = gateway->statuses[i].instance;
    if (mine != NULL && strcmp(mine, instance) == 0)
      return true;
  }
  return false;
}

static void on_swept(void *data, const char *instance, const struct journal_entry *entry,
                     const struct error *error)
{
  struct gateway *gateway = data;
  const char *server = entry != NULL ? entry->server : NULL;
  if (error == NULL)
    log_write(LOG_LEVEL_INFO, server, "what was left of %s is removed", instance);
  else
    log_write(gateway->swept ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, server,
              "%s is left over: %s%s%s", instance, error->message, error->hint != NULL ? "; " : "",
              error->hint != NULL ? error->hint : "");
}

static void on_sweep_done(void *data, size_t left)
{
  struct gateway *gateway = data;
  gateway->sweep = NULL;
  gateway->swept = left > 0; /* that it stays is said once */
  if (left > 0)
    sweep_later(gateway);
}

void gateway_journal_sweep(struct gateway *gateway)
{
  CLEANUP_ERROR struct error *error = NULL;
  struct sweep_settings settings = {
      .loop = &gateway->loop,
      .registry = gateway->registry,
      .keeper_program = gateway->keeper,
      .state_directory = gateway->state_directory,
      .own = &gateway->journal,
      .runs = runs,
  };
  if (!gateway->journaled || gateway->stopping || gateway->sweep != NULL)
    return;
  gateway->sweep = sweep_start(&settings, on_swept, on_sweep_done, gateway, &error);
  if (gateway->sweep == NULL)
    log_write(LOG_LEVEL_WARNING, NULL, "%s", error->message);
}

/* --- Entries --------------------------------------------------------------------------------- */

static bool has_removal(const struct plan *plan)
{
  for (size_t i = 0; i < plan->step_count; i++)
    if (plan->steps[i].phase == PLAN_REMOVE)
      return true;
  return false;
}

static json_t *keep_json(const struct plan *plan)
{
  json_t *keep = json_object();
  for (size_t i = 0; i < plan->keep_count; i++)
    json_object_set_new(keep, plan->keep[i].key, json_string(plan->keep[i].value));
  return keep;
}

/* NULL: it has none. */
static json_t *groups_json(const struct plan *plan)
{
  json_t *groups = plan->group_count > 0 ? json_array() : NULL;
  for (size_t i = 0; i < plan->group_count; i++)
    json_array_append_new(groups, json_string(plan->groups[i].path));
  return groups;
}

static int write_entry(const struct gateway *gateway, size_t server, const struct plan *plan,
                       const struct instance_settings *settings, struct error **error)
{
  const struct server_config *config = &gateway->servers->servers[server];
  CLEANUP_ENTRY struct journal_entry entry = {
      .instance = strdup(plan->instance),
      .server = strdup(config->id),
      .plugin = strdup(config->sandbox.strategy),
      .account = strdup(settings->user_name != NULL ? settings->user_name : ""),
      .user = settings->user,
      .keep = keep_json(plan),
      .groups = groups_json(plan),
  };
  if (entry.instance == NULL || entry.server == NULL || entry.plugin == NULL ||
      entry.account == NULL || entry.keep == NULL ||
      (entry.groups == NULL && plan->group_count > 0))
    return error_memory(error);
  if (journal_entry_stamp(&entry, error) != 0)
    return -1;
  return journal_write(&gateway->journal, &entry, error);
}

int gateway_journal_enter(struct gateway *gateway, size_t server, const struct plan *plan,
                          struct instance_settings *settings, struct error **error)
{
  struct gateway_status *status = &gateway->statuses[server];
  if (!gateway->journaled) {
    if (!has_removal(plan))
      return 0;
    error_make_code(error, ERROR_SANDBOX, "no-journal",
                    "what it starts could outlive a crash: there is no journal to find it again");
    return error_hint(error, "see the warning at the start of the router, or set "
                             "\"state_directory\" in the host file");
  }
  free(status->instance);
  status->instance = strdup(plan->instance);
  status->own_tree = plan->tree == PLAN_TREE_OWN;
  json_decref(status->limits);
  status->limits = plan_limits_json(plan);
  if (status->instance == NULL)
    return error_memory(error);
  publish(gateway); /* first, so that `ps` never takes the entry for a left-over */
  if (write_entry(gateway, server, plan, settings, error) != 0)
    return -1;
  settings->entry = status->instance;
  settings->journal = gateway->journal.directory;
  settings->lock = gateway->journal.keepers;
  return 0;
}

void gateway_journal_located(struct gateway *gateway, size_t server, pid_t keeper, pid_t located)
{
  struct gateway_status *status = &gateway->statuses[server];
  CLEANUP_ENTRY struct journal_entry entry = {0};
  CLEANUP_ERROR struct error *error = NULL;
  status->keeper = keeper;
  status->located = located;
  publish(gateway);
  if (!gateway->journaled || status->instance == NULL ||
      !journal_read(&gateway->journal, status->instance, &entry, &error))
    return;
  entry.keeper.pid = keeper;
  entry.server_process.pid = status->own_tree ? located : 0;
  if (journal_entry_stamp(&entry, &error) == 0 && journal_has(&gateway->journal, status->instance))
    journal_write(&gateway->journal, &entry, &error);
  if (error != NULL)
    log_write(LOG_LEVEL_WARNING, NULL, "%s", error->message);
}

void gateway_journal_leave(struct gateway *gateway, size_t server, bool left)
{
  struct gateway_status *status = &gateway->statuses[server];
  CLEANUP_FREE char *instance = steal_pointer(status->instance);
  status->keeper = status->located = 0;
  json_decref(status->limits);
  status->limits = NULL;
  if (instance == NULL)
    return;
  if (!left)
    journal_clear(&gateway->journal, instance);
  else
    sweep_later(gateway);
}

int gateway_need_state(const struct gateway *gateway, struct error **error)
{
  if (gateway->state_directory != NULL)
    return 0;
  error_make(error, ERROR_CONFIG, 0, "there is no state directory: HOME is not set");
  return error_hint(error, "set \"state_directory\" in the host file");
}

/* --- Opening and closing --------------------------------------------------------------------- */

int gateway_journal_open(struct gateway *gateway, struct error **error)
{
  CLEANUP_ERROR struct error *reason = NULL;
  uv_timer_init(&gateway->loop, &gateway->sweep_timer); /* it cannot fail */
  gateway->sweep_timer.data = gateway;
  gateway->statuses = calloc(gateway->servers->server_count + 1, sizeof *gateway->statuses);
  if (gateway->statuses == NULL)
    return error_memory(error);
  if (gateway->state_directory == NULL)
    error_make(&reason, ERROR_FAILED, 0, "there is no state directory");
  else
    gateway->journaled = journal_make(gateway->state_directory, &gateway->journal, &reason) == 0;
  if (!gateway->journaled)
    log_write(LOG_LEVEL_WARNING, NULL, "no journal is written: %s",
              reason != NULL ? reason->message : "out of memory");
  return 0;
}

void gateway_journal_close(struct gateway *gateway)
{
  uv_handle_t *timer = (uv_handle_t *)&gateway->sweep_timer;
  if (timer->type == UV_TIMER && !uv_is_closing(timer))
    uv_close(timer, NULL);
  if (gateway->sweep != NULL)
    sweep_stop(gateway->sweep);
}

void gateway_journal_free(struct gateway *gateway)
{
  if (gateway->journaled)
    journal_close(&gateway->journal);
  for (size_t i = 0; gateway->statuses != NULL && i < gateway->servers->server_count; i++) {
    free(gateway->statuses[i].instance);
    json_decref(gateway->statuses[i].limits);
    free(gateway->statuses[i].reason);
  }
  free(gateway->statuses);
}

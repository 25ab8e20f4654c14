/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous calls of the verbs of plugins: one queue and one worker a plugin. */
#include "core/plugin/registry_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/plugin/foreign.h"
#include "core/plugin/options.h"
#include "core/plugin/probe_cache.h"

enum { DEFAULT_MILLISECONDS = 10000 };

static bool is_verb(const char *left, const char *right)
{
  return strcmp(left, right) == 0;
}

/* Whether the description says that plans never run as root. */
static bool is_unprivileged(const struct plugin *plugin)
{
  const char *account = json_string_value(json_object_get(plugin->description, "account"));
  return account == NULL || strcmp(account, "unprivileged") == 0;
}

static bool is_unavailable(const struct plugin *plugin)
{
  const char *state = json_string_value(json_object_get(plugin->probe, "state"));
  return state != NULL && is_verb(state, "unavailable");
}

/* Forgets a probe that found no engine where the first call wants a younger one. */
static void forget_probe(struct plugin *plugin)
{
  if (plugin->first->not_before <= plugin->probed_after || !is_unavailable(plugin))
    return;
  json_decref(plugin->probe);
  plugin->probe = NULL;
}

/* What has to be asked before the first call can be, or the call's own verb. */
static const char *next_verb(const struct plugin *plugin)
{
  const struct call *call = plugin->first;
  if (plugin->description == NULL)
    return "describe";
  bool wants_probe = is_verb(call->verb, "spawn") || is_verb(call->verb, "validate");
  return wants_probe && plugin->probe == NULL && !call->probe_failed ? "probe" : call->verb;
}

/* Answers the first call without a worker where that is possible. */
static bool answer_at_once(struct plugin *plugin, const char *verb)
{
  if (plugin->description == NULL || strcmp(verb, plugin->first->verb) != 0)
    return false;
  if (is_verb(verb, "describe")) {
    registry_finish(plugin, plugin->description, NULL);
    return true;
  }
  if (is_verb(verb, "probe") && plugin->probe != NULL) {
    registry_finish(plugin, plugin->probe, NULL);
    return true;
  }
  if (is_verb(verb, "diagnose") &&
      json_is_false(json_object_get(plugin->description, "diagnose"))) {
    json_t *nothing = json_object();
    registry_finish(plugin, nothing, NULL);
    json_decref(nothing);
    return true;
  }
  if (is_verb(verb, "spawn") && is_unavailable(plugin)) {
    registry_refuse_unavailable(plugin);
    return true;
  }
  return false;
}

static void on_answered(void *data, json_t *answer, const struct error *error, bool alive);
static void on_lost(void *data);
static void on_gone(void *data);

static const struct process_events process_events = {
    .answered = on_answered, .lost = on_lost, .gone = on_gone};

/* Whether calls of the plugin are made as another account. */
static bool takes_account(const struct plugin *plugin)
{
  return plugin->registry->account_name != NULL && is_unprivileged(plugin);
}

static struct probe_subject subject_of(const struct plugin *plugin)
{
  const struct registry *registry = plugin->registry;
  bool as_account = takes_account(plugin);
  return (struct probe_subject){
      .directory = registry->state_directory,
      .name = plugin->name,
      .file = plugin->entry->file,
      .user = as_account ? registry->account_user : geteuid(),
      .group = as_account ? registry->account_group : getegid(),
      .host_options = plugin->host_options,
  };
}

/* Takes an answer that was kept and still holds in place of a probe. */
static bool recall_probe(struct plugin *plugin)
{
  if (plugin->registry->refresh)
    return false;
  struct probe_subject subject = subject_of(plugin);
  json_t *answer = probe_cache_load(&subject);
  if (answer != NULL && foreign_check("probe", answer, NULL) == 0)
    plugin->probe = json_incref(answer);
  json_decref(answer);
  return plugin->probe != NULL;
}

/* Makes sure that there is a worker of the right account. */
static int ensure_process(struct plugin *plugin, struct error **error)
{
  struct registry *registry = plugin->registry;
  bool as_account = takes_account(plugin);
  if (plugin->process != NULL && plugin->as_account == as_account)
    return 0;
  if (plugin->process != NULL)
    process_end(plugin->process);
  const struct process_settings settings = {.program = registry->worker_program,
                                            .name = plugin->name,
                                            .file = plugin->entry->file,
                                            .account = as_account ? registry->account_name : NULL,
                                            .user = registry->account_user,
                                            .group = registry->account_group};
  plugin->process =
      process_start(registry->loop, &settings, &process_events, plugin, registry, error);
  plugin->as_account = as_account;
  if (plugin->process == NULL)
    return -1;
  registry->processes++;
  return 0;
}

static int ask(struct plugin *plugin, const char *verb, struct error **error)
{
  if (ensure_process(plugin, error) != 0)
    return -1;
  const struct call *call = plugin->first;
  bool own = is_verb(verb, call->verb);
  json_t *message = own && call->message != NULL ? json_copy(call->message) : json_object();
  int outcome = -1;
  if (json_object_set_new(message, "verb", json_string(verb)) != 0 ||
      json_object_set_new(message, "limit", json_integer(plugin->registry->milliseconds)) != 0 ||
      (plugin->probe != NULL && json_object_set(message, "probed", plugin->probe) != 0) ||
      (plugin->host_options != NULL &&
       json_object_set(message, "host_options", plugin->host_options) != 0))
    error_memory(error);
  else
    outcome = process_send(plugin->process, message, plugin->registry->milliseconds, error);
  json_decref(message);
  plugin->asked_at = time(NULL);
  if (is_verb(verb, "probe"))
    plugin->probed_after = plugin->registry->calls;
  if (outcome == 0)
    plugin->under_way = verb;
  return outcome;
}

/* Plans that must not run as root need the account; without it nothing of the plugin is asked. */
static bool lacks_account(const struct plugin *plugin, const char *verb)
{
  const struct registry *registry = plugin->registry;
  return registry->is_root && registry->account_name == NULL && !is_verb(verb, "describe") &&
         is_unprivileged(plugin);
}

/* Goes on with the queue of a plugin until something is under way or nothing is left. */
static void proceed(struct plugin *plugin)
{
  while (plugin->first != NULL && plugin->under_way == NULL) {
    if (plugin->registry->closing) {
      registry_refuse(plugin, "router-ending", "the router is ending", NULL);
      continue;
    }
    if (plugin->entry == NULL) {
      registry_refuse_unknown(plugin);
      continue;
    }
    if (plugin->entry->second != NULL) {
      registry_refuse_double(plugin);
      continue;
    }
    forget_probe(plugin);
    const char *verb = next_verb(plugin);
    if (answer_at_once(plugin, verb))
      continue;
    if (lacks_account(plugin, verb)) {
      registry_refuse(plugin, "account-missing",
                      "it must not run as root, and there is no other account",
                      "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "
                      "jauauth-mcp");
      continue;
    }
    CLEANUP_ERROR struct error *error = NULL;
    if (plugin->misconfigured != NULL && !is_verb(verb, "describe")) {
      registry_finish(plugin, NULL, plugin->misconfigured);
      continue;
    }
    if (is_verb(verb, "probe") && recall_probe(plugin))
      continue;
    if (ask(plugin, verb, &error) != 0) {
      error_wrap(&error, "plugin \"%s\"", plugin->name);
      registry_finish(plugin, NULL, error);
    }
  }
}

/* Types what the host file says for the plugin. All that is wrong becomes one error, which answers
 * every call: a setting that is ignored might be one that was to protect. */
static void type_host_options(struct plugin *plugin)
{
  json_t *given = json_object_get(plugin->registry->host_options, plugin->name);
  json_t *problems = json_array();
  CLEANUP_BUFFER struct buffer text = {0};
  const char *hint = NULL;
  size_t index;
  json_t *problem;
  int outcome = options_apply_host(plugin->description, given, &plugin->host_options, problems,
                                   &plugin->misconfigured);
  json_array_foreach (problems, index, problem) {
    buffer_append_format(&text, "%s%s", index == 0 ? "" : "; ",
                         json_string_value(json_object_get(problem, "text")));
    if (hint == NULL)
      hint = json_string_value(json_object_get(problem, "hint"));
  }
  if (outcome == 0 && index > 0) {
    error_make_code(&plugin->misconfigured, ERROR_CONFIG, "host-file",
                    "plugin \"%s\": in the host file, \"plugins.%s\": %s", plugin->name,
                    plugin->name, text.data == NULL ? "" : text.data);
    if (hint != NULL)
      error_hint(&plugin->misconfigured, "%s", hint);
  }
  json_decref(problems);
}

static void keep_probe(struct plugin *plugin, json_t *answer)
{
  struct probe_subject subject = subject_of(plugin);
  plugin->probe = json_incref(answer);
  probe_cache_store(&subject, answer, plugin->asked_at);
}

/* An answer that passed: kept when it is one for all, given to the call when it is its own. */
static void take_answer(struct plugin *plugin, const char *verb, json_t *answer)
{
  if (is_verb(verb, "describe") && plugin->description == NULL) {
    plugin->description = json_incref(answer);
    type_host_options(plugin);
  }
  if (is_verb(verb, "probe") && plugin->probe == NULL)
    keep_probe(plugin, answer);
  if (is_verb(verb, plugin->first->verb))
    registry_finish(plugin, answer, NULL);
}

static void on_answered(void *data, json_t *answer, const struct error *error, bool alive)
{
  struct plugin *plugin = data;
  const char *verb = plugin->under_way;
  plugin->under_way = NULL;
  if (!alive)
    plugin->process = NULL;
  CLEANUP_ERROR struct error *own = NULL;
  if (answer != NULL && foreign_check(verb, answer, &own) != 0) {
    error = own;
    answer = NULL;
  }
  if (answer != NULL)
    take_answer(plugin, verb, answer);
  else if (is_verb(plugin->first->verb, "validate") && is_verb(verb, "probe"))
    plugin->first->probe_failed = true;
  else {
    CLEANUP_ERROR struct error *named = NULL;
    error_make_code(&named, error->kind, error->code, "plugin \"%s\": %s", plugin->name,
                    error->message);
    if (error->hint != NULL)
      error_hint(&named, "%s", error->hint);
    named->errnum = error->errnum;
    registry_finish(plugin, NULL, named);
  }
  proceed(plugin);
}

static void on_lost(void *data)
{
  struct plugin *plugin = data;
  plugin->process = NULL;
}

static void free_registry(struct registry *registry)
{
  while (registry->plugins != NULL) {
    struct plugin *plugin = registry->plugins;
    registry->plugins = plugin->next;
    json_decref(plugin->description);
    json_decref(plugin->probe);
    json_decref(plugin->host_options);
    error_free(&plugin->misconfigured);
    free(plugin->name);
    free(plugin);
  }
  catalog_free(&registry->catalog);
  json_decref(registry->host_options);
  free(registry->worker_program);
  free(registry->account_name);
  free(registry->state_directory);
  free(registry);
}

static void end_when_alone(struct registry *registry)
{
  if (!registry->kick_closed || registry->processes > 0)
    return;
  void (*closed)(void *data) = registry->closed;
  void *data = registry->closed_data;
  free_registry(registry);
  if (closed != NULL)
    closed(data);
}

static void on_gone(void *data)
{
  struct registry *registry = data;
  registry->processes--;
  end_when_alone(registry);
}

static void on_kick_closed(uv_handle_t *handle)
{
  struct registry *registry = handle->data;
  registry->kick_closed = true;
  end_when_alone(registry);
}

static void on_kick(uv_timer_t *timer)
{
  struct registry *registry = timer->data;
  for (struct plugin *plugin = registry->plugins; plugin != NULL; plugin = plugin->next) {
    if (registry->closing) {
      if (plugin->process != NULL)
        process_end(plugin->process);
      plugin->process = NULL;
      plugin->under_way = NULL;
    }
    proceed(plugin);
  }
  if (registry->closing)
    uv_close((uv_handle_t *)timer, on_kick_closed);
}

static void kick(struct registry *registry)
{
  uv_timer_start(&registry->kick, on_kick, 0, 0);
}

static struct plugin *find_or_add(struct registry *registry, const char *name)
{
  for (struct plugin *plugin = registry->plugins; plugin != NULL; plugin = plugin->next)
    if (strcmp(plugin->name, name) == 0)
      return plugin;
  struct plugin *plugin = calloc(1, sizeof *plugin);
  if (plugin == NULL)
    return NULL;
  plugin->name = strdup(name);
  if (plugin->name == NULL) {
    free(plugin);
    return NULL;
  }
  plugin->registry = registry;
  plugin->entry = catalog_find(&registry->catalog, name);
  plugin->next = registry->plugins;
  registry->plugins = plugin;
  return plugin;
}

/* Takes over `message`. A call that cannot even be remembered ends the process: nobody could be
 * told. */
static struct call *enqueue(struct registry *registry, const char *name, const char *verb,
                            json_t *message, registry_answer *answer, void *data)
{
  struct plugin *plugin = find_or_add(registry, name);
  struct call *call = calloc(1, sizeof *call);
  if (plugin == NULL || call == NULL)
    abort();
  call->verb = verb;
  call->message = message;
  call->answer = answer;
  call->data = data;
  registry->calls++;
  if (plugin->last == NULL)
    plugin->first = call;
  else
    plugin->last->next = call;
  plugin->last = call;
  kick(registry);
  return call;
}

void registry_describe(struct registry *registry, const char *name, registry_answer *answer,
                       void *data)
{
  enqueue(registry, name, "describe", NULL, answer, data);
}

void registry_probe(struct registry *registry, const char *name, registry_answer *answer,
                    void *data)
{
  enqueue(registry, name, "probe", NULL, answer, data);
}

void registry_probe_again(struct registry *registry, const char *name, registry_answer *answer,
                          void *data)
{
  struct call *call = enqueue(registry, name, "probe", NULL, answer, data);
  call->not_before = registry->calls;
}

void registry_doubt(struct registry *registry, const char *name)
{
  for (struct plugin *plugin = registry->plugins; plugin != NULL; plugin = plugin->next)
    if (strcmp(plugin->name, name) == 0 && plugin->entry != NULL) {
      struct probe_subject subject = subject_of(plugin);
      probe_cache_forget(&subject);
    }
}

void registry_validate(struct registry *registry, const char *name, json_t *request,
                       json_t *options, registry_answer *answer, void *data)
{
  json_t *message = json_pack("{s:O, s:O*}", "request", request, "options", options);
  enqueue(registry, name, "validate", message, answer, data);
}

void registry_spawn(struct registry *registry, const char *name, json_t *request, json_t *options,
                    registry_answer *answer, void *data)
{
  json_t *message = json_pack("{s:O, s:O*}", "request", request, "options", options);
  enqueue(registry, name, "spawn", message, answer, data);
}

void registry_teardown(struct registry *registry, const char *name, const char *instance,
                       json_t *kept, registry_answer *answer, void *data)
{
  json_t *message = json_pack("{s:s, s:O*}", "instance", instance, "kept", kept);
  enqueue(registry, name, "teardown", message, answer, data);
}

void registry_diagnose(struct registry *registry, const char *name, json_t *ending,
                       registry_answer *answer, void *data)
{
  enqueue(registry, name, "diagnose", json_pack("{s:O}", "ending", ending), answer, data);
}

struct registry *registry_new(uv_loop_t *loop, const struct registry_settings *settings,
                              struct error **error)
{
  struct registry *registry = calloc(1, sizeof *registry);
  if (registry == NULL) {
    error_memory(error);
    return NULL;
  }
  registry->loop = loop;
  registry->is_root = geteuid() == 0;
  registry->account_user = settings->account_user;
  registry->account_group = settings->account_group;
  registry->milliseconds =
      settings->call_milliseconds == 0 ? DEFAULT_MILLISECONDS : settings->call_milliseconds;
  registry->host_options = json_incref(settings->host_options);
  registry->worker_program = strdup(settings->worker_program);
  bool has_account = registry->is_root && settings->account_name != NULL;
  if (has_account)
    registry->account_name = strdup(settings->account_name);
  if (settings->state_directory != NULL)
    registry->state_directory = strdup(settings->state_directory); /* without it nothing is kept */
  registry->refresh = settings->refresh;
  if (registry->worker_program == NULL || (has_account && registry->account_name == NULL)) {
    error_memory(error);
    free_registry(registry);
    return NULL;
  }
  if (catalog_read(&registry->catalog, settings->directories, error) != 0) {
    free_registry(registry);
    return NULL;
  }
  uv_timer_init(loop, &registry->kick);
  registry->kick.data = registry;
  return registry;
}

const char *const *registry_names(struct registry *registry)
{
  return registry->catalog.names;
}

const char *registry_file(const struct registry *registry, const char *name)
{
  const struct catalog_entry *entry = catalog_find(&registry->catalog, name);
  return entry == NULL ? NULL : entry->file;
}

void registry_close(struct registry *registry, void (*closed)(void *data), void *data)
{
  registry->closing = true;
  registry->closed = closed;
  registry->closed_data = data;
  kick(registry);
}

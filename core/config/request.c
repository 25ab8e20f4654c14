/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the request of a server: what both files ask for, in words that every strategy knows. */
#include "core/config/request.h"

#include "core/base/cleanup.h"

#include <stdio.h>
#include <string.h>

/* One request while it is being made. */
struct making {
  struct servers_config *servers;
  size_t index;
  const struct server_config *server;
  const struct request_context *context;
  struct config_problems *problems;
  json_t *request;
};

/* Sets a member; NULL stands for memory that could not be had. */
static bool set(json_t *object, const char *name, json_t *value)
{
  return json_object_set_new(object, name, value) == 0;
}

static bool set_text(json_t *object, const char *name, const char *text)
{
  return text == NULL || set(object, name, json_string(text));
}

static json_t *network_json(const struct config_network *network)
{
  switch (network->kind) {
  case CONFIG_NETWORK_OPEN:
    return json_string("open");
  case CONFIG_NETWORK_NAMED:
    return json_pack("{s:s}", "name", network->name);
  default:
    return json_string("none");
  }
}

static bool set_limit(json_t *limits, enum config_limit_name name, uint64_t value, bool strict)
{
  return set(limits, config_limit_kinds[name].name,
             json_pack("{s:I, s:b}", "value", (json_int_t)value, "strict", (int)strict));
}

static bool set_limits(struct making *making)
{
  json_t *limits = json_object();
  if (!set(making->request, "limits", limits))
    return false;
  for (enum config_limit_name name = 0; name < CONFIG_LIMITS; name++) {
    const struct config_limit *limit = &making->server->sandbox.limits[name];
    if (limit->given && !set_limit(limits, name, limit->value, true))
      return false;
  }
  return true;
}

static bool set_mounts(struct making *making)
{
  json_t *mounts = json_array();
  if (!set(making->request, "mounts", mounts))
    return false;
  for (size_t i = 0; i < making->server->sandbox.mount_count; i++) {
    const struct config_mount *mount = &making->server->sandbox.mounts[i];
    json_t *object = json_pack("{s:s, s:s, s:b, s:b}", "source", mount->source, "target",
                               mount->target, "read_only", (int)mount->read_only, "host", 0);
    if (json_array_append_new(mounts, object) != 0)
      return false;
  }
  return true;
}

static bool has_variable(const struct server_config *server, const char *name)
{
  for (size_t i = 0; i < server->environment_count; i++) {
    if (strcmp(server->environment[i].name, name) == 0)
      return true;
  }
  return false;
}

static bool append_variable(json_t *environment, const char *name, const char *value)
{
  return json_array_append_new(environment, json_pack("[s, s]", name, value)) == 0;
}

static bool set_environment(struct making *making)
{
  const struct server_config *server = making->server;
  const char *home = making->context->home;
  const struct {
    const char *name;
    const char *value;
  } defaults[] = {
      {"PATH", CONFIG_PATH_DEFAULT},
      {"HOME", home != NULL ? home : CONFIG_HOME_DEFAULT},
      {"LANG", CONFIG_LANG_DEFAULT},
      {"TMPDIR", server->sandbox.temporary_directory},
  };
  json_t *environment = json_array();
  json_t *made = json_array(); /* names whose values come from here and are no secret */
  if (!set(making->request, "environment", environment) ||
      !set(making->request, "host_variables", made))
    return false;
  for (size_t i = 0; i < server->environment_count; i++) {
    const struct config_variable *variable = &server->environment[i];
    /* Without a value only where an error was reported. */
    if (variable->value != NULL && !append_variable(environment, variable->name, variable->value))
      return false;
  }
  for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
    if (defaults[i].value != NULL && !has_variable(server, defaults[i].name) &&
        (!append_variable(environment, defaults[i].name, defaults[i].value) ||
         json_array_append_new(made, json_string(defaults[i].name)) != 0))
      return false;
  }
  return true;
}

static json_t *list_json(char *const *texts)
{
  json_t *list = json_array();
  for (; list != NULL && texts != NULL && *texts != NULL; texts++) {
    if (json_array_append_new(list, json_string(*texts)) != 0) {
      json_decref(list);
      return NULL;
    }
  }
  return list;
}

static bool set_home(struct making *making)
{
  if (!making->server->sandbox.keep_home || making->server->id == NULL)
    return true;
  if (making->context->state_directory == NULL) {
    servers_config_problem(making->servers, making->index, CONFIG_ERROR, making->problems,
                           "/sandbox/home", "name a \"state_directory\" in the host file",
                           "there is no place for a lasting home");
    return true;
  }
  CLEANUP_FREE char *home = NULL;
  if (asprintf(&home, "%s/homes/%s", making->context->state_directory, making->server->id) < 0) {
    home = NULL;
    return false;
  }
  return set_text(making->request, "home", home);
}

static bool make(struct making *making)
{
  const struct server_config *server = making->server;
  const struct sandbox_config *sandbox = &server->sandbox;
  json_t *request = making->request;
  return set_text(request, "instance", making->context->instance) &&
         set_text(request, "server", server->id) &&
         set(request, "command", list_json(server->command)) &&
         set_text(request, "work_directory", sandbox->work_directory) &&
         set_text(request, "temporary_directory", sandbox->temporary_directory) &&
         set(request, "allow_swappable", list_json(sandbox->allow_swappable)) &&
         (sandbox->network.kind == CONFIG_NETWORK_ABSENT ||
          set(request, "network", network_json(&sandbox->network))) &&
         set_home(making) && set_limits(making) && set_mounts(making) && set_environment(making);
}

int config_request_start(struct servers_config *servers, size_t server,
                         const struct request_context *context, struct config_problems *problems,
                         json_t **request, struct error **error)
{
  struct making making = {.servers = servers,
                          .index = server,
                          .server = &servers->servers[server],
                          .context = context,
                          .problems = problems,
                          .request = json_object()};
  if (making.request == NULL || !make(&making)) {
    json_decref(making.request);
    return error_memory(error);
  }
  *request = making.request;
  return 0;
}

int config_request_finish(json_t *request, const struct host_config *host, struct error **error)
{
  json_t *limits = json_object_get(request, "limits");
  if (json_object_get(request, "network") == NULL &&
      !(set(request, "network", network_json(&host->network)) &&
        set(request, "network_default", json_true())))
    return error_memory(error);
  for (enum config_limit_name name = 0; name < CONFIG_LIMITS; name++) {
    const struct config_limit *limit = &host->limits[name];
    if (limit->value != 0 && json_object_get(limits, config_limit_kinds[name].name) == NULL &&
        !set_limit(limits, name, limit->value, limit->given))
      return error_memory(error);
  }
  return 0;
}

bool config_request_has_network(const json_t *request)
{
  const json_t *network = json_object_get(request, "network");
  const char *word = json_string_value(network);
  return json_is_object(network) || (word != NULL && strcmp(word, "none") != 0);
}

static bool list_has(const json_t *list, const char *text)
{
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
      return true;
  }
  return false;
}

static bool append_source(json_t *list, const char *source)
{
  CLEANUP_FREE char *real = realpath(source, NULL);
  const char *path = real != NULL ? real : source;
  return list_has(list, path) || json_array_append_new(list, json_string(path)) == 0;
}

/* The writable sources of one request. */
static json_t *writable_sources(json_t *request)
{
  json_t *list = json_array();
  const char *home = json_string_value(json_object_get(request, "home"));
  bool good = list != NULL && (home == NULL || append_source(list, home));
  size_t index;
  json_t *mount;
  json_array_foreach (json_object_get(request, "mounts"), index, mount) {
    const char *source = json_string_value(json_object_get(mount, "source"));
    if (good && source != NULL && !json_is_true(json_object_get(mount, "read_only")))
      good = append_source(list, source);
  }
  if (good)
    return list;
  json_decref(list);
  return NULL;
}

int config_requests_link(json_t *const *requests, size_t count, struct error **error)
{
  json_t *all = json_array();
  bool good = all != NULL;
  for (size_t i = 0; good && i < count; i++) {
    json_t *own = requests[i] == NULL ? NULL : writable_sources(requests[i]);
    if (requests[i] == NULL)
      continue;
    good = set(requests[i], "own_writable", own);
    for (size_t j = 0; good && j < json_array_size(own); j++) {
      json_t *path = json_array_get(own, j);
      good = list_has(all, json_string_value(path)) || json_array_append(all, path) == 0;
    }
  }
  for (size_t i = 0; good && i < count; i++)
    good = requests[i] == NULL || json_object_set(requests[i], "writable_elsewhere", all) == 0;
  json_decref(all);
  return good ? 0 : error_memory(error);
}

const char *const *config_accept_partial(const struct server_config *server,
                                         const struct host_config *host)
{
  char **own = server->sandbox.accept_partial;
  return (const char *const *)(own != NULL ? own : host->accept_partial);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the requests of all servers and finds what keeps one from starting here. */
#include "core/sandbox/launch-parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/config/check.h"
#include "core/config/request.h"
#include "core/plugin/findings.h"
#include "core/plugin/options.h"

static struct launch_strategy *find_strategy(struct launch *launch, const char *name)
{
  for (size_t i = 0; i < launch->strategy_count; i++)
    if (strcmp(launch->strategies[i].name, name) == 0)
      return &launch->strategies[i];
  return NULL;
}

static void block_unavailable(struct launch *launch, size_t server, json_t *probe)
{
  const char *name = launch->servers[server].strategy->name;
  CLEANUP_BUFFER struct buffer hint = {0};
  json_t *finding = findings_reason(probe, &hint);
  if (finding == NULL)
    launch_block(launch, server, "/sandbox/strategy", "strategy-unavailable", NULL,
                 "the strategy \"%s\" cannot be used here", name);
  else
    launch_block(launch, server, "/sandbox/strategy",
                 json_string_value(json_object_get(finding, "code")),
                 hint.length > 0 ? hint.data : NULL, "the strategy \"%s\" cannot be used here: %s",
                 name, json_string_value(json_object_get(finding, "text")));
}

/* Whether the plugin of a server is there and works; blocks it otherwise. */
static bool strategy_works(struct launch *launch, size_t server)
{
  struct launch_server *state = &launch->servers[server];
  struct server_config *config = &launch->settings.servers->servers[server];
  state->strategy = find_strategy(launch, config->sandbox.strategy);
  if (state->strategy == NULL) {
    config_check_strategy(launch->settings.servers, server,
                          registry_names(launch->settings.registry), launch->settings.problems);
    error_make_code(&state->blocked, ERROR_SANDBOX, "no-such-strategy",
                    "there is no plugin for the strategy \"%s\"", config->sandbox.strategy);
    error_hint(&state->blocked,
               "install it (packages call it jauauth-plugin-%s), or choose one that `jauauth "
               "plugins list` shows",
               config->sandbox.strategy);
    return false;
  }
  if (state->strategy->error != NULL) {
    const struct error *error = state->strategy->error;
    state->waits = state->strategy->description != NULL;
    launch_block(launch, server, "/sandbox/strategy", error->code, error->hint, "%s",
                 error->message);
    return false;
  }
  const char *found = json_string_value(json_object_get(state->strategy->probe, "state"));
  state->waits = found == NULL || strcmp(found, "unavailable") == 0;
  if (state->waits)
    block_unavailable(launch, server, state->strategy->probe);
  return true; /* the file can be judged all the same */
}

/* HOME of a server that sees the host's files is the account's. */
static const char *visible_home(const struct launch *launch, size_t server, char *home, size_t size)
{
  if (launch_contained(launch, server))
    return NULL;
  struct launch_account account;
  if (launch_account(launch, server, &account, NULL) != 0 || account.name[0] != '\0')
    return "/";
  const char *own = getenv("HOME");
  if (own == NULL || own[0] != '/')
    return "/";
  snprintf(home, size, "%s", own);
  return home;
}

/* Says whom the server's processes belong to. A server without an account is blocked later. */
static int set_account(struct launch *launch, size_t server, json_t *request, struct error **error)
{
  struct launch_account account;
  if (launch_server_account(launch, server, &account, NULL) != 0)
    return 0;
  json_int_t user = account.user;
  json_int_t group = account.group;
  if (json_object_set_new(request, "server_user", json_integer(user)) != 0 ||
      json_object_set_new(request, "server_group", json_integer(group)) != 0)
    return error_memory(error);
  return 0;
}

static int make_request(struct launch *launch, size_t server, struct error **error)
{
  struct launch_server *state = &launch->servers[server];
  struct servers_config *servers = launch->settings.servers;
  char home[4096];
  struct request_context context = {
      .instance = "not-started",
      .home = visible_home(launch, server, home, sizeof home),
      .state_directory = launch->settings.state_directory,
  };
  if (config_request_start(servers, server, &context, launch->settings.problems, &state->request,
                           error) != 0 ||
      set_account(launch, server, state->request, error) != 0)
    return -1;
  json_t *problems = json_array();
  int answer = options_apply(state->strategy->description, servers->servers[server].sandbox.options,
                             state->request, &state->options, problems, error);
  if (answer == 0)
    config_check_report(servers, server, CONFIG_ERROR, problems, launch->settings.problems);
  json_decref(problems);
  if (answer != 0)
    return -1;
  return config_request_finish(state->request, launch->settings.host, error);
}

/* The programs of engines, from the descriptions of all plugins. */
static struct config_front *fronts(const struct launch *launch, size_t *count)
{
  size_t most = 0;
  for (size_t i = 0; i < launch->strategy_count; i++)
    most += json_array_size(json_object_get(launch->strategies[i].description, "front_programs"));
  struct config_front *list = calloc(most + 1, sizeof *list);
  *count = 0;
  for (size_t i = 0; list != NULL && i < launch->strategy_count; i++) {
    size_t index;
    json_t *program;
    json_array_foreach (json_object_get(launch->strategies[i].description, "front_programs"), index,
                        program) {
      list[*count].strategy = launch->strategies[i].name;
      list[(*count)++].program = json_string_value(program);
    }
  }
  return list;
}

/* What the machine has of it; 0: it is not bounded, or not known. */
static uint64_t machine_has(enum config_limit_name name)
{
  long pages = sysconf(_SC_PHYS_PAGES);
  long size = sysconf(_SC_PAGESIZE);
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (name == CONFIG_MEMORY)
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
  return name == CONFIG_CPU && processors > 0 ? (uint64_t)processors * 1000 : 0;
}

/* A limit that is larger than the machine limits nothing. */
static void check_limits(struct launch *launch, size_t server)
{
  json_t *limits = json_object_get(launch->servers[server].request, "limits");
  for (enum config_limit_name name = 0; name < CONFIG_LIMITS; name++) {
    const struct config_limit_kind *kind = &config_limit_kinds[name];
    json_t *limit = json_object_get(limits, kind->name);
    uint64_t value = (uint64_t)json_integer_value(json_object_get(limit, "value"));
    uint64_t most = machine_has(name);
    if (!json_is_true(json_object_get(limit, "strict")) || most == 0 || value <= most)
      continue;
    CLEANUP_BUFFER struct buffer text = {0};
    buffer_append_format(&text, "%s is ", kind->key);
    config_limit_append(name, value, &text);
    buffer_append_text(&text, ", but this machine has ");
    config_limit_append(name, most, &text);
    buffer_append_text(&text, ": it limits nothing");
    if (!text.failed)
      servers_config_problem(launch->settings.servers, server, CONFIG_WARNING,
                             launch->settings.problems, "/sandbox",
                             "write less than the machine has", "%s", text.data);
  }
}

static void check_server(struct launch *launch, size_t server)
{
  struct server_config *config = &launch->settings.servers->servers[server];
  bool contained = launch_contained(launch, server);
  check_limits(launch, server);
  if (!contained && launch->servers[server].blocked == NULL &&
      !launch->settings.allow_unsandboxed && !launch->settings.measuring)
    launch_block(launch, server, "/sandbox/strategy", "not-a-sandbox",
                 "choose a sandbox, or write \"allow_unsandboxed = true;\" in the host file "
                 "(--allow-unsandboxed for one run)",
                 "the strategy \"%s\" isolates nothing, and the host does not allow that",
                 config->sandbox.strategy);
  if (config->sandbox.require != NULL && config->sandbox.require[0] != NULL &&
      !launch->settings.measuring)
    launch_block(launch, server, "/sandbox/require", "not-measured",
                 "remove \"require\" to start it without that promise",
                 "\"require\" wants measured properties, which a start cannot ask for yet");
  struct launch_account account;
  CLEANUP_ERROR struct error *error = NULL;
  if (launch_account(launch, server, &account, &error) != 0 ||
      launch_server_account(launch, server, &account, &error) != 0)
    launch_block(launch, server, "/sandbox/strategy", error->code, error->hint, "%s",
                 error->message);
}

/* What would stop its start for want of a package is a warning. */
static void check_package(struct launch *launch, size_t server)
{
  struct servers_config *servers = launch->settings.servers;
  CLEANUP_LAUNCH_PACKAGE struct launch_package found = {0};
  CLEANUP_ERROR struct error *error = NULL;
  bool network = config_request_has_network(launch->servers[server].request);
  if (launch_package_find(launch, server, &found, &error) != 0 && !network)
    servers_config_problem(servers, server, CONFIG_WARNING, launch->settings.problems, "/command",
                           error->hint, "%s", error->message);
  else if (found.lock == NULL && servers->servers[server].prepare != NULL)
    servers_config_problem(servers, server, CONFIG_WARNING, launch->settings.problems, "/prepare",
                           NULL, "it is not prepared yet: jauauth prepare %s",
                           servers->servers[server].id);
  else if (found.lock == NULL)
    config_check_runner(servers, server, launch->servers[server].request,
                        launch->settings.problems);
}

static void forget(struct launch_server *state)
{
  json_decref(state->request);
  json_decref(state->options);
  error_free(&state->blocked);
  *state = (struct launch_server){0};
}

static int link_requests(struct launch *launch, struct error **error)
{
  size_t count = launch->settings.servers->server_count;
  CLEANUP_FREE json_t **requests = calloc(count + 1, sizeof(json_t *));
  if (requests == NULL)
    return error_memory(error);
  for (size_t i = 0; i < count; i++)
    requests[i] = launch->servers[i].request;
  return config_requests_link(requests, count, error);
}

int launch_make_requests(struct launch *launch, size_t only, struct error **error)
{
  struct servers_config *servers = launch->settings.servers;
  size_t front_count = 0;
  CLEANUP_FREE struct config_front *front_list = fronts(launch, &front_count);
  if (front_list == NULL)
    return error_memory(error);
  for (size_t i = 0; i < servers->server_count; i++) {
    if (servers->servers[i].broken || (only != CONFIG_WHOLE_FILE && only != i))
      continue;
    forget(&launch->servers[i]);
    if (!strategy_works(launch, i))
      continue;
    if (make_request(launch, i, error) != 0)
      return -1;
    check_server(launch, i);
    config_check_front(servers, i, front_list, front_count, launch_contained(launch, i),
                       launch->settings.problems);
    check_package(launch, i);
  }
  return link_requests(launch, error);
}

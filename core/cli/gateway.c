/* SPDX-License-Identifier: Apache-2.0 */
/* The whole house in one object: configuration, plugins and router. */
#include "config.h"

#include "core/cli/gateway.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/os/trust.h"
#include "core/paths.h"
#include "core/sandbox/instance.h"

/* --- Opening --------------------------------------------------------------------------------- */

static int open_log(const struct gateway *gateway, struct error **error)
{
  enum log_level level = gateway->host->log_level;
  if (!gateway->line->serves && level > LOG_LEVEL_WARNING)
    level = LOG_LEVEL_WARNING; /* a command that answers one question tells only what is wrong */
  enum log_format format = gateway->host->log_format;
  const char *given_level = gateway->line->log_level;
  const char *given_format = gateway->line->log_format;
  if (given_level != NULL && !log_parse_level(given_level, &level)) {
    error_make(error, ERROR_USAGE, 0, "there is no log level \"%s\"", given_level);
    return error_hint(error, "it is one of error, warning, info, debug");
  }
  if (given_format != NULL && !log_parse_format(given_format, &format)) {
    error_make(error, ERROR_USAGE, 0, "there is no log format \"%s\"", given_format);
    return error_hint(error, "it is text or json");
  }
  log_open(STDERR_FILENO, level, format);
  return 0;
}

static void print_problems(const struct config_problems *problems)
{
  CLEANUP_BUFFER struct buffer text = {0};
  config_problems_append_text(problems, &text);
  if (text.length > 0 && !text.failed)
    fwrite(text.data, 1, text.length, stderr);
}

static int read_host(struct gateway *gateway, struct error **error)
{
  struct config_paths_settings settings = {
      .host_option = gateway->line->config,
      .servers_option = gateway->line->servers,
      .environment = (const char *const *)environ,
      .user = geteuid(),
  };
  if (config_paths_find(&settings, &gateway->paths, error) != 0)
    return -1;
  gateway->host = host_config_load(gateway->paths.host.found, &gateway->host_problems);
  if (gateway->host == NULL) {
    print_problems(&gateway->host_problems);
    return error_make(error, ERROR_CONFIG, 0, "the host file %s cannot be used",
                      gateway->paths.host.found != NULL ? gateway->paths.host.found : "");
  }
  gateway->state_directory = gateway->host->state_directory != NULL
                                 ? gateway->host->state_directory
                                 : gateway->paths.state_directory;
  const char *data = gateway->host->state_directory != NULL ? gateway->host->state_directory
                                                            : gateway->paths.data_directory;
  if (data == NULL || asprintf(&gateway->package_root, "%s/packages", data) >= 0)
    return 0;
  gateway->package_root = NULL;
  return error_memory(error);
}

static int find_program(struct gateway *gateway, struct error **error)
{
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0)
    return error_make(error, ERROR_FAILED, errno, "cannot find this program in /proc/self/exe");
  path[length] = '\0';
  gateway->worker = strdup(path);
  struct passwd *entry = getpwuid(getuid());
  char number[32];
  snprintf(number, sizeof number, "%u", (unsigned)getuid());
  gateway->user = strdup(entry != NULL ? entry->pw_name : number);
  return gateway->worker == NULL || gateway->user == NULL ? error_memory(error) : 0;
}

static int open_registry(struct gateway *gateway, struct error **error)
{
  struct launch_account account;
  bool found = launch_find_account(gateway->host->run_as, &account, NULL) == 0;
  struct registry_settings settings = {
      .directories = gateway->line->plugin_dirs != NULL
                         ? gateway->line->plugin_dirs
                         : (const char *const *)gateway->host->plugin_directories,
      .worker_program = gateway->worker,
      .account_user = account.user,
      .account_group = account.group,
      .account_name = found && account.name[0] != '\0' ? account.name : NULL,
      .host_options = gateway->host->plugins,
      .state_directory = gateway->state_directory,
      .refresh = gateway->line->refresh,
  };
  gateway->registry = registry_new(&gateway->loop, &settings, error);
  if (gateway->registry == NULL)
    return -1;
  const char *name;
  json_t *group;
  json_object_foreach (gateway->host->plugins, name, group) {
    if (registry_file(gateway->registry, name) == NULL)
      log_write(LOG_LEVEL_WARNING, NULL,
                "the host file has options for the plugin \"%s\", which is not installed", name);
  }
  return 0;
}

int gateway_open(struct gateway *gateway, const struct command_line *line, struct error **error)
{
  *gateway = (struct gateway){.line = line};
  if (sodium_init() < 0)
    return error_make(error, ERROR_FAILED, 0, "libsodium finds no source of random numbers");
  int code = uv_loop_init(&gateway->loop);
  if (code != 0)
    return error_make(error, ERROR_FAILED, 0, "no event loop: %s", uv_strerror(code));
  if (instance_prepare_process(error) == 0 && read_host(gateway, error) == 0 &&
      open_log(gateway, error) == 0 && find_program(gateway, error) == 0 &&
      open_registry(gateway, error) == 0)
    return 0;
  gateway_close(gateway);
  return -1;
}

static void registry_closed(void *data)
{
  (void)data;
}

void gateway_close(struct gateway *gateway)
{
  if (gateway->router != NULL)
    router_free(gateway->router);
  gateway_servers_close(gateway);
  gateway_journal_close(gateway);
  if (gateway->registry != NULL)
    registry_close(gateway->registry, registry_closed, NULL);
  uv_run(&gateway->loop, UV_RUN_DEFAULT);
  gateway_servers_free(gateway);
  gateway_journal_free(gateway);
  launch_free(gateway->launch);
  groups_free(&gateway->groups);
  servers_config_free(&gateway->servers);
  host_config_free(&gateway->host);
  config_problems_free(&gateway->problems);
  config_problems_free(&gateway->host_problems);
  config_paths_free(&gateway->paths);
  free(gateway->worker);
  free(gateway->keeper);
  free(gateway->canary);
  free(gateway->package_root);
  free(gateway->user);
  uv_loop_close(&gateway->loop);
  log_close();
}

/* --- The servers file ------------------------------------------------------------------------ */

static struct servers_settings servers_settings(const struct gateway *gateway)
{
  return (struct servers_settings){
      .default_strategy = gateway->host->default_strategy,
      .allowed_variables = (const char *const *)gateway->host->environment,
      .environment = (const char *const *)environ,
  };
}

int gateway_read_servers(struct gateway *gateway, const char *file, struct error **error)
{
  if (file == NULL)
    file = gateway->paths.servers.found;
  if (file == NULL)
    return config_paths_no_servers(&gateway->paths, error);
  struct servers_settings settings = servers_settings(gateway);
  gateway->servers = servers_config_load(file, &settings, &gateway->problems);
  return 0;
}

/* Prints the problems of the file, and refuses what may not be used. */
static int judge_servers(struct gateway *gateway, const char *file, struct error **error)
{
  print_problems(&gateway->problems);
  gateway->told = true;
  for (size_t i = 0; i < gateway->problems.count; i++)
    gateway->problems.items[i].told = true;
  if (gateway->servers != NULL && !config_problems_stop(&gateway->problems, gateway->line->strict))
    return 0;
  error_make(error, ERROR_CONFIG, 0, "the servers file %s cannot be used", file);
  if (gateway->servers != NULL && gateway->line->strict)
    error_hint(error, "--strict takes every warning for an error");
  return -1;
}

int gateway_need_servers(struct gateway *gateway, struct error **error)
{
  if (gateway_read_servers(gateway, NULL, error) != 0)
    return -1;
  return judge_servers(gateway, gateway->paths.servers.found, error);
}

int gateway_take_servers(struct gateway *gateway, const char *text, struct error **error)
{
  struct servers_settings settings = servers_settings(gateway);
  gateway->problems.file = strdup("strategies");
  gateway->servers = servers_config_parse(text, strlen(text), &settings, &gateway->problems);
  return judge_servers(gateway, "made of the strategies", error);
}

int gateway_find(const struct gateway *gateway, const char *id, size_t *server,
                 struct error **error)
{
  *server = servers_config_find(gateway->servers, id);
  if (*server != CONFIG_WHOLE_FILE)
    return 0;
  CLEANUP_FREE const char **known = calloc(gateway->servers->server_count + 1, sizeof(char *));
  CLEANUP_BUFFER struct buffer list = {0};
  size_t count = 0;
  for (size_t i = 0; known != NULL && i < gateway->servers->server_count; i++) {
    if (gateway->servers->servers[i].id == NULL)
      continue;
    known[count++] = gateway->servers->servers[i].id;
    buffer_append_format(&list, "%s%s", list.length > 0 ? ", " : "", known[count - 1]);
  }
  const char *near = known != NULL ? text_suggest(id, known, count) : NULL;
  error_make(error, ERROR_USAGE, 0, "there is no server \"%s\" in %s", id,
             gateway->problems.file != NULL ? gateway->problems.file : "the servers file");
  if (near != NULL)
    return error_hint(error, "did you mean \"%s\"?", near);
  return error_hint(error, "there are: %s", list.data != NULL ? list.data : "none");
}

/* --- Plugins and router ---------------------------------------------------------------------- */

/* Errors that only the plugins could find; those of the file itself were printed before. */
static void log_late_errors(const struct gateway *gateway)
{
  const struct config_problems *problems = &gateway->problems;
  for (size_t i = 0; i < problems->count; i++) {
    const struct config_problem *problem = &problems->items[i];
    if (problem->severity == CONFIG_ERROR && !problem->told && problem->text != NULL)
      log_write(LOG_LEVEL_ERROR, problem->server_id, "%s:%zu:%zu: %s (at %s)%s%s", problems->file,
                problem->line, problem->column, problem->text, problem->pointer,
                problem->hint != NULL ? "; " : "", problem->hint != NULL ? problem->hint : "");
  }
}

static void prepared(void *data)
{
  struct gateway *gateway = data;
  gateway->prepared = true;
  if (gateway->told)
    log_late_errors(gateway);
  gateway_servers_prepared(gateway);
}

/* `starts`: servers will be started, and not only be looked at. */
static int start_preparing(struct gateway *gateway, bool starts, struct error **error)
{
  if (gateway->host->control_groups)
    groups_find(&gateway->groups, starts);
  else
    groups_refuse(&gateway->groups);
  struct launch_settings settings = {
      .loop = &gateway->loop,
      .registry = gateway->registry,
      .host = gateway->host,
      .servers = gateway->servers,
      .problems = &gateway->problems,
      .state_directory = gateway->state_directory,
      .package_root = gateway->package_root,
      .groups = &gateway->groups,
      .allow_unsandboxed = gateway->host->allow_unsandboxed || gateway->line->allow_unsandboxed,
      .measuring = gateway->measuring,
  };
  gateway->launch = launch_prepare(&settings, prepared, gateway, error);
  return gateway->launch == NULL ? -1 : 0;
}

int gateway_prepare(struct gateway *gateway, bool starts, struct error **error)
{
  if (start_preparing(gateway, starts, error) != 0)
    return -1;
  while (!gateway->prepared)
    uv_run(&gateway->loop, UV_RUN_ONCE);
  return 0;
}

static void router_logs(void *data, enum log_level level, const char *server, const char *text)
{
  const struct gateway *gateway = data;
  if (gateway->stopping && level < LOG_LEVEL_INFO)
    level = LOG_LEVEL_INFO; /* that servers end is what was asked for */
  log_write(level, server, "%s", text);
}

static int make_router(struct gateway *gateway, struct error **error)
{
  bool cache = gateway->servers->cache_tools && gateway->state_directory != NULL;
  struct router_settings settings = {
      .name = PACKAGE_NAME,
      .version = PACKAGE_VERSION,
      .list_wait_ms = (unsigned)gateway->host->list_wait_ms,
      .message_limit = (size_t)gateway->host->message_limit,
      .data = gateway,
      .log = router_logs,
      .cache_load = cache ? gateway_cache_load : NULL,
      .cache_store = cache ? gateway_cache_store : NULL,
  };
  gateway->router = router_new(&gateway->loop, &settings, error);
  return gateway->router == NULL ? -1 : 0;
}

/* A command that asks one question wants the first failure as its answer. */
static struct life_settings life_of(const struct gateway *gateway,
                                    const struct server_config *server)
{
  struct life_settings life = LIFE_DEFAULTS;
  if (!gateway->line->serves)
    life = (struct life_settings){0};
  life.lazy = server->start == CONFIG_START_LAZY ||
              (server->start == CONFIG_START_UNSAID && gateway->host->lazy);
  life.idle_stop_ms =
      (unsigned)(server->idle_stop_ms >= 0 ? server->idle_stop_ms : gateway->host->idle_stop_ms);
  return life;
}

static int add_servers(struct gateway *gateway, size_t only, struct error **error)
{
  for (size_t i = 0; i < gateway->servers->server_count; i++) {
    const struct server_config *server = &gateway->servers->servers[i];
    if (server->broken || (only != CONFIG_WHOLE_FILE && only != i))
      continue;
    int64_t timeout = server->timeout_ms != 0 ? server->timeout_ms : gateway->servers->timeout_ms;
    struct router_server *routed = router_add_server(
        gateway->router, server->id, server->name, (unsigned)timeout, (int)i, &gateway_server_ops,
        gateway_server_at(gateway, i), server_config_allows(server, gateway->user));
    if (routed == NULL)
      return error_memory(error);
    struct life_settings life = life_of(gateway, server);
    router_server_supervise(routed, &life);
    gateway_server_attach(gateway, i, routed);
    gateway_journal_state(gateway, i, "stopped", NULL);
  }
  return 0;
}

/* The keeper gets the secrets of the servers and runs with the router's rights, so that it must be
 * nobody else's program. Only trusted users can change the file afterwards. */
static int find_trusted(const char *given, const char *installed, const char *what, char **path,
                        struct error **error)
{
  struct trust_owners owners;
  if (trust_owners_find(&owners, error) != 0)
    return -1;
  CLEANUP_CLOSE int file = trust_open(&owners, given != NULL ? given : installed, path, error);
  return file < 0 ? error_wrap(error, "the %s cannot be used", what) : 0;
}

int gateway_find_keeper(struct gateway *gateway, struct error **error)
{
  return find_trusted(gateway->line->keeper, JAUAUTH_KEEPER, "keeper", &gateway->keeper, error);
}

int gateway_find_canary(struct gateway *gateway, struct error **error)
{
  return find_trusted(gateway->line->canary, JAUAUTH_CANARY, "canary", &gateway->canary, error);
}

int gateway_start(struct gateway *gateway, size_t only, struct error **error)
{
  if (gateway_find_keeper(gateway, error) != 0 || gateway_servers_new(gateway, error) != 0 ||
      gateway_journal_open(gateway, error) != 0 || make_router(gateway, error) != 0 ||
      add_servers(gateway, only, error) != 0 || start_preparing(gateway, true, error) != 0)
    return -1;
  router_start(gateway->router);
  gateway_journal_sweep(gateway);
  return 0;
}

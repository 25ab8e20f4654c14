/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin of the small engine: its servers are children of a daemon, as containers are. */
#include <jauauth/plugin.h>
#include <stdbool.h>
#include <string.h>

#define GRACE_MILLISECONDS 1000
#define STEP_MILLISECONDS  5000
#define NO_SOCKET          "/nonexistent/holder"

static const struct jauauth_option options[] = {
    {
        .name = "socket",
        .help = "Where the daemon listens",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PATH,
        .flags = JAUAUTH_OPTION_REQUIRED,
    },
    {.name = NULL},
};

static int32_t holder_probe(const struct jauauth_host *host, struct jauauth_call *call,
                            struct jauauth_probe *probe, struct jauauth_error *error)
{
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  (void)error;
  if (host->inspect_path(call, HOLDER_PROGRAM, &info, NULL) == 0 && info.executable) {
    host->probe_state(probe, JAUAUTH_STATE_AVAILABLE);
    host->probe_engine(probe, HOLDER_PROGRAM, "1");
    return 0;
  }
  host->probe_state(probe, JAUAUTH_STATE_UNAVAILABLE);
  host->probe_finding(probe, "engine-missing", JAUAUTH_SEVERITY_ERROR,
                      "there is no " HOLDER_PROGRAM);
  return 0;
}

static int32_t holder_validate(const struct jauauth_host *host, struct jauauth_call *call,
                               const struct jauauth_request *request,
                               const struct jauauth_options *given,
                               struct jauauth_problems *problems, struct jauauth_error *error)
{
  (void)host;
  (void)call;
  (void)request;
  (void)given;
  (void)problems;
  (void)error;
  return 0;
}

static struct jauauth_step *add_step(const struct jauauth_host *host, struct jauauth_plan *plan,
                                     uint32_t phase, const char *verb, const char *socket,
                                     const char *instance)
{
  struct jauauth_step *step = host->plan_step(plan, phase, verb, HOLDER_PROGRAM);
  host->step_argument(step, verb);
  host->step_argument(step, socket);
  host->step_argument(step, instance);
  host->step_environment(step, "PATH", "/usr/local/bin:/usr/bin:/bin");
  if (phase != JAUAUTH_PHASE_FRONT)
    host->step_time_limit(step, STEP_MILLISECONDS);
  return step;
}

/* NAME=VALUE and NUL each, in a sealed file. Returns the number of its descriptor as text. */
static const char *add_environment(const struct jauauth_host *host, struct jauauth_call *call,
                                   const struct jauauth_request *request, struct jauauth_plan *plan,
                                   struct jauauth_step *front)
{
  size_t length = 0;
  for (size_t i = 0; request->environment[i] != NULL; i++)
    length += strlen(request->environment[i]->name) + strlen(request->environment[i]->value) + 2;
  char *bytes = host->allocate(call, length + 1);
  char *at = bytes;
  for (size_t i = 0; request->environment[i] != NULL; i++) {
    const struct jauauth_variable *variable = request->environment[i];
    const char *text = host->format(call, "%s=%s", variable->name, variable->value);
    memcpy(at, text, strlen(text) + 1);
    at += strlen(text) + 1;
    host->plan_variable(plan, variable->name, JAUAUTH_BY_FILE);
  }
  return host->format(
      call, "%d",
      (int)host->step_file(front, "the server's environment", bytes, length, JAUAUTH_FILE_SECRET));
}

static int32_t holder_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                            const struct jauauth_request *request,
                            const struct jauauth_options *given, struct jauauth_plan *plan,
                            struct jauauth_error *error)
{
  (void)error;
  const char *socket = host->option_text(given, "socket", NO_SOCKET);
  host->plan_tree(plan, JAUAUTH_TREE_ENGINE);
  host->plan_keep(plan, "socket", socket);
  add_step(host, plan, JAUAUTH_PHASE_BEFORE, "create", socket, request->instance);
  struct jauauth_step *front =
      add_step(host, plan, JAUAUTH_PHASE_FRONT, "start", socket, request->instance);
  host->step_argument(front, add_environment(host, call, request, plan, front));
  host->step_command(front);
  host->step_capture(add_step(host, plan, JAUAUTH_PHASE_LOCATE, "pid", socket, request->instance),
                     64);
  host->plan_locate_output(plan, "pid", 0);
  add_step(host, plan, JAUAUTH_PHASE_REMOVE, "remove", socket, request->instance);
  for (uint32_t i = 0; i < JAUAUTH_LIMIT_COUNT; i++)
    host->plan_limit(plan, i, JAUAUTH_NOT, "this engine has no limits");
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_fact(plan, "network", "open");
  return 0;
}

static int32_t holder_teardown(const struct jauauth_host *host, struct jauauth_call *call,
                               const char *instance, const struct jauauth_pair *const *kept,
                               struct jauauth_plan *plan, struct jauauth_error *error)
{
  (void)call;
  (void)error;
  const char *socket = NO_SOCKET;
  for (size_t i = 0; kept[i] != NULL; i++)
    if (strcmp(kept[i]->key, "socket") == 0)
      socket = kept[i]->value;
  add_step(host, plan, JAUAUTH_PHASE_REMOVE, "remove", socket, instance);
  return 0;
}

/* clang-format off */
JAUAUTH_PLUGIN_BEGIN
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_CALLER, "holder", "0.1.0",
  "For tests: a daemon holds the processes, as container engines do",
  options, sizeof options[0], NULL,
  holder_probe, holder_validate, holder_spawn, holder_teardown,
  NULL, NULL, NULL
JAUAUTH_PLUGIN_END

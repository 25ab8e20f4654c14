/* SPDX-License-Identifier: Apache-2.0 */
/* A strategy without isolation whose probe and PREPARE steps are scripts that a test writes. */
#include <jauauth/plugin.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#define SCRIPT_MILLISECONDS 60000
#define GRACE_MILLISECONDS  2000
#define ENGINE_MILLISECONDS 5000

static const struct jauauth_option options[] = {
    {
        .name = "look",
        .help = "Script that succeeds where everything is there already",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_TEXT,
    },
    {
        .name = "fetch",
        .help = "Script that fetches what is needed",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_TEXT,
    },
    {
        .name = "fetch_milliseconds",
        .help = "Time limit of that script",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_INTEGER,
        .minimum = 1,
        .maximum = SCRIPT_MILLISECONDS,
    },
    {
        .name = "engine",
        .help = "Program that prints whether it works; without it, it does",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PATH,
        .flags = JAUAUTH_OPTION_HOST,
    },
    {
        .name = "socket",
        .help = "File that the answer depends on",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PATH,
        .flags = JAUAUTH_OPTION_HOST,
    },
    {.name = NULL},
};

/* What the engine prints is the state. */
static uint32_t ask_engine(const struct jauauth_host *host, struct jauauth_call *call,
                           const char *engine)
{
  const char *const argv[] = {engine, NULL};
  struct jauauth_run_result result = {.struct_size = (uint32_t)sizeof result};
  if (host->run(call, argv, ENGINE_MILLISECONDS, &result, NULL) != 0 || result.timed_out)
    return JAUAUTH_STATE_UNAVAILABLE;
  return strcmp(result.output, "available\n") == 0  ? JAUAUTH_STATE_AVAILABLE
         : strcmp(result.output, "degraded\n") == 0 ? JAUAUTH_STATE_DEGRADED
                                                    : JAUAUTH_STATE_UNAVAILABLE;
}

static int32_t workshop_probe(const struct jauauth_host *host, struct jauauth_call *call,
                              struct jauauth_probe *probe, struct jauauth_error *error)
{
  (void)error;
  const struct jauauth_options *given = host->host_options(call);
  const char *engine = host->option_text(given, "engine", NULL);
  const char *socket = host->option_text(given, "socket", NULL);
  if (socket != NULL)
    host->probe_watch(probe, socket);
  uint32_t state = engine == NULL ? JAUAUTH_STATE_AVAILABLE : ask_engine(host, call, engine);
  host->probe_state(probe, state);
  if (engine != NULL)
    host->probe_engine(probe, engine, "1");
  if (state != JAUAUTH_STATE_AVAILABLE)
    host->probe_finding(probe, "engine-says-so", JAUAUTH_SEVERITY_ERROR, "the engine says no");
  return 0;
}

static int32_t workshop_validate(const struct jauauth_host *host, struct jauauth_call *call,
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

static struct jauauth_step *add_script(const struct jauauth_host *host, struct jauauth_plan *plan,
                                       const char *name, const char *script, uint32_t time_limit)
{
  struct jauauth_step *step = host->plan_step(plan, JAUAUTH_PHASE_PREPARE, name, "/bin/sh");
  host->step_argument(step, "-c");
  host->step_argument(step, script);
  host->step_environment(step, "PATH", "/usr/bin:/bin");
  host->step_time_limit(step, time_limit);
  return step;
}

static void add_front(const struct jauauth_host *host, const struct jauauth_request *request,
                      struct jauauth_plan *plan)
{
  const struct jauauth_variable *const *environment = request->environment;
  struct jauauth_step *front = host->plan_step(plan, JAUAUTH_PHASE_FRONT, "server", NULL);
  host->step_command(front);
  for (size_t i = 0; environment[i] != NULL; i++) {
    host->step_environment(front, environment[i]->name, environment[i]->value);
    host->plan_variable(plan, environment[i]->name, JAUAUTH_BY_FRONT);
  }
  host->plan_command_path(plan, request->command[0]);
  host->plan_locate_front(plan, 0);
  for (uint32_t limit = 0; limit < JAUAUTH_LIMIT_COUNT; limit++)
    host->plan_limit(plan, limit, JAUAUTH_BY_HOST, NULL);
}

static int32_t workshop_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                              const struct jauauth_request *request,
                              const struct jauauth_options *given, struct jauauth_plan *plan,
                              struct jauauth_error *error)
{
  (void)call;
  (void)error;
  const char *look = host->option_text(given, "look", NULL);
  const char *fetch = host->option_text(given, "fetch", NULL);
  int64_t limit = host->option_integer(given, "fetch_milliseconds", SCRIPT_MILLISECONDS);
  host->plan_tree(plan, JAUAUTH_TREE_OWN);
  if (look != NULL)
    add_script(host, plan, "look", look, SCRIPT_MILLISECONDS);
  if (fetch != NULL) {
    struct jauauth_step *step = add_script(host, plan, "fetch", fetch, (uint32_t)limit);
    if (look != NULL)
      host->step_if_failed(step, "look");
  }
  add_front(host, request, plan);
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_stop_signal(plan, SIGTERM, JAUAUTH_TARGET_TREE);
  return 0;
}

static int32_t workshop_teardown(const struct jauauth_host *host, struct jauauth_call *call,
                                 const char *instance, const struct jauauth_pair *const *kept,
                                 struct jauauth_plan *plan, struct jauauth_error *error)
{
  (void)host;
  (void)call;
  (void)instance;
  (void)kept;
  (void)plan;
  (void)error;
  return 0;
}

static int32_t workshop_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                                 const struct jauauth_ending *ending,
                                 struct jauauth_diagnosis *diagnosis, struct jauauth_error *error)
{
  (void)error;
  if (ending->failed_step != NULL && strstr(ending->errors, "E42") != NULL)
    host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, "workshop-closed",
                   host->format(call, "the workshop is closed, says %s", ending->failed_step),
                   "come back tomorrow");
  return 0;
}

/* clang-format off */
JAUAUTH_PLUGIN_BEGIN
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_CALLER, WORKSHOP_NAME, "0.1.0",
  "No sandbox, and scripts that prepare a server",
  options, sizeof options[0], NULL,
  workshop_probe, workshop_validate, workshop_spawn, workshop_teardown,
  NULL, NULL, workshop_diagnose
JAUAUTH_PLUGIN_END

/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs `validate` and `spawn`: the launch plan of a server in bubblewrap. */
#include <signal.h>
#include <string.h>

#include "arguments.h"
#include "prepare.h"
#include "verbs.h"

/* How long the server has to end by itself after its stdin was closed, and after SIGTERM. */
#define GRACE_MILLISECONDS 2000

int32_t bubblewrap_validate(const struct jauauth_host *host, struct jauauth_call *call,
                            const struct jauauth_request *request,
                            const struct jauauth_options *options,
                            struct jauauth_problems *problems, struct jauauth_error *error)
{
  (void)options; /* each has a meaning, so the host has moved it into the request */
  struct bubblewrap_context context = {
      .host = host,
      .call = call,
      .request = request,
      .problems = problems,
      .error = error,
  };
  struct bubblewrap_layout layout = {.context = &context};
  bubblewrap_prepare(&layout);
  if (context.count == 0 && request->network == JAUAUTH_NETWORK_NONE && request->network_given == 0)
    host->note(problems, "network",
               "the default is stricter than that of bubblewrap: there is no network",
               "\"network\": true opens it, false says that it is meant");
  return 0;
}

/* The engine reads one --args file for the sandbox, which `explain` may show, and one for the
 * variables, which are secret. Its own environment is empty: it would read the server's variables
 * itself, outside the sandbox, and its first process inside would keep what it was started with. */
static int32_t add_front(const struct bubblewrap_layout *layout, struct jauauth_plan *plan,
                         const char *engine)
{
  const struct bubblewrap_context *context = layout->context;
  const struct jauauth_host *host = context->host;
  struct jauauth_step *step = host->plan_step(plan, JAUAUTH_PHASE_FRONT, "server", engine);
  struct bubblewrap_words sandbox = {.host = host, .call = context->call};
  struct bubblewrap_words variables = {.host = host, .call = context->call};
  if (bubblewrap_arguments(layout, step, &sandbox) != 0)
    return -1;
  bubblewrap_environment(layout, &variables);
  int32_t sandbox_file =
      host->step_file(step, "arguments of the sandbox", sandbox.bytes, sandbox.length, 0);
  int32_t variables_file = host->step_file(step, "variables of the server", variables.bytes,
                                           variables.length, JAUAUTH_FILE_SECRET);
  host->step_argument(step, "--args");
  host->step_argument(step, host->format(context->call, "%d", (int)sandbox_file));
  host->step_argument(step, "--args");
  host->step_argument(step, host->format(context->call, "%d", (int)variables_file));
  host->step_argument(step, "--");
  host->step_command(step);
  for (size_t i = 0; context->request->environment[i] != NULL; i++)
    host->plan_variable(plan, context->request->environment[i]->name, JAUAUTH_BY_FILE);
  return 0;
}

static void add_limits(const struct jauauth_host *host, struct jauauth_plan *plan)
{
  host->plan_limit(plan, JAUAUTH_LIMIT_MEMORY, JAUAUTH_PARTIAL,
                   "it holds for each process by itself, and not for files in private folders");
  host->plan_limit(plan, JAUAUTH_LIMIT_CPU, JAUAUTH_NOT,
                   "a share of a processor needs a control group, which bubblewrap does not make");
  host->plan_limit(plan, JAUAUTH_LIMIT_PIDS, JAUAUTH_BY_HOST, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_OPEN_FILES, JAUAUTH_BY_HOST, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_FILE_SIZE, JAUAUTH_BY_HOST, NULL);
}

/*
 * "child-pid" is the sandbox's own first process. It waits on the gate, inside the new user
 * namespace, and starts the server as its only child afterwards, so limits set on it are the
 * server's. It drops a SIGTERM (it is an init, kill(2)), and on one the front would kill everything
 * at once: what is asked to end is the child.
 */
static void add_control(const struct jauauth_host *host, struct jauauth_plan *plan)
{
  host->plan_locate_status(plan, "child-pid", 1);
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_stop_signal(plan, SIGTERM, JAUAUTH_TARGET_LOCATED);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
}

static void add_facts(const struct bubblewrap_layout *layout, struct jauauth_plan *plan)
{
  const struct bubblewrap_context *context = layout->context;
  const struct jauauth_host *host = context->host;
  bool open = context->request->network == JAUAUTH_NETWORK_OPEN;
  host->plan_fact(plan, "network", open ? "open" : "none");
  if (open)
    host->plan_weakens(plan, "network", "true", "no-network");
  for (size_t i = 0; i < layout->count; i++) {
    const struct bubblewrap_entry *entry = &layout->entries[i];
    struct jauauth_path info;
    if (entry->owner == BUBBLEWRAP_HOME && entry->kind == BUBBLEWRAP_WRITABLE)
      host->plan_fact(plan, "home.kept", entry->source);
    if (entry->owner != BUBBLEWRAP_USER)
      continue;
    if (entry->kind == BUBBLEWRAP_WRITABLE) {
      host->plan_fact(plan, "bind.writable", entry->source);
      host->plan_weakens(plan, "mounts", entry->target,
                         strcmp(entry->target, "/tmp") == 0 ? "private-tmp" : "read-only-root");
    }
    /* Whoever listens on it is outside, and no namespace is between. */
    if (bubblewrap_look(context, entry->source, &info) && info.type == JAUAUTH_PATH_SOCKET) {
      host->plan_fact(plan, "bind.socket", entry->source);
      host->plan_weakens(plan, "mounts", entry->target, "no-network");
    }
  }
}

int32_t bubblewrap_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                         const struct jauauth_request *request,
                         const struct jauauth_options *options, struct jauauth_plan *plan,
                         struct jauauth_error *error)
{
  (void)options;
  struct bubblewrap_context context = {
      .host = host, .call = call, .request = request, .error = error};
  struct bubblewrap_layout layout = {.context = &context};
  const char *engine = host->probed(call, "engine.path");
  if (engine == NULL)
    return host->error_set(error, "engine-missing", 0, NULL,
                           "bubblewrap was not found on this machine",
                           "install the package bubblewrap");
  const char *program = bubblewrap_prepare(&layout);
  if (context.count > 0)
    return -1;
  host->plan_tree(plan, JAUAUTH_TREE_OWN);
  if (add_front(&layout, plan, engine) != 0)
    return -1;
  host->plan_command_path(plan, program);
  add_limits(host, plan);
  add_control(host, plan);
  add_facts(&layout, plan);
  return 0;
}

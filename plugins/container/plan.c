/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs `validate`, `spawn` and `teardown`. */
#include <signal.h>
#include <string.h>

#include "arguments.h"
#include "image.h"

enum {
  GRACE_MILLISECONDS = 2000, /* after the end of stdin, and again after SIGTERM */
  CREATE_MILLISECONDS = 60000,
  ASK_MILLISECONDS = 10000,
  REMOVE_MILLISECONDS = 20000,
  PULL_MILLISECONDS = 60 * 60 * 1000,
  STATE_BYTES = 4096
};

static void words(const struct jauauth_host *host, struct jauauth_step *step,
                  const char *const *list)
{
  for (; *list != NULL; list++)
    host->step_argument(step, *list);
}

/* Also where the name is gone already: both engines take that for a success. */
static void add_remove(const struct container_context *context, struct jauauth_plan *plan,
                       const char *program, const char *container,
                       const struct jauauth_pair *const *kept)
{
  static const char *const docker[] = {"rm", "--force", "--volumes", NULL};
  /* Without a time of 0 podman waits ten seconds for a server that ignores SIGTERM. */
  static const char *const podman[] = {"rm", "--force", "--volumes", "--time", "0", NULL};
  const struct jauauth_host *host = context->host;
  struct jauauth_step *step =
      container_step(context, plan, JAUAUTH_PHASE_REMOVE, "remove", program, kept);
  words(host, step, container_engine.is_podman ? podman : docker);
  host->step_argument(step, container);
  host->step_time_limit(step, REMOVE_MILLISECONDS);
}

static void add_inspect(const struct container_context *context, struct jauauth_plan *plan,
                        uint32_t phase, const char *name, const char *program, const char *format)
{
  const struct jauauth_host *host = context->host;
  struct jauauth_step *step = container_step(context, plan, phase, name, program, NULL);
  const char *const list[] = {"inspect",   "--type",
                              "container", "--format",
                              format,      container_name(context, context->request->instance),
                              NULL};
  words(host, step, list);
  host->step_time_limit(step, ASK_MILLISECONDS);
  host->step_capture(step, STATE_BYTES);
}

/* What is here already is not asked of a registry. */
static void add_pull(const struct container_setup *setup, struct jauauth_plan *plan,
                     const char *program)
{
  const struct container_context *context = setup->context;
  const struct jauauth_host *host = context->host;
  struct jauauth_step *image =
      container_step(context, plan, JAUAUTH_PHASE_PREPARE, "image", program, NULL);
  const char *const look[] = {"inspect", "--type",     "image", "--format",
                              "{{.Id}}", setup->image, NULL};
  words(host, image, look);
  struct jauauth_step *pull =
      container_step(context, plan, JAUAUTH_PHASE_PREPARE, "pull", program, NULL);
  host->step_if_failed(pull, "image");
  host->step_argument(pull, "pull");
  host->step_argument(pull, setup->image);
  host->step_time_limit(pull, PULL_MILLISECONDS);
}

static void add_steps(const struct container_setup *setup, struct jauauth_plan *plan,
                      const char *program)
{
  const struct container_context *context = setup->context;
  const struct jauauth_host *host = context->host;
  const char *container = container_name(context, context->request->instance);
  add_pull(setup, plan, program);
  struct jauauth_step *create =
      container_step(context, plan, JAUAUTH_PHASE_BEFORE, "create", program, NULL);
  container_add_create(setup, create, plan);
  host->step_time_limit(create, CREATE_MILLISECONDS);
  struct jauauth_step *front =
      container_step(context, plan, JAUAUTH_PHASE_FRONT, "server", program, NULL);
  const char *const start[] = {"start", "--attach", "--interactive", container, NULL};
  words(host, front, start);
  if (container_probed_is(context, CONTAINER_LOCALITY, "remote")) {
    host->plan_locate_remote(plan);
  } else {
    add_inspect(context, plan, JAUAUTH_PHASE_LOCATE, "pid", program, "{{.State.Pid}}");
    host->plan_locate_output(plan, "pid", 1);
  }
  add_inspect(context, plan, JAUAUTH_PHASE_AFTER, "state", program,
              "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}");
  add_remove(context, plan, program, container, NULL);
}

/* The first process inside is the engine's init, which passes on what the front gets. */
static void add_control(const struct container_context *context, struct jauauth_plan *plan)
{
  const struct jauauth_host *host = context->host;
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_stop_signal(plan, SIGTERM, JAUAUTH_TARGET_FRONT);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
}

/* Without root podman sets limits of each process where it has no control group for the whole. */
static void add_limit(const struct container_context *context, struct jauauth_plan *plan,
                      uint32_t limit, const char *word, const char *by_process)
{
  const struct jauauth_host *host = context->host;
  bool rootless = container_engine.is_podman && container_rootless(context);
  const char *why = host->format(
      context->call,
      rootless ? "without root %s ignores it here, since it has no control group of its own"
               : "%s has no control group here in which it could be enforced",
      container_engine.shown);
  if (container_enforces(context, word))
    host->plan_limit(plan, limit, JAUAUTH_BY_ENGINE, NULL);
  else if (rootless && by_process != NULL)
    host->plan_limit(plan, limit, JAUAUTH_PARTIAL,
                     host->format(context->call, "%s; %s", why, by_process));
  else
    host->plan_limit(plan, limit, JAUAUTH_NOT, why);
}

static void add_limits(const struct container_context *context, struct jauauth_plan *plan)
{
  add_limit(context, plan, JAUAUTH_LIMIT_MEMORY, "memory",
            "each process is limited by itself (RLIMIT_DATA), their sum is not");
  add_limit(context, plan, JAUAUTH_LIMIT_CPU, "cpu", NULL);
  add_limit(context, plan, JAUAUTH_LIMIT_PIDS, "pids",
            "RLIMIT_NPROC takes its place, which from Linux 5.14 on counts the container alone");
  context->host->plan_limit(plan, JAUAUTH_LIMIT_OPEN_FILES, JAUAUTH_BY_ENGINE, NULL);
  context->host->plan_limit(plan, JAUAUTH_LIMIT_FILE_SIZE, JAUAUTH_BY_ENGINE, NULL);
}

/* What a flag that the host file allows takes away; the worst where it is not known. */
static const char *lost_by(const char *allowed)
{
  static const struct {
    const char *start;
    const char *property;
  } known[] = {{"--cap-add", "no-capabilities"},  {"--ipc", "private-ipc"},
               {"--net", "no-network"},           {"--pid", "private-pid-namespace"},
               {"--read-only", "read-only-root"}, {"--security-opt", "seccomp"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strncmp(allowed, known[i].start, strlen(known[i].start)) == 0)
      return known[i].property;
  return "private-home";
}

static void add_facts(const struct container_setup *setup, struct jauauth_plan *plan)
{
  const struct container_context *context = setup->context;
  const struct jauauth_host *host = context->host;
  const struct jauauth_request *request = context->request;
  host->plan_fact(plan, "code.origin", container_image_origin(setup->image));
  host->plan_fact(plan, "image", setup->image);
  const char *locality = host->probed(context->call, CONTAINER_LOCALITY);
  host->plan_fact(plan, "locality", locality == NULL ? "local" : locality);
  if (!container_engine.is_podman && !container_rootless(context))
    host->plan_fact(plan, "engine.grants-root", "yes");
  if (setup->network_by == NULL) {
    host->plan_fact(plan, "network", "none");
  } else {
    host->plan_fact(plan, "network", setup->network == NULL ? "open" : setup->network);
    host->plan_weakens(plan, setup->network_by, setup->network == NULL ? "true" : setup->network,
                       "no-network");
  }
  if (request->home != NULL)
    host->plan_fact(plan, "home.kept", request->home);
  for (size_t i = 0; request->mounts[i] != NULL; i++) {
    const struct jauauth_mount *mount = request->mounts[i];
    struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
    /* Whoever listens on it is outside, and no namespace is between. */
    if (host->inspect_path(context->call, mount->source, &info, NULL) == 0 &&
        info.type == JAUAUTH_PATH_SOCKET) {
      host->plan_fact(plan, "bind.socket", mount->source);
      host->plan_weakens(plan, "mounts", mount->target, "no-network");
    }
    if ((mount->flags & (JAUAUTH_MOUNT_READ_ONLY | JAUAUTH_MOUNT_HOST)) != 0)
      continue;
    host->plan_fact(plan, "bind.writable", mount->source);
    host->plan_weakens(plan, "mounts", mount->target, "read-only-root");
  }
  for (const struct container_word *word = setup->flags.allowed; word != NULL; word = word->next)
    host->plan_weakens(plan, "extra_flags", word->text, lost_by(word->text));
}

static void keep_leads(const struct container_context *context, struct jauauth_plan *plan)
{
  const struct jauauth_host *host = context->host;
  const struct jauauth_options *settings = host->host_options(context->call);
  const struct container_lead *lead = container_leads();
  for (; lead->option != NULL; lead++) {
    const char *value = host->option_text(settings, lead->option, NULL);
    if (value != NULL)
      host->plan_keep(plan, lead->option, value);
  }
}

/* What the engine itself would leave open, unless the user wrote that it is to be closed. */
static void note_defaults(const struct container_setup *setup)
{
  const struct container_context *context = setup->context;
  const struct jauauth_host *host = context->host;
  bool network = setup->network_by == NULL && setup->flags.network == NULL &&
                 context->request->network_given == 0;
  bool root = !setup->flags.read_only;
  if (!network && !root)
    return;
  host->note(context->problems, network ? "network" : "extra_flags",
             host->format(context->call, "the defaults are stricter than those of %s: %s%s%s",
                          container_engine.shown, network ? "there is no network" : "",
                          network && root ? ", and " : "",
                          root ? "what the image brings cannot be written" : ""),
             host->format(context->call, "%s%s%s",
                          network ? "\"network\": true opens it, false says that it is meant" : "",
                          network && root ? "; " : "",
                          root ? "\"--tmpfs PATH\" or \"mounts\" give it folders to write to, "
                                 "\"--read-only\" in \"extra_flags\" says that it is meant"
                               : ""));
}

int32_t container_validate(const struct jauauth_host *host, struct jauauth_call *call,
                           const struct jauauth_request *request,
                           const struct jauauth_options *options, struct jauauth_problems *problems,
                           struct jauauth_error *error)
{
  (void)error;
  struct container_context context = {
      .host = host, .call = call, .request = request, .options = options, .problems = problems};
  struct container_setup setup = {.context = &context};
  container_prepare(&setup);
  if (context.count == 0)
    note_defaults(&setup);
  return 0;
}

int32_t container_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                        const struct jauauth_request *request,
                        const struct jauauth_options *options, struct jauauth_plan *plan,
                        struct jauauth_error *error)
{
  struct container_context context = {
      .host = host, .call = call, .request = request, .options = options, .error = error};
  struct container_setup setup = {.context = &context};
  const char *program = host->probed(call, "engine.path");
  if (program == NULL)
    return host->error_set(
        error, "engine-missing", 0, NULL,
        host->format(call, "%s was not found on this machine", container_engine.shown),
        host->format(call, "install the package %s", container_engine.package));
  container_prepare(&setup);
  if (context.count > 0)
    return -1;
  host->plan_tree(plan, JAUAUTH_TREE_ENGINE);
  /* Its helpers, such as newuidmap, have the setuid bit; and a profile of AppArmor could not be
   * put on without new privileges. The server gets none, by the flags of its container. */
  if (container_engine.is_podman)
    host->plan_setuid_engine(plan);
  add_steps(&setup, plan, program);
  add_limits(&context, plan);
  add_control(&context, plan);
  add_facts(&setup, plan);
  keep_leads(&context, plan);
  return 0;
}

int32_t container_teardown(const struct jauauth_host *host, struct jauauth_call *call,
                           const char *instance, const struct jauauth_pair *const *kept,
                           struct jauauth_plan *plan, struct jauauth_error *error)
{
  struct container_context context = {.host = host, .call = call, .error = error};
  const char *program = host->find_program(call, container_engine.name, NULL, error);
  if (program == NULL)
    return -1;
  if (container_engine.is_podman)
    host->plan_setuid_engine(plan);
  add_remove(&context, plan, program, container_name(&context, instance), kept);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs `validate` and `spawn`: the launch plan of a server in firejail. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "command.h"
#include "environment.h"
#include "flags.h"
#include "network.h"
#include "plugins/common/path.h"
#include "verbs.h"

/* How long the server has to end by itself after its stdin was closed, and after SIGTERM. */
#define GRACE_MILLISECONDS 2000
#define DEFAULT_PROFILE    "default"

/* All that is known about a start before it is written down. */
struct starting {
  struct firejail_context *context;
  struct firejail_sight sight;
  struct firejail_flags flags;
  const char *profile;
  const char *program;
  const char *cleaner; /* env(1) */
  bool no_root;
};

/* Commands of a profile that set a filter: two of them would be an error, and theirs may be the
 * weaker one. */
static const char *const filters[] = {"seccomp",    "seccomp.drop",    "seccomp.keep",
                                      "seccomp.32", "seccomp.32.drop", "seccomp.32.keep",
                                      "protocol"};

/* What every server gets, whatever the profile says. */
static const char *const hardening[] = {"--seccomp",
                                        "--protocol=unix,inet,inet6,netlink",
                                        "--caps.drop=all",
                                        "--nonewprivs",
                                        "--restrict-namespaces",
                                        "--ipc-namespace",
                                        "--machine-id",
                                        "--dbus-user=none",
                                        "--dbus-system=none",
                                        "--x11=none",
                                        "--noinput",
                                        "--nosound",
                                        "--no3d",
                                        "--nodvd",
                                        "--notv",
                                        "--nou2f",
                                        "--novideo",
                                        "--deterministic-exit-code",
                                        "--deterministic-shutdown"};

/* firejail looks for a name in the account's own folder first. */
static bool is_profile_name(const struct firejail_context *context, const char *name)
{
  const struct jauauth_host *host = context->host;
  const char *home = firejail_home(context);
  struct jauauth_path info;
  if (strpbrk(name, "/\\&!?\"'<>%^(){};,*[]|$`~ \n\t") != NULL || name[0] == '\0')
    return false;
  return firejail_look(context, host->format(context->call, "/etc/firejail/%s.profile", name),
                       &info) ||
         (home != NULL &&
          firejail_look(context,
                        host->format(context->call, "%s/.config/firejail/%s.profile", home, name),
                        &info));
}

static void check_profile(struct starting *starting)
{
  struct firejail_context *context = starting->context;
  const struct jauauth_host *host = context->host;
  struct jauauth_path info;
  starting->profile = host->option_text(context->options, "profile", DEFAULT_PROFILE);
  if (starting->profile[0] != '/') {
    if (!is_profile_name(context, starting->profile))
      firejail_problem(context, "profile-missing", "profile",
                       host->format(context->call, "there is no profile \"%s\" in /etc/firejail",
                                    starting->profile),
                       "write the name of a file there without \".profile\", or the absolute path "
                       "of another one");
  } else if (!firejail_look(context, starting->profile, &info) || !info.readable) {
    firejail_problem(context, "profile-missing", "profile",
                     host->format(context->call,
                                  "the profile %s does not exist, or the account %s cannot read it",
                                  starting->profile, context->request->user_name),
                     "correct the path, or let the account read the file");
  }
}

static void check_apparmor(struct starting *starting)
{
  struct firejail_context *context = starting->context;
  const char *state = context->host->probed(context->call, FIREJAIL_APPARMOR);
  for (const struct firejail_word *word = starting->flags.passed; word != NULL; word = word->next)
    if (strcmp(word->text, "--apparmor") == 0 && state != NULL && strcmp(state, "no") == 0)
      firejail_problem(context, "apparmor-missing", "extra_args",
                       "this system has no AppArmor, and firejail would go on without it",
                       "leave \"--apparmor\" out");
}

/* What `validate` and `spawn` share: the result may be used only when context->count is 0. */
static void prepare(struct starting *starting, struct firejail_context *context)
{
  const struct jauauth_host *host = context->host;
  starting->context = context;
  starting->sight.context = context;
  starting->no_root = host->option_integer(context->options, "no_root", 1) != 0;
  check_profile(starting);
  firejail_flags_read(context, &starting->flags);
  check_apparmor(starting);
  firejail_network_check(context);
  firejail_environment_check(context);
  firejail_sight_prepare(&starting->sight);
  starting->cleaner = host->find_program(context->call, "env", NULL, NULL);
  if (starting->cleaner == NULL)
    firejail_problem(context, "env-missing", "command", "the program env is not installed",
                     "install the package coreutils");
  starting->program = firejail_command(&starting->sight);
}

/* What firejail itself would leave open, unless the user wrote that it is to be closed. */
static void note_defaults(const struct starting *starting)
{
  const struct firejail_context *context = starting->context;
  const struct jauauth_request *request = context->request;
  const struct jauauth_host *host = context->host;
  bool network = request->network == JAUAUTH_NETWORK_NONE && request->network_given == 0;
  bool home = request->home == NULL && !starting->sight.home_shows_paths;
  if (!network && !home)
    return;
  host->note(context->problems, network ? "network" : "home",
             host->format(context->call, "the defaults are stricter than those of firejail: %s%s%s",
                          network ? "there is no network" : "", network && home ? ", and " : "",
                          home ? "the home of the account is not shown, but an empty one" : ""),
             host->format(context->call, "%s%s%s",
                          network ? "\"network\": true opens it, false says that it is meant" : "",
                          network && home ? "; " : "",
                          home ? "\"whitelist_paths\" shows folders of the account's home, "
                                 "\"home\": \"keep\" keeps what the server writes into its own"
                               : ""));
}

int32_t firejail_validate(const struct jauauth_host *host, struct jauauth_call *call,
                          const struct jauauth_request *request,
                          const struct jauauth_options *options, struct jauauth_problems *problems,
                          struct jauauth_error *error)
{
  struct firejail_context context = {.host = host,
                                     .call = call,
                                     .request = request,
                                     .options = options,
                                     .problems = problems,
                                     .error = error};
  struct starting starting = {0};
  prepare(&starting, &context);
  if (context.count == 0)
    note_defaults(&starting);
  return 0;
}

static void add_limit(const struct firejail_context *context, struct jauauth_step *step,
                      const char *flag, uint32_t limit)
{
  const struct jauauth_request *request = context->request;
  if (limit < request->limits_count && request->limits[limit].value > 0)
    context->host->step_argument(step, context->host->format(context->call, "%s=%" PRIu64, flag,
                                                             request->limits[limit].value));
}

static bool counts_processes(const struct starting *starting)
{
  const char *counts =
      starting->context->host->probed(starting->context->call, FIREJAIL_COUNTS_PROCESSES);
  return starting->no_root && counts != NULL && strcmp(counts, "yes") == 0;
}

/* --ignore must stand before the profile that it is about. */
static void add_profile(const struct starting *starting, struct jauauth_step *step)
{
  const struct firejail_context *context = starting->context;
  const struct jauauth_host *host = context->host;
  host->step_argument(step, "--quiet");
  for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
    host->step_argument(step, host->format(context->call, "--ignore=%s", filters[i]));
  if (!starting->no_root)
    host->step_argument(step, "--ignore=noroot");
  host->step_argument(step, host->format(context->call, "--profile=%s", starting->profile));
}

/* Without "--" in front of the command firejail executes it itself, else a shell does. */
static void add_front(const struct starting *starting, struct jauauth_plan *plan,
                      const char *engine)
{
  const struct firejail_context *context = starting->context;
  const struct jauauth_host *host = context->host;
  struct jauauth_step *step = host->plan_step(plan, JAUAUTH_PHASE_FRONT, "server", engine);
  add_profile(starting, step);
  firejail_environment_add(&starting->sight, plan, step);
  for (size_t i = 0; i < sizeof hardening / sizeof hardening[0]; i++)
    host->step_argument(step, hardening[i]);
  if (starting->no_root)
    host->step_argument(step, "--noroot");
  firejail_network_arguments(context, step);
  firejail_sight_arguments(&starting->sight, step);
  if (counts_processes(starting))
    add_limit(context, step, "--rlimit-nproc", JAUAUTH_LIMIT_PIDS);
  add_limit(context, step, "--rlimit-nofile", JAUAUTH_LIMIT_OPEN_FILES);
  add_limit(context, step, "--rlimit-fsize", JAUAUTH_LIMIT_FILE_SIZE);
  for (const struct firejail_word *word = starting->flags.passed; word != NULL; word = word->next)
    host->step_argument(step, word->text);
  firejail_environment_clean(context, step, starting->cleaner);
  host->step_command(step);
}

static void add_limits(const struct starting *starting, struct jauauth_plan *plan)
{
  const struct jauauth_host *host = starting->context->host;
  host->plan_limit(plan, JAUAUTH_LIMIT_MEMORY, JAUAUTH_PARTIAL,
                   "it holds for each process by itself, and not for files in private folders");
  host->plan_limit(plan, JAUAUTH_LIMIT_CPU, JAUAUTH_NOT,
                   "a share of a processor needs a control group, which firejail does not make");
  if (counts_processes(starting))
    host->plan_limit(plan, JAUAUTH_LIMIT_PIDS, JAUAUTH_BY_ENGINE, NULL);
  else
    host->plan_limit(plan, JAUAUTH_LIMIT_PIDS, JAUAUTH_NOT,
                     starting->no_root
                         ? "before Linux 5.14 everything that the account runs would count"
                         : "without \"no_root\" everything that the account runs would count");
  host->plan_limit(plan, JAUAUTH_LIMIT_OPEN_FILES, JAUAUTH_BY_ENGINE, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_FILE_SIZE, JAUAUTH_BY_ENGINE, NULL);
}

/* The front passes a SIGTERM on to the server. On SIGKILL the kernel ends everything with it. */
static void add_control(const struct jauauth_host *host, struct jauauth_plan *plan)
{
  host->plan_locate_front(plan, 0);
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_stop_signal(plan, SIGTERM, JAUAUTH_TARGET_FRONT);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
}

static void add_mount_facts(const struct firejail_context *context, struct jauauth_plan *plan)
{
  const struct jauauth_host *host = context->host;
  const struct jauauth_mount *const *mounts = context->request->mounts;
  for (size_t i = 0; mounts[i] != NULL; i++) {
    struct jauauth_path info;
    if ((mounts[i]->flags & JAUAUTH_MOUNT_READ_ONLY) == 0) {
      host->plan_fact(plan, "bind.writable", mounts[i]->source);
      host->plan_weakens(plan, "mounts", mounts[i]->target, "read-only-root");
    }
    if (firejail_look(context, mounts[i]->source, &info) && info.type == JAUAUTH_PATH_SOCKET) {
      host->plan_fact(plan, "bind.socket", mounts[i]->source);
      host->plan_weakens(plan, "mounts", mounts[i]->target, "no-network");
    }
  }
}

static void add_facts(const struct starting *starting, struct jauauth_plan *plan)
{
  const struct firejail_context *context = starting->context;
  const struct jauauth_host *host = context->host;
  const struct jauauth_request *request = context->request;
  const char *network = request->network == JAUAUTH_NETWORK_NONE    ? "none"
                        : request->network == JAUAUTH_NETWORK_NAMED ? request->network_name
                                                                    : "open";
  host->plan_fact(plan, "network", network);
  if (request->network != JAUAUTH_NETWORK_NONE)
    host->plan_weakens(plan, "network",
                       request->network == JAUAUTH_NETWORK_NAMED ? network : "true", "no-network");
  if (strcmp(starting->profile, DEFAULT_PROFILE) != 0)
    host->plan_weakens(plan, "profile", starting->profile, "private-home");
  if (!starting->no_root)
    host->plan_weakens(plan, "no_root", "false", "no-capabilities");
  if (request->home != NULL)
    host->plan_fact(plan, "home.kept", request->home);
  add_mount_facts(context, plan);
  for (const struct firejail_word *word = starting->flags.allowed; word != NULL; word = word->next)
    host->plan_weakens(plan, "extra_args", word->text, firejail_flag_costs(word->text));
}

int32_t firejail_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                       const struct jauauth_request *request, const struct jauauth_options *options,
                       struct jauauth_plan *plan, struct jauauth_error *error)
{
  struct firejail_context context = {
      .host = host, .call = call, .request = request, .options = options, .error = error};
  struct starting starting = {0};
  const char *engine = host->probed(call, "engine.path");
  if (engine == NULL)
    return host->error_set(error, "engine-missing", 0, NULL,
                           "firejail was not found on this machine",
                           "install the package firejail");
  prepare(&starting, &context);
  if (context.count > 0)
    return -1;
  host->plan_tree(plan, JAUAUTH_TREE_OWN);
  host->plan_setuid_engine(plan);
  add_front(&starting, plan, engine);
  host->plan_command_path(plan, starting.program);
  add_limits(&starting, plan);
  add_control(host, plan);
  add_facts(&starting, plan);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin that uses no sandbox: the server is an ordinary program of the account. */
#include <jauauth/plugin.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

/* How long the server has to end by itself after its stdin was closed, and after SIGTERM. */
#define GRACE_MILLISECONDS 2000
#define DEFAULT_PATH       "/usr/local/bin:/usr/bin:/bin"

/* What one call of `validate` or `spawn` needs. */
struct none_check {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  const struct jauauth_request *request;
  struct jauauth_problems *problems; /* NULL in `spawn` */
  struct jauauth_error *error;       /* used in `spawn` only */
  unsigned count;
};

static void none_problem(struct none_check *check, const char *code, const char *option,
                         const char *text, const char *hint)
{
  check->count++;
  if (check->problems != NULL)
    check->host->problem(check->problems, option, text, hint);
  else if (check->count == 1)
    check->host->error_set(check->error, code, 0, option, text, hint);
}

static int32_t none_probe(const struct jauauth_host *host, struct jauauth_call *call,
                          struct jauauth_probe *probe, struct jauauth_error *error)
{
  (void)call;
  (void)error;
  host->probe_state(probe, JAUAUTH_STATE_AVAILABLE);
  return 0;
}

static const char *none_variable(const struct jauauth_request *request, const char *name)
{
  for (size_t i = 0; request->environment[i] != NULL; i++)
    if (strcmp(request->environment[i]->name, name) == 0)
      return request->environment[i]->value;
  return NULL;
}

/* A mount that the host made itself, on its own place, is there without any help. */
static bool none_is_in_place(const struct jauauth_mount *mount)
{
  return (mount->flags & JAUAUTH_MOUNT_HOST) != 0 && strcmp(mount->source, mount->target) == 0;
}

/* Nothing is made for this server, so the folder has to be there. */
static void none_check_work(struct none_check *check, const char *path)
{
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  const struct jauauth_host *host = check->host;
  const char *real = host->real_path(check->call, path, NULL);
  if (real != NULL && host->inspect_path(check->call, real, &info, NULL) == 0 &&
      info.type == JAUAUTH_PATH_DIRECTORY && info.executable)
    return;
  none_problem(check, "folder-missing", "work_directory",
               host->format(check->call,
                            "%s is not a folder that the account %s can enter, and without a "
                            "sandbox none is made",
                            path, check->request->user_name),
               "create it, or leave \"work_dir\" out");
}

/* Where the server puts its temporary files is up to its own TMPDIR, and else /tmp. */
static void none_check_temporary(struct none_check *check, const char *path)
{
  const char *variable = none_variable(check->request, "TMPDIR");
  if (strcmp(path, variable == NULL ? "/tmp" : variable) == 0)
    return;
  none_problem(check, "temporary-directory-not-possible", "temporary_directory",
               "without a sandbox there is no temporary directory of the server's own",
               "leave \"temp_dir\" out, and set TMPDIR in \"env\" when the server obeys it");
}

static void none_check_request(struct none_check *check)
{
  const struct jauauth_request *request = check->request;
  if (request->network == JAUAUTH_NETWORK_NAMED)
    none_problem(check, "network-not-known", "network",
                 "without a sandbox there is only the network of the host",
                 "leave \"network\" out");
  for (size_t i = 0; request->mounts[i] != NULL; i++)
    if (!none_is_in_place(request->mounts[i]))
      none_problem(
          check, "mounts-not-possible", check->host->format(check->call, "mounts/%zu", i),
          "without a sandbox nothing can be mounted: the server sees the files of the host",
          "leave the mount out, or choose a strategy with a sandbox");
  if (request->home != NULL)
    none_problem(check, "home-not-possible", "home",
                 "without a sandbox there is no home of the server's own",
                 "leave \"home\" out, or choose a strategy with a sandbox");
  if (request->work_directory != NULL)
    none_check_work(check, request->work_directory);
  if (request->temporary_directory != NULL)
    none_check_temporary(check, request->temporary_directory);
}

/* The first folder above `path` that the account cannot enter, or NULL. */
static const char *none_closed_folder(const struct none_check *check, const char *path)
{
  const struct jauauth_host *host = check->host;
  for (const char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
    const char *folder = host->format(check->call, "%.*s", (int)(at - path), path);
    struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
    if (host->inspect_path(check->call, folder, &info, NULL) != 0)
      return NULL;
    if (info.type != JAUAUTH_PATH_LINK && !info.executable)
      return folder;
  }
  return NULL;
}

/* Why a program was not found, when it is because of the account. */
static const char *none_closed_in_path(const struct none_check *check, const char *name,
                                       const char *search)
{
  if (name[0] == '/')
    return none_closed_folder(check, name);
  const char *closed = NULL;
  for (const char *at = search; closed == NULL && *at != '\0';) {
    size_t length = strcspn(at, ":");
    if (at[0] == '/')
      closed = none_closed_folder(
          check, check->host->format(check->call, "%.*s/%s", (int)length, at, name));
    at += length + (at[length] == ':');
  }
  return closed;
}

static void none_report_absent(struct none_check *check, const char *name, const char *search)
{
  const struct jauauth_host *host = check->host;
  const char *account = check->request->user_name;
  const char *closed = none_closed_in_path(check, name, search);
  if (closed != NULL)
    none_problem(check, "command-missing", "command",
                 host->format(check->call,
                              "the program %s was not found: the account %s may not enter %s", name,
                              account, closed),
                 "install it for all users, or let that account enter the folder");
  else
    none_problem(check, "command-missing", "command",
                 host->format(check->call,
                              "the program %s was not found, or the account %s may not execute it",
                              name, account),
                 "install it, write its absolute path, or set PATH in \"env\"");
}

/* The program by the server's own PATH; relative paths start in the work directory. */
static const char *none_find_command(struct none_check *check)
{
  const struct jauauth_host *host = check->host;
  const struct jauauth_request *request = check->request;
  const char *name = request->command[0];
  const char *search = none_variable(request, "PATH");
  if (strchr(name, '/') != NULL && name[0] != '/') {
    if (request->work_directory == NULL) {
      none_problem(check, "command-relative", "command",
                   "the path of the program is relative, and there is no work directory",
                   "write an absolute path, or set \"work_dir\"");
      return NULL;
    }
    name = host->format(check->call, "%s/%s", request->work_directory, name);
  }
  search = search == NULL ? DEFAULT_PATH : search;
  const char *path = host->find_program(check->call, name, search, NULL);
  if (path == NULL)
    none_report_absent(check, name, search);
  return path;
}

static int32_t none_validate(const struct jauauth_host *host, struct jauauth_call *call,
                             const struct jauauth_request *request,
                             const struct jauauth_options *options,
                             struct jauauth_problems *problems, struct jauauth_error *error)
{
  (void)options;
  struct none_check check = {
      .host = host, .call = call, .request = request, .problems = problems, .error = error};
  none_check_request(&check);
  none_find_command(&check);
  return 0;
}

/* The server is the front: its environment is the front's, and the host puts it into the work
 * directory. */
static void none_add_front(const struct none_check *check, struct jauauth_plan *plan)
{
  const struct jauauth_host *host = check->host;
  const struct jauauth_variable *const *environment = check->request->environment;
  struct jauauth_step *step = host->plan_step(plan, JAUAUTH_PHASE_FRONT, "server", NULL);
  host->step_command(step);
  for (size_t i = 0; environment[i] != NULL; i++) {
    host->step_environment(step, environment[i]->name, environment[i]->value);
    host->plan_variable(plan, environment[i]->name, JAUAUTH_BY_FRONT);
  }
}

static void none_add_limits(const struct jauauth_host *host, struct jauauth_plan *plan)
{
  host->plan_limit(plan, JAUAUTH_LIMIT_MEMORY, JAUAUTH_PARTIAL,
                   "it holds for each process by itself, not for all of them together");
  host->plan_limit(plan, JAUAUTH_LIMIT_CPU, JAUAUTH_NOT,
                   "a share of a processor needs a control group");
  host->plan_limit(plan, JAUAUTH_LIMIT_PIDS, JAUAUTH_PARTIAL,
                   "the kernel counts all processes of the account, not those of the server");
  host->plan_limit(plan, JAUAUTH_LIMIT_OPEN_FILES, JAUAUTH_BY_HOST, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_FILE_SIZE, JAUAUTH_BY_HOST, NULL);
}

static int32_t none_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                          const struct jauauth_request *request,
                          const struct jauauth_options *options, struct jauauth_plan *plan,
                          struct jauauth_error *error)
{
  (void)options;
  struct none_check check = {.host = host, .call = call, .request = request, .error = error};
  none_check_request(&check);
  const char *command = none_find_command(&check);
  if (check.count > 0)
    return -1;
  host->plan_tree(plan, JAUAUTH_TREE_OWN);
  none_add_front(&check, plan);
  host->plan_command_path(plan, command);
  host->plan_locate_front(plan, 0);
  none_add_limits(host, plan);
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_stop_signal(plan, SIGTERM, JAUAUTH_TARGET_TREE);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  /* Nothing is closed, so this says that "no network" is not what the server gets. */
  host->plan_fact(plan, "network", "open");
  host->plan_weakens(plan, "strategy", "none", "no-network");
  host->plan_weakens(plan, "strategy", "none", "private-pid-namespace");
  host->plan_weakens(plan, "strategy", "none", "read-only-root");
  host->plan_weakens(plan, "strategy", "none", "no-outward-signals");
  return 0;
}

/* The keeper ends the tree; an engine that could hold something is not there. */
static int32_t none_teardown(const struct jauauth_host *host, struct jauauth_call *call,
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

static int32_t none_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                             const struct jauauth_ending *ending,
                             struct jauauth_diagnosis *diagnosis, struct jauauth_error *error)
{
  (void)error;
  if (ending->signal == SIGKILL && ending->memory_kills > 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_LIMIT, "memory-limit",
                   "the server was killed because it used more memory than its limit",
                   "raise \"memory_limit\"");
  else if (ending->signal != 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-signal",
                   host->format(call, "the server was ended by signal %d", (int)ending->signal),
                   NULL);
  else
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-exit",
                   host->format(call, "the server ended with status %d", (int)ending->exit_code),
                   NULL);
  return 0;
}

/* clang-format off */
JAUAUTH_PLUGIN_BEGIN
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_UNPRIVILEGED, "none", "0.1.0",
  "No sandbox: the server runs as an ordinary program of the account",
  NULL, sizeof(struct jauauth_option), NULL,
  none_probe, none_validate, none_spawn, none_teardown,
  NULL, NULL, none_diagnose
JAUAUTH_PLUGIN_END

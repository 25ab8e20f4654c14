/* SPDX-License-Identifier: Apache-2.0 */
/* An example to copy: a strategy that takes the network away from a server, and nothing else. */
#include <jauauth/plugin.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

/* How long the server has to end by itself after its stdin was closed, and after SIGTERM. */
#define GRACE_MILLISECONDS 2000
#define PROBE_MILLISECONDS 5000

static const struct jauauth_option options[] = {
    {
        .name = "keep_ipc",
        .help = "Leave the server in the host's namespace of shared memory and semaphores",
        .default_value = "false",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_BOOLEAN,
        .flags = JAUAUTH_OPTION_WEAKENS,
    },
    {.name = NULL},
};

/* --- probe: is unshare(1) there, and may this account make namespaces? --------------------------
 */

static void unavailable(const struct jauauth_host *host, struct jauauth_probe *probe,
                        const char *code, const char *text)
{
  host->probe_state(probe, JAUAUTH_STATE_UNAVAILABLE);
  host->probe_finding(probe, code, JAUAUTH_SEVERITY_ERROR, text);
}

/* The first line of a text, in the arena of the call. */
static const char *first_line(const struct jauauth_host *host, struct jauauth_call *call,
                              const char *text)
{
  return host->format(call, "%.*s", (int)strcspn(text, "\n"), text);
}

static int32_t offline_probe(const struct jauauth_host *host, struct jauauth_call *call,
                             struct jauauth_probe *probe, struct jauauth_error *error)
{
  const char *engine = host->find_program(call, "unshare", NULL, NULL);
  if (engine == NULL) {
    unavailable(host, probe, "engine-missing", "the program unshare is not installed");
    host->probe_repair(probe, JAUAUTH_PLATFORM_APT, "apt-get install util-linux");
    return 0;
  }
  const char *const version[] = {engine, "--version", NULL};
  const char *const attempt[] = {engine, "--user", "--map-current-user", "--net", "--ipc",
                                 "--",   engine,   "--version",          NULL};
  struct jauauth_run_result result = {.struct_size = (uint32_t)sizeof result};
  if (host->run(call, version, PROBE_MILLISECONDS, &result, error) != 0)
    return -1;
  host->probe_engine(probe, engine, first_line(host, call, result.output));
  if (host->run(call, attempt, PROBE_MILLISECONDS, &result, error) != 0)
    return -1;
  if (result.exit_code != 0) {
    unavailable(host, probe, "namespaces-refused",
                host->format(call, "this account cannot make namespaces: %s",
                             first_line(host, call, result.errors)));
    return 0;
  }
  host->probe_state(probe, JAUAUTH_STATE_AVAILABLE);
  /* A claim is a promise. "no-network" would be one too many: the server sees the files of the
   * host, and behind the sockets among them are programs that have a network. */
  host->probe_claim(probe, "private-ipc");
  return 0;
}

/* --- What is wrong with a request: validate tells all of it, spawn the first --------------------
 */

struct check {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  const struct jauauth_request *request;
  struct jauauth_problems *problems; /* NULL in spawn */
  struct jauauth_error *error;
  unsigned count;
};

static void problem(struct check *check, const char *code, const char *option, const char *text,
                    const char *hint)
{
  check->count++;
  if (check->problems != NULL)
    check->host->problem(check->problems, option, text, hint);
  else
    check->host->error_set(check->error, code, 0, option, text, hint); /* the first one counts */
}

/* The shell that sets the variables knows such names only. */
static bool is_shell_name(const char *name)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return strspn(name, letters) == strlen(name) && (name[0] < '0' || name[0] > '9');
}

static const char *variable(const struct jauauth_request *request, const char *name)
{
  for (size_t i = 0; request->environment[i] != NULL; i++)
    if (strcmp(request->environment[i]->name, name) == 0)
      return request->environment[i]->value;
  return NULL;
}

static void check_folder(struct check *check, const char *path)
{
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  const char *real = check->host->real_path(check->call, path, NULL);
  if (real == NULL || check->host->inspect_path(check->call, real, &info, NULL) != 0 ||
      info.type != JAUAUTH_PATH_DIRECTORY || !info.executable)
    problem(check, "folder-missing", "work_directory",
            check->host->format(check->call, "%s is no folder that the server can enter", path),
            "create it, or leave \"work_dir\" out");
}

/* Returns the server's program, or NULL after a problem. */
static const char *check_request(struct check *check)
{
  const struct jauauth_host *host = check->host;
  const struct jauauth_request *request = check->request;
  if (request->network == JAUAUTH_NETWORK_NAMED)
    problem(check, "network-not-known", "network", "this strategy knows no networks by name",
            "write true or false");
  for (size_t i = 0; request->mounts[i] != NULL; i++)
    problem(check, "mounts-not-possible", host->format(check->call, "mounts/%zu", i),
            "the server sees the files of the host, and nothing can be mounted for it",
            "leave the mount out");
  if (request->home != NULL)
    problem(check, "home-not-possible", "home", "there is no home of the server's own",
            "leave \"home\" out");
  if (request->temporary_directory != NULL)
    problem(check, "folder-not-possible", "temporary_directory",
            "there is no temporary directory of the server's own", "leave \"temp_dir\" out");
  if (request->work_directory != NULL)
    check_folder(check, request->work_directory);
  for (size_t i = 0; request->environment[i] != NULL; i++)
    if (!is_shell_name(request->environment[i]->name))
      problem(check, "variable-not-possible", "environment",
              host->format(check->call, "a shell cannot set %s", request->environment[i]->name),
              "leave the variable out");
  const char *program =
      host->find_program(check->call, request->command[0], variable(request, "PATH"), NULL);
  if (program == NULL)
    problem(check, "command-missing", "command",
            host->format(check->call, "the program %s was not found", request->command[0]),
            "install it, or set PATH in \"env\"");
  return program;
}

static int32_t offline_validate(const struct jauauth_host *host, struct jauauth_call *call,
                                const struct jauauth_request *request,
                                const struct jauauth_options *given,
                                struct jauauth_problems *problems, struct jauauth_error *error)
{
  (void)given; /* the host has checked the only option by the table */
  struct check check = {host, call, request, problems, error, 0};
  check_request(&check);
  return 0;
}

/* --- spawn: the launch plan ---------------------------------------------------------------------
 */

/* The value as a word of a shell, in quotes. */
static const char *quoted(const struct jauauth_host *host, struct jauauth_call *call,
                          const char *value)
{
  static const char quote[] = {'\'', '\\', '\'', '\''};
  char *word = host->allocate(call, 4 * strlen(value) + 3);
  char *at = word;
  *at++ = '\'';
  for (; *value != '\0'; value++) {
    if (*value == '\'') {
      memcpy(at, quote, sizeof quote);
      at += sizeof quote;
    } else {
      *at++ = *value;
    }
  }
  *at = '\'';
  return word;
}

/* Variables are secrets, so that they reach the server in a sealed file and not on a command line.
 * unshare itself gets none of them: it runs outside, and LD_PRELOAD would reach it there. */
static int32_t add_variables(const struct check *check, struct jauauth_plan *plan,
                             struct jauauth_step *step)
{
  const struct jauauth_variable *const *environment = check->request->environment;
  const char *lines = "";
  for (size_t i = 0; environment[i] != NULL; i++) {
    lines = check->host->format(check->call, "%sexport %s=%s\n", lines, environment[i]->name,
                                quoted(check->host, check->call, environment[i]->value));
    check->host->plan_variable(plan, environment[i]->name, JAUAUTH_BY_FILE);
  }
  return check->host->step_file(step, "variables of the server, as a shell reads them", lines,
                                strlen(lines), JAUAUTH_FILE_SECRET);
}

static void add_front(const struct check *check, struct jauauth_plan *plan, const char *engine,
                      const char *shell, bool keep_ipc)
{
  const struct jauauth_host *host = check->host;
  struct jauauth_step *step = host->plan_step(plan, JAUAUTH_PHASE_FRONT, "server", engine);
  int32_t file = add_variables(check, plan, step);
  host->step_argument(step, "--user");
  host->step_argument(step, "--map-current-user");
  if (check->request->network == JAUAUTH_NETWORK_NONE)
    host->step_argument(step, "--net");
  if (!keep_ipc)
    host->step_argument(step, "--ipc");
  if (check->request->work_directory != NULL) {
    host->step_argument(step, "--wd");
    host->step_argument(step, check->request->work_directory);
  }
  host->step_argument(step, "--");
  host->step_argument(step, shell);
  host->step_argument(step, "-c");
  host->step_argument(step, host->format(check->call, ". /proc/self/fd/%d; exec %d<&-; exec \"$@\"",
                                         (int)file, (int)file));
  host->step_argument(step, "sh");
  host->step_command(step);
}

static void add_limits(const struct jauauth_host *host, struct jauauth_plan *plan)
{
  host->plan_limit(plan, JAUAUTH_LIMIT_MEMORY, JAUAUTH_BY_HOST, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_CPU, JAUAUTH_BY_HOST, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_PIDS, JAUAUTH_BY_HOST, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_OPEN_FILES, JAUAUTH_BY_HOST, NULL);
  host->plan_limit(plan, JAUAUTH_LIMIT_FILE_SIZE, JAUAUTH_BY_HOST, NULL);
}

static int32_t offline_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                             const struct jauauth_request *request,
                             const struct jauauth_options *given, struct jauauth_plan *plan,
                             struct jauauth_error *error)
{
  struct check check = {host, call, request, NULL, error, 0};
  const char *program = check_request(&check);
  if (check.count > 0)
    return -1;
  const char *engine = host->probed(call, "engine.path");
  if (engine == NULL)
    return host->error_set(error, "engine-missing", 0, NULL, "unshare was not found here",
                           "install the package util-linux");
  const char *shell = host->find_program(call, "sh", NULL, error);
  if (shell == NULL)
    return -1; /* the host has set the error */
  bool keep_ipc = host->option_integer(given, "keep_ipc", 0) != 0;
  host->plan_tree(plan, JAUAUTH_TREE_OWN);
  add_front(&check, plan, engine, shell, keep_ipc);
  host->plan_command_path(plan, program);
  /* unshare and the shell become the server: the front's process is the server's. */
  host->plan_locate_front(plan, 0);
  add_limits(host, plan);
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_stop_signal(plan, SIGTERM, JAUAUTH_TARGET_TREE);
  host->plan_stop_wait(plan, GRACE_MILLISECONDS);
  host->plan_fact(plan, "network", request->network == JAUAUTH_NETWORK_OPEN ? "open" : "none");
  if (keep_ipc)
    host->plan_weakens(plan, "keep_ipc", "true", "private-ipc");
  return 0;
}

/* --- teardown and diagnose ----------------------------------------------------------------------
 */

/* What the kernel ends with the server's processes needs no removing. */
static int32_t offline_teardown(const struct jauauth_host *host, struct jauauth_call *call,
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

/* Only what unshare prints itself tells its failure from the server's. */
static int32_t offline_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                                const struct jauauth_ending *ending,
                                struct jauauth_diagnosis *diagnosis, struct jauauth_error *error)
{
  (void)error;
  if (ending->signal != 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-signal",
                   host->format(call, "the server was ended by signal %d", (int)ending->signal),
                   NULL);
  else if (strncmp(ending->errors, "unshare: ", 9) == 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, "sandbox-failed",
                   first_line(host, call, ending->errors),
                   "jauauth plugins show offline tries it again");
  else
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-exit",
                   host->format(call, "the server ended with status %d", (int)ending->exit_code),
                   NULL);
  return 0;
}

/* clang-format off */
JAUAUTH_PLUGIN_BEGIN
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_UNPRIVILEGED, "offline", "0.1.0",
  "No network, and nothing else: the server sees the files and processes of the account",
  options, sizeof options[0], NULL,
  offline_probe, offline_validate, offline_spawn, offline_teardown,
  NULL, NULL, offline_diagnose
JAUAUTH_PLUGIN_END

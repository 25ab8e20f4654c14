/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `probe`: whether bubblewrap works here, for this account, and what it can do. */
#include <stdbool.h>
#include <string.h>

#include "closed.h"
#include "plugins/common/version.h"
#include "verbs.h"
#include "version.h"

#define RUN_MILLISECONDS 5000

struct late_option {
  const char *option;
  const char *feature;
  const char *code;
  const char *text; /* what is missing without it; NULL: nothing that weakens */
};

static const struct late_option late_options[] = {
    {"--disable-userns", BUBBLEWRAP_HAS_DISABLE_USERNS, "no-disable-userns",
     "this version has no --disable-userns; that servers make no user namespaces is left to the "
     "system call filter alone"},
    {"--size", BUBBLEWRAP_HAS_SIZE, "no-size",
     "this version has no --size; each private folder may fill half of the memory"},
    {"--perms", BUBBLEWRAP_HAS_PERMS, NULL, NULL},
};

/* The plan cannot do without these. */
static const char *const needed_options[] = {"--args",        "--json-status-fd", "--block-fd",
                                             "--new-session", "--unshare-all",    "--remount-ro"};

static const char *const claims[] = {
    "no-network",      "private-pid-namespace", "private-ipc",       "read-only-root",
    "no-capabilities", "no-new-privileges",     "seccomp",           "no-nested-user-namespaces",
    "private-tmp",     "private-home",          "clean-environment", "no-outward-signals"};

/* A probe under way. */
struct probing {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  struct jauauth_probe *probe;
  const char *engine;
  const char *version;
  const char *help;
  bool setuid;
};

static void unavailable(const struct probing *at, const char *code, const char *text)
{
  at->host->probe_state(at->probe, JAUAUTH_STATE_UNAVAILABLE);
  at->host->probe_finding(at->probe, code, JAUAUTH_SEVERITY_ERROR, text);
}

static void repair_by_package(const struct probing *at)
{
  const struct jauauth_host *host = at->host;
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_APT, "apt-get install bubblewrap");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_DNF, "dnf install bubblewrap");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_PACMAN, "pacman -S bubblewrap");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_BREW, "brew install bubblewrap");
}

static bool run(const struct probing *at, const char *const *argv,
                struct jauauth_run_result *result)
{
  memset(result, 0, sizeof *result);
  result->struct_size = (uint32_t)sizeof *result;
  return at->host->run(at->call, argv, RUN_MILLISECONDS, result, NULL) == 0 && !result->timed_out;
}

/* As root it is no sandbox: what is inside still has the user id of root. */
static bool is_root(const struct probing *at)
{
  const char *program = at->host->find_program(at->call, "id", NULL, NULL);
  const char *const argv[] = {program, "-u", NULL};
  struct jauauth_run_result result;
  return program != NULL && run(at, argv, &result) && result.exit_code == 0 &&
         strcmp(result.output, "0\n") == 0;
}

static bool has(const struct probing *at, const char *option)
{
  return strstr(at->help, option) != NULL;
}

static const char *first_missing_option(const struct probing *at)
{
  for (size_t i = 0; i < sizeof needed_options / sizeof needed_options[0]; i++)
    if (!has(at, needed_options[i]))
      return needed_options[i];
  return NULL;
}

/* Version, options and setuid bit. false after a finding that ends the probe. */
static bool ask_engine(struct probing *at)
{
  const struct jauauth_host *host = at->host;
  const char *const version_argv[] = {at->engine, "--version", NULL};
  const char *const help_argv[] = {at->engine, "--help", NULL};
  struct jauauth_run_result version = {0};
  struct jauauth_run_result help = {0};
  if (!run(at, version_argv, &version) || !run(at, help_argv, &help)) {
    bool hangs = version.timed_out || help.timed_out;
    unavailable(at, hangs ? "engine-hangs" : "engine-broken",
                host->format(at->call,
                             hangs ? "%s does not end when it is asked for its version"
                                   : "%s cannot be run",
                             at->engine));
    repair_by_package(at);
    return false;
  }
  at->version = plugin_version_text(host, at->call, version.output);
  at->help = help.output;
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  at->setuid =
      host->inspect_path(at->call, at->engine, &info, NULL) == 0 && (info.mode & 04000) != 0;
  const char *missing = first_missing_option(at);
  if (missing == NULL)
    return true;
  unavailable(at, "engine-too-old",
              host->format(at->call, "bubblewrap %s has no %s; 0.4.0 or newer is needed",
                           at->version, missing));
  host->probe_engine(at->probe, at->engine, at->version);
  repair_by_package(at);
  return false;
}

/* A sandbox with all that the plan needs, around a program that does nothing. A plan runs without
 * new privileges, so a setuid bit must not help here. */
static bool try_sandbox(const struct probing *at, struct jauauth_run_result *result)
{
  static const char *const words[] = {"--unshare-all",
                                      "--unshare-user",
                                      "--die-with-parent",
                                      "--new-session",
                                      "--cap-drop",
                                      "ALL",
                                      "--uid",
                                      "1000",
                                      "--gid",
                                      "1000",
                                      "--ro-bind",
                                      "/",
                                      "/",
                                      "--proc",
                                      "/proc",
                                      "--dev",
                                      "/dev",
                                      "--"};
  const struct jauauth_host *host = at->host;
  const char *nothing = host->find_program(at->call, "true", NULL, NULL);
  const char *setpriv = at->setuid ? host->find_program(at->call, "setpriv", NULL, NULL) : NULL;
  const char *argv[sizeof words / sizeof words[0] + 8];
  size_t count = 0;
  if (setpriv != NULL) {
    argv[count++] = setpriv;
    argv[count++] = "--no-new-privs";
  }
  argv[count++] = at->engine;
  if (has(at, "--disable-userns"))
    argv[count++] = "--disable-userns";
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    argv[count++] = words[i];
  argv[count++] = nothing == NULL ? "/bin/true" : nothing;
  argv[count] = NULL;
  return run(at, argv, result) && result->exit_code == 0;
}

static bool is_degraded(const struct probing *at)
{
  bool degraded = at->setuid;
  for (size_t i = 0; i < sizeof late_options / sizeof late_options[0]; i++)
    degraded = degraded || (late_options[i].text != NULL && !has(at, late_options[i].option));
  return degraded;
}

static void report(const struct probing *at)
{
  const struct jauauth_host *host = at->host;
  host->probe_engine(at->probe, at->engine, at->version);
  for (size_t i = 0; i < sizeof late_options / sizeof late_options[0]; i++) {
    const struct late_option *late = &late_options[i];
    host->probe_feature(at->probe, late->feature, has(at, late->option) ? "yes" : "no");
    if (late->text != NULL && !has(at, late->option))
      host->probe_finding(at->probe, late->code, JAUAUTH_SEVERITY_WARNING, late->text);
  }
  if (at->setuid)
    host->probe_finding(at->probe, "engine-setuid", JAUAUTH_SEVERITY_WARNING,
                        "bubblewrap is installed with the setuid bit, which is not needed and not "
                        "used here");
  bubblewrap_weak_versions(host, at->probe, at->version, at->setuid);
}

int32_t bubblewrap_probe(const struct jauauth_host *host, struct jauauth_call *call,
                         struct jauauth_probe *probe, struct jauauth_error *error)
{
  (void)error;
  struct probing at = {.host = host, .call = call, .probe = probe};
  if (is_root(&at)) {
    unavailable(&at, "account-root",
                "bubblewrap run by root is no sandbox: what is inside keeps the rights of root on "
                "the files of the host");
    host->probe_repair(probe, JAUAUTH_PLATFORM_ANY,
                       "run jauauth as an ordinary user, or set run_as to an ordinary account");
    return 0;
  }
  at.engine = host->find_program(call, "bwrap", NULL, NULL);
  if (at.engine == NULL) {
    unavailable(&at, "engine-missing", "the program bwrap is not installed");
    repair_by_package(&at);
    return 0;
  }
  struct jauauth_run_result result;
  if (!ask_engine(&at))
    return 0;
  if (!try_sandbox(&at, &result)) {
    host->probe_state(probe, JAUAUTH_STATE_UNAVAILABLE);
    bubblewrap_closed(host, call, probe, &result);
    report(&at);
    return 0;
  }
  host->probe_state(probe, is_degraded(&at) ? JAUAUTH_STATE_DEGRADED : JAUAUTH_STATE_AVAILABLE);
  report(&at);
  for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
    host->probe_claim(probe, claims[i]);
  if (JAUAUTH_HOST_HAS(host, probe_watch))
    host->probe_watch(probe, at.engine);
  return 0;
}

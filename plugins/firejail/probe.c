/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `probe`: whether firejail works here, for this account, and what it can do. */
#include <stdbool.h>
#include <string.h>

#include "closed.h"
#include "plugins/common/path.h"
#include "plugins/common/version.h"
#include "verbs.h"

#define RUN_MILLISECONDS 5000
/* The first that executes the command without a shell, and knows all flags of the plan. */
#define OLDEST_VERSION "0.9.72"
#define SETTINGS       "/etc/firejail/firejail.config"

static const struct {
  const char *identifier;
  const char *first;
  const char *fixed_in;
  const char *text;
} weak_versions[] = {
#define WEAK_VERSION(identifier, first, fixed_in, text) {identifier, first, fixed_in, text},
#include "weak-versions.def"
#undef WEAK_VERSION
};

/* Not among them: "read-only-root", since file systems besides that of / stay as they are. */
static const char *const claims[] = {
    "no-network",        "private-pid-namespace",     "private-ipc",
    "no-capabilities",   "no-new-privileges",         "seccomp",
    "private-tmp",       "no-nested-user-namespaces", "private-home",
    "clean-environment", "no-outward-signals"};

/* A probe under way. */
struct probing {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  struct jauauth_probe *probe;
  const char *engine;
  const char *version;
};

static void unavailable(const struct probing *at, const char *code, const char *text)
{
  at->host->probe_state(at->probe, JAUAUTH_STATE_UNAVAILABLE);
  at->host->probe_finding(at->probe, code, JAUAUTH_SEVERITY_ERROR, text);
}

static void repair_by_package(const struct probing *at)
{
  const struct jauauth_host *host = at->host;
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_APT, "apt-get install firejail firejail-profiles");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_DNF, "dnf install firejail");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_PACMAN, "pacman -S firejail");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_BREW,
                     "brew has no firejail, which needs the system's own package manager");
}

static bool run(const struct probing *at, const char *const *argv,
                struct jauauth_run_result *result)
{
  memset(result, 0, sizeof *result);
  result->struct_size = (uint32_t)sizeof *result;
  return at->host->run(at->call, argv, RUN_MILLISECONDS, result, NULL) == 0 && !result->timed_out;
}

/* The first line that a program of the system prints, NULL when it cannot be had. */
static const char *ask(const struct probing *at, const char *name, const char *first,
                       const char *second)
{
  const char *program = at->host->find_program(at->call, name, NULL, NULL);
  const char *const argv[] = {program, first, second, NULL};
  struct jauauth_run_result result;
  if (program == NULL || !run(at, argv, &result) || result.exit_code != 0)
    return NULL;
  return plugin_copy(at->host, at->call, result.output, strcspn(result.output, "\n"));
}

/* Version and rights of the program. false after a finding that ends the probe. */
static bool look_at_engine(struct probing *at)
{
  const struct jauauth_host *host = at->host;
  const char *const argv[] = {at->engine, "--version", NULL};
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  struct jauauth_run_result result = {0};
  const char *real = host->real_path(at->call, at->engine, NULL);
  if (real == NULL || host->inspect_path(at->call, real, &info, NULL) != 0 ||
      !run(at, argv, &result)) {
    unavailable(at, result.timed_out ? "engine-hangs" : "engine-broken",
                host->format(at->call,
                             result.timed_out ? "%s does not end when it is asked for its version"
                                              : "%s cannot be run",
                             at->engine));
    repair_by_package(at);
    return false;
  }
  at->version = plugin_version_text(host, at->call, result.output);
  if ((info.mode & 04000) == 0 || info.user_id != 0) {
    unavailable(at, "setuid-missing",
                host->format(at->call,
                             "%s is not a setuid program of root, without which it can make no "
                             "sandbox",
                             real));
    host->probe_repair(at->probe, JAUAUTH_PLATFORM_ANY,
                       host->format(at->call, "chown root %s && chmod u+s %s", real, real));
    host->probe_repair(at->probe, JAUAUTH_PLATFORM_APT, "apt-get install --reinstall firejail");
    return false;
  }
  if (strcmp(at->version, "unknown") != 0 &&
      plugin_version_compare(at->version, OLDEST_VERSION) < 0) {
    unavailable(at, "engine-too-old",
                host->format(at->call, "firejail %s is too old; " OLDEST_VERSION " is needed",
                             at->version));
    repair_by_package(at);
    return false;
  }
  return true;
}

/* A sandbox with what every plan has, around a program that says in which one it is. A firejail
 * inside a firejail makes none, says nothing, and ends well. */
static bool try_sandbox(const struct probing *at)
{
  const struct jauauth_host *host = at->host;
  const char *reader = host->find_program(at->call, "readlink", NULL, NULL);
  const char *const argv[] = {at->engine,
                              "--quiet",
                              "--ignore=seccomp",
                              "--ignore=protocol",
                              "--profile=default",
                              "--seccomp",
                              "--protocol=unix,inet,inet6,netlink",
                              "--caps.drop=all",
                              "--nonewprivs",
                              "--noroot",
                              "--restrict-namespaces",
                              "--ipc-namespace",
                              "--net=none",
                              "--private-dev",
                              "--private-tmp",
                              "--read-only=/",
                              reader,
                              "/proc/self/ns/mnt",
                              NULL};
  struct jauauth_run_result result;
  const char *outside = ask(at, "readlink", "/proc/self/ns/mnt", NULL);
  if (reader == NULL || outside == NULL) {
    unavailable(at, "probe-impossible", "the program readlink, which the probe needs, is missing");
    host->probe_repair(at->probe, JAUAUTH_PLATFORM_ANY, "install the package coreutils");
    return false;
  }
  bool ended = run(at, argv, &result);
  if (!ended || result.exit_code != 0) {
    host->probe_state(at->probe, JAUAUTH_STATE_UNAVAILABLE);
    firejail_closed(host, at->call, at->probe, &result);
    return false;
  }
  if (strncmp(result.output, outside, strlen(outside)) != 0)
    return true;
  unavailable(at, "engine-nested",
              "jauauth runs inside a sandbox of firejail, and another one in it would protect "
              "nothing");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_ANY, "start jauauth outside of firejail");
  return false;
}

/* "yes" in a line of firejail.config that is no comment. */
static bool is_set(const char *settings, const char *name)
{
  size_t length = strlen(name);
  for (const char *line = settings; *line != '\0';) {
    size_t whole = strcspn(line, "\n");
    if (strncmp(line, name, length) == 0 && line[length] == ' ' &&
        strncmp(line + length + strspn(line + length, " "), "yes", 3) == 0)
      return true;
    line += whole + (line[whole] == '\n');
  }
  return false;
}

static void tell_networking(const struct probing *at)
{
  const struct jauauth_host *host = at->host;
  const char *cat = host->find_program(at->call, "cat", NULL, NULL);
  const char *const argv[] = {cat, SETTINGS, NULL};
  struct jauauth_run_result result;
  if (cat == NULL || !run(at, argv, &result) || result.exit_code != 0 ||
      !is_set(result.output, "restricted-network")) {
    host->probe_feature(at->probe, FIREJAIL_NETWORKING, "free");
    return;
  }
  host->probe_feature(at->probe, FIREJAIL_NETWORKING, "restricted");
  host->probe_finding(at->probe, "networking-restricted", JAUAUTH_SEVERITY_INFO,
                      SETTINGS " has \"restricted-network yes\": servers have no network or that "
                               "of the host, and no interface of their own");
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_ANY,
                     "set \"restricted-network no\" in " SETTINGS
                     " where servers need an interface");
}

/* Firejail takes the home from the user database, and hides it only where it is there. */
static void tell_home(const struct probing *at)
{
  const struct jauauth_host *host = at->host;
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  const char *number = ask(at, "id", "-u", NULL);
  const char *home = number == NULL ? NULL : ask(at, "getent", "passwd", number);
  for (int field = 0; home != NULL && field < 5; field++) {
    home = strchr(home, ':');
    home = home == NULL ? NULL : home + 1;
  }
  if (home != NULL)
    home = plugin_copy(host, at->call, home, strcspn(home, ":"));
  bool is_there = home != NULL && home[0] == '/' && home[1] != '\0' &&
                  host->inspect_path(at->call, home, &info, NULL) == 0 &&
                  info.type == JAUAUTH_PATH_DIRECTORY;
  host->probe_feature(at->probe, FIREJAIL_HOME, is_there ? home : "none");
  if (home != NULL && !is_there && home[0] == '/')
    host->probe_watch(at->probe, home); /* what is in a home changes all the time */
}

static void tell_kernel(const struct probing *at)
{
  const struct jauauth_host *host = at->host;
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  const char *release = ask(at, "uname", "-r", NULL);
  bool counts = release != NULL && plugin_version_compare(release, "5.14") >= 0;
  bool apparmor = host->inspect_path(at->call, "/sys/kernel/security/apparmor", &info, NULL) == 0;
  host->probe_feature(at->probe, FIREJAIL_COUNTS_PROCESSES, counts ? "yes" : "no");
  host->probe_feature(at->probe, FIREJAIL_APPARMOR, apparmor ? "yes" : "no");
}

/* What the answer depends on besides the engine, the account and the kernel. */
static void tell_watched(const struct probing *at)
{
  static const char *const files[] = {SETTINGS, "/etc/firejail/firejail.users",
                                      "/etc/firejail/default.profile", "/etc/passwd"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    at->host->probe_watch(at->probe, files[i]);
}

static void tell_version(const struct probing *at)
{
  at->host->probe_engine(at->probe, at->engine, at->version);
  for (size_t i = 0; i < sizeof weak_versions / sizeof weak_versions[0]; i++)
    if (plugin_version_within(at->version, weak_versions[i].first, weak_versions[i].fixed_in))
      at->host->probe_weak_version(at->probe, weak_versions[i].identifier, weak_versions[i].text,
                                   weak_versions[i].fixed_in);
}

int32_t firejail_probe(const struct jauauth_host *host, struct jauauth_call *call,
                       struct jauauth_probe *probe, struct jauauth_error *error)
{
  (void)error;
  struct probing at = {.host = host, .call = call, .probe = probe};
  const char *number = ask(&at, "id", "-u", NULL);
  if (number != NULL && strcmp(number, "0") == 0) {
    unavailable(&at, "account-root",
                "firejail run by root is no sandbox: what is inside keeps the rights of root on "
                "the files of the host");
    host->probe_repair(probe, JAUAUTH_PLATFORM_ANY,
                       "run jauauth as an ordinary user, or set run_as to an ordinary account");
    return 0;
  }
  at.engine = host->find_program(call, "firejail", NULL, NULL);
  if (at.engine == NULL) {
    unavailable(&at, "engine-missing", "the program firejail is not installed");
    repair_by_package(&at);
    return 0;
  }
  bool usable = look_at_engine(&at) && try_sandbox(&at);
  if (at.version != NULL)
    tell_version(&at);
  if (!usable)
    return 0;
  host->probe_state(probe, JAUAUTH_STATE_AVAILABLE);
  tell_networking(&at);
  tell_home(&at);
  tell_kernel(&at);
  tell_watched(&at);
  for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
    host->probe_claim(probe, claims[i]);
  return 0;
}

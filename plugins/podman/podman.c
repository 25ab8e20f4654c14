/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin for Podman: its options, its probe and its table. */
#include <jauauth/plugin.h>

#include <string.h>

#include "plugins/container/options.h"
#include "plugins/container/probe.h"

/* Its filter of system calls lets user namespaces be made inside, so that this is not claimed. */
static const char *const claims[] = {
    "no-network",      "private-pid-namespace", "private-ipc", "read-only-root",
    "no-capabilities", "no-new-privileges",     "seccomp",     "private-tmp",
    "private-home",    "no-outward-signals",    NULL};

const struct container_engine container_engine = {
    .name = "podman", .shown = "Podman", .is_podman = true, .package = "podman", .claims = claims};

static const struct jauauth_option options[] = {
    CONTAINER_OPTIONS,
    {.name = "connection",
     .help = "Connection of the client that leads to the engine on another machine",
     .since = "0.1.0",
     .type = JAUAUTH_TYPE_TEXT,
     .flags = JAUAUTH_OPTION_HOST},
    {.name = "runtime",
     .help = "Runtime that starts containers, such as runc or crun",
     .since = "0.1.0",
     .type = JAUAUTH_TYPE_TEXT,
     .flags = JAUAUTH_OPTION_HOST},
    {.name = NULL},
};

static const char *const front_programs[] = {"podman", "podman-compose", NULL};

static const struct container_weak_version weak_versions[] = {
#define WEAK_VERSION(identifier, first, fixed_in, text) {identifier, first, fixed_in, text},
#include "weak-versions.def"
#undef WEAK_VERSION
};

#define USE_RUNC                                                                                   \
  {                                                                                                \
    JAUAUTH_PLATFORM_ANY, "install runc, and write in the host file: plugins = { podman = { "      \
                          "runtime = \"runc\"; }; };"                                              \
  }

static const struct container_cause causes[] = {
    {"cgroups in hybrid mode not supported",
     "runtime-cannot",
     "the runtime crun cannot work with the hybrid control groups of this machine",
     {USE_RUNC}},
    {"newuidmap",
     "userns-helper-missing",
     "the programs newuidmap and newgidmap are missing or have no setuid bit",
     {{JAUAUTH_PLATFORM_APT, "apt-get install uidmap"},
      {JAUAUTH_PLATFORM_DNF, "dnf install shadow-utils"},
      {JAUAUTH_PLATFORM_PACMAN, "pacman -S shadow"}}},
    {"subuid",
     "no-subordinate-ids",
     "this account has no subordinate user ids",
     {{JAUAUTH_PLATFORM_ANY, "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                             "ACCOUNT, then podman system migrate as that account"}}},
    {"cannot clone",
     "userns-refused",
     "the system refuses user namespaces to this account",
     {{JAUAUTH_PLATFORM_ANY, "sysctl -w user.max_user_namespaces=15000"}}},
    {"container-init binary not found",
     "init-missing",
     "podman finds no init for containers",
     {{JAUAUTH_PLATFORM_APT, "apt-get install catatonit"},
      {JAUAUTH_PLATFORM_DNF, "dnf install catatonit"},
      {JAUAUTH_PLATFORM_PACMAN, "pacman -S catatonit"}}},
    {"setting rlimit",
     "limit-above-own",
     "podman's own default limits are above what this account may have",
     {{JAUAUTH_PLATFORM_ANY, "in containers.conf: [containers] default_ulimits = "
                             "[\"nofile=1024:1024\", \"nproc=4096:4096\"]"}}},
    {"XDG_RUNTIME_DIR",
     "runtime-directory",
     "the folder for files of this session cannot be written",
     {{JAUAUTH_PLATFORM_ANY, "loginctl enable-linger ACCOUNT"}}},
    {"mkdir",
     "home-missing",
     "podman cannot make its folders in the home of this account",
     {{JAUAUTH_PLATFORM_ANY, "give the account a home that it can write"}}},
    {"executable file not found",
     "runtime-missing",
     "the runtime that starts containers is missing",
     {{JAUAUTH_PLATFORM_APT, "apt-get install crun"},
      {JAUAUTH_PLATFORM_DNF, "dnf install crun"},
      {JAUAUTH_PLATFORM_PACMAN, "pacman -S crun"}}},
    {"OCI runtime", "runtime-broken", "podman cannot start a container", {USE_RUNC}},
    {NULL, NULL, NULL, {{NULL, NULL}}}};

/* Fields of the line that `podman info` prints. */
enum field { VERSION, ROOTLESS, CGROUPS, RUNTIME, CONTROLLERS, SERVICE };

static const char *field(const struct container_probing *at, const char *line, enum field index)
{
  return container_field(&at->context, line, index);
}

/* Root has the groups of the first version, and in the second one only those that are handed down.
 * Without root podman ignores every limit in the first one, without an error. */
static bool tell_limits(const struct container_probing *at, const char *line)
{
  static const char *const words[] = {"memory", "cpu", "pids"};
  const struct jauauth_host *host = at->context.host;
  bool second = strcmp(field(at, line, CGROUPS), "v2") == 0;
  bool rootless = strcmp(field(at, line, ROOTLESS), "true") == 0;
  const char *controllers = field(at, line, CONTROLLERS);
  const char *held = "";
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if ((second || !rootless) && strstr(controllers, words[i]) != NULL)
      held = host->format(at->context.call, "%s%s ", held, words[i]);
  host->probe_feature(at->probe, CONTAINER_LIMITS, held);
  if (held[0] != '\0')
    return true;
  host->probe_finding(
      at->probe, "limits-ignored", JAUAUTH_SEVERITY_WARNING,
      rootless && !second
          ? "the control groups of this machine are of the first version: without root podman "
            "ignores limits of memory, processors and processes"
          : "no control groups are handed down to this account: limits of memory, processors and "
            "processes cannot be enforced");
  return false;
}

/* crun refuses a machine that has both versions mounted, whatever it is asked to start. */
static bool runtime_fits(const struct container_probing *at, const char *line)
{
  const struct jauauth_host *host = at->context.host;
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  const char *runtime = field(at, line, RUNTIME);
  const char *chosen = host->option_text(host->host_options(at->context.call), "runtime", runtime);
  bool hybrid = strcmp(field(at, line, CGROUPS), "v1") == 0 &&
                host->inspect_path(at->context.call, "/sys/fs/cgroup/unified", &info, NULL) == 0;
  if (!hybrid || strstr(chosen, "crun") == NULL)
    return true;
  container_unavailable(at, &causes[0], "");
  return false;
}

static int32_t podman_probe(const struct jauauth_host *host, struct jauauth_call *call,
                            struct jauauth_probe *probe, struct jauauth_error *error)
{
  (void)error;
  static const char *const info[] = {"info", "--format",
                                     "{{.Version.Version}}|{{.Host.Security.Rootless}}|"
                                     "{{.Host.CgroupsVersion}}|{{.Host.OCIRuntime.Name}}|"
                                     "{{.Host.CgroupControllers}}|{{.Host.ServiceIsRemote}}",
                                     NULL};
  struct container_probing at = {
      .context = {.host = host, .call = call}, .probe = probe, .causes = causes};
  struct jauauth_run_result result;
  if (!container_find_engine(&at))
    return 0;
  bool asked = container_ask(&at, info, &result);
  const char *line = asked && result.exit_code == 0 ? result.output : "";
  const char *version = field(&at, line, VERSION);
  host->probe_engine(probe, at.program, version[0] == '\0' ? "unknown" : version);
  if (version[0] == '\0') {
    container_unusable(&at, &result);
    return 0;
  }
  if (!runtime_fits(&at, line))
    return 0;
  bool rootless = strcmp(field(&at, line, ROOTLESS), "true") == 0;
  host->probe_feature(probe, CONTAINER_ROOTLESS, rootless ? "yes" : "no");
  container_tell_machine(&at, strcmp(field(&at, line, SERVICE), "true") == 0);
  bool limits = tell_limits(&at, line);
  static const char *const watched[] = {"/etc/subuid", "/etc/containers/containers.conf",
                                        "/etc/containers/storage.conf", "/proc/self/limits"};
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    host->probe_watch(probe, watched[i]);
  container_weak_versions(&at, version, weak_versions,
                          sizeof weak_versions / sizeof weak_versions[0]);
  if (!container_try(&at))
    return 0;
  host->probe_state(probe, limits ? JAUAUTH_STATE_AVAILABLE : JAUAUTH_STATE_DEGRADED);
  container_claim(&at);
  return 0;
}

/* clang-format off */
JAUAUTH_PLUGIN_BEGIN
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_CALLER, "podman", "0.1.0",
  "Containers of Podman, which needs no daemon and no root",
  options, sizeof options[0], front_programs,
  podman_probe, container_validate, container_spawn, container_teardown,
  NULL, NULL, container_diagnose
JAUAUTH_PLUGIN_END

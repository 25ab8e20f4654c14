/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin for Docker: its options, its probe and its table. */
#include <jauauth/plugin.h>

#include <string.h>

#include "plugins/container/options.h"
#include "plugins/container/probe.h"

static const char *const claims[] = {
    "no-network",     "private-pid-namespace",     "private-ipc",
    "read-only-root", "no-capabilities",           "no-new-privileges",
    "seccomp",        "no-nested-user-namespaces", "private-tmp",
    "private-home",   "no-outward-signals",        NULL};

const struct container_engine container_engine = {
    .name = "docker", .shown = "Docker", .package = "docker.io", .claims = claims};

static const struct jauauth_option options[] = {
    CONTAINER_OPTIONS,
    {.name = "context",
     .help = "Context of the client that leads to the engine",
     .since = "0.1.0",
     .type = JAUAUTH_TYPE_TEXT,
     .flags = JAUAUTH_OPTION_HOST},
    {.name = NULL},
};

static const char *const front_programs[] = {"docker", "docker-compose", NULL};

static const struct container_weak_version weak_versions[] = {
#define WEAK_VERSION(identifier, first, fixed_in, text) {identifier, first, fixed_in, text},
#include "weak-versions.def"
#undef WEAK_VERSION
};

static const struct container_cause causes[] = {
    {"permission denied while trying to connect",
     "engine-refused",
     "this account may not use the engine",
     {{JAUAUTH_PLATFORM_ANY,
       "usermod -aG docker ACCOUNT, and log in again (whoever is in that group is root); or use "
       "podman, which needs no such right"}}},
    {"Cannot connect to the Docker daemon",
     "engine-down",
     "the engine does not run",
     {{JAUAUTH_PLATFORM_ANY, "systemctl start docker"}}},
    {"no such host", "engine-unreachable", "the engine's machine is not known", {{NULL, NULL}}},
    {"context",
     "context-unknown",
     "the context of the host file is not usable",
     {{JAUAUTH_PLATFORM_ANY, "docker context ls"}}},
    {"docker-init",
     "init-missing",
     "the engine finds no init for containers",
     {{JAUAUTH_PLATFORM_APT, "apt-get install tini"}, {JAUAUTH_PLATFORM_DNF, "dnf install tini"}}},
    {"OCI runtime create failed",
     "runtime-broken",
     "the engine cannot start a container",
     {{JAUAUTH_PLATFORM_ANY, "docker run --rm hello-world, which shows the same"}}},
    {NULL, NULL, NULL, {{NULL, NULL}}}};

/* Where the client goes, in the arena; "" when nothing says it. */
static const char *find_address(const struct container_probing *at)
{
  static const char *const words[] = {"context", "inspect", "--format",
                                      "{{.Endpoints.docker.Host}}", NULL};
  const struct jauauth_host *host = at->context.host;
  const struct jauauth_options *settings = host->host_options(at->context.call);
  const char *address = host->option_text(settings, "host", NULL);
  const char *const *list = host->option_list(settings, "environment");
  for (size_t i = 0; address == NULL && list[i] != NULL; i += 2)
    if (strcmp(list[i], "DOCKER_HOST") == 0)
      address = list[i + 1];
  struct jauauth_run_result result;
  if (address == NULL && container_ask(at, words, &result) && result.exit_code == 0)
    address = result.output;
  return address == NULL ? "" : container_copy(&at->context, address, strcspn(address, "\n"));
}

/* An address that is no socket of this machine is another one. */
static bool is_remote(const struct container_probing *at, const char *system)
{
  static const char local[] = "unix://";
  const char *address = find_address(at);
  bool socket = strncmp(address, local, strlen(local)) == 0;
  if (socket && address[strlen(local)] == '/')
    at->context.host->probe_watch(at->probe, address + strlen(local));
  /* Docker Desktop has its processes in a virtual machine behind a socket of this one. */
  return strcmp(system, "Docker Desktop") == 0 || (address[0] != '\0' && !socket);
}

static bool tell_limits(const struct container_probing *at, const char *line)
{
  static const struct {
    unsigned field;
    const char *word;
  } limits[] = {{2, "memory "}, {3, "cpu "}, {4, "pids "}};
  const struct jauauth_host *host = at->context.host;
  const char *held = "";
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
    if (strcmp(container_field(&at->context, line, limits[i].field), "true") == 0)
      held = host->format(at->context.call, "%s%s", held, limits[i].word);
  host->probe_feature(at->probe, CONTAINER_LIMITS, held);
  if (held[0] != '\0')
    return true;
  host->probe_finding(
      at->probe, "limits-ignored", JAUAUTH_SEVERITY_WARNING,
      "the engine has no control groups: limits of memory, processors and processes "
      "cannot be enforced");
  return false;
}

static int32_t docker_probe(const struct jauauth_host *host, struct jauauth_call *call,
                            struct jauauth_probe *probe, struct jauauth_error *error)
{
  (void)error;
  static const char *const info[] = {
      "info", "--format",
      "{{.ServerVersion}}|{{.OperatingSystem}}|{{.MemoryLimit}}|{{.CPUCfsQuota}}|{{.PidsLimit}}|"
      "{{.SecurityOptions}}",
      NULL};
  struct container_probing at = {
      .context = {.host = host, .call = call}, .probe = probe, .causes = causes};
  struct jauauth_run_result result;
  if (!container_find_engine(&at))
    return 0;
  bool asked = container_ask(&at, info, &result);
  const char *version = container_field(&at.context, asked ? result.output : "", 0);
  host->probe_engine(probe, at.program, version[0] == '\0' ? "unknown" : version);
  if (!asked || result.exit_code != 0 || version[0] == '\0') {
    container_unusable(&at, &result);
    return 0;
  }
  const char *line = result.output;
  bool rootless = strstr(container_field(&at.context, line, 5), "name=rootless") != NULL;
  bool limits = tell_limits(&at, line);
  host->probe_feature(probe, CONTAINER_ROOTLESS, rootless ? "yes" : "no");
  container_tell_machine(&at, is_remote(&at, container_field(&at.context, line, 1)));
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
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_CALLER, "docker", "0.1.0",
  "Containers of Docker, hardened and without network",
  options, sizeof options[0], front_programs,
  docker_probe, container_validate, container_spawn, container_teardown,
  NULL, NULL, container_diagnose
JAUAUTH_PLUGIN_END

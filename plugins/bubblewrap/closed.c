/* SPDX-License-Identifier: Apache-2.0 */
/* Why a sandbox cannot be made on this machine: which switch of the system closes it. */
#include "closed.h"

#include <stdbool.h>
#include <string.h>

#include "plugins/common/path.h"

#define RUN_MILLISECONDS 2000

struct system_switch {
  const char *file;
  const char *closed; /* the value that closes */
  const char *code;
  const char *text;
  const char *repair;
  const char *apt_repair; /* NULL: the same */
};

/* In the order in which they are asked: each hides those behind it. */
static const struct system_switch switches[] = {
    {"/proc/sys/kernel/unprivileged_userns_clone", "0", "userns-closed-by-sysctl",
     "the kernel lets only root make user namespaces (kernel.unprivileged_userns_clone is 0)",
     "echo 'kernel.unprivileged_userns_clone = 1' > /etc/sysctl.d/60-userns.conf && sysctl "
     "--system",
     NULL},
    {"/proc/sys/user/max_user_namespaces", "0", "userns-limit-zero",
     "the kernel allows no user namespaces (user.max_user_namespaces is 0)",
     "echo 'user.max_user_namespaces = 15000' > /etc/sysctl.d/60-userns.conf && sysctl --system",
     NULL},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "userns-closed-by-apparmor",
     "AppArmor takes all rights from user namespaces of programs without a profile "
     "(kernel.apparmor_restrict_unprivileged_userns is 1), and bwrap has none",
     "give bwrap a profile: write \"abi <abi/4.0>, include <tunables/global> profile bwrap "
     "/usr/bin/bwrap flags=(unconfined) { userns, }\" to /etc/apparmor.d/bwrap and run "
     "apparmor_parser -r /etc/apparmor.d/bwrap",
     "apt-get install apparmor-profiles && ln -s "
     "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && apparmor_parser "
     "-r /etc/apparmor.d/bwrap-userns-restrict"},
};

struct known_text {
  const char *text; /* in what the engine said */
  const char *code;
  const char *finding;
  const char *repair;
};

static const struct known_text known_texts[] = {
    {"proc", "proc-not-mountable",
     "a new /proc cannot be mounted; this is so in containers that hide parts of /proc",
     "run jauauth outside of the container, or start the container with an unmasked /proc "
     "(--security-opt systempaths=unconfined)"},
    {"RTM_NEWADDR", "userns-without-rights",
     "user namespaces can be made, but have no rights: a security module takes them away",
     "give /usr/bin/bwrap a profile of that module which allows user namespaces"},
    {"uid map", "userns-without-rights",
     "user namespaces can be made, but have no rights: a security module takes them away",
     "give /usr/bin/bwrap a profile of that module which allows user namespaces"},
    {"namespace", "userns-refused",
     "the system refuses to make the namespaces; this is so in containers with a system call "
     "filter",
     "allow user namespaces there, or run jauauth outside of the container"},
};

static bool is_closed(const struct jauauth_host *host, struct jauauth_call *call,
                      const struct system_switch *at)
{
  struct jauauth_path info = {.struct_size = (uint32_t)sizeof info};
  struct jauauth_run_result result = {.struct_size = (uint32_t)sizeof result};
  const char *cat = host->find_program(call, "cat", NULL, NULL);
  const char *const argv[] = {cat, at->file, NULL};
  if (cat == NULL || host->inspect_path(call, at->file, &info, NULL) != 0 ||
      host->run(call, argv, RUN_MILLISECONDS, &result, NULL) != 0)
    return false;
  size_t length = strcspn(result.output, "\n");
  return length == strlen(at->closed) && strncmp(result.output, at->closed, length) == 0;
}

static const char *first_line(const struct jauauth_host *host, struct jauauth_call *call,
                              const struct jauauth_run_result *result)
{
  if (result->timed_out)
    return "it did not end";
  if (result->errors == NULL || result->errors[0] == '\0')
    return "it gave no reason";
  return plugin_copy(host, call, result->errors, strcspn(result->errors, "\n"));
}

void bubblewrap_closed(const struct jauauth_host *host, struct jauauth_call *call,
                       struct jauauth_probe *probe, const struct jauauth_run_result *result)
{
  const char *line = first_line(host, call, result);
  for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
    const struct system_switch *at = &switches[i];
    if (!is_closed(host, call, at))
      continue;
    host->probe_finding(probe, at->code, JAUAUTH_SEVERITY_ERROR,
                        host->format(call, "%s; bwrap says: %s", at->text, line));
    host->probe_repair(probe, JAUAUTH_PLATFORM_ANY, at->repair);
    if (at->apt_repair != NULL)
      host->probe_repair(probe, JAUAUTH_PLATFORM_APT, at->apt_repair);
    return;
  }
  for (size_t i = 0; i < sizeof known_texts / sizeof known_texts[0]; i++) {
    if (strstr(line, known_texts[i].text) == NULL)
      continue;
    host->probe_finding(probe, known_texts[i].code, JAUAUTH_SEVERITY_ERROR,
                        host->format(call, "%s; bwrap says: %s", known_texts[i].finding, line));
    host->probe_repair(probe, JAUAUTH_PLATFORM_ANY, known_texts[i].repair);
    return;
  }
  host->probe_finding(
      probe, "sandbox-fails", JAUAUTH_SEVERITY_ERROR,
      host->format(call, "a sandbox around a program that does nothing failed; bwrap says: %s",
                   line));
  host->probe_repair(probe, JAUAUTH_PLATFORM_ANY,
                     "try it by hand: bwrap --unshare-all --unshare-user --ro-bind / / true");
}

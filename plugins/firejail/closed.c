/* SPDX-License-Identifier: Apache-2.0 */
/* Why a sandbox cannot be made on this machine. */
#include "closed.h"

#include <string.h>

#include "plugins/common/path.h"

struct known_text {
  const char *text; /* in what firejail said */
  const char *code;
  const char *finding;
  const char *repair;
};

static const struct known_text known_texts[] = {
    {"not allowed to use Firejail", "account-not-listed",
     "the account is not among those of /etc/firejail/firejail.users",
     "add the account to that file (firejail-users(5))"},
    {"apparmor", "apparmor-refuses", "AppArmor keeps firejail from making a sandbox",
     "load the profile: apparmor_parser -r /etc/apparmor.d/firejail-default"},
    {"AppArmor", "apparmor-refuses", "AppArmor keeps firejail from making a sandbox",
     "load the profile: apparmor_parser -r /etc/apparmor.d/firejail-default"},
    {"no profile with name", "profiles-missing", "the profiles of firejail are not installed",
     "install the package firejail-profiles"},
    {"cannot find the program", "setuid-refused",
     "firejail does not get root's rights: its file system is mounted with nosuid, or jauauth was "
     "started without new privileges",
     "mount the file system of /usr/bin/firejail with suid, and start jauauth without "
     "NoNewPrivileges"},
    {"cannot rise privileges", "setuid-refused",
     "firejail does not get root's rights: its file system is mounted with nosuid, or jauauth was "
     "started without new privileges",
     "mount the file system of /usr/bin/firejail with suid, and start jauauth without "
     "NoNewPrivileges"},
    {"clone", "namespaces-refused",
     "the system refuses to make the namespaces; this is so in containers with a system call "
     "filter",
     "run jauauth outside of the container, or allow it namespaces and mounts"},
    {"mount", "mounts-refused",
     "the system refuses the mounts of a sandbox; this is so in containers without the right to "
     "mount",
     "run jauauth outside of the container, or allow it namespaces and mounts"},
};

const char *firejail_error_line(const struct jauauth_host *host, struct jauauth_call *call,
                                const char *errors)
{
  for (const char *line = errors; line != NULL && *line != '\0';) {
    size_t length = strcspn(line, "\n");
    if (strncmp(line, "Error", 5) == 0 || strncmp(line, "Cannot start application", 24) == 0)
      return plugin_copy(host, call, line, length);
    line += length + (line[length] == '\n');
  }
  return NULL;
}

static const char *spoken(const struct jauauth_host *host, struct jauauth_call *call,
                          const struct jauauth_run_result *result)
{
  if (result->timed_out)
    return "nothing, and it did not end";
  const char *line = firejail_error_line(host, call, result->errors);
  if (line != NULL)
    return line;
  if (result->errors == NULL || result->errors[0] == '\0')
    return "nothing";
  return plugin_copy(host, call, result->errors, strcspn(result->errors, "\n"));
}

void firejail_closed(const struct jauauth_host *host, struct jauauth_call *call,
                     struct jauauth_probe *probe, const struct jauauth_run_result *result)
{
  const char *line = spoken(host, call, result);
  for (size_t i = 0; i < sizeof known_texts / sizeof known_texts[0]; i++) {
    if (strstr(line, known_texts[i].text) == NULL)
      continue;
    host->probe_finding(probe, known_texts[i].code, JAUAUTH_SEVERITY_ERROR,
                        host->format(call, "%s; firejail says: %s", known_texts[i].finding, line));
    host->probe_repair(probe, JAUAUTH_PLATFORM_ANY, known_texts[i].repair);
    return;
  }
  host->probe_finding(
      probe, "sandbox-fails", JAUAUTH_SEVERITY_ERROR,
      host->format(call, "a sandbox around a program that does nothing failed; firejail says: %s",
                   line));
  host->probe_repair(probe, JAUAUTH_PLATFORM_ANY, "try it by hand: firejail --net=none /bin/true");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `diagnose`: what the end of a server in bubblewrap means. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/common/path.h"
#include "verbs.h"

/* The engine gives 128 + N for a server that signal N ended. */
#define SIGNAL_BASE 128

struct known_failure {
  const char *start; /* behind "bwrap: " */
  const char *also;  /* somewhere behind it; NULL: anything */
  const char *code;
  const char *text;
  const char *hint;
};

static const struct known_failure known_failures[] = {
    {"execvp", "No such file", "command-missing", "the server's program is not there inside",
     "check the command, and that the interpreter in its first line is shown in the sandbox"},
    {"execvp", "Permission denied", "command-not-executable",
     "the server's program may not be executed",
     "name a program's file, give it the permission with \"chmod +x\", and mount no folder from a "
     "file system with noexec"},
    {"execvp", "Exec format error", "command-not-executable",
     "the server's program is neither a program of this machine nor a script with \"#!\"",
     "name its interpreter as the command"},
    {"Can't find source path", NULL, "mount-source-missing",
     "a file or folder that is to be mounted is gone", "create it again, or take the mount out"},
    {"Can't chdir", NULL, "work-directory-missing", "the work directory cannot be entered",
     "check \"work_dir\""},
    {"Can't mkdir", NULL, "mount-point-missing", "a mount point cannot be created",
     "choose a path inside that does not lie in a read-only folder"},
    {"Can't create file", NULL, "mount-point-missing", "a mount point cannot be created",
     "choose a path inside that does not lie in a read-only folder"},
    {"No permissions to creat", NULL, "userns-refused", "the system refuses user namespaces",
     "run \"jauauth plugins list\", which says why"},
    {"Creating new namespace failed", NULL, "userns-refused",
     "the system refuses the namespaces of the sandbox",
     "run \"jauauth plugins list\", which says why"},
    {"setting up uid map", NULL, "userns-refused", "the system gives user namespaces no rights",
     "run \"jauauth plugins list\", which says why"},
    {"loopback:", NULL, "userns-refused", "the system gives user namespaces no rights",
     "run \"jauauth plugins list\", which says why"},
    {"Unknown option", NULL, "engine-changed",
     "this bubblewrap does not know an option of the plan",
     "run \"jauauth plugins list\": the engine may have been replaced by an older one"},
    {"Can't fork", NULL, "too-many-processes", "the sandbox could not start another process",
     "raise \"pids_limit\""},
};

/* The code behind "exit-code" in the status lines; -1: none, so the program was never executed, or
 * the engine was killed. */
static int reported_exit_code(const char *const *status)
{
  static const char key[] = "\"exit-code\":";
  for (size_t i = 0; status[i] != NULL; i++) {
    const char *at = strstr(status[i], key);
    if (at == NULL)
      continue;
    at += strlen(key);
    at += strspn(at, " ");
    int code = 0;
    if (strspn(at, "0123456789") == 0)
      continue;
    for (; *at >= '0' && *at <= '9' && code < 1000; at++)
      code = code * 10 + (*at - '0');
    return code;
  }
  return -1;
}

/* The first line of the engine itself, behind "bwrap: ", in the arena; NULL: none. */
static const char *engine_line(const struct jauauth_host *host, struct jauauth_call *call,
                               const char *errors)
{
  static const char prefix[] = "bwrap: ";
  for (const char *line = errors; line != NULL && *line != '\0';) {
    size_t length = strcspn(line, "\n");
    if (strncmp(line, prefix, strlen(prefix)) == 0)
      return plugin_copy(host, call, line + strlen(prefix), length - strlen(prefix));
    line += length + (line[length] == '\n');
  }
  return NULL;
}

static void never_started(const struct jauauth_host *host, struct jauauth_call *call,
                          const struct jauauth_ending *ending, struct jauauth_diagnosis *diagnosis)
{
  const char *line = engine_line(host, call, ending->errors);
  if (line == NULL) {
    host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, "sandbox-failed",
                   host->format(call, "bubblewrap ended with status %d before the server started",
                                (int)ending->exit_code),
                   "run \"jauauth plugins list\", which tries the sandbox");
    return;
  }
  for (size_t i = 0; i < sizeof known_failures / sizeof known_failures[0]; i++) {
    const struct known_failure *known = &known_failures[i];
    if (strncmp(line, known->start, strlen(known->start)) == 0 &&
        (known->also == NULL || strstr(line, known->also) != NULL)) {
      host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, known->code,
                     host->format(call, "%s; bubblewrap says: %s", known->text, line), known->hint);
      return;
    }
  }
  host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, "sandbox-failed",
                 host->format(call, "bubblewrap could not set up the sandbox: %s", line), NULL);
}

static void server_ended(const struct jauauth_host *host, struct jauauth_call *call,
                         const struct jauauth_ending *ending, int code,
                         struct jauauth_diagnosis *diagnosis)
{
  if (code == SIGNAL_BASE + SIGKILL && ending->memory_kills > 0) {
    host->diagnose(diagnosis, JAUAUTH_ENDED_LIMIT, "memory-limit",
                   "the server was killed because it used more memory than its limit",
                   "raise \"memory_limit\"");
  } else if (code > SIGNAL_BASE && code < SIGNAL_BASE + NSIG) {
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-signal",
                   host->format(call, "the server was ended by signal %d", code - SIGNAL_BASE),
                   NULL);
  } else if (code == 126 || code == 127) {
    host->diagnose(
        diagnosis, JAUAUTH_ENDED_SERVER, "server-exit",
        host->format(call, "the server ended with status %d", code),
        "a script that ends so did not find a program: it may lie outside of the sandbox");
  } else {
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-exit",
                   host->format(call, "the server ended with status %d", code), NULL);
  }
}

int32_t bubblewrap_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                            const struct jauauth_ending *ending,
                            struct jauauth_diagnosis *diagnosis, struct jauauth_error *error)
{
  (void)error;
  int code = reported_exit_code(ending->status);
  if (code >= 0)
    server_ended(host, call, ending, code, diagnosis);
  else if (ending->signal != 0 && ending->asked)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "stopped-by-force",
                   "the server did not end when asked and was killed", NULL);
  else if (ending->signal != 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "sandbox-killed",
                   host->format(call, "bubblewrap was ended by signal %d, and the server with it",
                                (int)ending->signal),
                   NULL);
  else
    never_started(host, call, ending, diagnosis);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `diagnose`: what the end of a server in firejail means. */
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "closed.h"
#include "verbs.h"

/* The engine gives 128 + N for a server that signal N ended. */
#define SIGNAL_BASE 128
/* How it ends when it cannot make the sandbox. */
#define ENGINE_FAILED 1

struct known_failure {
  const char *text; /* in the engine's own line */
  const char *code;
  const char *meaning;
  const char *hint;
};

static const struct known_failure known_failures[] = {
    {"no suitable", "command-missing", "the server's program is not there inside, or may not run",
     "show its folder with \"read_only_paths\"; profiles close some programs, such as compilers"},
    {"Cannot start application", "command-not-executable",
     "the server's program may not be executed inside",
     "profiles close some programs: choose another profile"},
    {"no profile with name", "profile-missing", "the profile is gone", "correct \"profile\""},
    {"inaccessible profile", "profile-missing", "the profile is gone, or may not be read",
     "correct \"profile\""},
    {"command line option", "engine-changed", "this firejail does not know a flag of the plan",
     "run \"jauauth plugins list\": the engine may have been replaced by an older one"},
    {"networking feature is disabled", "networking-restricted",
     "firejail.config lets only root give a sandbox an interface of its own",
     "write \"net\": false or true"},
    {"invalid whitelist", "path-not-possible", "firejail cannot show one of the paths",
     "check \"whitelist_paths\" and \"read_only_paths\""},
    {"invalid", "engine-refused", "firejail refuses a value of the plan",
     "check the options of the server"},
    {"cannot sync with peer", "sandbox-failed", "firejail could not make the sandbox",
     "run \"jauauth plugins list\", and check the paths that the server is shown"},
};

static void never_started(const struct jauauth_host *host, struct jauauth_call *call,
                          const char *line, struct jauauth_diagnosis *diagnosis)
{
  for (size_t i = 0; i < sizeof known_failures / sizeof known_failures[0]; i++)
    if (strstr(line, known_failures[i].text) != NULL) {
      host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, known_failures[i].code,
                     host->format(call, "%s; firejail says: %s", known_failures[i].meaning, line),
                     known_failures[i].hint);
      return;
    }
  host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, "sandbox-failed",
                 host->format(call, "firejail could not start the server; it says: %s", line),
                 NULL);
}

int32_t firejail_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                          const struct jauauth_ending *ending, struct jauauth_diagnosis *diagnosis,
                          struct jauauth_error *error)
{
  (void)error;
  int signal = ending->signal;
  if (signal == 0 && ending->exit_code > SIGNAL_BASE)
    signal = ending->exit_code - SIGNAL_BASE;
  const char *line = firejail_error_line(host, call, ending->errors);
  if (signal == SIGKILL && ending->memory_kills > 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_LIMIT, "memory-limit",
                   "the server was killed because it used more memory than its limit",
                   "raise \"memory_limit\"");
  /* A server that prints such a line and ends so gets a wrong sentence, and nothing else. */
  else if (ending->exit_code == ENGINE_FAILED && line != NULL)
    never_started(host, call, line, diagnosis);
  else if (signal != 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-signal",
                   host->format(call, "the server was ended by signal %d", signal), NULL);
  else
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-exit",
                   host->format(call, "the server ended with status %d", (int)ending->exit_code),
                   NULL);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `diagnose`: what the client said, or what the engine knows of the container. */
#include <string.h>

#include "container.h"

enum { SIGNAL_BASE = 128, SIGNALS = 65, KILL_SIGNAL = 9, SHOWN_MAX = 400 };

struct known_failure {
  const char *part; /* of the line */
  const char *also; /* another one; NULL: none */
  const char *code;
  const char *text;
  const char *hint;
};

/* The first row that fits decides; texts of docker 20 to 28 and podman 4. */
static const struct known_failure known_failures[] = {
    {"No such image", NULL, "image-missing", "the image is not on this machine",
     "run \"jauauth prepare SERVER\", which pulls it"},
    {"image not known", NULL, "image-missing", "the image is not on this machine",
     "run \"jauauth prepare SERVER\", which pulls it"},
    {"[FATAL tini", "Permission denied", "command-not-executable",
     "the program in the image cannot be executed", "check \"command\""},
    {"ERROR (catatonit", "Permission denied", "command-not-executable",
     "the program in the image cannot be executed", "check \"command\""},
    {"[FATAL tini", NULL, "command-missing", "the image has no such program",
     "check \"command\" and \"image\": only what is in the image can be started"},
    {"ERROR (catatonit", NULL, "command-missing", "the image has no such program",
     "check \"command\" and \"image\": only what is in the image can be started"},
    {"executable file not found", NULL, "command-missing", "the image has no such program",
     "check \"command\" and \"image\": only what is in the image can be started"},
    {"permission denied while trying to connect", NULL, "engine-refused",
     "this account may not use the engine", "run \"jauauth plugins list\", which says what to do"},
    {"Cannot connect to the Docker daemon", NULL, "engine-down", "the engine does not answer",
     "start it, then call again; \"jauauth plugins list\" tries it"},
    {"unexpected EOF", NULL, "engine-down", "the engine went away while the server ran",
     "start it, then call again"},
    {"error waiting for container", NULL, "engine-down",
     "the engine went away while the server ran", "start it, then call again"},
    {"cgroups in hybrid mode not supported", NULL, "runtime-cannot",
     "the runtime crun cannot work with the control groups of this machine",
     "in the host file: plugins = { podman = { runtime = \"runc\"; }; };"},
    {"setting rlimits", NULL, "limit-above-own", "a limit is above what this account may have",
     "lower \"open_files_limit\""},
    {"container-init binary not found", NULL, "init-missing", "podman finds no init for containers",
     "install the package catatonit"},
    {"docker-init", NULL, "init-missing", "docker finds no init for containers",
     "install the package tini, or the whole docker"},
    {"workdir", NULL, "work-directory-missing", "the work directory is not in the image",
     "check \"work_dir\""},
    {"bind source path does not exist", NULL, "mount-missing", "the source of a mount is missing",
     "check \"mounts\""},
    {"statfs", NULL, "mount-missing", "the source of a mount is missing", "check \"mounts\""},
    {"network", "not found", "network-failed", "the network of the container could not be made",
     "check \"network\", and that the engine has it"},
    {"unknown flag", NULL, "flag-unknown-here", "this version of the engine does not know a flag",
     "leave the flag out of \"extra_flags\", or take a newer engine"},
    {"Range of CPUs", NULL, "limit-impossible", "there are not so many processors",
     "lower \"cpu_limit\""},
    {"Requested CPUs are not available", NULL, "limit-impossible",
     "there are not so many processors", "check --cpuset-cpus"},
    {"No such container", NULL, "removed-from-outside", "somebody has removed the container", NULL},
    {"no such container", NULL, "removed-from-outside", "somebody has removed the container", NULL},
};

/* What the engine said about the container at its end: "exited 137 true message". */
struct state {
  bool gone;          /* the engine knows no such container any more */
  const char *status; /* empty: nothing is known */
  int exit_code;
  bool out_of_memory;
  const char *error;
};

static bool begins(const char *text, const char *start)
{
  return strncmp(text, start, strlen(start)) == 0;
}

static struct state read_state(const struct jauauth_ending *ending)
{
  struct state state = {.status = "", .error = ""};
  for (size_t i = 0; ending->outputs[i] != NULL; i++) {
    const struct jauauth_output *output = ending->outputs[i];
    if (strcmp(output->step, "state") != 0)
      continue;
    state.gone = output->exit_code != 0;
    const char *at = strchr(output->text, ' ');
    if (at == NULL || state.gone)
      continue;
    state.status = output->text;
    for (at++; *at >= '0' && *at <= '9' && state.exit_code < 1000; at++)
      state.exit_code = state.exit_code * 10 + (*at - '0');
    state.out_of_memory = begins(at, " true");
    at = strchr(at + (*at == ' '), ' ');
    state.error = at == NULL ? "" : at + strspn(at, " \n");
  }
  return state;
}

/* The line of a text that holds a part, or the first one; bounded, in the arena. */
static const char *line_with(const struct container_context *context, const char *text,
                             const char *part)
{
  const char *found = part == NULL ? text : strstr(text, part);
  while (found > text && found[-1] != '\n')
    found--;
  size_t length = strcspn(found, "\n");
  while (length > 0 && found[length - 1] == ' ')
    length--;
  return container_copy(context, found, length < SHOWN_MAX ? length : SHOWN_MAX);
}

static void never_started(const struct container_context *context, const char *said,
                          struct jauauth_diagnosis *diagnosis)
{
  const struct jauauth_host *host = context->host;
  for (size_t i = 0; i < sizeof known_failures / sizeof known_failures[0]; i++) {
    const struct known_failure *known = &known_failures[i];
    if (strstr(said, known->part) == NULL ||
        (known->also != NULL && strstr(said, known->also) == NULL))
      continue;
    host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, known->code,
                   host->format(context->call, "%s; %s says: %s", known->text,
                                container_engine.name, line_with(context, said, known->part)),
                   known->hint);
    return;
  }
  const char *line = line_with(context, said, NULL);
  host->diagnose(diagnosis, JAUAUTH_ENDED_NEVER_STARTED, "sandbox-failed",
                 host->format(context->call, "%s could not start the server%s%s",
                              container_engine.shown, line[0] == '\0' ? "" : ": ", line),
                 "run \"jauauth plugins list\", which tries the engine");
}

static void server_ended(const struct container_context *context,
                         const struct jauauth_ending *ending, const struct state *state,
                         struct jauauth_diagnosis *diagnosis)
{
  const struct jauauth_host *host = context->host;
  int code = state->exit_code;
  /* A client that is killed closes the server's stdin, for which most servers end. */
  const char *also = ending->signal == 0 || ending->asked != 0
                         ? ""
                         : host->format(context->call, ", and the client of %s by signal %d",
                                        container_engine.shown, (int)ending->signal);
  if (code == SIGNAL_BASE + KILL_SIGNAL && state->out_of_memory)
    host->diagnose(diagnosis, JAUAUTH_ENDED_LIMIT, "memory-limit",
                   "the server was killed because the container used more memory than its limit",
                   "raise \"memory_limit\"");
  else if (code == SIGNAL_BASE + KILL_SIGNAL)
    host->diagnose(
        diagnosis, JAUAUTH_ENDED_SERVER, "server-killed",
        "the server was killed (signal 9); where nobody did that, it was the memory limit",
        "look whether \"memory_limit\" is enough");
  else if (code > SIGNAL_BASE && code < SIGNAL_BASE + SIGNALS)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-signal",
                   host->format(context->call, "the server was ended by signal %d%s",
                                code - SIGNAL_BASE, also),
                   NULL);
  else
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "server-exit",
                   host->format(context->call, "the server ended with status %d%s%s", code,
                                state->out_of_memory
                                    ? ", after the memory limit had killed a process of it"
                                    : "",
                                also),
                   NULL);
}

/* The init inside says this itself where the program is missing. */
static bool init_failed(const char *errors)
{
  return begins(errors, "[FATAL tini") || begins(errors, "ERROR (catatonit");
}

/* What was said about a server that never ran; NULL when it did, or when nothing failed. */
static const char *start_failure(const struct jauauth_ending *ending, const struct state *state)
{
  if (ending->failed_step != NULL || init_failed(ending->errors))
    return ending->errors;
  if (begins(state->status, "created") || begins(state->status, "configured"))
    return state->error[0] != '\0' ? state->error : ending->errors;
  bool ran = state->status[0] != '\0' || (state->gone && ending->errors[0] == '\0');
  return ran || ending->exit_code == 0 ? NULL : ending->errors;
}

int32_t container_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                           const struct jauauth_ending *ending, struct jauauth_diagnosis *diagnosis,
                           struct jauauth_error *error)
{
  (void)error;
  const struct container_context context = {.host = host, .call = call};
  struct state state = read_state(ending);
  const char *failure = start_failure(ending, &state);
  if (failure != NULL)
    never_started(&context, failure, diagnosis);
  else if (begins(state.status, "exited") || begins(state.status, "stopped"))
    server_ended(&context, ending, &state, diagnosis);
  else if (begins(state.status, "running") && ending->signal != 0)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "client-killed",
                   host->format(call,
                                "the client of %s, which held the server's streams, was "
                                "ended by signal %d",
                                container_engine.shown, (int)ending->signal),
                   NULL);
  else if (state.gone)
    host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "removed-from-outside",
                   "the container is gone: somebody else has removed it", NULL);
  return 0;
}

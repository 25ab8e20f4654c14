/* SPDX-License-Identifier: Apache-2.0 */
/* What the probes of container engines share. */
#include "probe.h"

#include <string.h>

#include "arguments.h"
#include "plugins/common/version.h"

enum { ASK_MILLISECONDS = 5000, WORDS_MAX = 48, SHOWN_MAX = 400 };

static void repair_by_package(const struct container_probing *at)
{
  const struct jauauth_host *host = at->context.host;
  const char *name = container_engine.name;
  struct jauauth_call *call = at->context.call;
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_APT,
                     host->format(call, "apt-get install %s", container_engine.package));
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_DNF, host->format(call, "dnf install %s", name));
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_PACMAN, host->format(call, "pacman -S %s", name));
  host->probe_repair(at->probe, JAUAUTH_PLATFORM_BREW, host->format(call, "brew install %s", name));
}

static void add_variables(const struct container_probing *at)
{
  const struct jauauth_host *host = at->context.host;
  const char *const *list = host->option_list(host->host_options(at->context.call), "environment");
  for (size_t i = 0; list[i] != NULL; i += 2)
    host->run_environment(at->context.call, list[i], list[i + 1]);
}

bool container_find_engine(struct container_probing *at)
{
  const struct jauauth_host *host = at->context.host;
  add_variables(at);
  at->program = host->find_program(at->context.call, container_engine.name, NULL, NULL);
  if (at->program != NULL)
    return true;
  host->probe_state(at->probe, JAUAUTH_STATE_UNAVAILABLE);
  host->probe_finding(
      at->probe, "engine-missing", JAUAUTH_SEVERITY_ERROR,
      host->format(at->context.call, "the program %s is not installed", container_engine.name));
  repair_by_package(at);
  return false;
}

bool container_ask(const struct container_probing *at, const char *const *words,
                   struct jauauth_run_result *result)
{
  const struct jauauth_host *host = at->context.host;
  const struct jauauth_options *settings = host->host_options(at->context.call);
  const struct container_lead *lead = container_leads();
  const char *argv[WORDS_MAX] = {at->program};
  size_t count = 1;
  for (; lead->option != NULL; lead++) {
    const char *value = host->option_text(settings, lead->option, NULL);
    if (value == NULL)
      continue;
    argv[count++] = lead->flag;
    argv[count++] = value;
  }
  for (size_t i = 0; words[i] != NULL && count < WORDS_MAX - 1; i++)
    argv[count++] = words[i];
  *result = (struct jauauth_run_result){.struct_size = (uint32_t)sizeof *result};
  return host->run(at->context.call, argv, ASK_MILLISECONDS, result, NULL) == 0 &&
         !result->timed_out;
}

void container_unavailable(const struct container_probing *at, const struct container_cause *cause,
                           const char *said)
{
  const struct jauauth_host *host = at->context.host;
  size_t length = strcspn(said, "\n");
  const char *line = container_copy(&at->context, said, length < SHOWN_MAX ? length : SHOWN_MAX);
  host->probe_state(at->probe, JAUAUTH_STATE_UNAVAILABLE);
  host->probe_finding(at->probe, cause->code, JAUAUTH_SEVERITY_ERROR,
                      line[0] == '\0' ? cause->text
                                      : host->format(at->context.call, "%s; %s says: %s",
                                                     cause->text, container_engine.name, line));
  for (size_t i = 0; i < sizeof cause->repairs / sizeof cause->repairs[0]; i++)
    if (cause->repairs[i].platform != NULL)
      host->probe_repair(at->probe, cause->repairs[i].platform, cause->repairs[i].text);
}

void container_unusable(const struct container_probing *at, const struct jauauth_run_result *result)
{
  static const struct container_cause hangs = {
      NULL,
      "engine-hangs",
      "the engine does not answer in time",
      {{JAUAUTH_PLATFORM_ANY, "look at the log of the engine, and restart it"}}};
  static const struct container_cause other = {
      NULL, "engine-broken", "the engine cannot be used", {{NULL, NULL}}};
  const char *said = result->errors == NULL ? "" : result->errors;
  if (result->timed_out) {
    container_unavailable(at, &hangs, "");
    return;
  }
  const struct container_cause *cause = at->causes;
  while (cause->part != NULL && strstr(said, cause->part) == NULL)
    cause++;
  container_unavailable(at, cause->part == NULL ? &other : cause, said);
}

const char *container_field(const struct container_context *context, const char *line,
                            unsigned index)
{
  for (; index > 0; index--) {
    line = strchr(line, '|');
    if (line == NULL)
      return "";
    line++;
  }
  return container_copy(context, line, strcspn(line, "|\n"));
}

/* The second number behind a name in the text of /proc/self/limits; "" when it is not there. */
static const char *hard_limit(const struct container_context *context, const char *limits,
                              const char *name)
{
  const char *at = strstr(limits, name);
  if (at == NULL)
    return "";
  at += strlen(name);
  at += strspn(at, " ");
  at += strcspn(at, " ");
  at += strspn(at, " ");
  return container_copy(context, at, strcspn(at, " \n"));
}

static bool run_plain(const struct container_probing *at, const char *name, const char *argument,
                      struct jauauth_run_result *result)
{
  const struct jauauth_host *host = at->context.host;
  const char *program = host->find_program(at->context.call, name, NULL, NULL);
  const char *const argv[] = {program, argument, NULL};
  *result = (struct jauauth_run_result){.struct_size = (uint32_t)sizeof *result};
  return program != NULL &&
         host->run(at->context.call, argv, ASK_MILLISECONDS, result, NULL) == 0 &&
         result->exit_code == 0;
}

void container_tell_machine(const struct container_probing *at, bool remote)
{
  const struct jauauth_host *host = at->context.host;
  const struct container_context *context = &at->context;
  struct jauauth_run_result result;
  host->probe_feature(at->probe, CONTAINER_LOCALITY, remote ? "remote" : "local");
  if (run_plain(at, "uname", "-n", &result))
    host->probe_feature(at->probe, CONTAINER_HOST_NAME, container_field(context, result.output, 0));
  if (!container_engine.is_podman || !run_plain(at, "cat", "/proc/self/limits", &result))
    return;
  host->probe_feature(at->probe, CONTAINER_HARD_FILES,
                      hard_limit(context, result.output, "Max open files"));
  host->probe_feature(at->probe, CONTAINER_HARD_NPROC,
                      hard_limit(context, result.output, "Max processes"));
}

/* The first line that names an image; NULL: there is none. */
static const char *any_image(const struct container_probing *at, struct jauauth_run_result *result)
{
  static const char *const words[] = {"images", "--quiet", NULL};
  if (!container_ask(at, words, result) || result->exit_code != 0)
    return NULL;
  const char *image = container_copy(&at->context, result->output, strcspn(result->output, "\n"));
  return image[0] == '\0' ? NULL : image;
}

bool container_try(const struct container_probing *at)
{
  const struct jauauth_host *host = at->context.host;
  struct jauauth_run_result result = {.struct_size = (uint32_t)sizeof result};
  const char *image = any_image(at, &result);
  if (image == NULL) {
    host->probe_finding(at->probe, "no-image", JAUAUTH_SEVERITY_INFO,
                        "no image is here yet, so that no container could be tried");
    return true;
  }
  /* What an image has is not known, so that a program that none has is as good an answer. */
  const char *const words[] = {
      "run",          "--rm",        "--pull",   "never",       "--init",       "--network",
      "none",         "--cap-drop",  "ALL",      "--read-only", "--ulimit",     "nofile=64:64",
      "--ulimit",     "nproc=64:64", "--ulimit", "core=0:0",    "--entrypoint", "",
      "--log-driver", "none",        "--",       image,         "/bin/true",    NULL};
  bool ended = container_ask(at, words, &result);
  if (ended && (result.exit_code == 0 || strstr(result.errors, "[FATAL tini") != NULL ||
                strstr(result.errors, "ERROR (catatonit") != NULL))
    return true;
  container_unusable(at, &result);
  return false;
}

void container_claim(const struct container_probing *at)
{
  const char *const *claims = container_engine.claims;
  for (; *claims != NULL; claims++)
    at->context.host->probe_claim(at->probe, *claims);
}

void container_weak_versions(const struct container_probing *at, const char *version,
                             const struct container_weak_version *rows, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (plugin_version_within(version, rows[i].first, rows[i].fixed_in))
      at->context.host->probe_weak_version(at->probe, rows[i].identifier, rows[i].text,
                                           rows[i].fixed_in);
}

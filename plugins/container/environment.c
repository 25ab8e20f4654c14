/* SPDX-License-Identifier: Apache-2.0 */
/* How the server's variables reach the container. */
#include "environment.h"

#include <string.h>
#include <strings.h>

/* The engine's client, or a library in it, reads these itself; "*" stands for anything. */
static const char *const read_by_client[] = {
    "HOME",      "PATH",      "LD_*",      "DOCKER_*",  "CONTAINER*", "CONTAINERS_*",  "XDG_*",
    "*_PROXY",   "BUILDAH_*", "BUILDKIT*", "GO*",       "LISTEN_*",   "NOTIFY_*",      "PODMAN_*",
    "REGISTRY*", "SSH_*",     "SSL_CERT*", "STORAGE_*", "TMPDIR",     "_CONTAINERS_*", "_*"};

enum { LINE_MAX_BYTES = 60000 /* of a file of variables; the clients read lines of 64 KiB */ };

static bool matches(const char *pattern, const char *name)
{
  size_t length = strlen(pattern);
  if (pattern[0] == '*') {
    size_t whole = strlen(name);
    return whole >= length - 1 && strcasecmp(name + whole - (length - 1), pattern + 1) == 0;
  }
  if (pattern[length - 1] == '*')
    return strncmp(name, pattern, length - 1) == 0;
  return strcmp(name, pattern) == 0;
}

static bool is_read_by_client(const char *name)
{
  for (size_t i = 0; i < sizeof read_by_client / sizeof read_by_client[0]; i++)
    if (matches(read_by_client[i], name))
      return true;
  return false;
}

bool container_by_name(const struct container_context *context,
                       const struct jauauth_variable *variable)
{
  (void)context;
  return strpbrk(variable->value, "\n\r") != NULL || strlen(variable->value) > LINE_MAX_BYTES;
}

void container_check_environment(struct container_context *context)
{
  const struct jauauth_host *host = context->host;
  for (size_t i = 0; context->request->environment[i] != NULL; i++) {
    const struct jauauth_variable *variable = context->request->environment[i];
    const char *option = host->format(context->call, "environment/%zu", i);
    if (strpbrk(variable->name, " \t\n\r\v\f") != NULL || variable->name[0] == '#')
      container_problem(context, "variable-name", option,
                        host->format(context->call, "%s takes no variable called \"%s\"",
                                     container_engine.shown, variable->name),
                        "a name has neither spaces nor a leading #");
    else if (container_by_name(context, variable) && is_read_by_client(variable->name))
      container_problem(
          context, "variable-read-by-client", option,
          host->format(context->call,
                       "the value of %s has more than one line, and %s would read it itself",
                       variable->name, container_engine.name),
          "give the variable another name, or a value of one line");
  }
}

void container_add_environment(const struct container_context *context, struct jauauth_step *step,
                               struct jauauth_plan *plan)
{
  const struct jauauth_host *host = context->host;
  const struct jauauth_variable *const *list = context->request->environment;
  const char *text = "";
  for (size_t i = 0; list[i] != NULL; i++) {
    if (container_by_name(context, list[i])) {
      host->step_argument(step, "--env");
      host->step_argument(step, list[i]->name);
      host->step_environment(step, list[i]->name, list[i]->value);
      host->plan_variable(plan, list[i]->name, JAUAUTH_BY_NAME);
    } else {
      text = host->format(context->call, "%s%s=%s\n", text, list[i]->name, list[i]->value);
      host->plan_variable(plan, list[i]->name, JAUAUTH_BY_FILE);
    }
  }
  if (text[0] == '\0')
    return;
  int32_t file =
      host->step_file(step, "variables of the server", text, strlen(text), JAUAUTH_FILE_SECRET);
  host->step_argument(step, "--env-file");
  host->step_argument(step, host->format(context->call, "/dev/fd/%d", (int)file));
}

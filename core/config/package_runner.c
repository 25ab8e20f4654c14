/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that fetch the server's code from a package registry each time they start. */
#include "core/config/package_runner.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/problem.h"

#include <string.h>

static const char *const npm_offline[] = {"--offline", "--no", "--no-install", NULL};
static const char *const uv_offline[] = {"--offline", NULL};
static const char *const never_offline[] = {NULL};

static const char npm_install[] = "npm install --global %s";
static const char uv_install[] = "uv tool install %s";
static const char pipx_install[] = "pipx install %s";
static const char bun_install[] = "bun add --global %s";
static const char pnpm_install[] = "pnpm add --global %s";

static const struct package_runner runners[] = {
    {"npx", NULL, npm_install, npm_offline, PACKAGE_NPM},
    {"npm", "exec", npm_install, npm_offline, PACKAGE_NPM},
    {"npm", "x", npm_install, npm_offline, PACKAGE_NPM},
    {"uvx", NULL, uv_install, uv_offline, PACKAGE_UV},
    {"uv", "tool run", uv_install, uv_offline, PACKAGE_UV},
    {"pipx", "run", pipx_install, never_offline, PACKAGE_PIP},
    {"bunx", NULL, bun_install, never_offline, PACKAGE_BY_HAND},
    {"bun", "x", bun_install, never_offline, PACKAGE_BY_HAND},
    {"pnpx", NULL, pnpm_install, never_offline, PACKAGE_BY_HAND},
    {"pnpm", "dlx", pnpm_install, never_offline, PACKAGE_BY_HAND},
    {"yarn", "dlx", npm_install, never_offline, PACKAGE_BY_HAND},
};

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Skips "env NAME=value …": what is run stands behind it. */
static const char *const *skip_env(const char *const *command)
{
  if (command[0] == NULL || strcmp(base_name(command[0]), "env") != 0)
    return command;
  command++;
  while (*command != NULL && ((*command)[0] == '-' || strchr(*command, '=') != NULL))
    command++;
  return command;
}

/* The arguments behind the subcommand, or NULL when they do not begin with it. */
static const char *const *skip_subcommand(const char *const *arguments, const char *subcommand)
{
  while (subcommand != NULL && *subcommand != '\0') {
    size_t length = strcspn(subcommand, " ");
    if (*arguments == NULL || strlen(*arguments) != length ||
        strncmp(*arguments, subcommand, length) != 0)
      return NULL;
    arguments++;
    subcommand += length;
    subcommand += *subcommand == ' ';
  }
  return arguments;
}

static bool is_among(const char *text, const char *const *list)
{
  for (; *list != NULL; list++) {
    if (strcmp(text, *list) == 0)
      return true;
  }
  return false;
}

/* Looks at the runner's own options, which end with the package. True when one keeps it offline. */
static bool is_offline(const char *const *arguments, const char *const *offline,
                       const char **package)
{
  *package = NULL;
  for (; *arguments != NULL; arguments++) {
    if (is_among(*arguments, offline))
      return true;
    if ((*arguments)[0] != '-') {
      *package = *arguments;
      return false;
    }
  }
  return false;
}

const struct package_runner *package_runner_find(const char *const *command, const char **package)
{
  const char *unused;
  command = skip_env(command);
  for (size_t i = 0; command[0] != NULL && i < sizeof runners / sizeof runners[0]; i++) {
    if (strcmp(base_name(command[0]), runners[i].program) != 0)
      continue;
    const char *const *arguments = skip_subcommand(command + 1, runners[i].subcommand);
    if (arguments != NULL &&
        !is_offline(arguments, runners[i].offline, package != NULL ? package : &unused))
      return &runners[i];
  }
  return NULL;
}

size_t package_runner_place(const char *const *command)
{
  return (size_t)(skip_env(command) - command);
}

size_t package_runner_arguments(const char *const *command, const struct package_runner *runner)
{
  const char *const *behind = skip_env(command) + 1;
  return (size_t)(skip_subcommand(behind, runner->subcommand) - command);
}

int package_runner_check(const char *const *command, bool network, const char *server,
                         struct error **error)
{
  const char *package = NULL;
  const struct package_runner *runner = network ? NULL : package_runner_find(command, &package);
  if (runner == NULL)
    return 0;
  char name[CONFIG_SHOWN_MAX + 4];
  config_shown(package != NULL ? package : "PACKAGE", name);
  CLEANUP_BUFFER struct buffer hint = {0};
  if (runner->installer != PACKAGE_BY_HAND) {
    buffer_append_format(&hint, "install it once: jauauth prepare %s", server);
  } else {
    buffer_append_text(&hint, "install it once (");
    buffer_append_format(&hint, runner->install, name);
    buffer_append_text(&hint, ") and name the installed program as \"command\"");
  }
  buffer_append_text(&hint, "; or allow the network and keep what is fetched: \"sandbox\": "
                            "{\"network\": true, \"home\": \"keep\"}");
  if (hint.failed)
    return error_memory(error);
  error_make_code(error, ERROR_SANDBOX, "package-runner-offline",
                  "\"%s%s%s\" fetches the server from the network each time it starts, and this "
                  "server has no network",
                  runner->program, runner->subcommand != NULL ? " " : "",
                  runner->subcommand != NULL ? runner->subcommand : "");
  return error_hint(error, "%s", hint.data);
}

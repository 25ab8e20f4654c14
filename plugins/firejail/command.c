/* SPDX-License-Identifier: Apache-2.0 */
/* The server's command: found inside, or the paths that would show it. */
#include "command.h"

#include <string.h>

#include "plugins/common/path.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* Whether all of a path's way is there inside: itself, and where its links end. */
static bool is_shown(const struct firejail_sight *sight, const char *path)
{
  const struct firejail_context *context = sight->context;
  const char *real = context->host->real_path(context->call, path, NULL);
  return firejail_sees(sight, path) && (real == NULL || firejail_sees(sight, real));
}

static bool is_program(const struct firejail_context *context, const char *path)
{
  struct jauauth_path info;
  const char *real = context->host->real_path(context->call, path, NULL);
  return real != NULL && firejail_look(context, real, &info) && info.type == JAUAUTH_PATH_REGULAR &&
         info.executable;
}

/* What to ask for so that a path is there: its folder, where that is not too wide. */
static const char *to_show(const struct firejail_context *context, const char *path)
{
  const char *real = context->host->real_path(context->call, path, NULL);
  const char *home = firejail_home(context);
  const char *found = real == NULL ? path : real;
  const char *folder = plugin_path_parent(context->host, context->call, found);
  bool wide = plugin_path_depth(folder) < 2 || (home != NULL && strcmp(folder, home) == 0) ||
              strcmp(plugin_path_parent(context->host, context->call, folder), "/home") == 0;
  return wide ? found : folder;
}

static void report_hidden(const struct firejail_sight *sight, const char *option, const char *role,
                          const char *path)
{
  struct firejail_context *context = sight->context;
  const struct jauauth_host *host = context->host;
  firejail_problem(context, "path-not-shown", option,
                   host->format(context->call,
                                "%s %s exists on the host and is not there in the sandbox", role,
                                path),
                   host->format(context->call, "show it: \"read_only_paths\": [\"%s\"]",
                                to_show(context, path)));
}

/* Searches PATH; what is there inside goes before what is not. */
static const char *search(const struct firejail_sight *sight, const char *name, bool shown)
{
  const struct firejail_context *context = sight->context;
  const char *folders = firejail_variable(context->request, "PATH");
  for (const char *at = folders == NULL ? DEFAULT_PATH : folders; *at != '\0';) {
    size_t length = strcspn(at, ":");
    const char *folder = plugin_copy(context->host, context->call, at, length);
    const char *path = plugin_path_join(context->host, context->call, folder, name);
    if (folder[0] == '/' && is_program(context, path) && (!shown || is_shown(sight, path)))
      return path;
    at += length + (at[length] == ':');
  }
  return NULL;
}

static const char *find(const struct firejail_sight *sight, const char *name)
{
  const struct firejail_context *context = sight->context;
  if (name[0] == '/')
    return name;
  if (strchr(name, '/') != NULL)
    return plugin_path_join(context->host, context->call, sight->work, name);
  const char *path = search(sight, name, true);
  if (path == NULL)
    path = search(sight, name, false);
  return path != NULL ? path : context->host->find_program(context->call, name, NULL, NULL);
}

static void check_interpreter(const struct firejail_sight *sight, const char *path)
{
  struct jauauth_path info;
  if (!firejail_look(sight->context, path, &info) || info.interpreter == NULL)
    return;
  if (is_program(sight->context, info.interpreter) && !is_shown(sight, info.interpreter))
    report_hidden(sight, "command", "the interpreter", info.interpreter);
}

const char *firejail_command(const struct firejail_sight *sight)
{
  struct firejail_context *context = sight->context;
  const struct jauauth_host *host = context->host;
  const char *const *command = context->request->command;
  const char *path = find(sight, command[0]);
  if (path == NULL || !is_program(context, path))
    firejail_problem(context, "command-missing", "command",
                     host->format(context->call,
                                  "the program %s was not found, or the account %s may not execute "
                                  "it",
                                  command[0], context->request->user_name),
                     "install it for all users, write its absolute path, or set PATH in \"env\"");
  else if (!is_shown(sight, path))
    report_hidden(sight, "command", "the program", path);
  else
    check_interpreter(sight, path);
  for (size_t i = 1; command[i] != NULL; i++) {
    struct jauauth_path info;
    if (command[i][0] == '/' && plugin_path_depth(command[i]) > 1 &&
        firejail_look(context, command[i], &info) && !is_shown(sight, command[i]))
      report_hidden(sight, host->format(context->call, "command/%zu", i), "the path", command[i]);
  }
  return path;
}

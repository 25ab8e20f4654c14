/* SPDX-License-Identifier: Apache-2.0 */
/* The server's command: found inside, or the mounts that would show it. */
#include "command.h"

#include <string.h>

#include "missing.h"
#include "plugins/common/path.h"

/* Scripts may be scripts' interpreters; the kernel follows a few (binfmt_script). */
#define MOST_INTERPRETERS 4

const char *bubblewrap_variable(const struct jauauth_request *request, const char *name)
{
  for (size_t i = 0; request->environment[i] != NULL; i++)
    if (strcmp(request->environment[i]->name, name) == 0)
      return request->environment[i]->value;
  return NULL;
}

static bool is_program(const struct bubblewrap_found *found)
{
  return found->sight == BUBBLEWRAP_SHOWN && found->info.type == JAUAUTH_PATH_REGULAR &&
         found->info.executable;
}

/* Searches PATH as it is inside. */
static const char *search_inside(const struct bubblewrap_layout *layout, const char *name,
                                 const char *search)
{
  const struct bubblewrap_context *context = layout->context;
  for (const char *at = search;; at++) {
    size_t length = strcspn(at, ":");
    const char *folder = plugin_copy(context->host, context->call, at, length);
    if (folder[0] == '/') {
      const char *path = plugin_path_join(context->host, context->call, folder, name);
      struct bubblewrap_found found;
      bubblewrap_resolve(layout, path, &found);
      if (is_program(&found))
        return path;
    }
    at += length;
    if (*at == '\0')
      return NULL;
  }
}

static const char *search_host(const struct bubblewrap_context *context, const char *name,
                               const char *search)
{
  const char *path = context->host->find_program(context->call, name, search, NULL);
  return path != NULL ? path : context->host->find_program(context->call, name, NULL, NULL);
}

/* The first folder on the way to a folder of PATH that the account cannot enter, or NULL. */
static const char *closed_in_path(const struct bubblewrap_context *context, const char *name,
                                  const char *search)
{
  const char *closed = NULL;
  for (const char *at = search; closed == NULL && *at != '\0';) {
    size_t length = strcspn(at, ":");
    const char *folder = plugin_copy(context->host, context->call, at, length);
    if (folder[0] == '/')
      closed = bubblewrap_closed_folder(
          context, plugin_path_join(context->host, context->call, folder, name));
    at += length + (at[length] == ':');
  }
  return closed;
}

static void report_not_in_path(struct bubblewrap_context *context, const char *name,
                               const char *search)
{
  const struct jauauth_host *host = context->host;
  const char *closed = closed_in_path(context, name, search);
  if (closed == NULL)
    bubblewrap_problem(
        context, "command-missing", "command",
        host->format(context->call, "the program %s is in no folder of the server's PATH", name),
        "install it, or write its absolute path");
  else
    bubblewrap_problem(
        context, "command-missing", "command",
        host->format(context->call,
                     "the program %s is in no folder of the server's PATH that the account %s can "
                     "reach: it may not enter %s",
                     name, context->request->user_name, closed),
        "install it for all users, or let that account enter the folder");
}

/* A program that neither side has. */
static void report_absent(struct bubblewrap_layout *layout, const char *name, const char *search)
{
  struct bubblewrap_context *context = layout->context;
  const struct jauauth_host *host = context->host;
  struct bubblewrap_found found;
  if (strchr(name, '/') == NULL) {
    report_not_in_path(context, name, search);
    return;
  }
  bubblewrap_resolve(layout, name, &found);
  if (found.sight == BUBBLEWRAP_MISSING)
    bubblewrap_problem(
        context, "command-missing", "command",
        host->format(context->call, "the program %s does not exist inside the sandbox", name),
        "correct the path, or mount the folder that holds it");
  else
    bubblewrap_problem(
        context, "command-not-executable", "command",
        host->format(context->call, "%s is not a program that may be executed", name),
        "name the program's file, and give it the permission with \"chmod +x\"");
}

/* The program's path inside; notes it as missing, or reports it, when there is none. *where is
 * where it was found on either side. */
static const char *find_command(struct bubblewrap_missing *missing, const char **where)
{
  struct bubblewrap_layout *layout = missing->layout;
  const struct bubblewrap_context *context = layout->context;
  const char *name = context->request->command[0];
  const char *search = bubblewrap_variable(context->request, "PATH");
  search = search == NULL ? BUBBLEWRAP_DEFAULT_PATH : search;
  const char *path = name;
  if (strchr(name, '/') == NULL)
    path = search_inside(layout, name, search);
  else if (name[0] != '/')
    path = plugin_path_join(context->host, context->call, layout->work, name);
  struct bubblewrap_found found;
  if (path != NULL) {
    bubblewrap_resolve(layout, path, &found);
    if (is_program(&found))
      return *where = path;
  } else {
    path = search_host(context, name, search);
  }
  *where = path;
  if (path != NULL)
    bubblewrap_missing_note(missing, "command", "the program", path);
  if (missing->first == NULL)
    report_absent(layout, path == NULL ? name : path, search);
  return NULL;
}

/* Programs behind "#!". `path` is on the host or inside; where it is shown, inside counts. */
static void note_interpreters(struct bubblewrap_missing *missing, const char *path)
{
  struct bubblewrap_context *context = missing->layout->context;
  for (unsigned i = 0; i < MOST_INTERPRETERS; i++) {
    struct bubblewrap_found found;
    struct jauauth_path info;
    bubblewrap_resolve(missing->layout, path, &found);
    if (found.sight == BUBBLEWRAP_SHOWN)
      info = found.info;
    else if (!bubblewrap_look(context, path, &info))
      return;
    if (info.interpreter == NULL)
      return;
    const char *interpreter = info.interpreter;
    bubblewrap_missing_note(missing, "command", "the interpreter that the program names",
                            interpreter);
    bubblewrap_resolve(missing->layout, interpreter, &found);
    if (found.sight == BUBBLEWRAP_MISSING && !bubblewrap_look(context, interpreter, &info))
      bubblewrap_problem(context, "interpreter-missing", "command",
                         context->host->format(context->call,
                                               "%s names %s as its interpreter, which is not there",
                                               path, interpreter),
                         "install the interpreter, or name it as the command and the script as its "
                         "first argument");
    path = interpreter;
  }
}

/* Absolute paths, also behind "--name=". */
static void note_arguments(struct bubblewrap_missing *missing)
{
  const struct bubblewrap_context *context = missing->layout->context;
  const char *const *command = context->request->command;
  for (size_t i = 1; command[i] != NULL; i++) {
    const char *path = command[i];
    if (path[0] == '-') {
      const char *value = strchr(path, '=');
      path = value == NULL ? path : value + 1;
    }
    /* A final slash is usual for folders. */
    size_t length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
      path = plugin_copy(context->host, context->call, path, length - 1);
    if (path[0] == '/')
      bubblewrap_missing_note(missing, context->host->format(context->call, "command/%zu", i),
                              "the path in the arguments", path);
  }
}

static bool is_interpreter(const char *command)
{
  static const char *const names[] = {"node", "nodejs", "deno", "bun",  "python", "python3",
                                      "sh",   "bash",   "dash", "ruby", "perl"};
  const char *name = plugin_path_name(command);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(name, names[i]) == 0)
      return true;
  return false;
}

static bool ends_like_script(const char *name)
{
  static const char *const endings[] = {".js", ".mjs", ".cjs", ".ts", ".py", ".sh", ".rb", ".pl"};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++)
    if (strcmp(dot, endings[i]) == 0)
      return true;
  return false;
}

/* "node server.js": the script is looked for in the work directory, which is empty unless something
 * is mounted there. */
static void check_relative_script(struct bubblewrap_layout *layout)
{
  struct bubblewrap_context *context = layout->context;
  const struct jauauth_host *host = context->host;
  const char *const *command = context->request->command;
  const char *script = command[1];
  if (!is_interpreter(command[0]) || script == NULL || script[0] == '-' || script[0] == '/' ||
      !ends_like_script(script))
    return;
  struct bubblewrap_found found;
  bubblewrap_resolve(layout, plugin_path_join(host, context->call, layout->work, script), &found);
  if (found.sight == BUBBLEWRAP_MISSING)
    bubblewrap_problem(context, "script-missing", "command/1",
                       host->format(context->call,
                                    "the script %s is not in the work directory %s of the sandbox",
                                    script, layout->work),
                       "write the script's absolute path, and mount its folder with a line such as "
                       "\"mounts\": [\"/path/of/it:/path/of/it:ro\"]");
}

const char *bubblewrap_command(struct bubblewrap_layout *layout)
{
  struct bubblewrap_missing missing = {.layout = layout};
  const char *where = NULL;
  const char *path = find_command(&missing, &where);
  if (where != NULL)
    note_interpreters(&missing, where);
  note_arguments(&missing);
  bubblewrap_missing_report(&missing);
  check_relative_script(layout);
  return path;
}

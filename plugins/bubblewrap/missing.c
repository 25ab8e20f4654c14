/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the host that the sandbox does not show, and the mounts that would show them. */
#include "missing.h"

#include <string.h>

#include "plugins/common/path.h"

struct bubblewrap_missing_file {
  struct bubblewrap_missing_file *next;
  const char *option;
  const char *role;
  const char *path;
  const char *mount;  /* the folder or file whose mount shows it */
  const char *closed; /* the folder that the account cannot enter; there is no mount then */
};

/* Files that stand at the top of what a program needs beside itself. */
static const char *const root_marks[] = {"package.json", "pyproject.toml", "pyvenv.cfg"};

/* Folders from which no single package can be shown. */
static const char *const whole_folders[] = {"/nix/store", "/gnu/store"};

const char *bubblewrap_closed_folder(const struct bubblewrap_context *context, const char *path)
{
  for (const char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
    const char *folder = plugin_copy(context->host, context->call, path, (size_t)(at - path));
    struct jauauth_path info;
    if (!bubblewrap_look(context, folder, &info))
      return NULL;
    if (info.type != JAUAUTH_PATH_LINK && !info.executable)
      return folder;
  }
  return NULL;
}

/* Folders that hold far more than one program: a home, a top folder, ~/.local. */
static bool is_too_much(const char *folder)
{
  size_t depth = plugin_path_depth(folder);
  if (depth <= 1 || (depth == 2 && strncmp(folder, "/home/", 6) == 0))
    return true;
  static const char *const shared[] = {".local", ".config", ".cache", "Desktop", "Downloads"};
  for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
    if (strcmp(plugin_path_name(folder), shared[i]) == 0)
      return true;
  return false;
}

static bool has_root_mark(const struct bubblewrap_context *context, const char *folder)
{
  for (size_t i = 0; i < sizeof root_marks / sizeof root_marks[0]; i++) {
    struct jauauth_path info;
    if (bubblewrap_look(
            context, plugin_path_join(context->host, context->call, folder, root_marks[i]), &info))
      return true;
  }
  return false;
}

/* What to mount so that a file is shown with what belongs to it: the folder with its modules, its
 * virtual environment, the prefix above bin/; never a whole home, the file alone then. */
static const char *mount_for_file(const struct bubblewrap_context *context, const char *path)
{
  const struct jauauth_host *host = context->host;
  for (size_t i = 0; i < sizeof whole_folders / sizeof whole_folders[0]; i++)
    if (plugin_path_below(path, whole_folders[i]))
      return whole_folders[i];
  const char *modules = strstr(path, "/node_modules/");
  if (modules != NULL) {
    const char *folder = plugin_copy(host, context->call, path, (size_t)(modules - path));
    return is_too_much(folder) ? plugin_path_join(host, context->call, folder, "node_modules")
                               : folder;
  }
  const char *parent = plugin_path_parent(host, context->call, path);
  for (const char *folder = parent; !is_too_much(folder);
       folder = plugin_path_parent(host, context->call, folder))
    if (has_root_mark(context, folder))
      return folder;
  if (strcmp(plugin_path_name(parent), "bin") == 0) {
    const char *prefix = plugin_path_parent(host, context->call, parent);
    return is_too_much(prefix) ? path : prefix;
  }
  return is_too_much(parent) ? path : parent;
}

static bool is_noted(const struct bubblewrap_missing *missing, const char *path)
{
  for (const struct bubblewrap_missing_file *file = missing->first; file != NULL; file = file->next)
    if (file->mount != NULL && plugin_path_within(path, file->mount))
      return true;
  return false;
}

static void append(struct bubblewrap_missing *missing, const struct bubblewrap_missing_file *file)
{
  const struct bubblewrap_context *context = missing->layout->context;
  struct bubblewrap_missing_file *copy = context->host->allocate(context->call, sizeof *copy);
  *copy = *file;
  struct bubblewrap_missing_file **end = &missing->first;
  while (*end != NULL)
    end = &(*end)->next;
  *end = copy;
}

/* One path without regard to where its links lead. */
static void note_path(struct bubblewrap_missing *missing, const char *option, const char *role,
                      const char *path)
{
  const struct bubblewrap_context *context = missing->layout->context;
  struct bubblewrap_found found;
  bubblewrap_resolve(missing->layout, path, &found);
  if (found.sight != BUBBLEWRAP_MISSING || is_noted(missing, path))
    return;
  struct bubblewrap_missing_file file = {.option = option, .role = role, .path = path};
  struct jauauth_path info;
  if (!bubblewrap_look(context, path, &info)) {
    file.closed = bubblewrap_closed_folder(context, path);
    if (file.closed != NULL)
      append(missing, &file);
    return;
  }
  if (info.type == JAUAUTH_PATH_DIRECTORY)
    file.mount = path;
  else
    file.mount = mount_for_file(context, path);
  append(missing, &file);
}

void bubblewrap_missing_note(struct bubblewrap_missing *missing, const char *option,
                             const char *role, const char *path)
{
  const struct bubblewrap_context *context = missing->layout->context;
  if (!plugin_path_is_plain(path))
    return;
  struct bubblewrap_found found;
  bubblewrap_resolve(missing->layout, path, &found);
  if (found.sight != BUBBLEWRAP_MISSING)
    return;
  /* A link that is shown leads to something that is not. */
  if (plugin_path_within(path, found.inside))
    note_path(missing, option, role, path);
  const char *end = context->host->real_path(context->call, path, NULL);
  if (end != NULL && strcmp(end, path) != 0)
    note_path(missing, option, role, end);
}

/* The one line that shows everything: two lines of one name would be an error of the file. A ":"
 * in a path can only be written as a pair. */
static const char *mounts_line(const struct bubblewrap_missing *missing)
{
  const struct bubblewrap_context *context = missing->layout->context;
  const struct jauauth_host *host = context->host;
  bool pairs = false;
  for (const struct bubblewrap_missing_file *file = missing->first; file != NULL; file = file->next)
    pairs = pairs || (file->mount != NULL && strchr(file->mount, ':') != NULL);
  const char *line = pairs ? "\"ro_binds\": [" : "\"mounts\": [";
  const char *comma = "";
  for (const struct bubblewrap_missing_file *file = missing->first; file != NULL;
       file = file->next) {
    if (file->mount == NULL)
      continue;
    line = host->format(context->call, pairs ? "%s%s[\"%s\", \"%s\"]" : "%s%s\"%s:%s:ro\"", line,
                        comma, file->mount, file->mount);
    comma = ", ";
  }
  return host->format(context->call, "add %s] to the server's \"sandbox\"%s", line,
                      pairs ? ", among the options of \"bubblewrap\"" : "");
}

void bubblewrap_missing_report(const struct bubblewrap_missing *missing)
{
  struct bubblewrap_context *context = missing->layout->context;
  const struct jauauth_host *host = context->host;
  for (const struct bubblewrap_missing_file *file = missing->first; file != NULL;
       file = file->next) {
    if (file->closed != NULL)
      bubblewrap_problem(
          context, "path-closed", file->option,
          host->format(context->call, "%s, %s, cannot be reached: the account %s may not enter %s",
                       file->role, file->path, context->request->user_name, file->closed),
          host->format(context->call,
                       "move it out of %s, or let that account enter with \"chmod o+x\"",
                       file->closed));
    else if (plugin_path_within(file->path, "/snap"))
      bubblewrap_problem(context, "not-shown", file->option,
                         host->format(context->call,
                                      "%s, %s, is a snap, which cannot run in another sandbox",
                                      file->role, file->path),
                         "install it from another source and name that program");
    else
      bubblewrap_problem(context, "not-shown", file->option,
                         host->format(context->call,
                                      "%s, %s, exists on the host and not inside the sandbox",
                                      file->role, file->path),
                         mounts_line(missing));
  }
}

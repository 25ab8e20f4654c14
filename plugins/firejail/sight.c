/* SPDX-License-Identifier: Apache-2.0 */
/* What a sandbox shows of the host: the paths that are asked for, and the folders that are emptied.
 */
#include "sight.h"

#include <string.h>

#include "plugins/common/path.h"

/* Firejail reads these in paths: lists, patterns, macros and what it rejects. */
#define SPECIAL "\\&!?\"'<>%^(){};,*[]|$`~\n\r\t"

/* The account's own in memory, or emptied; a path in them is there only when it is asked for. */
static const char *const emptied[] = {"/home", "/root", "/tmp", "/var",   "/run",
                                      "/opt",  "/srv",  "/mnt", "/media", NULL};

/* Programs and what belongs to them. */
static const char *const programs[] = {"/usr",   "/bin",   "/sbin",   "/lib",
                                       "/lib32", "/lib64", "/libx32", NULL};

/* The sandbox's own. */
static const char *const own[] = {"/etc", "/dev", "/proc", "/sys", "/run/firejail", NULL};

static bool is_within_one(const char *path, const char *const *folders)
{
  for (size_t i = 0; folders[i] != NULL; i++)
    if (plugin_path_within(path, folders[i]))
      return true;
  return false;
}

/* The folder in / that holds a path. */
static const char *top_of(const struct firejail_context *context, const char *path)
{
  return plugin_copy(context->host, context->call, path, 1 + strcspn(path + 1, "/"));
}

static const struct jauauth_mount *mount_in(const struct firejail_context *context,
                                            const char *folder)
{
  const struct jauauth_mount *const *mounts = context->request->mounts;
  for (size_t i = 0; mounts[i] != NULL; i++)
    if (plugin_path_within(mounts[i]->target, folder) &&
        !is_within_one(mounts[i]->target, programs))
      return mounts[i];
  return NULL;
}

static const struct jauauth_mount *mount_of(const struct firejail_context *context,
                                            const char *path)
{
  const struct jauauth_mount *const *mounts = context->request->mounts;
  for (size_t i = 0; mounts[i] != NULL; i++)
    if (plugin_path_within(path, mounts[i]->target))
      return mounts[i];
  return NULL;
}

bool firejail_sees(const struct firejail_sight *sight, const char *path)
{
  if (mount_of(sight->context, path) != NULL || is_within_one(path, programs))
    return true;
  return !is_within_one(path, emptied) && !is_within_one(path, own) &&
         mount_in(sight->context, top_of(sight->context, path)) == NULL;
}

static void refuse(struct firejail_sight *sight, size_t index, const char *code, const char *format,
                   const char *hint)
{
  struct firejail_context *context = sight->context;
  const struct jauauth_host *host = context->host;
  firejail_problem(context, code, host->format(context->call, "mounts/%zu", index),
                   host->format(context->call, format, context->request->mounts[index]->target),
                   hint);
}

/* Whether firejail can show the path at all: it drops what it cannot, or does not start. */
static bool can_show(struct firejail_sight *sight, size_t index)
{
  const struct jauauth_mount *mount = sight->context->request->mounts[index];
  struct jauauth_path info;
  const char *path = mount->target;
  if (strcmp(path, mount->source) != 0)
    refuse(sight, index, "mount-elsewhere",
           "%s would have to be shown on another path than its own, which firejail cannot do",
           "use the path without links that it has on the host on both sides");
  else if (!plugin_path_is_plain(path) || strpbrk(path, SPECIAL) != NULL)
    refuse(sight, index, "path-not-plain", "firejail would read a meaning into the path %s",
           "give the folder a name of letters, digits, spaces and \"._-+@:=\"");
  else if (plugin_path_depth(path) < 2)
    refuse(sight, index, "path-too-wide",
           "%s is one of the folders in /, and firejail shows only what lies in them",
           "name the folders in it that the server needs");
  else if (plugin_path_within(path, "/root") || is_within_one(path, own))
    refuse(sight, index, "path-not-possible", "firejail does not show %s",
           "put what the server needs into another folder, such as one in /srv");
  else if (is_within_one(path, programs) && (mount->flags & JAUAUTH_MOUNT_READ_ONLY) == 0)
    refuse(sight, index, "path-of-programs",
           "%s belongs to the system's programs and may not be writable",
           "leave it out: programs are shown read-only");
  else if (!firejail_look(sight->context, path, &info))
    refuse(sight, index, "path-missing",
           "%s does not exist, or the account that runs firejail cannot reach it",
           "correct the path, or let the account enter the folders above it");
  else
    return true;
  return false;
}

static void judge_mount(struct firejail_sight *sight, size_t index)
{
  const struct firejail_context *context = sight->context;
  const char *path = context->request->mounts[index]->target;
  const char *home = firejail_home(context);
  if (!can_show(sight, index) || is_within_one(path, programs))
    return;
  if (home != NULL && strcmp(path, home) == 0) {
    refuse(sight, index, "path-is-home", "%s is the whole home of the account",
           "name the folders in it that the server needs");
  } else if (home != NULL && plugin_path_within(path, home)) {
    sight->home_shows_paths = true;
    if (context->request->home != NULL)
      refuse(sight, index, "path-in-kept-home",
             "%s lies in the home of the account, in whose place the kept home is",
             "leave \"home\" out, or put what the server needs into another folder");
  } else if (plugin_path_within(path, "/home")) {
    sight->other_home = true;
  }
}

/* Firejail makes a home at one place only: that of the account in the user database. */
static void judge_home(struct firejail_sight *sight)
{
  struct firejail_context *context = sight->context;
  const char *home = firejail_home(context);
  const char *variable = firejail_variable(context->request, "HOME");
  sight->home = home != NULL ? home : "/tmp";
  if (context->request->home != NULL && home == NULL)
    firejail_problem(context, "home-not-possible", "home",
                     "the account that runs firejail has no home, so that none can be kept",
                     "leave \"home\" out, or give that account a home");
  if (variable == NULL || strcmp(variable, sight->home) == 0 ||
      strcmp(variable, "/home/mcp") == 0) /* what a server gets that names none */
    return;
  if (mount_of(context, variable) != NULL)
    sight->home = variable;
  else
    firejail_problem(context, "home-not-possible", "environment",
                     context->host->format(context->call,
                                           "the variable HOME names no folder that is there "
                                           "inside; firejail makes a home at %s",
                                           sight->home),
                     "leave HOME out, or show the folder that it names");
}

static bool is_private(const struct firejail_sight *sight, const char *path)
{
  return strcmp(path, sight->home) == 0 || strcmp(path, "/tmp") == 0;
}

static void judge_folders(struct firejail_sight *sight)
{
  struct firejail_context *context = sight->context;
  const struct jauauth_request *request = context->request;
  struct jauauth_path info;
  sight->work = request->work_directory != NULL ? request->work_directory : sight->home;
  if (!is_private(sight, sight->work) &&
      (!firejail_sees(sight, sight->work) || !firejail_look(context, sight->work, &info) ||
       info.type != JAUAUTH_PATH_DIRECTORY || !info.executable))
    firejail_problem(context, "folder-missing", "work_directory",
                     context->host->format(context->call,
                                           "%s is no folder that is there inside, and firejail "
                                           "makes none",
                                           sight->work),
                     "name a folder of \"whitelist_paths\", or leave \"work_dir\" out");
  const char *temporary = request->temporary_directory;
  if (temporary == NULL || is_private(sight, temporary) || strcmp(temporary, "/var/tmp") == 0)
    return;
  const struct jauauth_mount *mount = mount_of(context, temporary);
  if (mount == NULL || (mount->flags & JAUAUTH_MOUNT_READ_ONLY) != 0 ||
      !firejail_look(context, temporary, &info))
    firejail_problem(context, "temporary-directory-not-possible", "temporary_directory",
                     "firejail makes no temporary directory but /tmp and /var/tmp",
                     "leave \"temp_dir\" out, or name a folder of \"whitelist_paths\"");
}

void firejail_sight_prepare(struct firejail_sight *sight)
{
  for (size_t i = 0; sight->context->request->mounts[i] != NULL; i++)
    judge_mount(sight, i);
  judge_home(sight);
  judge_folders(sight);
}

static void add(const struct firejail_sight *sight, struct jauauth_step *step, const char *flag,
                const char *value)
{
  const struct jauauth_host *host = sight->context->host;
  host->step_argument(step, host->format(sight->context->call, "%s=%s", flag, value));
}

/* Copies of what programs read; keys and passwords are not among them. */
static void add_settings(const struct firejail_sight *sight, struct jauauth_step *step)
{
  static const struct {
    const char *name;
    bool network;
  } files[] = {{"alternatives", false},    {"ca-certificates", false},
               {"crypto-policies", false}, {"group", false},
               {"host.conf", true},        {"hosts", false},
               {"ld.so.cache", false},     {"ld.so.conf", false},
               {"ld.so.conf.d", false},    {"localtime", false},
               {"mime.types", false},      {"nsswitch.conf", false},
               {"passwd", false},          {"pki", false},
               {"protocols", true},        {"resolv.conf", true},
               {"services", true},         {"ssl", false},
               {"timezone", false}};
  const struct firejail_context *context = sight->context;
  const struct jauauth_host *host = context->host;
  const char *list = "";
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    struct jauauth_path info;
    const char *path = host->format(context->call, "/etc/%s", files[i].name);
    if ((!files[i].network || context->request->network != JAUAUTH_NETWORK_NONE) &&
        firejail_look(context, path, &info))
      list = host->format(context->call, "%s%s%s", list, list[0] == '\0' ? "" : ",", files[i].name);
  }
  add(sight, step, "--private-etc", list);
}

/* Firejail empties a folder of / when something in it is asked for. Where nothing is, something of
 * no interest is named, or the folder is closed. */
static void add_emptied(const struct firejail_sight *sight, struct jauauth_step *step)
{
  static const char *const closed[] = {"/opt", "/srv", "/mnt", "/media"};
  const struct firejail_context *context = sight->context;
  for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
    if (mount_in(context, closed[i]) == NULL)
      add(sight, step, "--blacklist", closed[i]);
  if (mount_in(context, "/var/tmp") != NULL)
    context->host->step_argument(step, "--keep-var-tmp"); /* else it hides what is asked for */
  else
    add(sight, step, "--whitelist", "/var/tmp");
  add(sight, step, "--whitelist", "/run/firejail");
  const char *resolver = context->request->network == JAUAUTH_NETWORK_NONE
                             ? NULL
                             : context->host->real_path(context->call, "/etc/resolv.conf", NULL);
  if (resolver != NULL && plugin_path_below(resolver, "/run"))
    add(sight, step, "--whitelist", resolver);
}

/* A whole system's folders are read-only, /var by firejail itself. What lies in one that may be
 * changed comes behind it. */
static void add_changeable(const struct firejail_sight *sight, struct jauauth_step *step)
{
  const struct jauauth_mount *const *mounts = sight->context->request->mounts;
  for (size_t i = 0; mounts[i] != NULL; i++)
    if ((mounts[i]->flags & JAUAUTH_MOUNT_READ_ONLY) == 0)
      add(sight, step, "--read-write", mounts[i]->target);
  for (size_t i = 0; mounts[i] != NULL; i++)
    if ((mounts[i]->flags & JAUAUTH_MOUNT_READ_ONLY) != 0)
      add(sight, step, "--read-only", mounts[i]->target);
}

void firejail_sight_arguments(const struct firejail_sight *sight, struct jauauth_step *step)
{
  const struct firejail_context *context = sight->context;
  const struct jauauth_host *host = context->host;
  const struct jauauth_mount *const *mounts = context->request->mounts;
  host->step_argument(step, "--private-dev");
  host->step_argument(step, "--private-tmp");
  add_settings(sight, step);
  if (context->request->home != NULL)
    add(sight, step, "--private", context->request->home);
  else if (firejail_home(context) != NULL && !sight->home_shows_paths)
    host->step_argument(step, "--private");
  add(sight, step, "--private-cwd", sight->work);
  /* First, since it holds for the file system of / and not for what is mounted on it later. */
  add(sight, step, "--read-only", "/");
  add_emptied(sight, step);
  if (sight->other_home)
    host->step_argument(step, "--allusers"); /* else firejail drops the path without a word */
  for (size_t i = 0; mounts[i] != NULL; i++)
    if (!is_within_one(mounts[i]->target, programs))
      add(sight, step, "--whitelist", mounts[i]->target);
  add_changeable(sight, step);
}

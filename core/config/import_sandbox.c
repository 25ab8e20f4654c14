/* SPDX-License-Identifier: Apache-2.0 */
/* Proposes a sandbox for a server that comes without one, and says why. */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/config/import_parts.h"
#include "core/config/package_runner.h"

/* What is known of a server while its sandbox is thought out. */
struct proposal {
  struct import_server *server;
  const char *id;       /* as it will be */
  const char **command; /* ends with NULL */
  size_t count;
  const struct package_runner *runner; /* it fetches its code at each start; or NULL */
  const struct import_runtime *runtime;
  size_t first;   /* argument behind the package, the script or the program */
  char name[256]; /* of the package, the script or the program */
  bool files;
  bool network;
  json_t *mounts;
};

static void reason(const struct proposal *proposal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void reason(const struct proposal *proposal, const char *format, ...)
{
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0) {
    proposal->server->failed = true;
    return;
  }
  json_array_append_new(proposal->server->reasons, json_string(text));
  free(text);
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* --- What it is ---------------------------------------------------------------------------------
 */

/* A package without its version and without where it is fetched from. */
static void name_package(struct proposal *proposal, const char *package)
{
  const char *name = strstr(package, "://") != NULL ? base_name(package) : package;
  snprintf(proposal->name, sizeof proposal->name, "%s", name);
  char *version = strchr(proposal->name + (proposal->name[0] != '\0'), '@');
  char *equals = strstr(proposal->name, "==");
  if (version != NULL)
    *version = '\0';
  if (equals != NULL)
    *equals = '\0';
}

static size_t index_of(const struct proposal *proposal, const char *argument)
{
  size_t i = 0;
  while (i < proposal->count && proposal->command[i] != argument)
    i++;
  return i;
}

static void find_name(struct proposal *proposal)
{
  const char *package = NULL;
  const char *program = base_name(proposal->command[0]);
  proposal->runner = package_runner_find(proposal->command, &package);
  for (proposal->runtime = import_runtimes; proposal->runtime->program != NULL; proposal->runtime++)
    if (fnmatch(proposal->runtime->program, program, 0) == 0)
      break;
  if (proposal->runtime->program == NULL)
    proposal->runtime = NULL;
  proposal->first = 1;
  snprintf(proposal->name, sizeof proposal->name, "%s", program);
  if (proposal->runner != NULL && package != NULL) {
    name_package(proposal, package);
    proposal->first = index_of(proposal, package) + 1;
    return;
  }
  for (size_t i = 1; proposal->runtime != NULL && i < proposal->count; i++) {
    if (proposal->command[i][0] == '-')
      continue;
    snprintf(proposal->name, sizeof proposal->name, "%s", proposal->command[i]);
    proposal->first = i + 1;
    return;
  }
}

static void hit(struct proposal *proposal, const struct import_rule *rule, const char *text)
{
  static const char *const where[] = {[IMPORT_NAME] = "its name",
                                      [IMPORT_ARGUMENT] = "its arguments",
                                      [IMPORT_VARIABLE] = "its variables"};
  bool *known = rule->kind == IMPORT_FILES ? &proposal->files : &proposal->network;
  if (*known || fnmatch(rule->pattern, text, FNM_CASEFOLD) != 0)
    return;
  *known = true;
  /* An argument may be an address with a password in it. */
  bool shown = rule->where != IMPORT_ARGUMENT;
  reason(proposal, "%s: by %s%s%s%s",
         rule->kind == IMPORT_FILES ? "it works on files" : "it talks to a network",
         where[rule->where], shown ? ", \"" : "", shown ? text : "", shown ? "\"" : "");
}

static void classify(struct proposal *proposal)
{
  json_t *variables = proposal->server->variables;
  for (const struct import_rule *rule = import_rules; rule->pattern != NULL; rule++) {
    if (rule->where == IMPORT_NAME)
      hit(proposal, rule, proposal->name);
    for (size_t i = proposal->first; rule->where == IMPORT_ARGUMENT && i < proposal->count; i++)
      hit(proposal, rule, proposal->command[i]);
    for (size_t i = 0; rule->where == IMPORT_VARIABLE && i < json_array_size(variables); i++)
      hit(proposal, rule, json_string_value(json_array_get(variables, i)));
  }
}

/* --- What is shown of the host ------------------------------------------------------------------
 */

static bool is_below(const char *path, const char *above)
{
  size_t length = strlen(above);
  return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Directories that a sandbox shows anyway, or has as its own. */
static bool is_system(const char *path)
{
  static const char *const folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/dev", "/proc"};
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    if (is_below(path, folders[i]))
      return true;
  }
  return false;
}

/* A folder that holds the user's home, or is it. */
static bool is_wide(const struct proposal *proposal, const char *path)
{
  static const char *const folders[] = {"/home", "/root", "/etc", "/var", "/srv", "/opt",
                                        "/mnt",  "/tmp",  "/run", "/sys", "/boot"};
  const char *home = proposal->server->settings->home;
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    if (strcmp(path, folders[i]) == 0)
      return true;
  }
  return path[strspn(path, "/")] == '\0' || (home != NULL && is_below(home, path));
}

static void show(struct proposal *proposal, const char *given)
{
  char path[PATH_MAX];
  size_t length = strlen(given);
  if (given[0] != '/' || length >= sizeof path || is_system(given))
    return;
  memcpy(path, given, length + 1);
  while (length > 1 && path[length - 1] == '/')
    path[--length] = '\0';
  if (is_wide(proposal, path)) {
    reason(proposal, "\"%s\" is not shown to it: name a folder below it", path);
    return;
  }
  if (strpbrk(path, ":$") != NULL || strstr(path, "/../") != NULL || strstr(path, "/./") != NULL) {
    reason(proposal, "\"%s\" cannot be written as a mount: add it by hand", path);
    return;
  }
  for (size_t i = json_array_size(proposal->mounts); i-- > 0;) {
    CLEANUP_FREE char *there = strdup(json_string_value(json_array_get(proposal->mounts, i)));
    if (there != NULL)
      there[strcspn(there, ":")] = '\0';
    if (there != NULL && is_below(path, there))
      return;
    if (there != NULL && is_below(there, path))
      json_array_remove(proposal->mounts, i);
  }
  json_array_append_new(proposal->mounts, json_sprintf("%s:%s:ro", path, path));
}

/* Whether a folder has something in it that stands at the top of a folder of code. */
static bool has_marker(const char *folder)
{
  for (size_t i = 0; import_markers[i] != NULL; i++) {
    char marker[PATH_MAX + 64];
    snprintf(marker, sizeof marker, "%s/%s", folder, import_markers[i]);
    if (access(marker, F_OK) == 0)
      return true;
  }
  return false;
}

/* Shows the folder that the code of a script is in: the nearest one with a marker, else its own. */
static void show_code(struct proposal *proposal, const char *script)
{
  if (script[0] != '/' || is_system(script))
    return;
  CLEANUP_FREE char *own = strndup(script, (size_t)(strrchr(script, '/') - script));
  CLEANUP_FREE char *folder = own != NULL ? strdup(own) : NULL;
  proposal->server->failed |= folder == NULL;
  for (char *slash = folder; slash != NULL && *folder != '\0' && !is_wide(proposal, folder);) {
    if (has_marker(folder)) {
      show(proposal, folder);
      return;
    }
    slash = strrchr(folder, '/');
    *slash = '\0';
  }
  if (own != NULL)
    show(proposal, *own == '\0' || is_wide(proposal, own) ? script : own);
}

static void show_all(struct proposal *proposal)
{
  struct import_server *server = proposal->server;
  show_code(proposal, proposal->command[0]);
  if (proposal->runtime != NULL && proposal->runner == NULL && proposal->first > 1)
    show_code(proposal, proposal->command[proposal->first - 1]);
  size_t code = json_array_size(proposal->mounts);
  for (size_t i = proposal->first; i < proposal->count; i++)
    show(proposal, proposal->command[i]);
  size_t all = json_array_size(proposal->mounts);
  if (all > code)
    reason(proposal, "of the host it sees what its arguments name, read-only: take \":ro\" away "
                     "where it is to write");
  if (code > 0)
    reason(proposal, "its code is shown read-only");
  if (server->directory == NULL)
    return;
  show(proposal, server->directory);
  json_object_set_new(server->sandbox, "work_dir", json_string(server->directory));
  import_report_field(server->fields, "cwd", "changed",
                      "it is \"work_dir\" of the sandbox, and shown read-only");
}

/* --- The sandbox --------------------------------------------------------------------------------
 */

static void set_strategy(struct proposal *proposal)
{
  const struct import_settings *settings = proposal->server->settings;
  const char *image = proposal->runtime != NULL ? proposal->runtime->image : NULL;
  if (!proposal->network || settings->container == NULL || image == NULL) {
    reason(proposal, "the strategy is the default of this host, \"%s\"%s",
           settings->default_strategy,
           !proposal->network            ? ""
           : settings->container == NULL ? "; no strategy that runs images works here"
                                         : "; no image is known for its program");
    return;
  }
  json_object_set_new(proposal->server->sandbox, "strategy",
                      json_pack("{s:{s:s}}", settings->container, "image", image));
  reason(proposal,
         "what talks to a network gets a container, and no files of the system: the image \"%s\" "
         "has its program; a digest in place of the tag would pin it",
         image);
}

static void limit(struct proposal *proposal, bool contained)
{
  json_t *sandbox = proposal->server->sandbox;
  json_object_set_new(sandbox, "memory_limit", json_string("1g"));
  json_object_set_new(sandbox, "pids_limit", json_integer(128));
  if (contained)
    json_object_set_new(sandbox, "cpu_limit", json_integer(1));
  else
    json_object_set_new(sandbox, "accept_partial", json_pack("[s]", "memory_limit"));
  reason(proposal, "\"%s\" fetches code of strangers (\"%s\") at each start: it gets limits%s",
         proposal->runner->program, proposal->name,
         contained ? "" : "; where that of memory holds for each process alone, that is accepted");
}

static void decide(struct proposal *proposal)
{
  json_t *sandbox = proposal->server->sandbox;
  CLEANUP_ERROR struct error *error = NULL;
  if (!proposal->files && !proposal->network)
    reason(proposal, "nothing says that it needs a network");
  set_strategy(proposal);
  bool contained = json_object_get(sandbox, "strategy") != NULL;
  json_object_set_new(sandbox, "network", json_boolean(proposal->network));
  show_all(proposal);
  if (json_array_size(proposal->mounts) > 0)
    json_object_set(sandbox, "mounts", proposal->mounts);
  if (proposal->runner == NULL)
    return;
  limit(proposal, contained);
  if (proposal->network && !contained)
    json_object_set_new(sandbox, "home", json_string("keep"));
  if (package_runner_check(proposal->command, proposal->network, proposal->id, &error) != 0)
    reason(proposal, "it gets no network, so that before it starts: %s",
           error->hint != NULL ? error->hint : error->message);
}

void import_server_propose(struct import_server *server, const char *id)
{
  struct proposal proposal = {.server = server,
                              .id = id,
                              .count = json_array_size(server->command),
                              .mounts = json_array()};
  server->sandbox = json_object();
  proposal.command = calloc(proposal.count + 1, sizeof *proposal.command);
  if (proposal.command == NULL || proposal.count == 0) {
    server->failed = true;
  } else {
    for (size_t i = 0; i < proposal.count; i++)
      proposal.command[i] = json_string_value(json_array_get(server->command, i));
    find_name(&proposal);
    classify(&proposal);
    decide(&proposal);
  }
  server->failed |= server->sandbox == NULL || proposal.mounts == NULL;
  json_decref(proposal.mounts);
  free(proposal.command);
}

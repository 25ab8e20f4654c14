/* SPDX-License-Identifier: Apache-2.0 */
/* Where the configuration files are looked for, and where state is kept. */
#include "core/config/paths.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/servers_file.h"
#include "core/config/variable.h"
#include "core/paths.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* An absolute path from the environment, or NULL. */
static const char *directory_variable(const struct config_paths_settings *settings,
                                      const char *name)
{
  const char *value = config_environment_value(settings->environment, name);
  return value != NULL && value[0] == '/' ? value : NULL;
}

/* The home that the password file names; false when there is none. */
static bool home_of(uid_t user, char home[PATH_MAX])
{
  struct passwd entry;
  struct passwd *found = NULL;
  char texts[16384];
  if (getpwuid_r(user, &entry, texts, sizeof texts, &found) != 0 || found == NULL ||
      found->pw_dir == NULL || found->pw_dir[0] != '/' || strlen(found->pw_dir) >= PATH_MAX)
    return false;
  memcpy(home, found->pw_dir, strlen(found->pw_dir) + 1);
  return true;
}

/* "$VARIABLE/jauauth", else "HOME/BELOW/jauauth", into *out; NULL where there is neither. */
static int user_directory(const struct config_paths_settings *settings, const char *variable,
                          const char *below, char **out, struct error **error)
{
  const char *base = directory_variable(settings, variable);
  const char *home = directory_variable(settings, "HOME");
  char entry[PATH_MAX];
  int length = 0;
  *out = NULL;
  if (base == NULL && home == NULL && home_of(settings->user, entry))
    home = entry;
  if (base != NULL)
    length = asprintf(out, "%s/jauauth", base);
  else if (home != NULL)
    length = asprintf(out, "%s/%s/jauauth", home, below);
  if (length >= 0)
    return 0;
  *out = NULL;
  return error_memory(error);
}

static int add(struct config_places *places, char *path, enum config_path_origin origin,
               struct error **error)
{
  if (path == NULL)
    return error_memory(error);
  struct stat status;
  bool missing = stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
  struct config_place *place = &places->places[places->count++];
  *place = (struct config_place){.path = path, .origin = origin, .exists = !missing};
  if (places->found == NULL && (!missing || origin == CONFIG_PATH_OPTION))
    places->found = place->path;
  return 0;
}

static int add_below(struct config_places *places, const char *directory, const char *name,
                     enum config_path_origin origin, struct error **error)
{
  char *path = NULL;
  if (asprintf(&path, "%s/%s", directory, name) < 0)
    return error_memory(error);
  return add(places, path, origin, error);
}

static int find_places(struct config_places *places, const char *option, const char *user,
                       const char *name, struct error **error)
{
  if (option != NULL)
    return add(places, strdup(option), CONFIG_PATH_OPTION, error);
  if (user != NULL && add_below(places, user, name, CONFIG_PATH_USER, error) != 0)
    return -1;
  return add_below(places, JAUAUTH_SYSTEM_CONFIG_DIR, name, CONFIG_PATH_SYSTEM, error);
}

static int find_all(const struct config_paths_settings *settings, struct config_paths *paths,
                    struct error **error)
{
  CLEANUP_FREE char *user = NULL;
  bool root = settings->user == 0;
  if (!root && user_directory(settings, "XDG_CONFIG_HOME", ".config", &user, error) != 0)
    return -1;
  if (find_places(&paths->host, settings->host_option, user, "jauauth.conf", error) != 0 ||
      find_places(&paths->servers, settings->servers_option, user, "servers.json", error) != 0)
    return -1;
  if (!root)
    return user_directory(settings, "XDG_STATE_HOME", ".local/state", &paths->state_directory,
                          error) != 0
               ? -1
               : user_directory(settings, "XDG_DATA_HOME", ".local/share", &paths->data_directory,
                                error);
  paths->state_directory = strdup(JAUAUTH_STATE_DIR);
  paths->data_directory = strdup(JAUAUTH_STATE_DIR);
  return paths->state_directory == NULL || paths->data_directory == NULL ? error_memory(error) : 0;
}

int config_paths_find(const struct config_paths_settings *settings, struct config_paths *paths,
                      struct error **error)
{
  *paths = (struct config_paths){0};
  int result = find_all(settings, paths, error);
  if (result != 0)
    config_paths_free(paths);
  return result;
}

int config_paths_no_servers(const struct config_paths *paths, struct error **error)
{
  CLEANUP_BUFFER struct buffer searched = {0};
  for (size_t i = 0; i < paths->servers.count; i++)
    buffer_append_format(&searched, "%s%s", i > 0 ? ", " : "", paths->servers.places[i].path);
  CLEANUP_BUFFER struct buffer hint = {0};
  buffer_append_format(&hint, "put a file like this there, or name yours with --servers FILE:\n%s",
                       servers_config_smallest);
  if (searched.failed || hint.failed)
    return error_memory(error);
  while (hint.length > 0 && hint.data[hint.length - 1] == '\n')
    hint.data[--hint.length] = '\0';
  error_make_code(error, ERROR_CONFIG, "no-servers-file",
                  "there is no servers file; these places were searched: %s", searched.data);
  return error_hint(error, "%s", hint.data);
}

static const char *origin_word(enum config_path_origin origin)
{
  return origin == CONFIG_PATH_OPTION ? "option" : origin == CONFIG_PATH_USER ? "user" : "system";
}

static const char *remark(const struct config_places *places, const struct config_place *place)
{
  if (place->path == places->found)
    return place->exists ? "  (used)" : "  (missing)";
  return place->exists ? "  (not used)" : "";
}

static void append_places(const struct config_places *places, const char *what, struct buffer *out)
{
  for (size_t i = 0; i < places->count; i++) {
    const struct config_place *place = &places->places[i];
    buffer_append_format(out, "%-8s %-7s ", what, origin_word(place->origin));
    text_escape_controls(out, place->path, strlen(place->path));
    buffer_append_text(out, remark(places, place));
    buffer_append_byte(out, '\n');
  }
}

void config_paths_append_text(const struct config_paths *paths, struct buffer *out)
{
  append_places(&paths->host, "host", out);
  append_places(&paths->servers, "servers", out);
  if (paths->state_directory == NULL)
    return;
  buffer_append_format(out, "%-8s %-7s ", "state", "");
  text_escape_controls(out, paths->state_directory, strlen(paths->state_directory));
  buffer_append_byte(out, '\n');
  if (paths->data_directory == NULL)
    return;
  buffer_append_format(out, "%-8s %-7s ", "data", "");
  text_escape_controls(out, paths->data_directory, strlen(paths->data_directory));
  buffer_append_byte(out, '\n');
}

/* A path as JSON text; one that is not UTF-8 is shown escaped. */
static json_t *path_text(const char *path)
{
  if (text_is_utf8(path, strlen(path)))
    return json_string(path);
  CLEANUP_BUFFER struct buffer escaped = {0};
  text_escape_controls(&escaped, path, strlen(path));
  return escaped.failed ? NULL : json_string(escaped.data);
}

static json_t *places_json(const struct config_places *places)
{
  json_t *list = json_array();
  for (size_t i = 0; list != NULL && i < places->count; i++) {
    const struct config_place *place = &places->places[i];
    json_t *object = json_pack("{s:o, s:s, s:b}", "path", path_text(place->path), "origin",
                               origin_word(place->origin), "exists", (int)place->exists);
    if (json_array_append_new(list, object) != 0) {
      json_decref(list);
      return NULL;
    }
  }
  return list;
}

json_t *config_paths_json(const struct config_paths *paths)
{
  return json_pack("{s:o, s:o, s:o?, s:o?}", "host", places_json(&paths->host), "servers",
                   places_json(&paths->servers), "state",
                   paths->state_directory == NULL ? NULL : path_text(paths->state_directory),
                   "data", paths->data_directory == NULL ? NULL : path_text(paths->data_directory));
}

void config_paths_free(struct config_paths *paths)
{
  for (size_t i = 0; i < paths->host.count; i++)
    free(paths->host.places[i].path);
  for (size_t i = 0; i < paths->servers.count; i++)
    free(paths->servers.places[i].path);
  free(paths->state_directory);
  free(paths->data_directory);
  *paths = (struct config_paths){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An invented machine, read from JSON: what a plugin under test finds instead of the real one. */
#include "sdk/testing/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

/* As path_resolution(7). */
enum { MOST_LINKS = 40 };

static const char *member_text(json_t *object, const char *name)
{
  return json_string_value(json_object_get(object, name));
}

/* Whether some file lies below `path`, which makes it a directory without being named. */
static bool has_below(json_t *files, const char *path)
{
  size_t length = strlen(path);
  const char *name;
  json_t *value;
  json_object_foreach (files, name, value) {
    if (strncmp(name, path, length) == 0 && (length == 1 || name[length] == '/'))
      return true;
  }
  return false;
}

/* What is at `path` itself. false: nothing. */
static bool describe(json_t *scenario, const char *path, struct host_path *out)
{
  static const char *const types[] = {
      [JAUAUTH_PATH_REGULAR] = "regular", [JAUAUTH_PATH_DIRECTORY] = "directory",
      [JAUAUTH_PATH_LINK] = "link",       [JAUAUTH_PATH_SOCKET] = "socket",
      [JAUAUTH_PATH_OTHER] = "other",
  };
  json_t *files = json_object_get(scenario, "files");
  json_t *file = json_object_get(files, path);
  const char *word = json_is_object(file) ? member_text(file, "type") : json_string_value(file);
  bool closed = json_is_true(json_object_get(file, "closed"));
  if (file == NULL && !has_below(files, path))
    return false;
  if (word == NULL)
    word = "directory";
  *out = (struct host_path){.readable = !closed, .writable = false, .type = JAUAUTH_PATH_OTHER};
  if (strncmp(word, "link:", 5) == 0) {
    out->type = JAUAUTH_PATH_LINK;
    out->link = strdup(word + 5);
  } else if (strcmp(word, "file") == 0 || strcmp(word, "program") == 0) {
    out->type = JAUAUTH_PATH_REGULAR;
    out->executable = word[0] == 'p';
  }
  for (uint32_t i = 1; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(word, types[i]) == 0)
      out->type = i;
  if (out->type == JAUAUTH_PATH_DIRECTORY)
    out->executable = !closed;
  out->mode = out->type == JAUAUTH_PATH_DIRECTORY || out->executable ? 0755 : 0644;
  if (!json_is_object(file))
    return true;
  const char *mode = member_text(file, "mode");
  if (mode != NULL)
    out->mode = (uint32_t)strtoul(mode, NULL, 8);
  out->user = (uint32_t)json_integer_value(json_object_get(file, "user"));
  out->group = (uint32_t)json_integer_value(json_object_get(file, "group"));
  out->size = (uint64_t)json_integer_value(json_object_get(file, "size"));
  out->writable = json_is_true(json_object_get(file, "writable"));
  if (json_object_get(file, "readable") != NULL)
    out->readable = json_is_true(json_object_get(file, "readable"));
  if (json_object_get(file, "executable") != NULL)
    out->executable = json_is_true(json_object_get(file, "executable"));
  if (member_text(file, "link") != NULL)
    out->link = strdup(member_text(file, "link"));
  if (member_text(file, "interpreter") != NULL)
    out->interpreter = strdup(member_text(file, "interpreter"));
  return true;
}

static void forget(struct host_path *path)
{
  free(path->link);
  free(path->interpreter);
  *path = (struct host_path){0};
}

static int fail(struct error **error, int errnum, const char *path)
{
  return error_make_code(error, ERROR_SANDBOX, errnum == EACCES ? "path-closed" : "path-missing",
                         errnum == EACCES ? "%s cannot be reached: %s" : "%s: %s", path,
                         strerror(errnum));
}

/*
 * Follows the links of `path`, the last component's only when `last` is set. *real is malloc()ed
 * and *found, when not NULL, describes it. Returns 0 or an errno value.
 */
static int walk(json_t *scenario, const char *path, bool last, char **real, struct host_path *found)
{
  CLEANUP_BUFFER struct buffer current = {0};
  CLEANUP_BUFFER struct buffer way = {0};
  unsigned links = 0;
  struct host_path info = {0};
  if (!describe(scenario, "/", &info))
    info = (struct host_path){
        .type = JAUAUTH_PATH_DIRECTORY, .mode = 0755, .readable = true, .executable = true};
  buffer_append_text(&way, path);
  for (const char *at = way.data; *(at += strspn(at, "/")) != '\0';) {
    size_t length = strcspn(at, "/");
    size_t parent = current.length;
    bool is_directory = info.type == JAUAUTH_PATH_DIRECTORY;
    bool open = info.executable;
    forget(&info);
    if (!is_directory || !open)
      return is_directory ? EACCES : ENOTDIR;
    if (length == 2 && strncmp(at, "..", 2) == 0) {
      while (current.length > 0 && current.data[--current.length] != '/')
        ;
      if (current.data != NULL)
        current.data[current.length] = '\0';
      at += length;
      info = (struct host_path){.type = JAUAUTH_PATH_DIRECTORY, .executable = true};
      continue;
    }
    buffer_append_byte(&current, '/');
    buffer_append(&current, at, length);
    at += length;
    if (!describe(scenario, current.data, &info))
      return ENOENT;
    bool is_last = at[strspn(at, "/")] == '\0';
    if (info.type != JAUAUTH_PATH_LINK || (is_last && !last))
      continue;
    if (++links > MOST_LINKS) {
      forget(&info);
      return ELOOP;
    }
    struct buffer next = {0};
    buffer_append_format(&next, "%s%s", info.link == NULL ? "" : info.link, at);
    bool absolute = info.link != NULL && info.link[0] == '/';
    forget(&info);
    buffer_free(&way);
    way = next;
    at = way.data;
    current.length = absolute ? 0 : parent;
    current.data[current.length] = '\0';
    info = (struct host_path){.type = JAUAUTH_PATH_DIRECTORY, .executable = true};
  }
  if (current.length == 0)
    buffer_append_byte(&current, '/');
  *real = buffer_steal(&current);
  if (found != NULL)
    *found = info;
  else
    forget(&info);
  return *real == NULL ? ENOMEM : 0;
}

static int inspect_path(void *data, const char *path, struct host_path *result,
                        struct error **error)
{
  CLEANUP_FREE char *real = NULL;
  int errnum = walk(data, path, false, &real, result);
  if (errnum != 0)
    return fail(error, errnum, path);
  if (result->type != JAUAUTH_PATH_LINK)
    return 0;
  /* Rights and interpreter are those of the end of the links. */
  CLEANUP_FREE char *end = NULL;
  struct host_path target = {0};
  if (walk(data, path, true, &end, &target) == 0) {
    result->readable = target.readable;
    result->writable = target.writable;
    result->executable = target.executable;
    free(result->interpreter);
    result->interpreter = steal_pointer(target.interpreter);
  } else {
    result->readable = result->writable = result->executable = false;
  }
  forget(&target);
  return 0;
}

static int real_path(void *data, const char *path, char **real, struct error **error)
{
  int errnum = walk(data, path, true, real, NULL);
  return errnum == 0 ? 0 : fail(error, errnum, path);
}

static bool is_program(json_t *scenario, const char *path)
{
  CLEANUP_FREE char *real = NULL;
  struct host_path info = {0};
  bool is = walk(scenario, path, true, &real, &info) == 0 && info.type == JAUAUTH_PATH_REGULAR &&
            info.executable;
  forget(&info);
  return is;
}

static int find_program(void *data, const char *name, const char *search, char **found,
                        struct error **error)
{
  const char *known = member_text(json_object_get(data, "programs"), name);
  if (name[0] == '/' && is_program(data, name))
    known = name;
  if (known != NULL && (search == NULL || name[0] == '/')) {
    *found = strdup(known);
    return *found == NULL ? error_memory(error) : 0;
  }
  for (const char *at = search; at != NULL && *at != '\0' && name[0] != '/';) {
    size_t length = strcspn(at, ":");
    CLEANUP_BUFFER struct buffer path = {0};
    buffer_append(&path, at, length);
    buffer_append_format(&path, "/%s", name);
    if (path.data[0] == '/' && is_program(data, path.data)) {
      *found = buffer_steal(&path);
      return 0;
    }
    at += length + (at[length] == ':');
  }
  return error_make_code(error, ERROR_SANDBOX, "program-not-found", "%s was not found", name);
}

static bool begins_with(json_t *argv, const char *const *run)
{
  size_t index;
  json_t *word;
  json_array_foreach (argv, index, word) {
    const char *expected = json_string_value(word);
    if (run[index] == NULL || expected == NULL || strcmp(run[index], expected) != 0)
      return false;
  }
  return true;
}

static int run(void *data, const char *const *argv, const char *const *environment,
               uint32_t time_limit, struct host_run *result, struct error **error)
{
  (void)time_limit;
  (void)environment;
  size_t index;
  json_t *answer;
  json_array_foreach (json_object_get(data, "runs"), index, answer) {
    if (!begins_with(json_object_get(answer, "argv"), argv))
      continue;
    const char *output = member_text(answer, "output");
    const char *errors = member_text(answer, "errors");
    *result = (struct host_run){
        .exit_code = (int)json_integer_value(json_object_get(answer, "exit_code")),
        .signal = (int)json_integer_value(json_object_get(answer, "signal")),
        .timed_out = json_is_true(json_object_get(answer, "timed_out")),
    };
    buffer_append_text(&result->output, output == NULL ? "" : output);
    buffer_append_text(&result->errors, errors == NULL ? "" : errors);
    return 0;
  }
  return error_make_code(error, ERROR_SANDBOX, "run-failed", "the scenario has no answer for %s",
                         argv[0]);
}

struct host_world testing_world(json_t *scenario)
{
  return (struct host_world){
      .data = scenario,
      .find_program = find_program,
      .inspect_path = inspect_path,
      .real_path = real_path,
      .run = run,
  };
}

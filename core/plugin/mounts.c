/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves the mount sources of a request and judges who could swap them. */
#include "core/plugin/mounts.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/plugin/world.h"

enum { LINKS_MAX = 40 };

struct judge {
  const struct trust_owners *owners;
  json_t *elsewhere;
  json_t *own;
  json_t *allowed;
};

/* What is wrong with a source. */
struct verdict {
  struct buffer text; /* empty: nothing */
  struct buffer hint;
  bool missing;
  bool swappable; /* wrong only because others could swap it */
};

static void verdict_free(struct verdict *verdict)
{
  buffer_free(&verdict->text);
  buffer_free(&verdict->hint);
}

static bool contains(json_t *list, const char *path)
{
  size_t index;
  json_t *entry;
  json_array_foreach (list, index, entry) {
    const char *text = json_string_value(entry);
    if (text != NULL && strcmp(text, path) == 0)
      return true;
  }
  return false;
}

static bool is_at_or_below(const char *path, const char *directory)
{
  size_t length = strlen(directory);
  while (length > 1 && directory[length - 1] == '/')
    length--;
  if (length == 1)
    return true;
  return strncmp(path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Every server's writable directory could be meant by another name, so it is resolved too. */
static const char *writable_above(const struct judge *judge, const char *path, bool is_end)
{
  size_t index;
  json_t *entry;
  json_array_foreach (judge->elsewhere, index, entry) {
    const char *directory = json_string_value(entry);
    if (directory == NULL)
      continue;
    CLEANUP_FREE char *real = realpath(directory, NULL);
    const char *compared = real == NULL ? directory : real;
    if (!is_at_or_below(path, compared))
      continue;
    bool itself = is_end && strcmp(path, compared) == 0;
    if (!itself || !contains(judge->own, directory))
      return directory;
  }
  return NULL;
}

/* Whether the group is the owner's own: named after him, his first one, without another member. */
static bool is_private_group(uid_t owner, gid_t group)
{
  const struct passwd *user = getpwuid(owner);
  if (user == NULL || user->pw_gid != group)
    return false;
  CLEANUP_FREE char *name = strdup(user->pw_name);
  const struct group *entry = getgrgid(group);
  if (name == NULL || entry == NULL || strcmp(entry->gr_name, name) != 0)
    return false;
  for (char **member = entry->gr_mem; member != NULL && *member != NULL; member++)
    if (strcmp(*member, name) != 0)
      return false;
  return true;
}

/* Why others could put something else in the place of `entry` in the directory, or NULL. */
static const char *swappable_by(const struct judge *judge, const struct stat *directory,
                                const struct stat *entry)
{
  if (!trust_owners_have(judge->owners, directory->st_uid))
    return "belongs to another user";
  bool others = (directory->st_mode & S_IWOTH) != 0;
  bool group = (directory->st_mode & S_IWGRP) != 0 &&
               !is_private_group(directory->st_uid, directory->st_gid);
  if (!others && !group)
    return NULL;
  if ((directory->st_mode & S_ISVTX) != 0 && trust_owners_have(judge->owners, entry->st_uid))
    return NULL;
  return others ? "can be written by everyone" : "can be written by its group";
}

static void refuse_unreachable(struct verdict *verdict, const char *source, int errnum)
{
  CLEANUP_FREE char *closed = errnum == EACCES ? world_closed_directory(source) : NULL;
  verdict->missing = errnum == ENOENT;
  if (errnum == ENOENT) {
    buffer_append_format(&verdict->text, "%s does not exist, and mount sources are never created",
                         source);
    buffer_append_format(&verdict->hint, "create it, or remove the mount");
  } else if (closed != NULL) {
    buffer_append_format(&verdict->text, "%s cannot be reached: the account %s may not enter %s",
                         source, world_account(), closed);
    buffer_append_format(&verdict->hint, "move it, or chmod o+x %s", closed);
  } else
    buffer_append_format(&verdict->text, "%s cannot be looked at: %s", source, strerror(errnum));
}

static void refuse_swappable(struct verdict *verdict, const char *source)
{
  verdict->swappable = true;
  buffer_append_format(&verdict->hint,
                       "; or accept it with \"allow_swappable\": [\"%s\"] in the server's sandbox",
                       source);
}

/* Judges one entry on the way; `path` is where it stands, `is_end` that it is the source. */
static void judge_entry(const struct judge *judge, const char *source, const char *path,
                        const struct stat *directory, const struct stat *entry, bool is_end,
                        struct verdict *verdict)
{
  if (verdict->text.length > 0)
    return;
  const char *why = swappable_by(judge, directory, entry);
  const char *slash = strrchr(path, '/');
  int length = slash == path ? 1 : (int)(slash - path);
  if (why != NULL) {
    buffer_append_format(&verdict->text, "%s could be swapped by others: %.*s %s", source, length,
                         path, why);
    buffer_append_format(&verdict->hint, "use a directory that only you can write");
    refuse_swappable(verdict, source);
    return;
  }
  const char *writable =
      is_end || S_ISLNK(entry->st_mode) ? writable_above(judge, path, is_end) : NULL;
  if (writable == NULL)
    return;
  buffer_append_format(&verdict->text,
                       "%s could be swapped by a server: it lies in %s, which a server can write",
                       source, writable);
  buffer_append_format(&verdict->hint, "use a directory that no server can write");
  refuse_swappable(verdict, source);
}

/* Puts the target of a link in front of what is left of the way. */
static int follow(const char *path, struct buffer *real, struct buffer *rest, int *links)
{
  char target[PATH_MAX];
  ssize_t length = readlink(path, target, sizeof target);
  if (length < 0)
    return errno;
  if (++*links > LINKS_MAX)
    return ELOOP;
  CLEANUP_BUFFER struct buffer joined = {0};
  buffer_append(&joined, target, (size_t)length);
  buffer_append_format(&joined, "/%s", rest->length == 0 ? "" : rest->data);
  if (joined.failed)
    return ENOMEM;
  buffer_clear(rest);
  buffer_append(rest, joined.data, joined.length);
  if (target[0] == '/')
    buffer_clear(real);
  return rest->failed ? ENOMEM : 0;
}

static void drop_last(struct buffer *path)
{
  while (path->length > 0 && path->data[--path->length] != '/')
    ;
  if (path->data != NULL)
    path->data[path->length] = '\0';
}

/* Takes the next component from the way; false at its end. */
static bool next_component(struct buffer *rest, struct buffer *component)
{
  buffer_clear(component);
  while (rest->length > 0 && rest->data[0] == '/')
    buffer_consume(rest, 1);
  if (rest->length == 0)
    return false;
  size_t length = strcspn(rest->data, "/");
  buffer_append(component, rest->data, length);
  buffer_consume(rest, length);
  return true;
}

static bool is_last(const struct buffer *rest)
{
  return rest->length == 0 || rest->data[strspn(rest->data, "/.")] == '\0';
}

/* Walks to the source as realpath(3) would and judges every step. Returns an errno value. */
static int walk(const struct judge *judge, const char *source, struct buffer *real,
                struct verdict *verdict)
{
  CLEANUP_BUFFER struct buffer rest = {0};
  CLEANUP_BUFFER struct buffer component = {0};
  buffer_append_text(&rest, source);
  int links = 0;
  while (next_component(&rest, &component)) {
    if (strcmp(component.data, ".") == 0)
      continue;
    if (strcmp(component.data, "..") == 0) {
      drop_last(real);
      continue;
    }
    struct stat directory;
    struct stat entry;
    if (lstat(real->length == 0 ? "/" : real->data, &directory) != 0)
      return errno;
    CLEANUP_BUFFER struct buffer path = {0};
    buffer_append_format(&path, "%s/%s", real->length == 0 ? "" : real->data, component.data);
    if (path.failed)
      return ENOMEM;
    if (lstat(path.data, &entry) != 0)
      return errno;
    bool is_link = S_ISLNK(entry.st_mode);
    judge_entry(judge, source, path.data, &directory, &entry, !is_link && is_last(&rest), verdict);
    if (!is_link) {
      buffer_clear(real);
      buffer_append(real, path.data, path.length);
      continue;
    }
    int errnum = follow(path.data, real, &rest, &links);
    if (errnum != 0)
      return errnum;
  }
  if (real->length == 0)
    buffer_append_byte(real, '/');
  return real->failed ? ENOMEM : 0;
}

static void judge_source(const struct judge *judge, const char *source, struct buffer *real,
                         struct verdict *verdict)
{
  if (source[0] != '/') {
    buffer_append_format(&verdict->text, "%s is no absolute path", source);
    buffer_append_format(&verdict->hint, "write the whole path, from / on");
    return;
  }
  int errnum = walk(judge, source, real, verdict);
  if (errnum != 0) {
    buffer_clear(&verdict->text);
    buffer_clear(&verdict->hint);
    verdict->swappable = false;
    refuse_unreachable(verdict, source, errnum);
  } else if (verdict->swappable &&
             (contains(judge->allowed, source) || contains(judge->allowed, real->data)))
    buffer_clear(&verdict->text);
}

static int add_problem(json_t *problems, const char *place, const struct verdict *verdict,
                       struct error **error)
{
  json_t *problem = json_pack("{s:s, s:s}", "option", place, "text", verdict->text.data);
  if (problem != NULL && verdict->hint.length > 0 &&
      json_object_set_new(problem, "hint", json_string(verdict->hint.data)) != 0) {
    json_decref(problem);
    problem = NULL;
  }
  return json_array_append_new(problems, problem) == 0 ? 0 : error_memory(error);
}

/* The member `key` of `object` is the source. 1: it was right, 0: it is a problem now. */
static int judge_member(const struct judge *judge, json_t *object, const char *key,
                        const char *place, bool may_miss, json_t *problems, struct error **error)
{
  const char *source = json_string_value(json_object_get(object, key));
  CLEANUP_BUFFER struct buffer real = {0};
  __attribute__((cleanup(verdict_free))) struct verdict verdict = {0};
  judge_source(judge, source == NULL ? "" : source, &real, &verdict);
  if (verdict.text.failed || verdict.hint.failed || real.failed)
    return error_memory(error);
  if (verdict.missing && may_miss)
    return 1;
  if (verdict.text.length > 0)
    return add_problem(problems, place, &verdict, error);
  return json_object_set_new(object, key, json_string(real.data)) == 0 ? 1 : error_memory(error);
}

int mounts_judge(json_t *request, const struct trust_owners *owners, int must_exist,
                 json_t *problems, struct error **error)
{
  const struct judge judge = {.owners = owners,
                              .elsewhere = json_object_get(request, "writable_elsewhere"),
                              .own = json_object_get(request, "own_writable"),
                              .allowed = json_object_get(request, "allow_swappable")};
  json_t *mounts = json_object_get(request, "mounts");
  size_t written = 0;
  for (size_t i = 0; i < json_array_size(mounts); written++) {
    json_t *mount = json_array_get(mounts, i);
    const char *place = json_string_value(json_object_get(mount, "place"));
    CLEANUP_BUFFER struct buffer number = {0};
    buffer_append_format(&number, "mounts/%zu", written);
    int outcome = judge_member(&judge, mount, "source", place == NULL ? number.data : place, false,
                               problems, error);
    if (outcome < 0)
      return -1;
    if (outcome == 0)
      json_array_remove(mounts, i);
    else
      i++;
  }
  if (json_object_get(request, "home") == NULL)
    return 0;
  return judge_member(&judge, request, "home", "home", !must_exist, problems, error) < 0 ? -1 : 0;
}

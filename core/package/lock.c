/* SPDX-License-Identifier: Apache-2.0 */
/* What was installed for a server: versions and hashes, and where it lies. */
#include "core/package/lock.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/os/folder.h"

enum { LOCK_MAX = 64 << 20 };

static const char file_name[] = "lock.json";

const char *lock_text(json_t *lock, const char *member)
{
  return json_string_value(json_object_get(lock, member));
}

static bool is_usable(json_t *lock)
{
  const char *directory = lock_text(lock, "directory");
  return json_integer_value(json_object_get(lock, "version")) == 1 && directory != NULL &&
         directory[0] != '\0' && strspn(directory, "0123456789abcdef") == strlen(directory) &&
         lock_text(lock, "seal") != NULL;
}

json_t *lock_read(int folder, struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  if (os_read_file(folder, file_name, LOCK_MAX, &text) != 0) {
    if (errno != ENOENT)
      error_make(error, ERROR_SANDBOX, errno, "the lock of its package cannot be read");
    return NULL;
  }
  json_t *lock = text.data == NULL ? NULL : json_loadb(text.data, text.length, 0, NULL);
  if (is_usable(lock))
    return lock;
  json_decref(lock);
  error_make_code(error, ERROR_SANDBOX, "package-lock", "the lock of its package is damaged");
  error_hint(error, "remove %s and prepare the server anew", file_name);
  return NULL;
}

int lock_write(int folder, json_t *lock, struct error **error)
{
  CLEANUP_FREE char *text = json_dumps(lock, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
  if (text == NULL)
    return error_memory(error);
  if (os_replace_file(folder, file_name, text, strlen(text)) == 0)
    return 0;
  error_make(error, ERROR_SANDBOX, errno, "the lock of its package cannot be written");
  if (errno == ENOSPC || errno == EDQUOT)
    error_hint(error, "make room on that disk; what was installed before is still there");
  return -1;
}

/* --- The difference --------------------------------------------------------------------------- */

/* The package with this name and version (any when NULL) in a list, or NULL. */
static json_t *find(json_t *list, const char *name, const char *version)
{
  size_t index;
  json_t *package;
  json_array_foreach (list, index, package) {
    const char *other = lock_text(package, "version");
    if (strcmp(lock_text(package, "name"), name) == 0 &&
        (version == NULL || (other != NULL && strcmp(other, version) == 0)))
      return package;
  }
  return NULL;
}

static void add(json_t *changes, const char *name, json_t *from, json_t *to, const char *change)
{
  json_array_append_new(changes, json_pack("{s:s*, s:s*, s:s*, s:s}", "name", name, "from",
                                           lock_text(from, "version"), "to",
                                           lock_text(to, "version"), "change", change));
}

static void compare(json_t *changes, json_t *package, json_t *old_list, json_t *new_list)
{
  const char *name = lock_text(package, "name");
  const char *version = lock_text(package, "version");
  json_t *same = find(old_list, name, version);
  if (same != NULL) {
    const char *before = lock_text(same, "hash");
    const char *after = lock_text(package, "hash");
    if (before != NULL && after != NULL && strcmp(before, after) != 0)
      add(changes, name, same, package, "contents");
    return;
  }
  json_t *other = find(old_list, name, NULL);
  if (other != NULL && find(new_list, name, lock_text(other, "version")) == NULL)
    add(changes, name, other, package, "version");
  else
    add(changes, name, NULL, package, "added");
}

json_t *lock_difference(json_t *from, json_t *to)
{
  json_t *changes = json_array();
  json_t *before = json_object_get(from, "packages");
  json_t *after = json_object_get(to, "packages");
  size_t index;
  json_t *package;
  json_array_foreach (after, index, package)
    compare(changes, package, before, after);
  json_array_foreach (before, index, package)
    if (find(after, lock_text(package, "name"), NULL) == NULL)
      add(changes, lock_text(package, "name"), package, NULL, "removed");
  const char *old_seal = lock_text(from, "seal");
  const char *new_seal = lock_text(to, "seal");
  if (json_array_size(before) + json_array_size(after) == 0 && old_seal != NULL &&
      new_seal != NULL && strcmp(old_seal, new_seal) != 0)
    add(changes, NULL, NULL, NULL, "contents");
  return changes;
}

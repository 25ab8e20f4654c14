/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that a server's account has written: sealed, read and removed without following links. */
#include "core/package/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "core/base/cleanup.h"

enum { DEPTH_MAX = 128 };

static int open_folder(int directory, const char *name)
{
  return openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A stream of the folder's names; the descriptor stays the caller's. */
static DIR *names_of(int folder)
{
  int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  DIR *stream = copy < 0 ? NULL : fdopendir(copy);
  if (stream == NULL && copy >= 0)
    close(copy);
  return stream;
}

static bool is_dots(const char *name)
{
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* --- Sealing ---------------------------------------------------------------------------------- */

struct sealing {
  crypto_generichash_state state;
  struct buffer path; /* below the folder, for errors */
};

static void add(struct sealing *sealing, const void *bytes, size_t length)
{
  uint64_t size = length; /* in front, so that no two trees give the same bytes */
  crypto_generichash_update(&sealing->state, (const unsigned char *)&size, sizeof size);
  crypto_generichash_update(&sealing->state, bytes, length);
}

static int fail(const struct sealing *sealing, struct error **error)
{
  return error_make(error, ERROR_FAILED, errno, "cannot look at the installed \"%s\"",
                    sealing->path.data != NULL ? sealing->path.data : "");
}

static int add_file(struct sealing *sealing, int folder, const char *name, struct error **error)
{
  CLEANUP_CLOSE int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  unsigned char bytes[65536];
  uint64_t total = 0;
  ssize_t count = -1;
  while (file >= 0 && (count = read(file, bytes, sizeof bytes)) > 0) {
    crypto_generichash_update(&sealing->state, bytes, (size_t)count);
    total += (uint64_t)count;
  }
  if (count < 0)
    return fail(sealing, error);
  add(sealing, &total, sizeof total);
  return 0;
}

static int add_link(struct sealing *sealing, int folder, const char *name, struct error **error)
{
  char target[PATH_MAX];
  ssize_t length = readlinkat(folder, name, target, sizeof target);
  if (length < 0)
    return fail(sealing, error);
  add(sealing, target, (size_t)length);
  return 0;
}

static int add_folder(struct sealing *sealing, int folder, int depth, struct error **error);

static int add_entry(struct sealing *sealing, int folder, const char *name, int depth,
                     struct error **error)
{
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(sealing, error);
  unsigned char kind[2] = {(unsigned char)(status.st_mode >> 12),
                           (status.st_mode & S_IXUSR) != 0 && !S_ISLNK(status.st_mode)};
  add(sealing, name, strlen(name));
  add(sealing, kind, sizeof kind);
  if (S_ISREG(status.st_mode))
    return add_file(sealing, folder, name, error);
  if (S_ISLNK(status.st_mode))
    return add_link(sealing, folder, name, error);
  if (!S_ISDIR(status.st_mode))
    return error_make(error, ERROR_FAILED, 0, "the installed \"%s\" is no file, folder or link",
                      sealing->path.data);
  CLEANUP_CLOSE int below = open_folder(folder, name);
  return below < 0 ? fail(sealing, error) : add_folder(sealing, below, depth + 1, error);
}

static int by_name(const void *one, const void *other)
{
  return strcmp(*(char *const *)one, *(char *const *)other);
}

/* The names in a folder, in an order that no file system decides; ends with NULL. */
static char **sorted_names(int folder, size_t *count)
{
  CLEANUP_DIRECTORY DIR *stream = names_of(folder);
  char **names = NULL;
  const struct dirent *entry;
  *count = 0;
  while (stream != NULL && (entry = readdir(stream)) != NULL) {
    if (is_dots(entry->d_name))
      continue;
    char **grown = *count % 64 == 0 ? reallocarray(names, *count + 64, sizeof *names) : names;
    if (grown == NULL)
      break;
    names = grown;
    names[*count] = strdup(entry->d_name);
    if (names[*count] == NULL)
      break;
    ++*count;
  }
  if (names != NULL)
    qsort(names, *count, sizeof *names, by_name);
  return names;
}

static int add_folder(struct sealing *sealing, int folder, int depth, struct error **error)
{
  if (depth > DEPTH_MAX)
    return error_make(error, ERROR_FAILED, 0, "what is installed has folders %d deep", DEPTH_MAX);
  size_t count = 0;
  size_t length = sealing->path.length;
  char **names = sorted_names(folder, &count);
  int answer = 0;
  for (size_t i = 0; i < count; i++) {
    buffer_append_format(&sealing->path, "%s%s", length > 0 ? "/" : "", names[i]);
    if (answer == 0)
      answer = add_entry(sealing, folder, names[i], depth, error);
    if (answer == 0 && sealing->path.data != NULL) {
      sealing->path.length = length;
      sealing->path.data[length] = '\0';
    }
    free(names[i]);
  }
  free(names);
  add(sealing, "", 0); /* where the folder ends */
  return answer;
}

int tree_seal(int directory, const char *name, char seal[TREE_SEAL], struct error **error)
{
  /* Its state wants more alignment than the stack of a thread has in every build. */
  CLEANUP_FREE struct sealing *sealing = aligned_alloc(alignof(struct sealing), sizeof *sealing);
  if (sealing == NULL)
    return error_memory(error);
  memset(sealing, 0, sizeof *sealing);
  unsigned char hash[crypto_generichash_BYTES];
  CLEANUP_CLOSE int folder = open_folder(directory, name);
  if (folder < 0)
    return fail(sealing, error);
  crypto_generichash_init(&sealing->state, NULL, 0, sizeof hash);
  int answer = add_folder(sealing, folder, 0, error);
  crypto_generichash_final(&sealing->state, hash, sizeof hash);
  sodium_bin2hex(seal, TREE_SEAL, hash, sizeof hash);
  buffer_free(&sealing->path);
  return answer;
}

/* --- Removing --------------------------------------------------------------------------------- */

static int remove_below(int directory, const char *name, int depth)
{
  if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
    return 0;
  CLEANUP_CLOSE int folder = depth > DEPTH_MAX ? -1 : open_folder(directory, name);
  if (folder < 0)
    return -1;
  (void)fchmod(folder, 0700); /* installers leave folders that nobody may write */
  CLEANUP_DIRECTORY DIR *stream = names_of(folder);
  if (stream == NULL)
    return -1;
  int answer = 0;
  const struct dirent *entry;
  while ((entry = readdir(stream)) != NULL)
    if (!is_dots(entry->d_name) && remove_below(folder, entry->d_name, depth + 1) != 0)
      answer = -1;
  return answer == 0 ? unlinkat(directory, name, AT_REMOVEDIR) : -1;
}

int tree_remove(int directory, const char *name)
{
  return remove_below(directory, name, 0);
}

/* --- Reading ---------------------------------------------------------------------------------- */

int tree_open(int directory, const char *path)
{
  CLEANUP_CLOSE int folder = open_folder(directory, ".");
  char name[NAME_MAX + 1];
  while (folder >= 0 && *path != '\0') {
    size_t length = strcspn(path, "/");
    if (length >= sizeof name || length == 0) {
      errno = ENAMETOOLONG;
      return -1;
    }
    memcpy(name, path, length);
    name[length] = '\0';
    int next = strcmp(name, "..") == 0 ? -1 : open_folder(folder, name);
    close(folder);
    folder = next;
    path += length + (path[length] == '/');
  }
  return steal_descriptor(&folder);
}

int tree_read(int directory, const char *path, size_t most, struct buffer *out)
{
  const char *slash = strrchr(path, '/');
  CLEANUP_FREE char *above = slash != NULL ? strndup(path, (size_t)(slash - path)) : strdup(".");
  CLEANUP_CLOSE int folder = above == NULL ? -1 : tree_open(directory, above);
  if (folder < 0)
    return -1;
  CLEANUP_CLOSE int file = openat(folder, slash != NULL ? slash + 1 : path,
                                  O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0)
    return -1;
  if (!S_ISREG(status.st_mode) || status.st_size > (off_t)most) {
    errno = EFBIG;
    return -1;
  }
  char *space = buffer_reserve(out, (size_t)status.st_size + 1);
  size_t length = 0;
  ssize_t count = 1;
  while (space != NULL && count > 0 && length < (size_t)status.st_size) {
    count = read(file, space + length, (size_t)status.st_size - length);
    length += count > 0 ? (size_t)count : 0;
  }
  if (space == NULL || count < 0)
    return -1;
  space[length] = '\0';
  out->length += length;
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where the package of a server lies: a lock, and a folder for each time that it was installed. */
#include "core/package/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <sodium.h>

#include "core/base/cleanup.h"
#include "core/package/lock.h"
#include "core/package/tree.h"

/* Whose lock would be believed must be nobody else's. */
static int check_owner(const struct store *store, struct error **error)
{
  struct stat status;
  if (fstat(store->folder, &status) != 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot look at %s", store->path);
  if (status.st_uid == geteuid() && (status.st_mode & 022) == 0)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "not-trusted", "%s can be written by others", store->path);
  return error_hint(error, "chown %u %s && chmod 755 %s", (unsigned)geteuid(), store->path,
                    store->path);
}

int store_find(const char *root, const char *server, struct store *store, struct error **error)
{
  *store = (struct store){-1, -1, NULL};
  CLEANUP_FREE char *path = NULL;
  if (asprintf(&path, "%s/%s", root, server) < 0) {
    path = NULL;
    return error_memory(error);
  }
  store->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (store->folder < 0)
    return errno == ENOENT ? 0 : error_make(error, ERROR_SANDBOX, errno, "cannot open %s", path);
  store->path = realpath(path, NULL);
  if (store->path == NULL)
    return error_make(error, ERROR_SANDBOX, errno, "cannot look at %s", path);
  return check_owner(store, error);
}

static int make_folders(const char *root, const char *server, struct error **error)
{
  CLEANUP_FREE char *path = NULL;
  if (asprintf(&path, "%s/%s/", root, server) < 0) {
    path = NULL;
    return error_memory(error);
  }
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
      return error_make(error, ERROR_SANDBOX, errno, "cannot make the folder %s", path);
    *slash = '/';
  }
  return 0;
}

int store_make(const char *root, const char *server, struct store *store, struct error **error)
{
  *store = (struct store){-1, -1, NULL};
  if (make_folders(root, server, error) != 0 || store_find(root, server, store, error) != 0)
    return -1;
  /* An umask must not keep the account of the servers out. */
  if (store->folder < 0 || fchmod(store->folder, 0755) != 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot open %s/%s", root, server);
  store->busy = openat(store->folder, "busy", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (store->busy < 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot make %s/busy", store->path);
  if (flock(store->busy, LOCK_EX | LOCK_NB) == 0)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "package-busy", "another jauauth prepares it at this time");
  return error_hint(error, "wait for that, or end it");
}

static bool is_named(json_t *lock, const char *name)
{
  const char *directory = lock_text(lock, "directory");
  const char *previous = lock_text(lock, "previous");
  return (directory != NULL && strcmp(directory, name) == 0) ||
         (previous != NULL && strcmp(previous, name) == 0);
}

void store_clear(const struct store *store, json_t *lock)
{
  int copy = openat(store->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CLEANUP_DIRECTORY DIR *stream = copy < 0 ? NULL : fdopendir(copy);
  if (stream == NULL && copy >= 0)
    close(copy);
  const struct dirent *entry;
  while (stream != NULL && (entry = readdir(stream)) != NULL) {
    const char *name = entry->d_name;
    if (strlen(name) == 16 && strspn(name, "0123456789abcdef") == 16 && !is_named(lock, name))
      (void)tree_remove(store->folder, name);
  }
}

static int put(int folder, const char *name, const char *text, uid_t user, gid_t group)
{
  CLEANUP_CLOSE int file =
      openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0)
    return -1;
  for (size_t left = strlen(text); left > 0;) {
    ssize_t count = write(file, text, left);
    if (count <= 0)
      return -1;
    text += count;
    left -= (size_t)count;
  }
  return fchown(file, user, group);
}

int store_begin(const struct store *store, json_t *files, uid_t user, gid_t group, char name[17],
                struct error **error)
{
  unsigned char random[8];
  randombytes_buf(random, sizeof random);
  sodium_bin2hex(name, 17, random, sizeof random);
  CLEANUP_CLOSE int folder = -1;
  if (mkdirat(store->folder, name, 0755) == 0)
    folder = openat(store->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  bool good = folder >= 0 && fchmod(folder, 0755) == 0;
  const char *file;
  json_t *text;
  json_object_foreach (files, file, text)
    good = good && put(folder, file, json_string_value(text), user, group) == 0;
  /* Last: from then on the account may change what lies in it. */
  if (good && fchown(folder, user, group) == 0)
    return 0;
  return error_make(error, ERROR_SANDBOX, errno, "cannot make %s/%s", store->path, name);
}

void store_close(struct store *store)
{
  cleanup_close_descriptor(&store->folder);
  cleanup_close_descriptor(&store->busy);
  free(store->path);
  *store = (struct store){-1, -1, NULL};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that only this account can enter, and files that are there whole or not at all. */
#include "core/os/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"

int os_find_private_folder(const char *base, const char *name)
{
  struct stat status;
  CLEANUP_CLOSE int above = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (above < 0 || fstat(above, &status) != 0)
    return -1;
  bool shared = (status.st_mode & 022) != 0 && (status.st_mode & S_ISVTX) == 0;
  if (shared || (status.st_uid != geteuid() && status.st_uid != 0)) {
    errno = EPERM;
    return -1;
  }
  CLEANUP_CLOSE int folder = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0 || fstat(folder, &status) != 0)
    return -1;
  if (status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
    errno = EPERM;
    return -1;
  }
  if ((status.st_mode & 077) != 0 && fchmod(folder, 0700) != 0)
    return -1;
  return steal_descriptor(&folder);
}

int os_private_folder(const char *base, const char *name)
{
  CLEANUP_FREE char *path = NULL;
  if (asprintf(&path, "%s/%s", base, name) < 0) {
    errno = ENOMEM;
    return -1;
  }
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0755); /* kept homes lie there too, and their accounts must get to them */
    *slash = '/';
  }
  mkdir(path, 0700);
  return os_find_private_folder(base, name);
}

static int write_all(int file, const char *bytes, size_t length)
{
  while (length > 0) {
    ssize_t count = write(file, bytes, length);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return -1;
    bytes += count;
    length -= (size_t)count;
  }
  return 0;
}

/* Writes a file beside the one of this name and has `place` put it there. */
static int write_file(int folder, const char *name, const void *bytes, size_t length,
                      int (*place)(int folder, const char *fresh, const char *name))
{
  char fresh[NAME_MAX + 1];
  if (snprintf(fresh, sizeof fresh, ".new-%s.%ld", name, (long)getpid()) >= (int)sizeof fresh) {
    errno = ENAMETOOLONG;
    return -1;
  }
  unlinkat(folder, fresh, 0); /* of an earlier process with this number */
  CLEANUP_CLOSE int file =
      openat(folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return -1;
  if (write_all(file, bytes, length) == 0 && place(folder, fresh, name) == 0)
    return 0;
  int saved = errno;
  unlinkat(folder, fresh, 0);
  errno = saved;
  return -1;
}

static int place_over(int folder, const char *fresh, const char *name)
{
  return renameat(folder, fresh, folder, name);
}

/* A second name is never given over an existing one, unlike a new name. */
static int place_new(int folder, const char *fresh, const char *name)
{
  if (linkat(folder, fresh, folder, name, 0) != 0)
    return -1;
  unlinkat(folder, fresh, 0);
  return 0;
}

int os_replace_file(int folder, const char *name, const void *bytes, size_t length)
{
  return write_file(folder, name, bytes, length, place_over);
}

int os_create_file(int folder, const char *name, const void *bytes, size_t length)
{
  return write_file(folder, name, bytes, length, place_new);
}

int os_read_file(int folder, const char *name, size_t most, struct buffer *out)
{
  struct stat status;
  CLEANUP_CLOSE int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 || fstat(file, &status) != 0)
    return -1;
  if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_size > (off_t)most) {
    errno = S_ISREG(status.st_mode) && status.st_uid == geteuid() ? EFBIG : EPERM;
    return -1;
  }
  char *space = buffer_reserve(out, (size_t)status.st_size + 1);
  ssize_t count = space != NULL ? read(file, space, (size_t)status.st_size) : -1;
  if (count < 0)
    return -1;
  space[count] = '\0';
  out->length += (size_t)count;
  return 0;
}

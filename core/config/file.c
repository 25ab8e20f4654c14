/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes a configuration file whole. */
#include "core/config/file.h"

#include "core/base/cleanup.h"
#include "core/os/folder.h"
#include "core/os/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int read_whole(int descriptor, const char *path, struct buffer *out, struct error **error)
{
  size_t start = out->length;
  for (;;) {
    char *room = buffer_reserve(out, 65536);
    if (room == NULL)
      return error_memory(error);
    ssize_t got = read(descriptor, room, 65536);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_make(error, ERROR_CONFIG, errno, "cannot read %s", path);
    if (got == 0)
      break;
    out->length += (size_t)got;
    if (out->length - start > CONFIG_FILE_MAX)
      return error_make(error, ERROR_CONFIG, 0, "%s is larger than %d MiB", path,
                        CONFIG_FILE_MAX / 1024 / 1024);
  }
  buffer_append(out, "", 0); /* ends the text with a NUL */
  return 0;
}

int config_file_load(const char *path, struct buffer *out, struct error **error)
{
  struct trust_owners owners;
  if (trust_owners_find(&owners, error) != 0)
    return -1;
  CLEANUP_CLOSE int descriptor = trust_open(&owners, path, NULL, error);
  if (descriptor < 0)
    return -1;
  return read_whole(descriptor, path, out, error);
}

int config_file_read(const char *path, struct buffer *out, struct error **error)
{
  struct stat status;
  CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 || fstat(descriptor, &status) != 0)
    return error_make(error, ERROR_CONFIG, errno, "cannot read %s", path);
  if (!S_ISREG(status.st_mode))
    return error_make(error, ERROR_CONFIG, 0, "%s is no regular file", path);
  return read_whole(descriptor, path, out, error);
}

/* Opens the directory of a file, making what is missing above it; *name is the file's own name, in
 * `path`. -1 and errno. */
static int open_directory(const char *path, const char **name)
{
  const char *slash = strrchr(path, '/');
  *name = slash == NULL ? path : slash + 1;
  CLEANUP_FREE char *directory =
      slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
  if (directory == NULL)
    return -1;
  for (char *at = strchr(directory + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
    *at = '\0';
    mkdir(directory, 0700);
    *at = '/';
  }
  mkdir(directory, 0700); /* one that could not be made cannot be opened either */
  return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int config_file_write(const char *path, const struct buffer *text, bool replace,
                      struct error **error)
{
  if (text->failed)
    return error_memory(error);
  const char *name;
  struct stat status;
  CLEANUP_CLOSE int folder = open_directory(path, &name);
  if (folder < 0 || *name == '\0')
    return error_make(error, ERROR_CONFIG, folder < 0 ? errno : EISDIR, "cannot write %s", path);
  if (replace && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG(status.st_mode))
    return error_make(error, ERROR_CONFIG, 0, "%s is no regular file and is not replaced", path);
  if ((replace ? os_replace_file : os_create_file)(folder, name, text->data, text->length) != 0)
    return error_make(error, ERROR_CONFIG, errno, "cannot write %s", path);
  return 0;
}

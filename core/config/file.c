/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a configuration file whole. */
#include "core/config/file.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Opens the file for reading. Non-blocking, so that a FIFO of that name cannot hold us. */
static int open_file(const char *path, struct error **error)
{
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0)
    return error_make(error, ERROR_CONFIG, errno, "cannot read %s", path);
  return descriptor;
}

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
  CLEANUP_CLOSE int descriptor = open_file(path, error);
  if (descriptor < 0)
    return -1;
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return error_make(error, ERROR_CONFIG, errno, "cannot read %s", path);
  if (!S_ISREG(status.st_mode))
    return error_make(error, ERROR_CONFIG, 0, "%s is not a regular file", path);
  return read_whole(descriptor, path, out, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a configuration file whole. */
#include "core/config/file.h"

#include "core/base/cleanup.h"
#include "core/os/trust.h"

#include <errno.h>

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

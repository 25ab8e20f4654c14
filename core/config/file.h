/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes a configuration file whole. */
#ifndef JAUAUTH_CONFIG_FILE_H
#define JAUAUTH_CONFIG_FILE_H

#include <stdbool.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

enum { CONFIG_FILE_MAX = 4 * 1024 * 1024 }; /* bytes; a larger file is no configuration */

/*
 * Appends the contents of the file to `out`, and a NUL that is not counted. Returns -1 and an
 * ERROR_CONFIG that names the file when it cannot be read, is no regular file, is larger than
 * CONFIG_FILE_MAX, or is not to be trusted (core/os/trust.h, which gives the command that repairs
 * it). `error->errnum` is ENOENT when there is no such file.
 */
int config_file_load(const char *path, struct buffer *out, struct error **error);

/* The same for a file that nobody is to believe, which may be anybody's and reached by links. */
int config_file_read(const char *path, struct buffer *out, struct error **error);

/*
 * Writes a configuration file with mode 0600: whole or not at all. Missing directories above it are
 * made with mode 0700. Without `replace`, something at that place, even a link to nothing, is an
 * error with the errnum EEXIST; with it, a symbolic link is refused. -1 and an ERROR_CONFIG that
 * names the file.
 */
int config_file_write(const char *path, const struct buffer *text, bool replace,
                      struct error **error);

#endif

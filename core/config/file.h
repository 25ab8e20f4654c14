/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a configuration file whole. */
#ifndef JAUAUTH_CONFIG_FILE_H
#define JAUAUTH_CONFIG_FILE_H

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

#endif

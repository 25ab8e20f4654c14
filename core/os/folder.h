/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that only this account can enter, and files that are there whole or not at all. */
#ifndef JAUAUTH_OS_FOLDER_H
#define JAUAUTH_OS_FOLDER_H

#include <stddef.h>

#include "core/base/buffer.h"

/*
 * Opens `name` in the absolute directory `base`, both made when they are missing: the base and what
 * is above it with mode 0755, the folder with 0700. The base must belong to this account or to root
 * and be writable by nobody else; the folder must be no link and this account's own. Returns a
 * close-on-exec descriptor, or -1 and errno (EPERM: somebody else could write there).
 */
int os_private_folder(const char *base, const char *name);

/* The same for one that is there already: ENOENT when it is not. */
int os_find_private_folder(const char *base, const char *name);

/* Replaces a file of a folder by one with these bytes and mode 0600, in one step: readers and a
 * crash find the old or the new one; a crash may leave ".new-NAME.PID". -1 and errno. */
int os_replace_file(int folder, const char *name, const void *bytes, size_t length);

/* The same for a file that is not there yet: EEXIST when something, even a link to nothing, is. */
int os_create_file(int folder, const char *name, const void *bytes, size_t length);

/* Appends a file of a folder: a regular one of this account, of at most so many bytes (EFBIG). -1
 * and errno. */
int os_read_file(int folder, const char *name, size_t most, struct buffer *out);

#endif

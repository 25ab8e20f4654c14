/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that a server's account has written: sealed, read and removed without following links. */
#ifndef JAUAUTH_PACKAGE_TREE_H
#define JAUAUTH_PACKAGE_TREE_H

#include "core/base/buffer.h"
#include "core/base/error.h"

enum { TREE_SEAL = 65 }; /* with its NUL */

/*
 * All of these take a folder and a name in it, go through what is below by descriptors, and follow
 * no link, so that root may use them on what belongs to another account. They may be called in any
 * thread.
 */

/* Hashes the names, kinds, rights to execute, contents and targets of links of all that is in the
 * folder. What is neither file, folder nor link is an error. */
int tree_seal(int directory, const char *name, char seal[TREE_SEAL], struct error **error);

/* Removes it with all that is in it. A missing one is success. -1 and errno: something is left. */
int tree_remove(int directory, const char *name);

/* Appends the regular file at `path` (relative, no ".."), of at most so many bytes. -1 and errno.
 */
int tree_read(int directory, const char *path, size_t most, struct buffer *out);

/* Opens the folder at `path` for reading; a close-on-exec descriptor, or -1 and errno. */
int tree_open(int directory, const char *path);

#endif

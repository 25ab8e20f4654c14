/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a file that only trusted users can have written or put there. */
#ifndef JAUAUTH_OS_TRUST_H
#define JAUAUTH_OS_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"

/* Who may own what jauauth believes: root, the user who runs it, the owner of the program. */
struct trust_owners {
  uid_t users[4]; /* the fourth for a caller that trusts one more */
  size_t count;
};

/* Asks for them: root, the real user id of the process, the owner of /proc/self/exe. A process that
 * changes its user calls this before it does. */
int trust_owners_find(struct trust_owners *owners, struct error **error);

bool trust_owners_have(const struct trust_owners *owners, uid_t user);

/*
 * Opens a file for reading after a walk from / that follows no symbolic link (openat(2) with
 * O_NOFOLLOW). The file must be a regular one of a trusted owner that neither group nor others can
 * write; every directory above it likewise, except that one with the sticky bit may be writable
 * when what lies in it on the way is a directory again. A relative path is taken from the working
 * directory; "." and ".." are taken away from the text before the walk.
 *
 * Returns a close-on-exec descriptor that the caller closes, and in *real (unless NULL) the
 * absolute path that was walked, which the caller frees. The descriptor is of the very file that
 * was judged. On failure -1 and an ERROR_CONFIG: with errnum ENOENT, EACCES, … when it could not be
 * reached, or with the code "not-trusted" and, as its hint, the command that repairs it.
 */
int trust_open(const struct trust_owners *owners, const char *path, char **real,
               struct error **error);

#endif

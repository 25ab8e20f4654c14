/* SPDX-License-Identifier: Apache-2.0 */
/* What was installed for a server: versions and hashes, and where it lies. */
#ifndef JAUAUTH_PACKAGE_LOCK_H
#define JAUAUTH_PACKAGE_LOCK_H

#include <stdbool.h>

#include <jansson.h>

#include "core/base/error.h"

/*
 * {
 *   "version": 1,
 *   "asked": …,                  what the entry of the servers file asked for; compared as a whole
 *   "directory": "…",            where it is installed, beside the lock
 *   "previous": "…" | absent,    what was there before, kept for servers that still run
 *   "seal": "…",                 tree_seal() of the directory
 *   "program": "…" | absent,     the installed program, below the directory
 *   "packages": [{"name", "version", "hash"}, …],
 *   "files": {"name": "text"}    the installer's own lock, from which the same is installed again
 * }
 */

/* Reads the lock of a folder. NULL and no error when there is none; NULL and *error when there is
 * one that cannot be used. The caller owns the reference. */
json_t *lock_read(int folder, struct error **error);

/* Replaces it in one step: from then on, the directory that it names is what is started. */
int lock_write(int folder, json_t *lock, struct error **error);

/* What differs in the packages of two locks (either may be NULL): an array of {"name", "from",
 * "to", "change": "added|removed|version|contents"}; of a lock without packages, one entry with no
 * name when the seals differ. NULL when out of memory. */
json_t *lock_difference(json_t *from, json_t *to);

const char *lock_text(json_t *lock, const char *member);

#endif

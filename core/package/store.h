/* SPDX-License-Identifier: Apache-2.0 */
/* Where the package of a server lies: a lock, and a folder for each time that it was installed. */
#ifndef JAUAUTH_PACKAGE_STORE_H
#define JAUAUTH_PACKAGE_STORE_H

#include <sys/types.h>

#include <jansson.h>

#include "core/base/error.h"

/*
 * ROOT/ID/lock.json        belongs to the router's account and names the folder that counts
 * ROOT/ID/0123456789abcdef an installation, which belongs to the server's account
 * ROOT/ID/busy             locked while one is being made
 *
 * An installation is made in a new folder and counts once the lock names it, which happens in one
 * step: what was cut off half-way is never started, and is removed the next time.
 */
struct store {
  int folder; /* ROOT/ID; -1: there is none */
  int busy;   /* -1: not held */
  char *path; /* its real path */
};

/* Opens what is there, without a change. A missing one is success, with `folder` -1. */
int store_find(const char *root, const char *server, struct store *store, struct error **error);

/* Makes it, and holds it until store_close(): "package-busy" when somebody else does. */
int store_make(const char *root, const char *server, struct store *store, struct error **error);

/* Removes all installations but the two that the lock (or NULL) names. */
void store_clear(const struct store *store, json_t *lock);

/*
 * Makes a folder for a new installation with these files in it (object of texts), all of which
 * belong to the account. Its name goes to `name`.
 */
int store_begin(const struct store *store, json_t *files, uid_t user, gid_t group, char name[17],
                struct error **error);

void store_close(struct store *store);
#define CLEANUP_STORE __attribute__((cleanup(store_close)))

#endif

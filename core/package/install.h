/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be installed for a server, and by which commands. */
#ifndef JAUAUTH_PACKAGE_INSTALL_H
#define JAUAUTH_PACKAGE_INSTALL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/config/package_command.h"
#include "core/config/server.h"

/* The variable that names the folder, while it is being installed and in the server. */
#define PACKAGE_VARIABLE CONFIG_PACKAGE_VARIABLE

/* What the entry of a server asks to have installed. */
struct package {
  const struct server_config *server;
  bool wanted;                    /* anything at all */
  struct package_command command; /* of its runner; empty with a "prepare" of its own */
};

/* -1 and *error when it asks for something that cannot be installed. Ends with package_free(). */
int package_of(const struct server_config *server, struct package *package, struct error **error);
void package_free(struct package *package);
#define CLEANUP_PACKAGE __attribute__((cleanup(package_free)))

/* The same as JSON without a secret: when it has changed, what is locked is something else. The
 * caller owns the reference; NULL when out of memory. */
json_t *package_asked(const struct package *package);

/*
 * The command (array of texts) of a step, and what it is called; NULL behind the last one. They are
 * run in the order of `step`, from 0. `locked`: the files of a lock are in the directory, and what
 * they name is installed. `directory`: the real path, the same inside of the sandbox.
 */
json_t *package_step(const struct package *package, size_t step, bool locked, const char *directory,
                     const char **name);

/* The files that must be in the new directory first: those of the lock, or (NULL) those that say
 * what is wanted. The caller owns the reference. */
json_t *package_files(const struct package *package, json_t *lock);

/* The server's command with the installed program in the place of the runner (array of texts), and
 * $JAUAUTH_PACKAGE replaced in all of it. */
json_t *package_command_json(const struct package *package, json_t *lock, const char *directory);

/* A text with ${JAUAUTH_PACKAGE} replaced. */
json_t *package_expand(const char *text, const char *directory);

#endif

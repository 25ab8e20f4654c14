/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that fetch the server's code from a package registry each time they start. */
#ifndef JAUAUTH_CONFIG_PACKAGE_RUNNER_H
#define JAUAUTH_CONFIG_PACKAGE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/*
 * Without network such a command prints nothing for more than a minute and then fails, so it must
 * be recognised before. One data table holds all of them.
 */
enum package_installer {
  PACKAGE_BY_HAND, /* `prepare` cannot install what it runs */
  PACKAGE_NPM,
  PACKAGE_UV,
  PACKAGE_PIP
};

struct package_runner {
  const char *program;        /* name of the program, without its directory */
  const char *subcommand;     /* its first arguments, in order: "tool run"; NULL: none */
  const char *install;        /* how to install a package once; a "%s" stands for the package */
  const char *const *offline; /* arguments that keep it from fetching; ends with NULL */
  enum package_installer installer; /* how `prepare` installs what it runs */
};

/*
 * The runner that a command (ends with NULL) is, or NULL. The program counts by its name, in any
 * directory, also behind env(1) with assignments. One that is told not to fetch is no runner. In
 * *package (may be NULL) is what seems to be the package, the first argument that is no option, or
 * NULL; it points into `command`.
 */
const struct package_runner *package_runner_find(const char *const *command, const char **package);

/* Where the runner itself stands in such a command: behind env(1). */
size_t package_runner_place(const char *const *command);

/* Where its own arguments begin, behind its name and its subcommand. */
size_t package_runner_arguments(const char *const *command, const struct package_runner *runner);

/*
 * The refusal of such a command where there is no network: an ERROR_SANDBOX with the code
 * "package-runner-offline", which names the ways out. `network`: whether the server will have a
 * network; `server`: its id, for the command that prepares it. 0 when the command may start. The
 * command should be the one that may be shown (as written in the file).
 */
int package_runner_check(const char *const *command, bool network, const char *server,
                         struct error **error);

#endif

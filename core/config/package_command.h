/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a package runner, taken apart: which packages, which program, what for it. */
#ifndef JAUAUTH_CONFIG_PACKAGE_COMMAND_H
#define JAUAUTH_CONFIG_PACKAGE_COMMAND_H

#include <stddef.h>

#include "core/base/error.h"
#include "core/config/package_runner.h"

struct package_command {
  const struct package_runner *runner; /* NULL: the command is none */
  char **packages;  /* in the words of the installer; never empty; ends with NULL */
  char **options;   /* of the runner that its installer needs too, such as a registry; the same */
  char *program;    /* which program of the packages; NULL: that of the only one */
  char *python;     /* which interpreter was asked for; NULL: any */
  size_t place;     /* where the runner stands in the command: behind env(1) */
  size_t arguments; /* where the arguments of the program begin */
};

/*
 * Takes a command (ends with NULL) apart. One that is no runner, or of a runner whose packages
 * `prepare` cannot install, gives an empty *out. -1 and an ERROR_CONFIG, "package-command", for an
 * option that is not known: what it means could not be kept. The caller ends *out with
 * package_command_free() in any case.
 */
int package_command_parse(const char *const *command, struct package_command *out,
                          struct error **error);

void package_command_free(struct package_command *command);
#define CLEANUP_PACKAGE_COMMAND __attribute__((cleanup(package_command_free)))

#endif

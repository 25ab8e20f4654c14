/* SPDX-License-Identifier: Apache-2.0 */
/* The table of options that the command line, the help and the tests share. */
#ifndef JAUAUTH_CLI_OPTIONS_H
#define JAUAUTH_CLI_OPTIONS_H

#include <stddef.h>

enum command_option_kind {
  OPTION_FLAG, /* bool */
  OPTION_TEXT, /* const char *, once */
  OPTION_LIST  /* const char **, ends with NULL */
};

struct command_option {
  const char *name;     /* without "--" */
  const char *argument; /* word for its value in the help; NULL for a flag */
  const char *help;
  enum command_option_kind kind;
  size_t offset; /* of its member in struct command_line */
};

/* Ends with an entry without a name. */
extern const struct command_option command_options[];

#endif

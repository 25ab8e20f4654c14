/* SPDX-License-Identifier: Apache-2.0 */
/* What every subcommand gets: the command line, taken apart. */
#ifndef JAUAUTH_CLI_COMMAND_H
#define JAUAUTH_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/* Exit codes of the program are the values of enum error_kind, and 0. */

/* The options of a command line. Texts point into argv and live as long as the program. */
struct command_line {
  const char *program;      /* argv[0] */
  const char *config;       /* --config FILE, or NULL */
  const char *servers;      /* --servers FILE, or NULL */
  const char *keeper;       /* --keeper FILE, or NULL: the installed one */
  const char *canary;       /* --canary FILE, or NULL: the installed one */
  const char **strategies;  /* --strategy NAME, in order; ends with NULL; owned */
  const char **plugin_dirs; /* --plugin-dir DIR, in order; ends with NULL; owned */
  const char *log_level;    /* --log-level, or NULL */
  const char *log_format;   /* --log-format, or NULL */
  const char *to;           /* --to FILE, or NULL */
  bool json;                /* --json */
  bool strict;              /* --strict */
  bool allow_unsandboxed;   /* --allow-unsandboxed */
  bool stdio;               /* --stdio */
  bool watch;               /* --watch */
  bool update;              /* --update */
  bool yes;                 /* --yes */
  bool refresh;             /* --refresh */
  bool write;               /* --write */
  bool serves;              /* the command runs until its client ends: set by it, no option */
  bool help;                /* --help */
  bool version;             /* --version */
  const char **arguments;   /* the subcommand and what follows it; ends with NULL; owned */
  size_t argument_count;
};

/*
 * Takes argv apart. Options may stand before and behind the subcommand; "--" ends them. An unknown
 * option, one without its value, or one given twice where that makes no sense is an ERROR_USAGE
 * with a suggestion. *line is to be freed with command_line_free() in every case.
 */
int command_line_parse(int argc, char **argv, struct command_line *line, struct error **error);
void command_line_free(struct command_line *line);

/* One subcommand. `run` returns the exit code, after printing what there is to print, or -1 with an
 * error that the caller prints and turns into the exit code. */
struct command {
  const char *name;      /* "serve", or two words such as "config check" */
  const char *arguments; /* what follows it, for the usage line; "" for nothing */
  const char *summary;   /* one line without a final full stop */
  size_t least;          /* arguments behind the name: at least, at most */
  size_t most;
  int (*run)(const struct command_line *line, const char *const *arguments, struct error **error);
};

/* The table of all subcommands, in the order of the manual; ends with an entry without a name. */
extern const struct command command_table[];

/* Picks the subcommand that `line` names, checks the count of its arguments and runs it. */
int command_run(const struct command_line *line, struct error **error);

/* Prints an error as "jauauth: message" and its hint on the next lines, to standard error. Control
 * characters are escaped, but the line feeds of a hint stay: it may hold a file to paste. */
void command_print_error(const struct error *error);

/* Prints the usage with all subcommands and options to `stream` (a FILE). */
void command_print_help(void *stream);

/* Prints the version, the ABI, the protocol revisions and what was built in; as JSON when asked. */
int command_print_version(bool json, struct error **error);

#endif

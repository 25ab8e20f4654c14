/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to an exit code: options, help, version, the subcommand, the error. */
#include "core/cli/main.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "core/cli/command.h"

#define CLEANUP_COMMAND_LINE __attribute__((cleanup(command_line_free)))

/* The process will hold secrets of servers: no other program of the user may read its memory or its
 * environment, and no core file may be written. A server or a reader that has closed its end of a
 * pipe is an error of that one write, and not the end of everything. */
static int protect(struct error **error)
{
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return error_make(error, ERROR_FAILED, errno, "cannot keep other programs out of its memory");
  signal(SIGPIPE, SIG_IGN);
  return 0;
}

static int run(int argc, char **argv, struct error **error)
{
  CLEANUP_COMMAND_LINE struct command_line line = {0};
  if (protect(error) < 0 || command_line_parse(argc, argv, &line, error) < 0)
    return -1;
  if (line.version)
    return command_print_version(line.json, error);
  if (line.help) {
    command_print_help(stdout);
    return 0;
  }
  return command_run(&line, error);
}

int cli_main(int argc, char **argv)
{
  CLEANUP_ERROR struct error *error = NULL;
  int code = run(argc, argv, &error);
  if (error != NULL) {
    command_print_error(error);
    code = error_exit_code(error);
  }
  if (fflush(stdout) != 0 && code == 0)
    code = ERROR_FAILED;
  return code;
}

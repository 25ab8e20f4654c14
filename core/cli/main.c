/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to an exit code: options, help, version, the subcommand, the error. */
#include "core/cli/main.h"

#include <stdio.h>

#include "core/cli/command.h"

#define CLEANUP_COMMAND_LINE __attribute__((cleanup(command_line_free)))

static int run(int argc, char **argv, struct error **error)
{
  CLEANUP_COMMAND_LINE struct command_line line = {0};
  if (command_line_parse(argc, argv, &line, error) < 0)
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

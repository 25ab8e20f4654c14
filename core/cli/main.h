/* SPDX-License-Identifier: Apache-2.0 */
/* The command line interface as one function. */
#ifndef JAUAUTH_CLI_MAIN_H
#define JAUAUTH_CLI_MAIN_H

/* Runs the command line and returns the exit code of the program. Once, from the main thread. */
int cli_main(int argc, char **argv);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Picks the subcommand, nothing else. */
#include "config.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    puts(PACKAGE_NAME " " PACKAGE_VERSION);
    return 0;
  }
  if (argc == 2 && strcmp(argv[1], "--help") == 0) {
    puts("usage: jauauth --version | --help");
    return 0;
  }
  fputs("usage: jauauth --version | --help\n", stderr);
  return 2;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Picks the subcommand, nothing else. */
#include "core/cli/main.h"

int main(int argc, char **argv)
{
  return cli_main(argc, argv);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Picks the subcommand, nothing else. */
#include <string.h>

#include "core/cli/main.h"
#include "core/plugin/worker.h"

int main(int argc, char **argv)
{
  if (argc > 1 && strcmp(argv[1], "plugin-worker") == 0)
    return plugin_worker_main(argc, argv);
  return cli_main(argc, argv);
}

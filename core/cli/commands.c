/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all subcommands, in the order of the manual. */
#include "core/cli/command.h"

const struct command command_table[] = {
    {NULL, NULL, NULL, 0, 0, NULL},
};

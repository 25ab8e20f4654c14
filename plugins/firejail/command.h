/* SPDX-License-Identifier: Apache-2.0 */
/* The server's command: found inside, or the paths that would show it. */
#ifndef FIREJAIL_COMMAND_H
#define FIREJAIL_COMMAND_H

#include "sight.h"

/* Returns the absolute path of the program. What is not there inside is a problem: the program,
 * its interpreter, and absolute paths among the arguments that exist on the host. */
const char *firejail_command(const struct firejail_sight *sight);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The server's command: found inside, or the mounts that would show it. */
#ifndef BUBBLEWRAP_COMMAND_H
#define BUBBLEWRAP_COMMAND_H

#include "layout.h"

/* The PATH of a server that was given none. */
#define BUBBLEWRAP_DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* The value of a variable of the request, NULL when it has none of that name. */
const char *bubblewrap_variable(const struct jauauth_request *request, const char *name);

/*
 * Resolves program, interpreter and the absolute paths among the arguments in the finished layout.
 * Returns the absolute path of the program inside, NULL when it is not there. What exists on the
 * host and not inside is a problem whose hint is the "mounts" line that shows all of it.
 */
const char *bubblewrap_command(struct bubblewrap_layout *layout);

#endif

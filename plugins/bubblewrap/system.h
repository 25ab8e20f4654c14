/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of the system every sandbox is supplied with. */
#ifndef BUBBLEWRAP_SYSTEM_H
#define BUBBLEWRAP_SYSTEM_H

#include "layout.h"

/* Numbers and names of the one account inside. */
#define BUBBLEWRAP_USER_ID   1000
#define BUBBLEWRAP_USER_NAME "mcp"

/*
 * Adds programs, libraries and the few files of /etc that exist on this host, the sandbox's own
 * passwd, group, nsswitch.conf and (without network) hosts, and /proc and /dev. `network`: also
 * what name resolution needs. layout->home must be set.
 */
void bubblewrap_system(struct bubblewrap_layout *layout, bool network);

#endif

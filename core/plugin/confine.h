/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a fresh process fit to run the code of a plugin. Worker only. */
#ifndef JAUAUTH_PLUGIN_CONFINE_H
#define JAUAUTH_PLUGIN_CONFINE_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/plugin/host/host.h"

enum { CONFINE_SOCKET = 3 /* descriptor of the way to the router */ };

/* Whether that descriptor is a socket, as only the registry gives it. */
bool confine_has_socket(void);

/*
 * Closes every descriptor but 0 … 3, becomes the account (`words`: name, uid, gid as text; NULL:
 * stays who it is), and then: not dumpable, killed when the parent dies (prctl(2)), reaper of its
 * descendants, no core dump, files of at most 1 MiB, working directory /, umask 077. Fills in
 * *account; its name lives as long as the process. The account's supplementary groups are those of
 * initgroups(3).
 */
int confine(char **words, struct host_account *account, struct error **error);

#endif

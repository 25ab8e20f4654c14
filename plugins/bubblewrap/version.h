/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the engine that are known to be weak. */
#ifndef BUBBLEWRAP_VERSION_H
#define BUBBLEWRAP_VERSION_H

#include <jauauth/plugin.h>
#include <stdbool.h>

/* Tells which rows of weak-versions.def cover this version. An unknown version is covered by none.
 */
void bubblewrap_weak_versions(const struct jauauth_host *host, struct jauauth_probe *probe,
                              const char *version, bool setuid);

#endif

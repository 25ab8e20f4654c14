/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the engine: reading, comparing, and those that are known to be weak. */
#ifndef BUBBLEWRAP_VERSION_H
#define BUBBLEWRAP_VERSION_H

#include <jauauth/plugin.h>
#include <stdbool.h>

/* The number in the output of --version ("bubblewrap 0.8.0"), in the arena; "unknown" without. */
const char *bubblewrap_version_text(const struct jauauth_host *host, struct jauauth_call *call,
                                    const char *output);

/* Negative, 0 or positive as `left` is older than, the same as or newer than `right`: numbers
 * between dots, missing ones are 0. */
int bubblewrap_version_compare(const char *left, const char *right);

/* Tells which rows of weak-versions.def cover this version. An unknown version is covered by none.
 */
void bubblewrap_weak_versions(const struct jauauth_host *host, struct jauauth_probe *probe,
                              const char *version, bool setuid);

#endif

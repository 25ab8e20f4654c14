/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of engines: reading and comparing. */
#ifndef PLUGINS_COMMON_VERSION_H
#define PLUGINS_COMMON_VERSION_H

#include <jauauth/plugin.h>
#include <stdbool.h>

/* The first number in what an engine says of itself ("bubblewrap 0.8.0"), in the arena; "unknown"
 * without. */
const char *plugin_version_text(const struct jauauth_host *host, struct jauauth_call *call,
                                const char *output);

/* Negative, 0 or positive as `left` is older than, the same as or newer than `right`: numbers
 * between dots, missing ones are 0. */
int plugin_version_compare(const char *left, const char *right);

/* Whether the version is one of `first` … just before `fixed_in`. An unknown one is not. */
bool plugin_version_within(const char *version, const char *first, const char *fixed_in);

#endif

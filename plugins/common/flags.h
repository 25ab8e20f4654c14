/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of known flags of engines have in common. */
#ifndef PLUGINS_COMMON_FLAGS_H
#define PLUGINS_COMMON_FLAGS_H

#include <jauauth/plugin.h>
#include <stdbool.h>

/* Whether a value stands in a list of texts that each have a '|' on both sides ("|a|b|"). */
bool plugin_flag_has_value(const char *values, const char *value);

/* Whether the host file's "allow_flags" holds the flag: `whole` with its value or, unless it is
 * NULL, its `name`. */
bool plugin_flag_is_allowed(const struct jauauth_host *host, struct jauauth_call *call,
                            const char *name, const char *whole);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the answer of a probe says about an engine that cannot be used. */
#ifndef JAUAUTH_PLUGIN_FINDINGS_H
#define JAUAUTH_PLUGIN_FINDINGS_H

#include <jansson.h>

#include "core/base/buffer.h"

/* The finding that says why: the first error, else the first of all, else NULL. Borrowed. Its
 * repairs are appended to `hint`, one for each platform; nothing when there is none. */
json_t *findings_reason(json_t *probe, struct buffer *hint);

#endif

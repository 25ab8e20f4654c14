/* SPDX-License-Identifier: Apache-2.0 */
/* What would change in a text, as a unified diff. */
#ifndef JAUAUTH_BASE_DIFF_H
#define JAUAUTH_BASE_DIFF_H

#include "core/base/buffer.h"

/* Appends the difference between two texts by lines, as patch(1) reads it, with three lines around
 * each change; nothing when there is none. The names stand in the first two lines as they are. */
void diff_append(struct buffer *out, const char *old_name, const char *new_name,
                 const char *old_text, const char *new_text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Prints validated JSON again with other white space, and nothing else changed. */
#ifndef JAUAUTH_JSON_INDENT_H
#define JAUAUTH_JSON_INDENT_H

#include "core/base/buffer.h"
#include "core/json/scan.h"

/* Strings, numbers and the order of members keep their bytes. A list, or an object
 * inside of a server, that fits into the rest of a line stands on one; else each element gets a
 * line of its own, indented by two spaces for each of `depth` (of the value itself) and what is
 * inside. */
void json_append_indented(struct buffer *out, struct json_slice value, size_t depth);

#endif

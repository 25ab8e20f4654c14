/* SPDX-License-Identifier: Apache-2.0 */
/* Prints answers on standard output. */
#ifndef JAUAUTH_CLI_OUTPUT_H
#define JAUAUTH_CLI_OUTPUT_H

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* Prints the text. Returns 0, or -1 and *error when it could not be written or memory ran out. */
int output_text(const struct buffer *text, struct error **error);

/* Prints JSON text of servers or plugins and a line feed. Characters that could steer a terminal or
 * hide what is shown are written as "\uXXXX", so that every reader still gets the same value.
 * `text` must have been validated. */
int output_foreign_json(const char *text, size_t length, struct error **error);

/* Prints `value` as that, indented, with its members in the order in which they were made, and a
 * line feed. Takes the reference; NULL counts as out of memory. */
int output_json(json_t *value, struct error **error);

#endif

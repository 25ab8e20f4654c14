/* SPDX-License-Identifier: Apache-2.0 */
/* $NAME and ${NAME} in a text. */
#ifndef JAUAUTH_CONFIG_EXPAND_H
#define JAUAUTH_CONFIG_EXPAND_H

#include <stdbool.h>

#include "core/base/buffer.h"

/*
 * The syntax: $NAME and ${NAME} stand for the variable, where NAME is [A-Za-z_][A-Za-z0-9_]*; $$ is
 * one dollar sign. A dollar sign in front of anything else (a digit, a space, the end) stands for
 * itself, so that prices and regular expressions need no escape. A variable's value is not searched
 * for variables again. There is no form for a default value: an unknown variable is an error, never
 * an empty text.
 */

enum config_expansion {
  CONFIG_EXPANDED,
  CONFIG_EXPAND_UNKNOWN, /* the look-up knows no such variable: `name` */
  CONFIG_EXPAND_SYNTAX,  /* "${" without a name and "}" behind it: `name` is what stands there */
  CONFIG_EXPAND_LONG,    /* longer than `most` */
  CONFIG_EXPAND_MEMORY
};

/* The value of a variable, valid until the next look-up, or NULL when there is none. `data` is what
 * the caller gave. */
typedef const char *config_expand_lookup(void *data, const char *name);

/*
 * Appends `text` to `out` with its variables replaced, unless `out` gets longer than `most` bytes.
 * `used` (may be NULL) is set to whether there was any. On a fault, what was appended is
 * incomplete, and `name` holds the variable's name or the faulty text behind "${", shortened. May
 * be called again from within a look-up, with other buffers.
 */
enum config_expansion config_expand(const char *text, config_expand_lookup *lookup, void *data,
                                    size_t most, struct buffer *out, struct buffer *name,
                                    bool *used);

/* The length of the variable's name at the start of `text`; 0 when there is none. */
size_t config_variable_length(const char *text);

#endif

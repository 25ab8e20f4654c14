/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of text in aligned columns, for people. */
#ifndef JAUAUTH_CLI_COLUMNS_H
#define JAUAUTH_CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buffer.h"

enum { COLUMNS_MAX = 11 };

/* Zero-initialise; end with columns_free(). A failed allocation is kept and shows at the end. */
struct columns {
  char **cells; /* row by row, owned */
  size_t cell_count;
  size_t width; /* columns of a row, 1 to COLUMNS_MAX; set by the first row */
  bool failed;
};

/* Adds a row of `count` texts (NULL is an empty one); they are copied, control characters are
 * escaped. All rows have as many as the first, which holds the headings. */
void columns_row(struct columns *columns, size_t count, const char *const *texts);

/* Appends all rows. Each column but the last is padded to its longest text, counted in characters,
 * and two spaces stand between two. With `colour` the headings are bold (ECMA-48 SGR). Returns
 * false when memory ran out: nothing was appended then. */
bool columns_append(const struct columns *columns, bool colour, struct buffer *out);

void columns_free(struct columns *columns);
#define CLEANUP_COLUMNS __attribute__((cleanup(columns_free)))

/* Whether `descriptor` is a terminal that may be coloured: it is one, NO_COLOR is unset or empty
 * (https://no-color.org), and TERM is not "dumb". */
bool columns_colour(int descriptor);

#endif

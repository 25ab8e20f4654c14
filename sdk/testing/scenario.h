/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the golden tests: scenarios with their bases, and the expected texts. */
#ifndef JAUAUTH_TESTING_SCENARIO_H
#define JAUAUTH_TESTING_SCENARIO_H

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

static inline void scenario_release(json_t **json)
{
  json_decref(*json);
}
#define CLEANUP_JSON __attribute__((cleanup(scenario_release)))

/* Reads DIRECTORY/NAME and lays it over its "base" files (one name or an array, relative to the
 * directory). The caller owns the reference. NULL and *error when a file is missing or no JSON. */
json_t *scenario_load(const char *directory, const char *name, struct error **error);

/* Appends the whole file to `out`. */
int scenario_read_text(const char *file, struct buffer *out, struct error **error);

/* Replaces the file. */
int scenario_write(const char *file, const struct buffer *text, struct error **error);

#endif

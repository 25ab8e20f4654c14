/* SPDX-License-Identifier: Apache-2.0 */
/* Reads libconfig's settings into C and reports what is wrong at its line. */
#ifndef JAUAUTH_CONFIG_SETTING_H
#define JAUAUTH_CONFIG_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <libconfig.h>

#include "core/base/buffer.h"
#include "core/config/problem.h"

/* What stands at a key that is known. */
typedef void setting_read(struct config_problems *problems, config_setting_t *setting,
                          void *target);

struct setting_key {
  const char *name;    /* NULL ends the table */
  setting_read *read;  /* NULL: the key is known and refused */
  const char *refused; /* why: the text of the error */
  const char *help;    /* for the commented file: sentences with a final full stop */
  const char *example; /* for the commented file: the default, as it is written; or else: */
  const struct setting_key *group; /* the keys of a group */
};

/* Reports an error at a setting, with its line and its path ("request.memory_limit"). */
void setting_error(struct config_problems *problems, const config_setting_t *setting,
                   const char *hint, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reports "expected WHAT, found …". */
void setting_expected(struct config_problems *problems, const config_setting_t *setting,
                      const char *what);

/* Reads a group by a table; unknown keys are errors with a suggestion. */
void setting_group(struct config_problems *problems, config_setting_t *group,
                   const struct setting_key *keys, void *target);

/* Each of these reports a value of the wrong type or range and then leaves *out alone. A text must
 * not be empty; *out gets a copy, and what was there before is freed. */
bool setting_boolean(struct config_problems *problems, config_setting_t *setting, bool *out);
bool setting_text(struct config_problems *problems, const config_setting_t *setting, char **out);
bool setting_integer(struct config_problems *problems, config_setting_t *setting, int64_t min,
                     int64_t max, const char *unit, int64_t *out);
bool setting_path(struct config_problems *problems, const config_setting_t *setting, char **out);

/* A list or an array of texts, or one text alone. An element that `check` refuses, or of another
 * type, is left out; `check` may be NULL, and reports what it refuses. *out ends with NULL. */
typedef bool setting_check(struct config_problems *problems, const config_setting_t *setting,
                           const char *text);
bool setting_check_path(struct config_problems *problems, const config_setting_t *setting,
                        const char *path); /* absolute */
bool setting_texts(struct config_problems *problems, config_setting_t *setting, const char *what,
                   setting_check *check, char ***out);

/* Appends all settings of a table as comments: what each is for as "# text", and itself, with its
 * default, as "#name = value;", so that to take away the "#" in front is to set it. */
void setting_append_template(const struct setting_key *keys, struct buffer *out);

/* A setting as JSON: groups are objects, lists and arrays are arrays. The caller's reference; NULL
 * only when out of memory, which `problems` then knows. */
json_t *setting_json(struct config_problems *problems, const config_setting_t *setting);

#endif

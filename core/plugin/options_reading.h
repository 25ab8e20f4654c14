/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read options share. */
#ifndef JAUAUTH_PLUGIN_OPTIONS_READING_H
#define JAUAUTH_PLUGIN_OPTIONS_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct options_reading {
  json_t *request;
  json_t *problems;
  bool host;   /* the options of the host file are read, not those of a server */
  bool failed; /* out of memory */
  /* The option that is being read. */
  const char *name;
  json_t *entry; /* of the description; NULL: the name is unknown */
  uint32_t type;
  uint32_t means;
  bool secret;
};

enum { OPTIONS_NO_INDEX = -1 };

/* Reports a problem of the option, or of the element `index` of its list. `hint` may be NULL. */
void options_problem(struct options_reading *reading, int index, const char *hint,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The value in the form of its type, a new reference; NULL after a problem. */
json_t *options_typed(struct options_reading *reading, json_t *value);

/* Moves a typed value to the member of the request that it means. */
void options_move(struct options_reading *reading, json_t *value);

#endif

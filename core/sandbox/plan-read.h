/* SPDX-License-Identifier: Apache-2.0 */
/* Strict readers of a worker's message: each names the place of what it refuses. Internal. */
#ifndef JAUAUTH_SANDBOX_PLAN_READ_H
#define JAUAUTH_SANDBOX_PLAN_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/error.h"

/* Where in the message something stands, as a path such as "steps/2/files/0/kind". */
struct plan_place {
  const struct plan_place *outer; /* NULL: the message itself */
  const char *member;             /* NULL: an element of a list */
  size_t index;
};

/* Sets an ERROR_SANDBOX of code "plan-refused" that names the place. Returns -1. */
int plan_refuse(struct error **error, const struct plan_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses what is no object, and members other than these; `known` ends with NULL. */
int plan_read_object(json_t *value, const struct plan_place *place, const char *const *known,
                     struct error **error);

/* How many elements a list has, at most `most`; 0 when there is none. -1: refused. */
ptrdiff_t plan_read_list(json_t *value, const struct plan_place *place, size_t most,
                         struct error **error);

/* A text of 1 (with `empty`: 0) to PLAN_TEXT_MAX bytes without NUL; *out is the caller's to free.
 */
int plan_read_text(json_t *value, const struct plan_place *place, bool empty, char **out,
                   struct error **error);

/* A text that begins with '/'. */
int plan_read_path(json_t *value, const struct plan_place *place, char **out, struct error **error);

/* A name of `[a-z0-9-]`, at most 64 bytes. */
int plan_read_name(json_t *value, const struct plan_place *place, char **out, struct error **error);

/* One of the words, which end with NULL: its index, or -1. */
int plan_read_word(json_t *value, const struct plan_place *place, const char *const *words,
                   struct error **error);

/* A whole number; a missing one is 0. */
int plan_read_number(json_t *value, const struct plan_place *place, uint32_t least, uint32_t most,
                     uint32_t *out, struct error **error);

/* true or false; a missing one is false. */
int plan_read_boolean(json_t *value, const struct plan_place *place, bool *out,
                      struct error **error);

#endif

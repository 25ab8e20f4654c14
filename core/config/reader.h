/* SPDX-License-Identifier: Apache-2.0 */
/* Reads members of a JSON tree into C and reports what is wrong at its place in the text. */
#ifndef JAUAUTH_CONFIG_READER_H
#define JAUAUTH_CONFIG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/config/problem.h"

/*
 * The reader walks the tree that jansson made and keeps the JSON pointer of where it is; the place
 * of a pointer is looked for in the text when there is a problem to report. Everything here is for
 * one thread, and the text and the list of problems must outlive the reader.
 */
struct config_reader {
  struct config_problems *problems;
  const char *text; /* json_scan() accepted it; without a byte order mark */
  size_t length;
  struct buffer pointer; /* of the value that is being read; ends with buffer_free() */
  size_t server;         /* index of the server that is being read, or CONFIG_WHOLE_FILE */
  const char *server_id; /* NULL: none, or not known yet */
  bool *broken;          /* set when an error is reported; NULL: nobody asks */
};

/* What stands at a member that is known. `value` is never NULL. */
typedef void config_read_member(struct config_reader *reader, json_t *value, void *target);

struct config_key {
  const char *name;         /* NULL ends the table */
  config_read_member *read; /* NULL: the key is known and refused */
  const char *refused;      /* why it is refused: the text of the error */
  const char *hint;         /* what to do instead, or NULL */
  const char *help;         /* for editors: one sentence without a final full stop */
  const char *schema;       /* for editors: the JSON Schema of what `read` accepts (schema.h); NULL:
                               that of the limit of this name, or anything */
  bool required;            /* for editors: who reads the object says so itself */
};

/* Go to a member or an element of the value, and back with what the call returned. */
size_t config_reader_enter(struct config_reader *reader, const char *name);
size_t config_reader_enter_element(struct config_reader *reader, size_t index);
void config_reader_leave(struct config_reader *reader, size_t before);

/* Reports a problem at the value that is being read. */
void config_reader_error(struct config_reader *reader, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_reader_warn(struct config_reader *reader, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same at the name of the member that is being read. */
void config_reader_key_error(struct config_reader *reader, const char *hint, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

/* Reports "expected WHAT, found …" for a value of the wrong type. Never shows the value. */
void config_reader_expected(struct config_reader *reader, const json_t *value, const char *what);

/* Reads an object member by member, in the order of the text, by a table of keys. Unknown keys are
 * errors with a suggestion. False when `value` is no object, which is reported with `what`. */
bool config_reader_object(struct config_reader *reader, json_t *value, const char *what,
                          const struct config_key *keys, void *target);

/* Each of these reports a value of the wrong type or range and then leaves *out alone. A text must
 * not be empty. *out gets a copy, and what was there before is freed. */
bool config_reader_boolean(struct config_reader *reader, const json_t *value, bool *out);
bool config_reader_text(struct config_reader *reader, const json_t *value, char **out);
bool config_reader_integer(struct config_reader *reader, const json_t *value, int64_t min,
                           int64_t max, const char *unit, int64_t *out);

/* Takes note of one element of a list of texts; may report it. `index` is its place in the list. */
typedef bool config_check_text(struct config_reader *reader, const char *text);

/* A list of texts that ends with NULL; `what` describes it for the error. `check` may be NULL; an
 * element that it refuses is left out, as is one of the wrong type. The caller frees *out with
 * config_texts_free(). */
bool config_reader_texts(struct config_reader *reader, const json_t *value, const char *what,
                         config_check_text *check, char ***out);

/* A config_read_member for what is kept for people and other programs, and means nothing here. */
void config_reader_ignore(struct config_reader *reader, json_t *value, void *target);

/* Frees a list that ends with NULL, and its texts; NULL is allowed. Sets *texts to NULL. */
void config_texts_free(char ***texts);

/* Whether `text` is one of the texts; a list that is NULL is empty. */
bool config_texts_have(char *const *texts, const char *text);

/* An absolute path without "." and ".." between its slashes, at most PATH_MAX - 1 bytes, and not
 * "/" itself. Otherwise reports it (as `what`) and returns false. */
bool config_reader_path(struct config_reader *reader, const char *path, const char *what);

#endif

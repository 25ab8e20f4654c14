/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a configuration file: all of it, each with its place. */
#ifndef JAUAUTH_CONFIG_PROBLEM_H
#define JAUAUTH_CONFIG_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/buffer.h"

enum config_severity {
  CONFIG_ERROR,   /* the file is wrong */
  CONFIG_WARNING, /* the file is right, but something will not work, or not as it seems */
  CONFIG_NOTE     /* all is right, and the user should know this */
};

/* In place of a server's index: the problem concerns the whole file. */
#define CONFIG_WHOLE_FILE SIZE_MAX

struct config_problem {
  enum config_severity severity;
  size_t server;   /* index in servers_config.servers, or CONFIG_WHOLE_FILE */
  char *server_id; /* NULL: the whole file, or a server without a usable id */
  char *pointer; /* JSON pointer (servers file), dotted path (host file), or NULL: a syntax error */
  size_t line;   /* from 1; 0: unknown */
  size_t column; /* from 1, in characters; 0: unknown, as always in the host file */
  char *text;    /* one line without a final full stop; never a secret */
  char *hint;    /* what to do, or NULL */
  bool told;     /* for the owner of the list: the user has seen it */
};

enum { CONFIG_PROBLEMS_MAX = 200 }; /* so many are kept; the rest is only counted */

/*
 * The problems of one file, sorted by their places. Zero-initialise, give `file` with
 * config_problems_name(), end with config_problems_free(). Used by one thread at a time.
 */
struct config_problems {
  char *file; /* as it is shown; NULL: not named */
  struct config_problem *items;
  size_t count;
  size_t capacity;
  size_t errors;   /* all that were reported, also those that were not kept */
  size_t warnings; /* the same */
  size_t notes;    /* the same */
  bool stopped;    /* one of the errors concerns the whole file: nothing in it may be used */
  bool failed;     /* out of memory: the list is incomplete and nothing may be used */
};

/* Sets the name by which the file is shown; it is copied. */
void config_problems_name(struct config_problems *problems, const char *file);

/* Adds a problem. `place` gives everything but `text`, and all that it points to is copied; the
 * format gives the text. */
void config_problems_add(struct config_problems *problems, const struct config_problem *place,
                         const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether nothing of the file may be used: an error of the whole file, memory ran out, or, with
 * `strict`, any error or warning. */
bool config_problems_stop(const struct config_problems *problems, bool strict);

/*
 * Appends each problem as "FILE:LINE:COLUMN: error: text (at /servers/0/id)" and, indented on a
 * line of its own, "hint: …"; what was not kept is counted at the end. Everything ends with a line
 * feed; control characters are escaped (the line feeds of a hint stay, and are indented).
 */
void config_problems_append_text(const struct config_problems *problems, struct buffer *out);

/* The same as a JSON array of {"file","severity","server","pointer","line","column","text","hint"},
 * absent where unknown. The caller owns the reference; NULL when out of memory. */
json_t *config_problems_json(const struct config_problems *problems);

void config_problems_free(struct config_problems *problems);
#define CLEANUP_CONFIG_PROBLEMS __attribute__((cleanup(config_problems_free)))

enum { CONFIG_SHOWN_MAX = 64 };

/* A name from the file, cut in front of a character when it is longer than CONFIG_SHOWN_MAX bytes
 * ("…" is added), for use in a problem's text. Returns `out`. */
const char *config_shown(const char *text, char out[CONFIG_SHOWN_MAX + 4]);

#endif

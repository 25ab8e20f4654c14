/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner: validates one JSON text in one pass, finds members in it, walks through them. */
#ifndef JAUAUTH_JSON_SCAN_H
#define JAUAUTH_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Nothing here allocates, locks, depends on a locale or keeps state: every function may be called
 * from any thread, also between fork() and exec(). scan.c and walk.c need libc's <string.h> only.
 * Names differ from jansson's on purpose: both are linked into one program.
 */

/* A part of somebody else's bytes; not NUL-terminated, lives as long as they do. A slice that was
 * captured from a text has no white space around it; a string's slice includes its quotes. */
struct json_slice {
  const char *at; /* NULL: there is none */
  size_t length;
};

struct json_limits {
  size_t depth; /* arrays and objects open at once: 1 to JSON_DEPTH_MAX; 0 is JSON_DEPTH_DEFAULT */
};

enum {
  JSON_DEPTH_DEFAULT = 128,
  JSON_DEPTH_MAX = 1024, /* a higher limit counts as this one */
  JSON_WANTS_MAX = 64,   /* paths in one scan */
  JSON_SEGMENTS_MAX = 8  /* names in one path */
};

struct json_fault {
  size_t offset;      /* in bytes from the start of the text; at most its length */
  const char *reason; /* static text without a final full stop */
};

/*
 * A member to find. `path` is a JSON pointer (RFC 6901) without its leading '/': member names with
 * '/' between them, "~1" for a '/' and "~0" for a '~' inside a name. It leads through objects only,
 * never into arrays; "" is the whole value. Names compare by what they stand for, so that the key
 * "\u0069d" is found as "id".
 */
struct json_want {
  const char *path;
  struct json_slice value; /* set by json_scan(); `at` is NULL when there is no such member */
};

/*
 * Validates that `text` is exactly one JSON value (RFC 8259) with nothing but white space around it
 * and captures the wanted members on the way. Returns false and fills in *fault (which may be NULL)
 * at the first offence; then no `value` is set.
 *
 * Stricter than a reader has to be: invalid UTF-8 (also overlong forms and encoded surrogates), a
 * byte order mark, and a name that stands twice on the way to a wanted member ("ambiguous": readers
 * differ in which one counts) are refused. Twice elsewhere is not looked at. Refused too is a text
 * that has the first JSON_SEGMENTS_MAX names of a path that goes on. An escaped surrogate without
 * its other half ("\ud800") is grammatical and accepted; it equals no name. Numbers are not limited
 * in size or precision.
 *
 * `limits` may be NULL for the defaults. `wants` may be NULL when `want_count` is 0.
 */
bool json_scan(const char *text, size_t length, const struct json_limits *limits,
               struct json_want *wants, size_t want_count, struct json_fault *fault);

/*
 * Below: for slices of texts that json_scan() accepted. On any other bytes they still read nothing
 * outside the slice, but the answers mean nothing.
 */

enum json_kind {
  JSON_KIND_NONE, /* no slice, or not the start of a value */
  JSON_KIND_OBJECT,
  JSON_KIND_ARRAY,
  JSON_KIND_STRING,
  JSON_KIND_INTEGER, /* a number without fraction and exponent, of any size */
  JSON_KIND_NUMBER,  /* any other number */
  JSON_KIND_TRUE,
  JSON_KIND_FALSE,
  JSON_KIND_NULL
};

enum json_kind json_kind(struct json_slice slice);

/*
 * Walking: start with `struct json_walk walk = json_walk(slice)`, then call the fitting function
 * until it returns false, which it does at once when the slice is of another kind.
 */
struct json_walk {
  const char *at;
  const char *end;
};

struct json_walk json_walk(struct json_slice slice);

/* The next element of an array. */
bool json_array_next(struct json_walk *walk, struct json_slice *element);

/* The next member of an object, in the order of the text; the key includes its quotes. */
bool json_object_next(struct json_walk *walk, struct json_slice *key, struct json_slice *value);

/*
 * The member of this name (UTF-8, no path). False, with *value empty, when the slice is no object,
 * the member is missing or stands there twice: who must tell these apart scans with a want.
 */
bool json_member(struct json_slice object, const char *name, struct json_slice *value);

/* Whether it is a string that stands for exactly this text, escapes decoded. */
bool json_string_equals(struct json_slice slice, const char *text);

/* The value of a number without fraction and exponent; false when it is anything else or does not
 * fit. (jansson owns the name json_integer.) */
bool json_slice_integer(struct json_slice slice, int64_t *value);

#endif

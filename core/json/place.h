/* SPDX-License-Identifier: Apache-2.0 */
/* Where something stands in a JSON file, as a person counts, for error messages. */
#ifndef JAUAUTH_JSON_PLACE_H
#define JAUAUTH_JSON_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct json_position {
  size_t offset; /* in bytes, from 0 */
  size_t line;   /* from 1; a line ends with LF, CR LF or CR */
  size_t column; /* from 1, in characters (code points); a byte order mark is not counted */
};

/* The line and column of a byte offset; an offset behind the end counts as the end. Works on any
 * bytes: what is not valid UTF-8 counts one column a byte. */
struct json_position json_position(const char *text, size_t length, size_t offset);

/*
 * Finds what a JSON pointer (RFC 6901: "" or "/name/0/name") names in a text that json_scan()
 * accepted: the place of the value, or, with `key`, of the member's name (an element of an array
 * and the whole text have none; theirs is the value's). Of a name that stands twice the last
 * counts, as in jansson. False, with *position at the innermost value that does exist on the way,
 * when there is nothing of that name.
 */
bool json_place(const char *text, size_t length, const char *pointer, bool key,
                struct json_position *position);

/* What people write into JSON files although JSON does not have it. */
enum json_foreign {
  JSON_FOREIGN_NONE,
  JSON_FOREIGN_BYTE_ORDER_MARK,
  JSON_FOREIGN_LINE_COMMENT,  /* two slashes */
  JSON_FOREIGN_BLOCK_COMMENT, /* slash and asterisk */
  JSON_FOREIGN_HASH_COMMENT,  /* a number sign */
  JSON_FOREIGN_TRAILING_COMMA,
  JSON_FOREIGN_SINGLE_QUOTE
};

/* Says which of these stands at `offset`, the place of a fault that json_scan() reported. (Each of
 * them is a fault where it stands, so that the first one is found this way, and none that is inside
 * a string is mistaken for one.) */
enum json_foreign json_foreign(const char *text, size_t length, size_t offset);

/* One sentence about it for the user, without a final full stop; NULL for JSON_FOREIGN_NONE. */
const char *json_foreign_sentence(enum json_foreign foreign);

#endif

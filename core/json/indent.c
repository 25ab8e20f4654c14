/* SPDX-License-Identifier: Apache-2.0 */
/* Prints validated JSON again with other white space, and nothing else changed. */
#include "core/json/indent.h"

#include <stdbool.h>

enum {
  LINE = 80, /* bytes that a list on one line may have, with what is in front of it */
  SERVER = 3 /* objects from this depth on may stand on one line */
};

/* The next element or member of either kind; `key` is empty for an element. */
static bool next(struct json_walk *walk, bool object, struct json_slice *key,
                 struct json_slice *value)
{
  *key = (struct json_slice){0};
  return object ? json_object_next(walk, key, value) : json_array_next(walk, value);
}

static void append_line(struct buffer *out, struct json_slice value)
{
  enum json_kind kind = json_kind(value);
  bool object = kind == JSON_KIND_OBJECT;
  if (!object && kind != JSON_KIND_ARRAY) {
    buffer_append(out, value.at, value.length);
    return;
  }
  struct json_walk walk = json_walk(value);
  struct json_slice key;
  struct json_slice element;
  buffer_append_byte(out, object ? '{' : '[');
  for (size_t i = 0; next(&walk, object, &key, &element); i++) {
    buffer_append_text(out, i > 0 ? ", " : "");
    if (object) {
      buffer_append(out, key.at, key.length);
      buffer_append_text(out, ": ");
    }
    append_line(out, element);
  }
  buffer_append_byte(out, object ? '}' : ']');
}

/* `used` bytes of the line are taken. */
static void append_value(struct buffer *out, struct json_slice value, size_t depth, size_t used)
{
  enum json_kind kind = json_kind(value);
  bool object = kind == JSON_KIND_OBJECT;
  size_t before = out->length;
  append_line(out, value);
  size_t length = out->length - before;
  /* A server is easier to read in lines even when it is short. */
  bool short_enough = length == 2 || (used + length <= LINE && (!object || depth >= SERVER));
  if ((!object && kind != JSON_KIND_ARRAY) || out->failed || short_enough)
    return;
  out->length = before;
  struct json_walk walk = json_walk(value);
  struct json_slice key;
  struct json_slice element;
  buffer_append_byte(out, object ? '{' : '[');
  for (size_t i = 0; next(&walk, object, &key, &element); i++) {
    buffer_append_format(out, "%s\n%*s", i > 0 ? "," : "", (int)(2 * depth + 2), "");
    if (object) {
      buffer_append(out, key.at, key.length);
      buffer_append_text(out, ": ");
    }
    append_value(out, element, depth + 1, 2 * depth + 2 + (object ? key.length + 2 : 0));
  }
  buffer_append_format(out, "\n%*s%c", (int)(2 * depth), "", object ? '}' : ']');
}

void json_append_indented(struct buffer *out, struct json_slice value, size_t depth)
{
  append_value(out, value, depth, 2 * depth);
}

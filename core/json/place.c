/* SPDX-License-Identifier: Apache-2.0 */
/* Where something stands in a JSON file. */
#include "core/json/place.h"

#include "core/json/scan.h"
#include "core/json/unit.h"

#include <string.h>

static const char byte_order_mark[] = "\xEF\xBB\xBF";

static bool starts_with_mark(const char *text, size_t length)
{
  return length >= 3 && memcmp(text, byte_order_mark, 3) == 0;
}

struct json_position json_position(const char *text, size_t length, size_t offset)
{
  if (offset > length)
    offset = length;
  struct json_position position = {.offset = offset, .line = 1, .column = 1};
  const unsigned char *start = (const unsigned char *)text;
  size_t at = starts_with_mark(text, length) && offset >= 3 ? 3 : 0;
  while (at < offset) {
    size_t step = utf8_sequence(start + at, start + length);
    if (step == 0)
      step = 1;
    /* The place is inside this character, or it is the LF of a CR LF: it belongs to both. */
    if (at + step > offset)
      break;
    bool ends_line =
        text[at] == '\n' || (text[at] == '\r' && (at + 1 == length || text[at + 1] != '\n'));
    at += step;
    position.column++;
    if (ends_line) {
      position.line++;
      position.column = 1;
    }
  }
  return position;
}

/* Whether a name of a pointer, with its "~" escapes, is what the key stands for. */
static bool name_equals_key(const char *name, const char *name_end, struct json_slice key)
{
  const unsigned char *at = (const unsigned char *)key.at + 1;
  const unsigned char *end = (const unsigned char *)key.at + key.length - 1;
  while (at < end) {
    unsigned char unit[4];
    size_t length = json_unit(&at, end, unit);
    if (length == 0)
      return false;
    for (size_t i = 0; i < length; i++) {
      if (name == name_end)
        return false;
      char expected = *name++;
      if (expected == '~' && name < name_end && (*name == '0' || *name == '1'))
        expected = *name++ == '0' ? '~' : '/';
      if ((unsigned char)expected != unit[i])
        return false;
    }
  }
  return name == name_end;
}

/* An array index as RFC 6901 writes it: digits without leading zeros. */
static bool read_index(const char *name, const char *name_end, size_t *index)
{
  size_t total = 0;
  if (name == name_end || (*name == '0' && name_end - name > 1))
    return false;
  for (; name < name_end; name++) {
    if (*name < '0' || *name > '9' || __builtin_mul_overflow(total, (size_t)10, &total) ||
        __builtin_add_overflow(total, (size_t)(*name - '0'), &total))
      return false;
  }
  *index = total;
  return true;
}

/* Goes from *value to its member or element of this name; *key is that member's key or empty. */
static bool descend(struct json_slice *value, struct json_slice *key, const char *name,
                    const char *name_end)
{
  struct json_walk walk = json_walk(*value);
  struct json_slice candidate;
  if (json_kind(*value) == JSON_KIND_OBJECT) {
    struct json_slice candidate_key;
    bool found = false;
    while (json_object_next(&walk, &candidate_key, &candidate)) {
      if (!name_equals_key(name, name_end, candidate_key))
        continue;
      found = true;
      *key = candidate_key;
      *value = candidate;
    }
    return found;
  }
  size_t index;
  if (json_kind(*value) != JSON_KIND_ARRAY || !read_index(name, name_end, &index))
    return false;
  while (json_array_next(&walk, &candidate)) {
    if (index-- > 0)
      continue;
    *key = (struct json_slice){0};
    *value = candidate;
    return true;
  }
  return false;
}

bool json_place(const char *text, size_t length, const char *pointer, bool key,
                struct json_position *position)
{
  size_t start = 0;
  while (start < length && strchr(" \t\r\n", text[start]) != NULL && text[start] != '\0')
    start++;
  struct json_slice value = {.at = text + start, .length = length - start};
  struct json_slice value_key = {0};
  bool found = true;
  while (found && *pointer != '\0') {
    const char *name = pointer + 1;
    const char *name_end = strchr(name, '/');
    if (name_end == NULL)
      name_end = name + strlen(name);
    found = *pointer == '/' && descend(&value, &value_key, name, name_end);
    pointer = name_end;
  }
  const char *place = found && key && value_key.at != NULL ? value_key.at : value.at;
  *position = json_position(text, length, (size_t)(place - text));
  return found;
}

enum json_foreign json_foreign(const char *text, size_t length, size_t offset)
{
  if (offset == 0 && starts_with_mark(text, length))
    return JSON_FOREIGN_BYTE_ORDER_MARK;
  if (offset >= length)
    return JSON_FOREIGN_NONE;
  int next = offset + 1 < length ? text[offset + 1] : '\0';
  switch (text[offset]) {
  case '/':
    return next == '/'   ? JSON_FOREIGN_LINE_COMMENT
           : next == '*' ? JSON_FOREIGN_BLOCK_COMMENT
                         : JSON_FOREIGN_NONE;
  case '#':
    return JSON_FOREIGN_HASH_COMMENT;
  case '\'':
    return JSON_FOREIGN_SINGLE_QUOTE;
  case ']':
  case '}':
    while (offset > 0 && strchr(" \t\r\n", text[offset - 1]) != NULL && text[offset - 1] != '\0')
      offset--;
    return offset > 0 && text[offset - 1] == ',' ? JSON_FOREIGN_TRAILING_COMMA : JSON_FOREIGN_NONE;
  default:
    return JSON_FOREIGN_NONE;
  }
}

const char *json_foreign_sentence(enum json_foreign foreign)
{
  switch (foreign) {
  case JSON_FOREIGN_BYTE_ORDER_MARK:
    return "JSON has no byte order mark; save the file as UTF-8 without one";
  case JSON_FOREIGN_LINE_COMMENT:
    return "JSON has no comments; remove what follows \"//\"";
  case JSON_FOREIGN_BLOCK_COMMENT:
    return "JSON has no comments; remove the part between \"/*\" and \"*/\"";
  case JSON_FOREIGN_HASH_COMMENT:
    return "JSON has no comments; remove what follows \"#\"";
  case JSON_FOREIGN_TRAILING_COMMA:
    return "JSON has no comma after the last member or element; remove it";
  case JSON_FOREIGN_SINGLE_QUOTE:
    return "JSON writes strings in double quotes, not in single ones";
  case JSON_FOREIGN_NONE:
    break;
  }
  return NULL;
}

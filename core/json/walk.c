/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through slices of JSON that was validated before. */
#include "core/json/scan.h"
#include "core/json/unit.h"

#include <string.h>

static bool is_space(char byte)
{
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static const char *skip_space(const char *at, const char *end)
{
  while (at < end && is_space(*at))
    at++;
  return at;
}

/* At a '"': returns what follows the closing one, or `end`. */
static const char *skip_string(const char *at, const char *end)
{
  const char *body = at + 1;
  for (const char *from = body; from < end;) {
    const char *quote = memchr(from, '"', (size_t)(end - from));
    if (quote == NULL)
      break;
    const char *before = quote;
    while (before > body && before[-1] == '\\')
      before--;
    /* An even run of backslashes escapes itself only. */
    if ((quote - before) % 2 == 0)
      return quote + 1;
    from = quote + 1;
  }
  return end;
}

/* Returns what follows the value at `at`. No stack is needed: brackets of valid JSON pair up. */
static const char *skip_value(const char *at, const char *end)
{
  size_t depth = 0;
  while (at < end) {
    char byte = *at;
    if (byte == '"') {
      at = skip_string(at, end);
    } else if (byte == '{' || byte == '[') {
      depth++;
      at++;
      continue;
    } else if (byte == '}' || byte == ']') {
      if (depth == 0)
        return at;
      depth--;
      at++;
    } else if (depth == 0) {
      while (at < end && strchr(",]} \n\r\t:\"[{", *at) == NULL)
        at++;
      return at;
    } else {
      at++;
      continue;
    }
    if (depth == 0)
      return at;
  }
  return end;
}

enum json_kind json_kind(struct json_slice slice)
{
  if (slice.at == NULL || slice.length == 0)
    return JSON_KIND_NONE;
  switch (slice.at[0]) {
  case '{':
    return JSON_KIND_OBJECT;
  case '[':
    return JSON_KIND_ARRAY;
  case '"':
    return JSON_KIND_STRING;
  case 't':
    return JSON_KIND_TRUE;
  case 'f':
    return JSON_KIND_FALSE;
  case 'n':
    return JSON_KIND_NULL;
  default:
    if (slice.at[0] != '-' && (slice.at[0] < '0' || slice.at[0] > '9'))
      return JSON_KIND_NONE;
  }
  for (size_t i = 1; i < slice.length; i++)
    if (slice.at[i] < '0' || slice.at[i] > '9')
      return JSON_KIND_NUMBER;
  return JSON_KIND_INTEGER;
}

struct json_walk json_walk(struct json_slice slice)
{
  if (slice.at == NULL)
    return (struct json_walk){0};
  return (struct json_walk){.at = slice.at, .end = slice.at + slice.length};
}

/* Moves to the next element or key: over the opening bracket or over a comma. */
static bool advance(struct json_walk *walk, char open)
{
  const char *at = walk->at == NULL ? NULL : skip_space(walk->at, walk->end);
  if (at == NULL || at == walk->end || (*at != open && *at != ',')) {
    walk->at = walk->end;
    return false;
  }
  walk->at = skip_space(at + 1, walk->end);
  if (walk->at == walk->end || *walk->at == ']' || *walk->at == '}') {
    walk->at = walk->end;
    return false;
  }
  return true;
}

static void take_value(struct json_walk *walk, struct json_slice *value)
{
  value->at = walk->at;
  walk->at = skip_value(walk->at, walk->end);
  value->length = (size_t)(walk->at - value->at);
}

bool json_array_next(struct json_walk *walk, struct json_slice *element)
{
  *element = (struct json_slice){0};
  if (!advance(walk, '['))
    return false;
  take_value(walk, element);
  return true;
}

bool json_object_next(struct json_walk *walk, struct json_slice *key, struct json_slice *value)
{
  *key = *value = (struct json_slice){0};
  if (!advance(walk, '{') || *walk->at != '"')
    return false;
  key->at = walk->at;
  walk->at = skip_string(walk->at, walk->end);
  key->length = (size_t)(walk->at - key->at);
  walk->at = skip_space(walk->at, walk->end);
  if (walk->at == walk->end || *walk->at != ':')
    return false;
  walk->at = skip_space(walk->at + 1, walk->end);
  take_value(walk, value);
  return true;
}

bool json_member(struct json_slice object, const char *name, struct json_slice *value)
{
  struct json_walk walk = json_walk(object);
  struct json_slice key;
  struct json_slice candidate;
  bool found = false;
  *value = (struct json_slice){0};
  while (json_object_next(&walk, &key, &candidate)) {
    if (!json_string_equals(key, name))
      continue;
    if (found) {
      *value = (struct json_slice){0};
      return false;
    }
    found = true;
    *value = candidate;
  }
  return found;
}

bool json_string_equals(struct json_slice slice, const char *text)
{
  if (slice.at == NULL || slice.length < 2 || slice.at[0] != '"')
    return false;
  const unsigned char *at = (const unsigned char *)slice.at + 1;
  const unsigned char *end = (const unsigned char *)slice.at + slice.length - 1;
  while (at < end) {
    unsigned char unit[4];
    size_t length = json_unit(&at, end, unit);
    if (length == 0)
      return false;
    for (size_t i = 0; i < length; i++, text++)
      if (*text == '\0' || (unsigned char)*text != unit[i])
        return false;
  }
  return *text == '\0';
}

bool json_slice_integer(struct json_slice slice, int64_t *value)
{
  if (json_kind(slice) != JSON_KIND_INTEGER)
    return false;
  bool negative = slice.at[0] == '-';
  size_t first = negative ? 1 : 0;
  if (first == slice.length)
    return false;
  /* Counted downwards, because the negative range is the larger one. */
  int64_t total = 0;
  for (size_t i = first; i < slice.length; i++)
    if (__builtin_mul_overflow(total, 10, &total) ||
        __builtin_sub_overflow(total, slice.at[i] - '0', &total))
      return false;
  if (!negative && total == INT64_MIN)
    return false;
  *value = negative ? total : -total;
  return true;
}

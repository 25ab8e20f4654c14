/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds bytes to the scanner and all that walks, decodes, places and splices what it accepted. */
#include "core/json/decode.h"
#include "core/json/place.h"
#include "core/json/scan.h"
#include "core/json/splice.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold ends the program, also in a build with NDEBUG. */
#define MUST(condition)                                                                            \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

enum { WANTS = 9 };

static void must_be_inside(struct json_slice slice, struct json_slice whole)
{
  MUST(slice.at >= whole.at && slice.length <= whole.length);
  MUST((size_t)(slice.at - whole.at) <= whole.length - slice.length);
}

static bool is_valid(struct json_slice slice)
{
  struct json_limits limits = {.depth = JSON_DEPTH_MAX};
  return json_scan(slice.at, slice.length, &limits, NULL, 0, NULL);
}

/* What a string decodes to is UTF-8 that, written again, is the same string. */
static void check_string(struct json_slice slice)
{
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_BUFFER struct buffer json = {0};
  CLEANUP_BUFFER struct buffer again = {0};
  MUST(json_string_decode(slice, &text));
  json_string_append(&json, text.data, text.length);
  struct json_slice written = {.at = json.data, .length = json.length};
  MUST(is_valid(written));
  MUST(json_string_decode(written, &again));
  MUST(again.length == text.length && memcmp(again.data, text.data, text.length) == 0);
  if (strlen(text.data) == text.length)
    MUST(json_string_equals(written, text.data));
}

static void check_integer(struct json_slice slice, const json_t *tree)
{
  int64_t value;
  if (json_slice_integer(slice, &value) && tree != NULL)
    MUST(json_is_integer(tree) && json_integer_value(tree) == value);
}

/* Walks through both forms of a value side by side; `tree` is NULL where there is none. */
static void check_value(struct json_slice slice, const json_t *tree, unsigned depth)
{
  MUST(is_valid(slice));
  if (depth == 0)
    return;
  struct json_walk walk = json_walk(slice);
  struct json_slice key = {0};
  struct json_slice element;
  size_t count = 0;
  switch (json_kind(slice)) {
  case JSON_KIND_ARRAY:
    while (json_array_next(&walk, &element)) {
      must_be_inside(element, slice);
      check_value(element, json_array_get(tree, count++), depth - 1);
    }
    MUST(tree == NULL || json_array_size(tree) == count);
    break;
  case JSON_KIND_OBJECT:
    while (json_object_next(&walk, &key, &element)) {
      must_be_inside(key, slice);
      must_be_inside(element, slice);
      check_string(key);
      check_value(element, NULL, depth - 1);
      count++;
    }
    MUST(tree == NULL || json_object_size(tree) <= count);
    break;
  case JSON_KIND_STRING:
    MUST(tree == NULL || json_is_string(tree));
    check_string(slice);
    break;
  case JSON_KIND_INTEGER:
    check_integer(slice, tree);
    break;
  case JSON_KIND_NONE:
    abort();
  default:
    break;
  }
}

static void check_splice(struct json_slice whole, struct json_slice part)
{
  CLEANUP_BUFFER struct buffer out = {0};
  struct json_replacement same = {part, part.at, part.length};
  MUST(json_splice(whole.at, whole.length, &same, 1, &out));
  MUST(out.length == whole.length && memcmp(out.data, whole.at, whole.length) == 0);
  buffer_clear(&out);
  struct iovec parts[JSON_SPLICE_PARTS(1)];
  size_t part_count;
  MUST(json_splice_parts(whole.at, whole.length, &same, 1, parts, &part_count));
  for (size_t i = 0; i < part_count; i++)
    buffer_append(&out, parts[i].iov_base, parts[i].iov_len);
  MUST(out.length == whole.length && memcmp(out.data, whole.at, whole.length) == 0);
  /* One value for another leaves it valid. */
  buffer_clear(&out);
  struct json_replacement other = {part, "[\"r\"]", 5};
  MUST(json_splice(whole.at, whole.length, &other, 1, &out));
  MUST(is_valid((struct json_slice){out.data, out.length}));
}

static void check_wants(struct json_slice whole)
{
  struct json_want wants[WANTS] = {{.path = "id"},
                                   {.path = "method"},
                                   {.path = "params/name"},
                                   {.path = "params/_meta/progressToken"},
                                   {.path = "result/tools"},
                                   {.path = "a/a/a/a/a/a/a/a"},
                                   {.path = "a"},
                                   {.path = "~0~1"},
                                   {.path = ""}};
  struct json_fault fault = {0};
  if (!json_scan(whole.at, whole.length, NULL, wants, WANTS, &fault)) {
    MUST(fault.offset <= whole.length && fault.reason != NULL);
    json_position(whole.at, whole.length, fault.offset);
    json_foreign(whole.at, whole.length, fault.offset);
    for (size_t i = 0; i < WANTS; i++)
      MUST(wants[i].value.at == NULL);
    return;
  }
  for (size_t i = 0; i < WANTS; i++) {
    struct json_position position;
    char pointer[64] = "/";
    strcat(pointer, wants[i].path);
    bool placed = json_place(whole.at, whole.length, wants[i].path[0] == '\0' ? "" : pointer, false,
                             &position);
    /* A pointer also enters arrays, but no index is among these names. */
    MUST(placed == (wants[i].value.at != NULL));
    if (!placed)
      continue;
    must_be_inside(wants[i].value, whole);
    MUST(position.offset == (size_t)(wants[i].value.at - whole.at));
    MUST(is_valid(wants[i].value));
    check_splice(whole, wants[i].value);
  }
}

/* jansson refuses what it cannot hold: NUL in a key, large numbers, surrogates, deep nesting. */
static void check_against_jansson(struct json_slice whole)
{
  json_error_t error;
  json_t *tree = json_loadb(whole.at, whole.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
  struct json_fault fault = {0};
  struct json_limits limits = {.depth = JSON_DEPTH_MAX};
  bool valid = json_scan(whole.at, whole.length, &limits, NULL, 0, &fault);
  if (valid && tree == NULL) {
    enum json_error_code code = json_error_code(&error);
    MUST(code == json_error_null_byte_in_key || code == json_error_numeric_overflow ||
         code == json_error_stack_overflow || strstr(error.text, "invalid Unicode") != NULL);
  }
  /* jansson allows deeper nesting, and drops a NUL byte behind a number or a word. */
  if (!valid && tree != NULL)
    MUST(strstr(fault.reason, "too deeply") != NULL ||
         (fault.offset < whole.length && whole.at[fault.offset] == '\0'));
  if (valid) {
    struct json_want all = {.path = ""};
    MUST(json_scan(whole.at, whole.length, &limits, &all, 1, NULL));
    check_value(all.value, tree, 6);
  }
  json_decref(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct json_slice whole = {.at = size == 0 ? "" : (const char *)data, .length = size};
  check_wants(whole);
  check_against_jansson(whole);
  /* On bytes that nobody validated the walkers must still stay inside. */
  struct json_walk walk = json_walk(whole);
  struct json_slice key;
  struct json_slice value;
  while (json_object_next(&walk, &key, &value))
    must_be_inside(value, whole);
  for (walk = json_walk(whole); json_array_next(&walk, &value);)
    must_be_inside(value, whole);
  CLEANUP_BUFFER struct buffer text = {0};
  if (json_string_decode(whole, &text))
    MUST(text.length <= 2 * size); /* a broken escape of two bytes becomes U+FFFD, of three */
  json_member(whole, "id", &value);
  struct json_position position;
  json_place(whole.at, whole.length, "/0/a~1b", true, &position);
  MUST(position.offset <= size);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The splicer: replaced, inserted, removed; byte for byte elsewhere; wrong orders refused. */
#include "core/json/splice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { REPLACEMENTS_MAX = 8 };

static const char text[] = "{ \"id\" : 1.50e1,\"x\":\"\\u0041\", \"name\":\"tool\"}";

static struct json_replacement replacement(size_t offset, size_t length, const char *bytes)
{
  return (struct json_replacement){.original = {.at = text + offset, .length = length},
                                   .bytes = bytes,
                                   .length = bytes == NULL ? 0 : strlen(bytes)};
}

/* Both forms must give the same bytes. */
static void expect(const struct json_replacement *replacements, size_t count, const char *expected)
{
  CLEANUP_BUFFER struct buffer copied = {0};
  buffer_append_text(&copied, "before ");
  assert_true(json_splice(text, strlen(text), replacements, count, &copied));
  assert_string_equal(copied.data + 7, expected);
  struct iovec parts[JSON_SPLICE_PARTS(REPLACEMENTS_MAX)];
  size_t part_count = 99;
  assert_true(json_splice_parts(text, strlen(text), replacements, count, parts, &part_count));
  assert_true(part_count <= JSON_SPLICE_PARTS(count));
  CLEANUP_BUFFER struct buffer gathered = {0};
  buffer_append(&gathered, "", 0);
  for (size_t i = 0; i < part_count; i++) {
    assert_true(parts[i].iov_len > 0);
    buffer_append(&gathered, parts[i].iov_base, parts[i].iov_len);
  }
  assert_string_equal(gathered.data, expected);
}

static void refuse(const struct json_replacement *replacements, size_t count)
{
  CLEANUP_BUFFER struct buffer copied = {0};
  buffer_append_text(&copied, "kept");
  assert_false(json_splice(text, strlen(text), replacements, count, &copied));
  assert_string_equal(copied.data, "kept");
  struct iovec parts[JSON_SPLICE_PARTS(REPLACEMENTS_MAX)];
  size_t part_count = 99;
  assert_false(json_splice_parts(text, strlen(text), replacements, count, parts, &part_count));
  assert_int_equal(part_count, 99);
}

static void test_wants_replaced(void **state)
{
  (void)state;
  struct json_want wants[] = {{.path = "id"}, {.path = "name"}};
  assert_true(json_scan(text, strlen(text), NULL, wants, 2, NULL));
  struct json_replacement list[] = {{wants[0].value, "\"r7\"", 4},
                                    {wants[1].value, "\"s_tool\"", 8}};
  expect(list, 2, "{ \"id\" : \"r7\",\"x\":\"\\u0041\", \"name\":\"s_tool\"}");
}

static void test_forms(void **state)
{
  (void)state;
  size_t length = strlen(text);
  expect(NULL, 0, text);
  expect(&(struct json_replacement){{text, length}, text, length}, 1, text);
  expect(&(struct json_replacement){{text, length}, NULL, 0}, 1, "");
  expect((struct json_replacement[]){replacement(0, 0, "<"), replacement(length, 0, ">")}, 2,
         "<{ \"id\" : 1.50e1,\"x\":\"\\u0041\", \"name\":\"tool\"}>");
  expect((struct json_replacement[]){replacement(9, 0, "1"), replacement(9, 0, "2"),
                                     replacement(9, 6, "3"), replacement(15, 0, "4"),
                                     replacement(15, length - 15, "}")},
         5, "{ \"id\" : 1234}");
  expect((struct json_replacement[]){replacement(1, 15, NULL), replacement(16, 13, "")}, 2,
         "{ \"name\":\"tool\"}");
}

static void test_refused(void **state)
{
  (void)state;
  size_t length = strlen(text);
  refuse((struct json_replacement[]){replacement(9, 6, "1"), replacement(2, 4, "2")}, 2);
  refuse((struct json_replacement[]){replacement(2, 4, "1"), replacement(5, 4, "2")}, 2);
  refuse((struct json_replacement[]){replacement(0, length + 1, "1")}, 1);
  refuse((struct json_replacement[]){replacement(length, 1, "1")}, 1);
  refuse((struct json_replacement[]){replacement(1, SIZE_MAX, "1")}, 1);
  refuse((struct json_replacement[]){{{"elsewhere", 4}, "1", 1}}, 1);
  refuse((struct json_replacement[]){{{NULL, 0}, "1", 1}}, 1);
  refuse((struct json_replacement[]){{{text, 1}, "1", SIZE_MAX}}, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wants_replaced),
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

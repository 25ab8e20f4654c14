/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and columns of offsets and of JSON pointers, and what is foreign to JSON. */
#include "core/json/place.h"
#include "core/json/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_position(const char *text, size_t offset, size_t line, size_t column)
{
  struct json_position position = json_position(text, strlen(text), offset);
  if (position.line != line || position.column != column)
    fail_msg("offset %zu of \"%s\" is %zu:%zu, not %zu:%zu", offset, text, position.line,
             position.column, line, column);
}

static void test_position(void **state)
{
  (void)state;
  expect_position("", 0, 1, 1);
  expect_position("abc", 0, 1, 1);
  expect_position("abc", 2, 1, 3);
  expect_position("abc", 3, 1, 4);
  expect_position("abc", 99, 1, 4);
  expect_position("a\nb\n\nc", 1, 1, 2);
  expect_position("a\nb\n\nc", 2, 2, 1);
  expect_position("a\nb\n\nc", 4, 3, 1);
  expect_position("a\nb\n\nc", 5, 4, 1);
  expect_position("a\n", 2, 2, 1);
  expect_position("a\r\nb", 3, 2, 1);
  expect_position("a\rb", 2, 2, 1);
  expect_position("a\r", 2, 2, 1);
  expect_position("\t\"x\"", 1, 1, 2);
  /* Characters, not bytes: 2, 3 and 4 bytes long, and bytes that are none. */
  expect_position("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x", 9, 1, 4);
  expect_position("\xC3\xA9x", 1, 1, 1);
  expect_position("\xFF\xFFx", 2, 1, 3);
  expect_position("\xEF\xBB\xBF{", 3, 1, 1);
  expect_position("\xEF\xBB\xBF{", 0, 1, 1);
  expect_position("\xEF\xBB\xBF{}", 4, 1, 2);
}

static const char file[] = "{\n"
                           "  \"servers\": [\n"
                           "    { \"id\": \"one\", \"env\": {\"\xC3\xA9\": 1, \"b\": [10, {}]} },\n"
                           "    { \"a/b\": {\"m~n\": true}, \"\": {\"\": 3},\n"
                           "      \"tw\\u0069ce\": 1, \"twice\": 2 }\n"
                           "  ],\n"
                           "  \"0\": null\n"
                           "}\n";

static void test_pointer(void **state)
{
  (void)state;
  static const struct {
    const char *pointer;
    size_t line, column;         /* the value */
    size_t key_line, key_column; /* the key */
  } cases[] = {
      {"", 1, 1, 1, 1},
      {"/servers", 2, 14, 2, 3},
      {"/servers/0", 3, 5, 3, 5},
      {"/servers/0/id", 3, 13, 3, 7},
      {"/servers/0/env/\xC3\xA9", 3, 33, 3, 28},
      {"/servers/0/env/b", 3, 41, 3, 36},
      {"/servers/0/env/b/0", 3, 42, 3, 42},
      {"/servers/0/env/b/1", 3, 46, 3, 46},
      {"/servers/1/a~1b/m~0n", 4, 22, 4, 15},
      {"/servers/1/", 4, 33, 4, 29},
      {"/servers/1//", 4, 38, 4, 34},
      {"/servers/1/twice", 5, 33, 5, 24},
      {"/0", 7, 8, 7, 3},
  };
  assert_true(json_scan(file, strlen(file), NULL, NULL, 0, NULL));
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct json_position position;
    assert_true(json_place(file, strlen(file), cases[i].pointer, false, &position));
    if (position.line != cases[i].line || position.column != cases[i].column)
      fail_msg("%s is at %zu:%zu", cases[i].pointer, position.line, position.column);
    assert_true(json_place(file, strlen(file), cases[i].pointer, true, &position));
    if (position.line != cases[i].key_line || position.column != cases[i].key_column)
      fail_msg("the key of %s is at %zu:%zu", cases[i].pointer, position.line, position.column);
  }
}

/* What is missing is placed at the innermost value that exists. */
static void test_missing(void **state)
{
  (void)state;
  static const struct {
    const char *pointer;
    size_t line, column;
  } cases[] = {{"/nothing", 1, 1},
               {"/servers/2", 2, 14},
               {"/servers/00", 2, 14},
               {"/servers/-", 2, 14},
               {"/servers/1x", 2, 14},
               {"/servers/0/command", 3, 5},
               {"/servers/0/command/x", 3, 5},
               {"/servers/0/id/x", 3, 13},
               {"/servers/99999999999999999999999", 2, 14},
               {"servers", 1, 1},
               {"/servers/0/env/b/", 3, 41}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int key = 0; key < 2; key++) {
      struct json_position position = {0};
      assert_false(json_place(file, strlen(file), cases[i].pointer, key == 1, &position));
      if (position.line != cases[i].line || position.column != cases[i].column)
        fail_msg("%s is placed at %zu:%zu", cases[i].pointer, position.line, position.column);
    }
  }
}

static void test_white_space_in_front(void **state)
{
  (void)state;
  static const char text[] = "\n\n  [ 1, 2 ]";
  struct json_position position;
  assert_true(json_place(text, strlen(text), "", false, &position));
  assert_int_equal(position.line, 3);
  assert_int_equal(position.column, 3);
  assert_int_equal(position.offset, 4);
  assert_true(json_place(text, strlen(text), "/1", false, &position));
  assert_int_equal(position.column, 8);
}

static void test_foreign(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    enum json_foreign foreign;
  } cases[] = {
      {"{\"a\": \"http://x\", // why\n\"b\": 1}", JSON_FOREIGN_LINE_COMMENT},
      {"// first\n{}", JSON_FOREIGN_LINE_COMMENT},
      {"{} // last", JSON_FOREIGN_LINE_COMMENT},
      {"{/* x */}", JSON_FOREIGN_BLOCK_COMMENT},
      {"[1 /* x */]", JSON_FOREIGN_BLOCK_COMMENT},
      {"# x\n{}", JSON_FOREIGN_HASH_COMMENT},
      {"\xEF\xBB\xBF{}", JSON_FOREIGN_BYTE_ORDER_MARK},
      {"[1,]", JSON_FOREIGN_TRAILING_COMMA},
      {"{\"a\":1,\n }", JSON_FOREIGN_TRAILING_COMMA},
      {"{'a':1}", JSON_FOREIGN_SINGLE_QUOTE},
      {"[/]", JSON_FOREIGN_NONE},
      {"[1}", JSON_FOREIGN_NONE},
      {"]", JSON_FOREIGN_NONE},
      {"[1", JSON_FOREIGN_NONE},
      {"[1 /", JSON_FOREIGN_NONE},
      {"[tru]", JSON_FOREIGN_NONE},
      {"[\"// in a text\" x]", JSON_FOREIGN_NONE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t length = strlen(cases[i].text);
    struct json_fault fault;
    assert_false(json_scan(cases[i].text, length, NULL, NULL, 0, &fault));
    enum json_foreign foreign = json_foreign(cases[i].text, length, fault.offset);
    if (foreign != cases[i].foreign)
      fail_msg("%s: %d at %zu", cases[i].text, (int)foreign, fault.offset);
    if (foreign == JSON_FOREIGN_NONE)
      assert_null(json_foreign_sentence(foreign));
    else
      assert_non_null(strstr(json_foreign_sentence(foreign), "JSON"));
  }
  assert_int_equal(json_foreign("", 0, 0), JSON_FOREIGN_NONE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_position), cmocka_unit_test(test_pointer),
      cmocka_unit_test(test_missing),  cmocka_unit_test(test_white_space_in_front),
      cmocka_unit_test(test_foreign),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

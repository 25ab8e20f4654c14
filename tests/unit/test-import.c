/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of an import: comments taken away, JSON indented, differences, masks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/diff.h"
#include "core/config/import.h"
#include "core/json/comment.h"
#include "core/json/indent.h"

static void blanks(const char *text, const char *expected, size_t comments, size_t commas)
{
  char copy[256];
  snprintf(copy, sizeof copy, "%s", text);
  struct json_comments found = json_blank_comments(copy, strlen(copy));
  assert_string_equal(copy, expected);
  assert_int_equal(found.comments, comments);
  assert_int_equal(found.commas, commas);
}

static void test_comments(void **state)
{
  (void)state;
  blanks("", "", 0, 0);
  blanks("{} // x", "{}     ", 1, 0);
  blanks("// a\r\n//b\n[]", "    \r\n   \n[]", 2, 0);
  blanks("[1,/* , */]", "[1        ]", 1, 1);
  blanks("[1 , // x\n ]", "[1       \n ]", 1, 1);
  blanks("/*/ */1", "      1", 1, 0);
  blanks("/**/1", "    1", 1, 0);
  blanks("[\"//\", \"/* \\\"*/\", \",\"]", "[\"//\", \"/* \\\"*/\", \",\"]", 0, 0);
  blanks("[1, 2]", "[1, 2]", 0, 0);
  blanks("{\"a\": 1,}", "{\"a\": 1 }", 0, 1);
  /* What is no JSON stays for the scanner to find. */
  blanks("[/* x", "[/* x", 0, 0);
  blanks("[1 / 2]", "[1 / 2]", 0, 0);
  blanks("/", "/", 0, 0);
  blanks("\"open // ", "\"open // ", 0, 0);
  blanks("\"\\", "\"\\", 0, 0);
}

static void indents(const char *text, size_t depth, const char *expected)
{
  struct json_want whole = {.path = ""};
  CLEANUP_BUFFER struct buffer out = {0};
  buffer_append_text(&out, "");
  assert_true(json_scan(text, strlen(text), NULL, &whole, 1, NULL));
  json_append_indented(&out, whole.value, depth);
  assert_false(out.failed);
  assert_string_equal(out.data, expected);
}

static void test_indent(void **state)
{
  (void)state;
  indents("  1.50e+2 ", 0, "1.50e+2");
  indents("{ }", 0, "{}");
  indents("{\"a\":[1,2 , \"\\u0041\"]}", 0, "{\n  \"a\": [1, 2, \"\\u0041\"]\n}");
  indents("{\"b\":{\"c\" : null},\"b\":1}", 3, "{\"b\": {\"c\": null}, \"b\": 1}");
  indents(
      "[\"0123456789012345678901234567890123456789\",\"0123456789012345678901234567890123456789\"]",
      1,
      "[\n    \"0123456789012345678901234567890123456789\",\n"
      "    \"0123456789012345678901234567890123456789\"\n  ]");
}

static void differs(const char *old_text, const char *new_text, const char *expected)
{
  CLEANUP_BUFFER struct buffer out = {0};
  buffer_append_text(&out, "");
  diff_append(&out, "a", "b", old_text, new_text);
  assert_false(out.failed);
  assert_string_equal(out.data, expected);
}

static void test_diff(void **state)
{
  (void)state;
  differs("", "", "");
  differs("x\n", "x\n", "");
  differs("", "x\ny\n", "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n");
  differs("x\n", "", "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-x\n");
  differs("x", "x\n", "--- a\n+++ b\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+x\n");
  differs("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n5\n6\n7\n8\n9\n",
          "--- a\n+++ b\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+X\n 5\n 6\n 7\n");
  differs("a\nb\nc\nd\n", "b\nx\nd\ne\n",
          "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n b\n-c\n+x\n d\n+e\n");
  /* Six lines between two changes join them, seven part them. */
  differs("0\n1\n2\n3\n4\n5\n6\n0\n", "x\n1\n2\n3\n4\n5\n6\ny\n",
          "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-0\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-0\n+y\n");
  differs(
      "0\n1\n2\n3\n4\n5\n6\n7\n0\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n",
      "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-0\n+x\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-0\n+y\n");
}

static void masks(const char *text, const char *expected)
{
  CLEANUP_BUFFER struct buffer out = {0};
  buffer_append_text(&out, "");
  config_import_mask(text, strlen(text), &out);
  assert_false(out.failed);
  assert_string_equal(out.data, expected);
}

static void test_mask(void **state)
{
  (void)state;
  masks("", "");
  masks(" {\"env\" : {\"A\":\"x\",  \"B\": 5, \"C\": true}} ",
        " {\"env\" : {\"A\":\"***\",  \"B\": \"***\", \"C\": true}} ");
  masks("{\"h\": {\"headers\": [\"a\", {\"b\": [\"c\"]}]}, \"d\": \"e\"}",
        "{\"h\": {\"headers\": [\"***\", {\"b\": [\"***\"]}]}, \"d\": \"e\"}");
  masks("{\"env\": {\"A\": \"${A}\", \"B\": \"${A}x\", \"C\": \"${A}${B}\"}}",
        "{\"env\": {\"A\": \"${A}\", \"B\": \"***\", \"C\": \"***\"}}");
  masks("{\"url\": \"https://a/?k=v\", \"serverUrl\": \"https://b/\", \"x\": \"?\"}",
        "{\"url\": \"https://a/?***\", \"serverUrl\": \"https://b/\", \"x\": \"?\"}");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_comments),
      cmocka_unit_test(test_indent),
      cmocka_unit_test(test_diff),
      cmocka_unit_test(test_mask),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through validated JSON, and strings to text and back. */
#include "core/json/decode.h"
#include "core/json/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct json_slice slice(const char *text)
{
  return (struct json_slice){.at = text, .length = strlen(text)};
}

static void assert_slice(struct json_slice actual, const char *expected)
{
  assert_non_null(actual.at);
  assert_int_equal(actual.length, strlen(expected));
  assert_memory_equal(actual.at, expected, actual.length);
}

static void test_kind(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    enum json_kind kind;
  } cases[] = {{"{}", JSON_KIND_OBJECT},
               {"[1]", JSON_KIND_ARRAY},
               {"\"1\"", JSON_KIND_STRING},
               {"0", JSON_KIND_INTEGER},
               {"-12", JSON_KIND_INTEGER},
               {"1.0", JSON_KIND_NUMBER},
               {"1e2", JSON_KIND_NUMBER},
               {"true", JSON_KIND_TRUE},
               {"false", JSON_KIND_FALSE},
               {"null", JSON_KIND_NULL},
               {"", JSON_KIND_NONE},
               {"x", JSON_KIND_NONE},
               {"123456789012345678901234567890", JSON_KIND_INTEGER}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_int_equal(json_kind(slice(cases[i].text)), cases[i].kind);
  assert_int_equal(json_kind((struct json_slice){0}), JSON_KIND_NONE);
}

static void test_array(void **state)
{
  (void)state;
  const char *expected[] = {"1",
                            "\"a,]\\\\\\\"\"",
                            "[2,[3]]",
                            "\"\\\\\"",
                            "{\"]\":[\"}\"]}",
                            "-4.5e1",
                            "null",
                            "[]",
                            "{}",
                            "\"\""};
  struct json_walk walk = json_walk(slice(
      "[1 ,\"a,]\\\\\\\"\", [2,[3]],\n\"\\\\\",{\"]\":[\"}\"]},-4.5e1\t,null,[],{} , \"\" ]"));
  struct json_slice element;
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    assert_true(json_array_next(&walk, &element));
    assert_slice(element, expected[i]);
  }
  assert_false(json_array_next(&walk, &element));
  assert_null(element.at);
  assert_false(json_array_next(&walk, &element));
  static const char *const empty[] = {"[]", "[ ]", "{}", "{\"a\":1}", "\"[1]\"", "1", ""};
  for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
    walk = json_walk(slice(empty[i]));
    assert_false(json_array_next(&walk, &element));
  }
  walk = json_walk((struct json_slice){0});
  assert_false(json_array_next(&walk, &element));
}

static void test_object(void **state)
{
  (void)state;
  struct json_walk walk =
      json_walk(slice("{ \"a\" : 1,\"b\\\"}\":{\"c\":[{}]} ,\"\":\"}\",\"n\":null\n}"));
  struct json_slice key;
  struct json_slice value;
  static const char *const expected[][2] = {
      {"\"a\"", "1"}, {"\"b\\\"}\"", "{\"c\":[{}]}"}, {"\"\"", "\"}\""}, {"\"n\"", "null"}};
  for (size_t i = 0; i < 4; i++) {
    assert_true(json_object_next(&walk, &key, &value));
    assert_slice(key, expected[i][0]);
    assert_slice(value, expected[i][1]);
  }
  assert_false(json_object_next(&walk, &key, &value));
  assert_false(json_object_next(&walk, &key, &value));
  static const char *const empty[] = {"{}", "{ \n}", "[\"a\"]", "\"{\"", "0", ""};
  for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
    walk = json_walk(slice(empty[i]));
    assert_false(json_object_next(&walk, &key, &value));
  }
}

static void test_member(void **state)
{
  (void)state;
  struct json_slice object =
      slice("{\"a\":1,\"\\u0062\":{\"a\":2},\"c/d\":3,\"x\":4,\"\\u0078\":5}");
  struct json_slice value;
  assert_true(json_member(object, "a", &value));
  assert_slice(value, "1");
  assert_true(json_member(object, "b", &value));
  assert_slice(value, "{\"a\":2}");
  assert_true(json_member(object, "c/d", &value));
  assert_slice(value, "3");
  assert_false(json_member(object, "d", &value));
  assert_null(value.at);
  /* Ambiguous: two readers could take different ones. */
  assert_false(json_member(object, "x", &value));
  assert_null(value.at);
  assert_false(json_member(slice("[\"a\",1]"), "a", &value));
  assert_false(json_member(slice("\"a\""), "a", &value));
}

/* Whatever the bytes are, walking ends and stays inside them. */
static void test_broken_bytes(void **state)
{
  (void)state;
  static const char *const texts[] = {
      "[1,[2",    "{\"a",        "{\"a\"", "{\"a\":", "[\"\\",        "[,,,",          "[1 2",
      "{\"a\" 1", "{\"a\":1,2}", "[}",     "[]]]",    "{\"\\u12\":1", "[\"a\" \"b\"]", "[1,\n"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    size_t length = strlen(texts[i]);
    char *copy = malloc(length);
    assert_non_null(copy);
    memcpy(copy, texts[i], length);
    struct json_slice whole = {.at = copy, .length = length};
    struct json_walk walk = json_walk(whole);
    struct json_slice key;
    struct json_slice value;
    size_t steps = 0;
    while (json_array_next(&walk, &value) || json_object_next(&walk, &key, &value))
      assert_true(++steps <= length);
    json_member(whole, "\xFF", &value);
    json_string_equals(whole, "a");
    free(copy);
  }
}

static void test_equals(void **state)
{
  (void)state;
  assert_true(json_string_equals(slice("\"\""), ""));
  assert_true(json_string_equals(slice("\"id\""), "id"));
  assert_true(json_string_equals(slice("\"\\u0069\\u0064\""), "id"));
  assert_true(json_string_equals(slice("\"\\/\\n\\\"\""), "/\n\""));
  assert_true(json_string_equals(slice("\"\xC3\xA9\""), "\xC3\xA9"));
  assert_true(json_string_equals(slice("\"\\ud83d\\ude00\""), "\xF0\x9F\x98\x80"));
  assert_false(json_string_equals(slice("\"id\""), "i"));
  assert_false(json_string_equals(slice("\"id\""), "idx"));
  assert_false(json_string_equals(slice("\"id\\u0000\""), "id"));
  assert_false(json_string_equals(slice("\"\\ud800\""), "\xED\xA0\x80"));
  assert_false(json_string_equals(slice("\"\\ud800\\u0041\""), "A"));
  assert_false(json_string_equals(slice("12"), "12"));
  assert_false(json_string_equals((struct json_slice){0}, ""));
}

static void test_integer(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int64_t value;
  } fits[] = {{"0", 0},
              {"-0", 0},
              {"7", 7},
              {"-12", -12},
              {"9223372036854775807", INT64_MAX},
              {"-9223372036854775808", INT64_MIN}};
  for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
    int64_t value = 99;
    assert_true(json_slice_integer(slice(fits[i].text), &value));
    assert_int_equal(value, fits[i].value);
  }
  static const char *const others[] = {"9223372036854775808",
                                       "-9223372036854775809",
                                       "99999999999999999999999",
                                       "1.0",
                                       "1e3",
                                       "\"1\"",
                                       "true",
                                       "[1]",
                                       "-",
                                       ""};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    int64_t value = 99;
    assert_false(json_slice_integer(slice(others[i]), &value));
    assert_int_equal(value, 99);
  }
}

static void test_decode(void **state)
{
  (void)state;
  static const struct {
    const char *json;
    const char *text;
    size_t length;
  } cases[] = {{"\"\"", "", 0},
               {"\"plain\"", "plain", 5},
               {"\"a\\tb\\\\\\\"\\/\"", "a\tb\\\"/", 6},
               {"\"\\u0000x\"", "\0x", 2},
               {"\"\xC3\xA9\\u00e9\"", "\xC3\xA9\xC3\xA9", 4},
               {"\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80", 4},
               {"\"\\ud83d\"", "\xEF\xBF\xBD", 3},
               {"\"\\ude00\\ud83dx\"", "\xEF\xBF\xBD\xEF\xBF\xBDx", 7},
               {"\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 7}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    CLEANUP_BUFFER struct buffer buffer = {0};
    assert_true(json_string_decode(slice(cases[i].json), &buffer));
    assert_int_equal(buffer.length, cases[i].length);
    assert_memory_equal(buffer.data, cases[i].text, cases[i].length + 1);
  }
  CLEANUP_BUFFER struct buffer buffer = {0};
  assert_false(json_string_decode(slice("1"), &buffer));
  assert_false(json_string_decode((struct json_slice){0}, &buffer));
  assert_int_equal(buffer.length, 0);
}

static void test_append(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer buffer = {0};
  json_string_append(&buffer, "a\"\\\b\f\n\r\t\x01\x1F\x7F\xC3\xA9/", 14);
  assert_string_equal(buffer.data, "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\xC3\xA9/\"");
  buffer_clear(&buffer);
  json_string_append(&buffer, "\xFFx\xC3", 3);
  assert_string_equal(buffer.data, "\"\xEF\xBF\xBDx\xEF\xBF\xBD\"");
  buffer_clear(&buffer);
  json_string_append(&buffer, NULL, 0);
  assert_string_equal(buffer.data, "\"\"");
  /* Every byte there and back; what is not UTF-8 becomes U+FFFD, and nothing breaks the string. */
  for (int byte = 0; byte < 256; byte++) {
    char text[] = {'<', (char)byte, '>'};
    CLEANUP_BUFFER struct buffer json = {0};
    CLEANUP_BUFFER struct buffer back = {0};
    json_string_append(&json, text, sizeof text);
    assert_true(json_scan(json.data, json.length, NULL, NULL, 0, NULL));
    assert_true(json_string_decode((struct json_slice){json.data, json.length}, &back));
    if (byte < 0x80) {
      assert_int_equal(back.length, 3);
      assert_memory_equal(back.data, text, 3);
    } else {
      assert_string_equal(back.data, "<\xEF\xBF\xBD>");
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kind),   cmocka_unit_test(test_array),
      cmocka_unit_test(test_object), cmocka_unit_test(test_member),
      cmocka_unit_test(test_equals), cmocka_unit_test(test_broken_bytes),
      cmocka_unit_test(test_decode), cmocka_unit_test(test_integer),
      cmocka_unit_test(test_append),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

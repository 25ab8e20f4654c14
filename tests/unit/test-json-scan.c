/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON scanner: what it accepts and where it refuses, wanted members, agreement with jansson.
 */
#include "core/json/run.h"
#include "core/json/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define TEXT(literal) literal, sizeof(literal) - 1

/* A copy of the exact size lets sanitizers and valgrind see a read behind the end. */
static bool scan_exact(const char *text, size_t length, const struct json_limits *limits,
                       struct json_fault *fault)
{
  char *copy = malloc(length > 0 ? length : 1);
  assert_non_null(copy);
  memcpy(copy, text, length);
  bool valid = json_scan(copy, length, limits, NULL, 0, fault);
  free(copy);
  return valid;
}

static void test_valid(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t length;
  } cases[] = {
      {TEXT("{}")},
      {TEXT("[]")},
      {TEXT("null")},
      {TEXT("true")},
      {TEXT("false")},
      {TEXT("0")},
      {TEXT("-0")},
      {TEXT("-0.0e-0")},
      {TEXT("1E400")},
      {TEXT("123456789012345678901234567890.000000000000000000000000000001e+99999")},
      {TEXT("\"\"")},
      {TEXT(" \t\r\n [ ] \t\r\n ")},
      {TEXT("[1,2 , 3\n,[4],{\"a\":{}}]")},
      {TEXT("{\"\":0}")},
      {TEXT("{\"a\":1,\"a\":2}")},
      {TEXT("{\"a\" : \"b\" , \"c\" : [ { } ] }")},
      {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uFFFF\"")},
      {TEXT("\"\\u0000\"")},
      {TEXT("\"\\ud83d\\ude00\"")},
      {TEXT("\"\\ud800\"")},
      {TEXT("\"\\udc00\\ud800\"")},
      {TEXT("\"\x7F\"")},
      {TEXT("\"\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF\"")},
      {TEXT("\"\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF\"")},
      {TEXT("\"\xE2\x80\xA8\"")},
      {TEXT("\"/*not a comment*/\"")},
      {TEXT("[0,1.5,-2e1,3E+2,4e-2]")},
      {TEXT("[true,false,null]")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct json_fault fault = {0};
    if (!scan_exact(cases[i].text, cases[i].length, NULL, &fault))
      fail_msg("%s is refused at %zu: %s", cases[i].text, fault.offset, fault.reason);
  }
}

static const struct {
  const char *text;
  size_t length;
  size_t offset;
} invalid_cases[] = {
    {TEXT(""), 0},
    {TEXT(" "), 1},
    {TEXT("\xEF\xBB\xBF{}"), 0},
    {TEXT("\xEF\xBB\xBF"), 0},
    {TEXT("\xFE\xFF"), 0},
    {TEXT("{} {}"), 3},
    {TEXT("[]]"), 2},
    {TEXT("1 2"), 2},
    {TEXT("{}\0"), 2},
    {TEXT("\0"), 0},
    {TEXT("{}x"), 2},
    {TEXT("["), 1},
    {TEXT("[1"), 2},
    {TEXT("[1,"), 3},
    {TEXT("[1,]"), 3},
    {TEXT("[,1]"), 1},
    {TEXT("[1,,2]"), 3},
    {TEXT("[1 2]"), 3},
    {TEXT("[1:2]"), 2},
    {TEXT("[1}"), 2},
    {TEXT("{1:2}"), 1},
    {TEXT("{"), 1},
    {TEXT("{\"a\""), 4},
    {TEXT("{\"a\"}"), 4},
    {TEXT("{\"a\":"), 5},
    {TEXT("{\"a\":}"), 5},
    {TEXT("{\"a\":1"), 6},
    {TEXT("{\"a\":1,"), 7},
    {TEXT("{\"a\":1,}"), 7},
    {TEXT("{\"a\",1}"), 4},
    {TEXT("{\"a\":1 \"b\":2}"), 7},
    {TEXT("{\"a\":1]"), 6},
    {TEXT("{a:1}"), 1},
    {TEXT("{'a':1}"), 1},
    {TEXT("{,}"), 1},
    {TEXT("]"), 0},
    {TEXT("}"), 0},
    {TEXT(","), 0},
    {TEXT(":"), 0},
    {TEXT("01"), 0},
    {TEXT("-01"), 1},
    {TEXT("00"), 0},
    {TEXT("-"), 1},
    {TEXT("--1"), 1},
    {TEXT("+1"), 0},
    {TEXT(".5"), 0},
    {TEXT("-.5"), 1},
    {TEXT("1."), 2},
    {TEXT("1.e1"), 2},
    {TEXT("1e"), 2},
    {TEXT("1e+"), 3},
    {TEXT("1e1.5"), 3},
    {TEXT("0x10"), 1},
    {TEXT("1_000"), 1},
    {TEXT("1,5"), 1},
    {TEXT("NaN"), 0},
    {TEXT("Infinity"), 0},
    {TEXT("-Infinity"), 1},
    {TEXT("tru"), 0},
    {TEXT("truE"), 0},
    {TEXT("True"), 0},
    {TEXT("nulll"), 4},
    {TEXT("undefined"), 0},
    {TEXT("\""), 1},
    {TEXT("\"abc"), 4},
    {TEXT("\"\\"), 1},
    {TEXT("\"\\\""), 3},
    {TEXT("\"\\x41\""), 1},
    {TEXT("\"\\a\""), 1},
    {TEXT("\"\\\0\""), 1},
    {TEXT("\"\\u12\""), 1},
    {TEXT("\"\\u123g\""), 1},
    {TEXT("\"\\u 123\""), 1},
    {TEXT("\"\\U0041\""), 1},
    {TEXT("\"\\'\""), 1},
    {TEXT("'a'"), 0},
    {TEXT("\"a\tb\""), 2},
    {TEXT("\"a\nb\""), 2},
    {TEXT("\"a\0b\""), 2},
    {TEXT("\"a\x1F\""), 2},
    {TEXT("\"\x80\""), 1},
    {TEXT("\"\xBF\""), 1},
    {TEXT("\"\xC0\xAF\""), 1},
    {TEXT("\"\xC1\xBF\""), 1},
    {TEXT("\"\xC3\""), 1},
    {TEXT("\"\xC3"), 1},
    {TEXT("\"\xE0\x9F\xBF\""), 1},
    {TEXT("\"\xE2\x82\""), 1},
    {TEXT("\"\xE2\x82"), 1},
    {TEXT("\"\xED\xA0\x80\""), 1},
    {TEXT("\"\xED\xBF\xBF\""), 1},
    {TEXT("\"\xF0\x8F\xBF\xBF\""), 1},
    {TEXT("\"\xF0\x9F\x98\""), 1},
    {TEXT("\"\xF4\x90\x80\x80\""), 1},
    {TEXT("\"\xF5\x80\x80\x80\""), 1},
    {TEXT("\"\xF8\x88\x80\x80\x80\""), 1},
    {TEXT("\"\xFF\""), 1},
    {TEXT("\"ok\xC3\xA9\xC3(\""), 5},
    {TEXT("{\"\xFF\":1}"), 2},
    {TEXT("[1]\xC2\xA0"), 3},
    {TEXT("\xC2\xA0[1]"), 0},
    {TEXT("[1]\f"), 3},
    {TEXT("[\v1]"), 1},
    {TEXT("// x\n1"), 0},
    {TEXT("1 // x"), 2},
    {TEXT("[1 /* x */]"), 3},
    {TEXT("# x\n1"), 0},
};

static void test_invalid(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof invalid_cases / sizeof invalid_cases[0]; i++) {
    struct json_fault fault = {0};
    if (scan_exact(invalid_cases[i].text, invalid_cases[i].length, NULL, &fault))
      fail_msg("case %zu, %s, is accepted", i, invalid_cases[i].text);
    if (fault.offset != invalid_cases[i].offset)
      fail_msg("case %zu, %s, is refused at %zu, not at %zu: %s", i, invalid_cases[i].text,
               fault.offset, invalid_cases[i].offset, fault.reason);
    assert_non_null(fault.reason);
    assert_false(json_scan(invalid_cases[i].text, invalid_cases[i].length, NULL, NULL, 0, NULL));
  }
  assert_false(json_scan(NULL, 0, NULL, NULL, 0, NULL));
}

/* Cutting a text short, and a bad byte anywhere in a string, is seen at every distance from the
 * ends, wherever the blocks of the inner loop begin. */
static void test_every_offset(void **state)
{
  (void)state;
  static const char whole[] =
      "{\"jsonrpc\":\"2.0\",\"params\":{\"text\":\"\\u00e9\xC3\xA9\\\\ \xF0\x9F\x98\x80 end\"},"
      "\"list\":[1,-2.5e3,true,null,[],{}]}";
  for (size_t cut = 0; cut < sizeof whole - 1; cut++)
    assert_false(scan_exact(whole, cut, NULL, NULL));
  assert_true(scan_exact(whole, sizeof whole - 1, NULL, NULL));
  char text[200];
  for (size_t length = 2; length < sizeof text; length++) {
    memset(text, 'x', length);
    text[0] = text[length - 1] = '"';
    assert_true(scan_exact(text, length, NULL, NULL));
    for (size_t i = 1; i + 1 < length; i++) {
      struct json_fault fault = {0};
      text[i] = i % 2 == 0 ? '\x01' : '\xFF';
      assert_false(scan_exact(text, length, NULL, &fault));
      assert_int_equal(fault.offset, i);
      text[i] = 'x';
    }
  }
}

static void test_runs(void **state)
{
  (void)state;
  unsigned char bytes[150];
  for (unsigned stop = 0; stop < 256; stop++) {
    for (size_t length = 0; length < sizeof bytes; length += 1 + length / 8) {
      for (size_t at = 0; at <= length; at += 1 + at / 4) {
        memset(bytes, ' ', sizeof bytes);
        if (at < length)
          bytes[at] = (unsigned char)stop;
        bool stops = json_run_stops((unsigned char)stop);
        const unsigned char *expected = bytes + (stops && at < length ? at : length);
        assert_ptr_equal(json_run_portable(bytes, bytes + length), expected);
#ifdef __SSE2__
        assert_ptr_equal(json_run_sse2(bytes, bytes + length), expected);
#endif
        assert_ptr_equal(json_run(bytes, bytes + length), expected);
      }
    }
  }
}

static void test_depth(void **state)
{
  (void)state;
  char text[2 * (JSON_DEPTH_MAX + 1)];
  static const struct {
    size_t limit;
    size_t effective;
  } cases[] = {{1, 1},
               {3, 3},
               {0, JSON_DEPTH_DEFAULT},
               {64, 64},
               {65, 65},
               {JSON_DEPTH_MAX, JSON_DEPTH_MAX},
               {JSON_DEPTH_MAX + 1, JSON_DEPTH_MAX},
               {SIZE_MAX, JSON_DEPTH_MAX}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct json_limits limits = {.depth = cases[i].limit};
    struct json_fault fault = {0};
    size_t depth = cases[i].effective;
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    assert_true(json_scan(text, 2 * depth, &limits, NULL, 0, NULL));
    depth++;
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    assert_false(json_scan(text, 2 * depth, &limits, NULL, 0, &fault));
    assert_int_equal(fault.offset, depth - 1);
  }
  /* Each level remembers its own kind of bracket. */
  struct json_limits limits = {.depth = JSON_DEPTH_MAX};
  char mixed[6 * 300 + 1] = "";
  for (int i = 0; i < 300; i++)
    strcat(mixed, i % 3 != 0 ? "[" : "{\"\":");
  strcat(mixed, "0");
  for (int i = 299; i >= 0; i--)
    strcat(mixed, i % 3 != 0 ? "]" : "}");
  assert_true(json_scan(mixed, strlen(mixed), &limits, NULL, 0, NULL));
  mixed[strlen(mixed) - 150] ^= ']' ^ '}';
  assert_false(json_scan(mixed, strlen(mixed), &limits, NULL, 0, NULL));
}

static void expect_wants(const char *text, struct json_want *wants, size_t count,
                         const char *const *expected)
{
  struct json_fault fault = {0};
  if (!json_scan(text, strlen(text), NULL, wants, count, &fault))
    fail_msg("%s is refused at %zu: %s", text, fault.offset, fault.reason);
  for (size_t i = 0; i < count; i++) {
    if (expected[i] == NULL) {
      if (wants[i].value.at != NULL)
        fail_msg("%s has a member %s", text, wants[i].path);
      continue;
    }
    if (wants[i].value.at == NULL)
      fail_msg("%s has no member %s", text, wants[i].path);
    assert_int_equal(wants[i].value.length, strlen(expected[i]));
    assert_memory_equal(wants[i].value.at, expected[i], strlen(expected[i]));
    assert_true(wants[i].value.at >= text && wants[i].value.at < text + strlen(text));
  }
}

static void test_wants(void **state)
{
  (void)state;
  struct json_want message[] = {{.path = "id"},           {.path = "method"},
                                {.path = "params/name"},  {.path = "params/_meta/progressToken"},
                                {.path = "result/tools"}, {.path = "params"},
                                {.path = "result"},       {.path = ""}};
  expect_wants("{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"method\":\"tools/call\","
               "\"params\" : {\"id\":9,\"name\":\"x\",\"_meta\":{\"progressToken\":1.50 }} }",
               message, 8,
               (const char *[]){"\"a\\\"b\"", "\"tools/call\"", "\"x\"", "1.50", NULL,
                                "{\"id\":9,\"name\":\"x\",\"_meta\":{\"progressToken\":1.50 }}",
                                NULL,
                                "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"method\":\"tools/call\","
                                "\"params\" : {\"id\":9,\"name\":\"x\",\"_meta\":"
                                "{\"progressToken\":1.50 }} }"});
  expect_wants(" {\"result\":{\"tools\":[{\"result\":{\"tools\":1}}],\"id\":2},\"id\":null} ",
               message, 8,
               (const char *[]){"null", NULL, NULL, NULL, "[{\"result\":{\"tools\":1}}]", NULL,
                                "{\"tools\":[{\"result\":{\"tools\":1}}],\"id\":2}",
                                "{\"result\":{\"tools\":[{\"result\":{\"tools\":1}}],\"id\":2},"
                                "\"id\":null}"});
  /* A name further down the path of something wanted, but not below it. */
  expect_wants(
      "{\"params\":{\"_meta\":{\"progressToken\":1},\"progressToken\":2,\"x\":{\"name\":3}},"
      "\"name\":4,\"progressToken\":5,\"_meta\":{\"progressToken\":6},\"tools\":[]}",
      message, 5, (const char *[]){NULL, NULL, NULL, "1", NULL});
  /* Members of members of other names, and of elements, are not the wanted ones. */
  expect_wants("[{\"id\":1,\"params\":{\"name\":2}}]", message, 7,
               (const char *[]){NULL, NULL, NULL, NULL, NULL, NULL, NULL});
  expect_wants("{\"other\":{\"id\":1,\"name\":2},\"params\":[{\"name\":3}],\"result\":\"tools\"}",
               message, 7,
               (const char *[]){NULL, NULL, NULL, NULL, NULL, "[{\"name\":3}]", "\"tools\""});
  expect_wants("{\"params\":{\"name\":{\"name\":{}},\"_meta\":{}}}", message, 5,
               (const char *[]){NULL, NULL, "{\"name\":{}}", NULL, NULL});
  expect_wants("17", message + 7, 1, (const char *[]){"17"});
  /* A second scan forgets what the first one found. */
  expect_wants("{}", message, 8, (const char *[]){NULL, NULL, NULL, NULL, NULL, NULL, NULL, "{}"});
}

static void test_names(void **state)
{
  (void)state;
  struct json_want wants[] = {{.path = "id"},
                              {.path = "a~1b"},
                              {.path = "c~0d/\xC3\xA9"},
                              {.path = "\xF0\x9F\x98\x80"},
                              {.path = "empty/"}};
  expect_wants("{\"\\u0069d\":1,\"a\\/b\":2,\"c~d\":{\"\\u00E9\":3},\"\\ud83d\\uDE00\":4,"
               "\"empty\":{\"\":5}}",
               wants, 5, (const char *[]){"1", "2", "3", "4", "5"});
  expect_wants("{\"id\":1,\"a/b\":2,\"\\u0063\\u007ed\":{\"\xC3\xA9\":3},\"\xF0\x9F\x98\x80\":4}",
               wants, 5, (const char *[]){"1", "2", "3", "4", NULL});
  expect_wants(
      "{\"i\":1,\"idx\":2,\"ID\":3,\"id\\u0000\":4,\"\":5,\"a~1b\":6,\"\\ud83d\":7,\"a\":{\"b\":8},"
      "\"\\ud83d\xED\x9F\xBF\":9,\"empty\":{\"x\":1}}",
      wants, 5, (const char *[]){NULL, NULL, NULL, NULL, NULL});
}

static void test_many_wants(void **state)
{
  (void)state;
  struct json_want wants[JSON_WANTS_MAX + 1];
  char names[JSON_WANTS_MAX + 1][8];
  char text[1024] = "{";
  for (size_t i = 0; i <= JSON_WANTS_MAX; i++) {
    snprintf(names[i], sizeof names[i], "k%zu", i);
    wants[i] = (struct json_want){.path = names[i]};
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"k%zu\":%zu", i == 0 ? "" : ",",
             i, i);
  }
  strcat(text, "}");
  assert_true(json_scan(text, strlen(text), NULL, wants, JSON_WANTS_MAX, NULL));
  for (size_t i = 0; i < JSON_WANTS_MAX; i++)
    assert_int_equal(strtol(wants[i].value.at, NULL, 10), i);
  struct json_fault fault;
  assert_false(json_scan(text, strlen(text), NULL, wants, JSON_WANTS_MAX + 1, &fault));
  struct json_want deep[] = {{.path = "a/a/a/a/a/a/a/a"}, {.path = "a/a/a/a/a/a/a/a/a"}};
  expect_wants("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}", deep,
               1, (const char *[]){"{\"a\":{}}"});
  expect_wants("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":8}}}}}}}}", deep, 1,
               (const char *[]){"8"});
  /* One name too many matters only where the text goes on that far. */
  const char *nine = "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}";
  assert_true(json_scan("{}", 2, NULL, deep, 2, &fault));
  assert_false(json_scan(nine, strlen(nine), NULL, deep, 2, &fault));
  assert_non_null(strstr(fault.reason, "path"));
}

static void test_duplicates(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t offset; /* 0: accepted */
  } cases[] = {
      {"{\"id\":1,\"id\":1}", 8},
      {"{\"id\":1,\"\\u0069d\":2}", 8},
      {"{\"params\":{},\"params\":{\"name\":1}}", 13},
      {"{\"params\":1,\"params\":2}", 12},
      {"{\"params\":{\"name\":1,\"name\":2}}", 20},
      {"{\"params\":{\"_meta\":{},\"x\":0,\"_meta\":0}}", 28},
      {"{\"x\":{\"id\":1},\"id\":2,\"y\":{\"id\":3,\"id\":4}}", 0},
      {"{\"other\":1,\"other\":2}", 0},
      {"{\"params\":[{\"name\":1,\"name\":2}]}", 0},
      {"{\"params\":{\"arguments\":{\"name\":1,\"name\":2}}}", 0},
      {"{\"id\":1,\"ID\":2,\"id \":3}", 0},
      {"{\"id\":{\"id\":1,\"id\":2}}", 0},
      {"[{\"id\":1},{\"id\":2}]", 0},
  };
  struct json_want wants[] = {
      {.path = "id"}, {.path = "params/name"}, {.path = "params/_meta/token"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct json_fault fault = {0};
    bool valid = json_scan(cases[i].text, strlen(cases[i].text), NULL, wants, 3, &fault);
    assert_int_equal(valid, cases[i].offset == 0);
    assert_int_equal(fault.offset, cases[i].offset);
    if (!valid) {
      assert_non_null(strstr(fault.reason, "duplicate key"));
      assert_null(wants[0].value.at);
      assert_null(wants[1].value.at);
    }
  }
}

/* The same name in two objects of one height is no duplicate. */
static void test_same_name_elsewhere(void **state)
{
  (void)state;
  struct json_want wants[] = {
      {.path = "a/x"}, {.path = "b/x"}, {.path = "x"}, {.path = "a/c/x"}, {.path = "b/c/x"}};
  expect_wants("{\"a\":{\"x\":1,\"c\":{\"x\":2}},\"x\":3,\"b\":{\"c\":{\"x\":4},\"x\":5},"
               "\"d\":{\"x\":6,\"c\":{\"x\":7}}}",
               wants, 5, (const char *[]){"1", "5", "3", "2", "4"});
}

/* A fixed sequence, so that a failure can be repeated (xorshift). */
static uint32_t next_random(uint32_t *seed)
{
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

/* jansson refuses what it cannot hold in a C string or number, and lone surrogates. */
static bool jansson_cannot_hold(const json_error_t *error)
{
  enum json_error_code code = json_error_code(error);
  return code == json_error_null_character || code == json_error_null_byte_in_key ||
         code == json_error_numeric_overflow ||
         (code == json_error_invalid_syntax && strstr(error->text, "invalid Unicode") != NULL);
}

static void test_agrees_with_jansson(void **state)
{
  (void)state;
  static const char *const tokens[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\"a\"",
                                       "\"\\n\"",
                                       "\"\\ud800\"",
                                       "1",
                                       "-",
                                       "0",
                                       ".5",
                                       "e7",
                                       "true",
                                       "null",
                                       " ",
                                       "\n",
                                       "\"",
                                       "\\",
                                       "\xC3\xA9",
                                       "\xC3",
                                       "\t",
                                       "false",
                                       "{\"a\":1}",
                                       "[1,2]",
                                       "\"b\":",
                                       "\"k\":{",
                                       "],",
                                       "},",
                                       "\"x\xE2\x82\xAC\"",
                                       "1e999",
                                       "\"\\u0000\"",
                                       "\x01",
                                       "\xED\xA0\x80",
                                       "[[",
                                       "]]",
                                       "[]",
                                       "{}"};
  uint32_t seed = 0x2545F491;
  unsigned accepted = 0;
  for (int round = 0; round < 40000; round++) {
    char text[256] = "";
    uint32_t pieces = 1 + next_random(&seed) % 12;
    while (pieces-- > 0)
      strcat(text, tokens[next_random(&seed) % (sizeof tokens / sizeof tokens[0])]);
    json_error_t error;
    json_t *tree = json_loadb(text, strlen(text), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    struct json_fault fault = {0};
    bool valid = scan_exact(text, strlen(text), NULL, &fault);
    bool agreed = valid == (tree != NULL) || (valid && jansson_cannot_hold(&error));
    json_decref(tree);
    accepted += valid;
    if (!agreed)
      fail_msg("round %d: %s: scanner %d (%s), jansson: %s", round, text, valid, fault.reason,
               error.text);
  }
  /* A generator that produces rubbish only would prove nothing. */
  assert_true(accepted > 1000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_valid),
      cmocka_unit_test(test_invalid),
      cmocka_unit_test(test_every_offset),
      cmocka_unit_test(test_runs),
      cmocka_unit_test(test_depth),
      cmocka_unit_test(test_wants),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_many_wants),
      cmocka_unit_test(test_duplicates),
      cmocka_unit_test(test_same_name_elsewhere),
      cmocka_unit_test(test_agrees_with_jansson),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

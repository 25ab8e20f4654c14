/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, text made safe to show, suggestions, numbers. */
#include "core/base/text.h"
#include "core/base/utf8.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Every code point there and back; every surrogate, overlong form and cut sequence refused. */
static void test_utf8_code_points(void **state)
{
  (void)state;
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
    unsigned char bytes[4] = {0};
    size_t length = utf8_encode(code_point, bytes);
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
      assert_int_equal(utf8_sequence(bytes, bytes + length), 0);
      continue;
    }
    if (utf8_sequence(bytes, bytes + length) != length ||
        utf8_code_point(bytes, length) != code_point ||
        utf8_sequence(bytes, bytes + length - 1) != 0)
      fail_msg("U+%04X", (unsigned)code_point);
  }
}

static void test_is_utf8(void **state)
{
  (void)state;
  static const char *const valid[] = {"", "ascii, longer than eight bytes", "\xC3\xA9",
                                      "12345678\xE2\x82\xAC 12345678\xF4\x8F\xBF\xBF"};
  for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
    assert_true(text_is_utf8(valid[i], strlen(valid[i])));
  assert_true(text_is_utf8("a\0b", 3));
  assert_true(text_is_utf8(NULL, 0));
  static const char *const invalid[] = {"\x80",
                                        "12345678\xFF",
                                        "\xC0\x80",
                                        "\xC1\xBF",
                                        "\xC3",
                                        "\xE0\x80\x80",
                                        "\xED\xA0\x80",
                                        "\xE2\x82",
                                        "\xF0\x80\x80\x80",
                                        "\xF4\x90\x80\x80",
                                        "\xF5\x80\x80\x80",
                                        "\xC3\xA9\xA9"};
  for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
    assert_false(text_is_utf8(invalid[i], strlen(invalid[i])));
}

static void expect_escaped(const char *text, size_t length, const char *expected)
{
  CLEANUP_BUFFER struct buffer out = {0};
  text_escape_controls(&out, text, length);
  assert_string_equal(out.data, expected);
}

static void test_escape(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"", ""},
      {"plain \\ \"text\" gr\xC3\xBC\xC3\x9F", "plain \\ \"text\" gr\xC3\xBC\xC3\x9F"},
      {"\x1B[31mred\x1B]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"},
      {"a\tb\nc\rd\x7F", "a\\x09b\\x0ac\\x0dd\\x7f"},
      {"\xC2\x9B"
       "31m\xC2\x85",
       "\\u{009B}31m\\u{0085}"},
      {"\xE2\x80\xAE"
       "evil\xE2\x81\xA9\xD8\x9C",
       "\\u{202E}evil\\u{2069}\\u{061C}"},
      {"\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF", "\\u{2028}\\u{2029}\\u{FEFF}"},
      {"\xF3\xA0\x81\x81", "\\u{E0041}"},
      {"\xFF\xC3(\x80\xED\xA0\x80", "\\xff\\xc3(\\x80\\xed\\xa0\\x80"},
      {"cut \xE2\x82", "cut \\xe2\\x82"},
      {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
       "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    expect_escaped(cases[i][0], strlen(cases[i][0]), cases[i][1]);
  expect_escaped("a\0b", 3, "a\\x00b");
  expect_escaped(NULL, 0, "");
}

/* The same value for whoever reads it as JSON, and nothing that acts on a terminal. */
static void test_escape_json(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"", ""},
      {"{\"a\\u001b\\\"\": [\"gr\xC3\xBC\xC3\x9F\", 1.50]}",
       "{\"a\\u001b\\\"\": [\"gr\xC3\xBC\xC3\x9F\", 1.50]}"},
      {"\"\xC2\x9B"
       "2J\x7F\"",
       "\"\\u009b2J\\u007f\""},
      {"\"\xE2\x80\xAE\xEF\xBB\xBF\"", "\"\\u202e\\ufeff\""},
      {"\"\xF3\xA0\x81\x81\"", "\"\\udb40\\udc41\""},
      {"\"\xF0\x9F\x91\xA9\xE2\x80\x8D\"", "\"\xF0\x9F\x91\xA9\xE2\x80\x8D\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    CLEANUP_BUFFER struct buffer out = {0};
    text_escape_json(&out, cases[i][0], strlen(cases[i][0]));
    assert_string_equal(out.data, cases[i][1]);
  }
}

static void test_suggest(void **state)
{
  (void)state;
  static const char *const known[] = {"memory_limit", "cpu_limit", "command", "args",   NULL,
                                      "env",          "id",        "",        "network"};
  const size_t count = sizeof known / sizeof known[0];
  static const char *const cases[][2] = {
      {"memory_limt", "memory_limit"},
      {"memroy_limit", "memory_limit"},
      {"memory-limit", "memory_limit"},
      {"memoryLimit", "memory_limit"},
      {"comand", "command"},
      {"arg", "args"},
      {"evn", "env"},
      {"ENV", "env"},
      {"ids", "id"},
      {"netwrok", "network"},
      {"command", "command"},
      {"xyz", NULL},
      {"", NULL},
      {"x", NULL},
      {"environment", NULL},
      {"working_directory", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *suggestion = text_suggest(cases[i][0], known, count);
    if (cases[i][1] == NULL) {
      if (suggestion != NULL)
        fail_msg("\"%s\" gives \"%s\"", cases[i][0], suggestion);
    } else if (suggestion == NULL || strcmp(suggestion, cases[i][1]) != 0) {
      fail_msg("\"%s\" gives \"%s\"", cases[i][0], suggestion == NULL ? "nothing" : suggestion);
    }
  }
  /* The nearest, then the first. */
  static const char *const near[] = {"read_path", "rw_binds", "ro_binds"};
  assert_string_equal(text_suggest("ro_bind", near, 3), "ro_binds");
  assert_string_equal(text_suggest("rx_binds", near, 3), "rw_binds");
  /* Longer than any name; and exactly as long as is still compared. */
  char name[65];
  memset(name, 'x', sizeof name);
  name[64] = '\0';
  const char *const longest[] = {name + 1};
  assert_null(text_suggest(name, longest, 1));
  assert_ptr_equal(text_suggest(name + 2, longest, 1), longest[0]);
  assert_null(text_suggest("env", known, 0));
}

static void expect_error(struct error **error, const char *part)
{
  assert_non_null(*error);
  assert_int_equal((*error)->kind, ERROR_CONFIG);
  if (strstr((*error)->message, part) == NULL)
    fail_msg("\"%s\" says nothing of \"%s\"", (*error)->message, part);
  error_free(error);
}

static void test_integer(void **state)
{
  (void)state;
  int64_t value;
  assert_int_equal(text_parse_integer("0", 0, 9, &value, NULL), 0);
  assert_int_equal(value, 0);
  assert_int_equal(text_parse_integer("-9223372036854775808", INT64_MIN, INT64_MAX, &value, NULL),
                   0);
  assert_true(value == INT64_MIN);
  assert_int_equal(text_parse_integer("9223372036854775807", INT64_MIN, INT64_MAX, &value, NULL),
                   0);
  assert_true(value == INT64_MAX);
  assert_int_equal(text_parse_integer("007", 0, 9, &value, NULL), 0);
  assert_int_equal(value, 7);
  static const char *const wrong[] = {"",    "-",   "+1",  " 1",  "1 ",    "1x",
                                      "0x1", "1.0", "1e2", "--1", "1,000", "\xD9\xA1"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    struct error *error = NULL;
    value = 99;
    assert_int_equal(text_parse_integer(wrong[i], INT64_MIN, INT64_MAX, &value, &error), -1);
    assert_int_equal(value, 99);
    expect_error(&error, "not a whole number");
  }
  static const char *const outside[] = {"0",
                                        "101",
                                        "-5",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999999999"};
  for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
    struct error *error = NULL;
    assert_int_equal(text_parse_integer(outside[i], 1, 100, &value, &error), -1);
    expect_error(&error, "not a number from 1 to 100");
  }
  struct error *error = NULL;
  assert_int_equal(text_parse_integer("\x1B[0m", 1, 100, &value, &error), -1);
  expect_error(&error, "\"\\x1b[0m\"");
  char endless[4096];
  memset(endless, 'x', sizeof endless - 1);
  endless[sizeof endless - 1] = '\0';
  assert_int_equal(text_parse_integer(endless, 1, 100, &value, &error), -1);
  assert_true(strlen(error->message) < 100);
  error_free(&error);
}

static void test_decimal(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    unsigned digits;
    int64_t value;
  } cases[] = {{"0.5", 3, 500},   {"2", 3, 2000},        {".5", 3, 500},
               {"-0.001", 3, -1}, {"1.2300000", 2, 123}, {"1.000", 0, 0},
               {"0", 0, 0},       {"12", 0, 12},         {"1.5", 18, INT64_C(1500000000000000000)},
               {"-0", 3, 0},      {"0.25", 6, 250000},   {"9223372036854775.807", 3, INT64_MAX}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t value = 99;
    int result =
        text_parse_decimal(cases[i].text, cases[i].digits, INT64_MIN, INT64_MAX, &value, NULL);
    /* Without digits behind the point there is no point either. */
    if (strcmp(cases[i].text, "1.000") == 0) {
      assert_int_equal(result, -1);
      continue;
    }
    assert_int_equal(result, 0);
    assert_true(value == cases[i].value);
  }
  static const char *const wrong[] = {"",       ".",     "5.",  "-",    "-.",
                                      "0.1234", "1e-1",  "0,5", "0.5 ", " 0.5",
                                      "+0.5",   "0.5.5", "0x1", "inf",  "nan"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    struct error *error = NULL;
    int64_t value = 99;
    assert_int_equal(text_parse_decimal(wrong[i], 3, 0, 64000, &value, &error), -1);
    assert_int_equal(value, 99);
    expect_error(&error, "at most 3 digits behind the point");
  }
  static const char *const outside[] = {
      "0", "0.0", "64.001", "-1", "9223372036854775.808", "1000000000000000000000000000"};
  for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
    struct error *error = NULL;
    int64_t value;
    assert_int_equal(text_parse_decimal(outside[i], 3, 1, 64000, &value, &error), -1);
    expect_error(&error, "a number from 0.001 to 64");
  }
}

static void test_size(void **state)
{
  (void)state;
  const uint64_t mebi = 1024UL * 1024;
  static const struct {
    const char *text;
    uint64_t bytes;
  } cases[] = {{"0", 0},
               {"1", 1},
               {"1b", 1},
               {"1.9b", 1},
               {"268435456", 268435456},
               {"2k", 2048},
               {"2K", 2048},
               {"2kb", 2048},
               {"2KB", 2048},
               {"2KiB", 2048},
               {"0.3k", 307},
               {"0.5g", 536870912},
               {"1.5GiB", 1610612736},
               {"512 MB", 536870912},
               {"1t", UINT64_C(1099511627776)},
               {"0.0000000000000000000000000001g", 0},
               {"0.99999999999999999999999999999k", 1023},
               {"0.333333333333333333333333333333t", UINT64_C(366503875925)},
               {"18446744073709551615", UINT64_MAX},
               {"16777215.99999999999999999999t", UINT64_MAX}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint64_t bytes = 99;
    if (text_parse_size(cases[i].text, &bytes, NULL) != 0 || bytes != cases[i].bytes)
      fail_msg("%s is %llu", cases[i].text, (unsigned long long)bytes);
  }
  uint64_t bytes;
  assert_int_equal(text_parse_size("256m", &bytes, NULL), 0);
  assert_true(bytes == 256 * mebi);
  static const char *const wrong[] = {"",    "m",    "-1",     "+1",  " 1",   "1 ",   "1  m", "1m ",
                                      "1mm", "1mi",  "1ib",    "1bb", "1x",   "1kbx", "1.",   ".5g",
                                      "1.m", "1..5", "1.5.5g", "1e3", "0x10", "1,5g", "ten",  "1p"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    struct error *error = NULL;
    bytes = 99;
    if (text_parse_size(wrong[i], &bytes, &error) != -1)
      fail_msg("\"%s\" is accepted", wrong[i]);
    assert_true(bytes == 99);
    expect_error(&error, "is not a size");
  }
  static const char *const large[] = {"18446744073709551616", "16777216t", "99999999999999999999g",
                                      "18014398509481984k"};
  for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
    struct error *error = NULL;
    assert_int_equal(text_parse_size(large[i], &bytes, &error), -1);
    expect_error(&error, "can count");
  }
}

static void test_print(void **state)
{
  (void)state;
  static const struct {
    int64_t scaled;
    unsigned digits;
    const char *text;
  } decimals[] = {{500, 3, "0.5"},
                  {2000, 3, "2"},
                  {-1, 3, "-0.001"},
                  {0, 3, "0"},
                  {12, 0, "12"},
                  {1050, 3, "1.05"},
                  {100, 0, "100"},
                  {INT64_MIN, 0, "-9223372036854775808"},
                  {INT64_MIN, 18, "-9.223372036854775808"},
                  {1, 18, "0.000000000000000001"}};
  for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++) {
    CLEANUP_BUFFER struct buffer out = {0};
    text_append_decimal(&out, decimals[i].scaled, decimals[i].digits);
    assert_string_equal(out.data, decimals[i].text);
    int64_t back;
    assert_int_equal(
        text_parse_decimal(out.data, decimals[i].digits, INT64_MIN, INT64_MAX, &back, NULL), 0);
    assert_true(back == decimals[i].scaled);
  }
  static const struct {
    uint64_t bytes;
    const char *text;
  } sizes[] = {{0, "0"},
               {1000, "1000"},
               {1024, "1k"},
               {268435456, "256m"},
               {1536, "1536"},
               {UINT64_C(1) << 50, "1024t"},
               {UINT64_MAX, "18446744073709551615"}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    CLEANUP_BUFFER struct buffer out = {0};
    text_append_size(&out, sizes[i].bytes);
    assert_string_equal(out.data, sizes[i].text);
    uint64_t back;
    assert_int_equal(text_parse_size(out.data, &back, NULL), 0);
    assert_true(back == sizes[i].bytes);
  }
}

/* The user's locale must not matter; one with a decimal comma shows it, where it is installed. */
static void test_locale(void **state)
{
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", ""};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (setlocale(LC_ALL, names[i]) != NULL)
      break;
  test_decimal(state);
  test_size(state);
  test_print(state);
  setlocale(LC_ALL, "C");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_utf8_code_points),
      cmocka_unit_test(test_is_utf8),
      cmocka_unit_test(test_escape),
      cmocka_unit_test(test_escape_json),
      cmocka_unit_test(test_suggest),
      cmocka_unit_test(test_integer),
      cmocka_unit_test(test_decimal),
      cmocka_unit_test(test_size),
      cmocka_unit_test(test_print),
      cmocka_unit_test(test_locale),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

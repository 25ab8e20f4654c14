/* SPDX-License-Identifier: Apache-2.0 */
/* The input of the canary: what is taken, and every way in which it can be wrong. */
#include "sdk/canary/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "jauauth-canary\t1\nrandom\t0123456789abcdef0123456789abcdef\n"

static struct request request;

/* On the heap and of the exact size, so that a sanitizer sees a read behind the end. */
static char *copy_of(const char *text, size_t length)
{
  char *copy = malloc(length > 0 ? length : 1);
  assert_non_null(copy);
  memcpy(copy, text, length);
  return copy;
}

static void refused(const char *text, size_t length, const char *word)
{
  char *copy = copy_of(text, length);
  const char *problem = request_parse(&request, copy, length);
  if (problem == NULL || strstr(problem, word) == NULL)
    fail_msg("\"%s\" is refused with \"%s\", not \"%s\"", text, problem == NULL ? "" : problem,
             word);
  free(copy);
}

static void takes_attempts(void **state)
{
  (void)state;
  static const char text[] = HEAD "attempt\t7\tread\t/a b\tsecret\nattempt\t999999\tuser\n"
                                  "attempt\t1\tlist\t\nattempt\t2\tnone\ta\tb\tc\td\ngo\nmore";
  char *copy = copy_of(text, sizeof text - 1);
  assert_null(request_parse(&request, copy, sizeof text - 1));
  assert_string_equal(request.random, "0123456789abcdef0123456789abcdef");
  assert_int_equal(request.count, 4);
  assert_int_equal(request.attempts[0].number, 7);
  assert_string_equal(request.attempts[0].name, "read");
  assert_int_equal(request.attempts[0].count, 2);
  assert_string_equal(request.attempts[0].arguments[0], "/a b");
  assert_string_equal(request.attempts[0].arguments[1], "secret");
  assert_int_equal(request.attempts[1].number, 999999);
  assert_int_equal(request.attempts[1].count, 0);
  assert_null(request.attempts[1].arguments[0]);
  assert_int_equal(request.attempts[2].count, 1);
  assert_string_equal(request.attempts[2].arguments[0], "");
  assert_int_equal(request.attempts[3].count, 4);
  assert_string_equal(request.attempts[3].arguments[1], "b");
  free(copy);
}

static void finds_the_end(void **state)
{
  (void)state;
  static const char text[] = "a\ngo \n go\ngone\ngo";
  assert_int_equal(request_length(text, sizeof text - 1), 0);
  assert_int_equal(request_length("go\nx", 4), 3);
  assert_int_equal(request_length("a\n\ngo\n", 6), 6);
  assert_int_equal(request_length("", 0), 0);
}

static void refuses_lines(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    const char *word;
  } cases[] = {
      {"", "before go"},
      {"jauauth-canary\t1\n", "before go"},
      {HEAD "attempt\t1\tuser\ngo", "before go"},
      {HEAD "attempt\t1\tuser\ngo\r\n", "before go"},
      {"go\n", "begin"},
      {"jauauth-canary\t2\ngo\n", "begin"},
      {"jauauth-canary\t1\t\ngo\n", "begin"},
      {"jauauth-canary\ngo\n", "begin"},
      {"\xef\xbb\xbfjauauth-canary\t1\ngo\n", "begin"},
      {"jauauth-canary\t1\ngo\n", "random"},
      {"jauauth-canary\t1\nrandom\ngo\n", "random"},
      {"jauauth-canary\t1\nrandom\t0123456789abcdef0123456789abcde\ngo\n", "random"},
      {"jauauth-canary\t1\nrandom\t0123456789abcdef0123456789abcdef0\ngo\n", "random"},
      {"jauauth-canary\t1\nrandom\t0123456789ABCDEF0123456789ABCDEF\ngo\n", "random"},
      {HEAD "\ngo\n", "neither"},
      {HEAD "attempt\ngo\n", "neither"},
      {HEAD "attempt\t1\ngo\n", "neither"},
      {HEAD "Attempt\t1\tuser\ngo\n", "neither"},
      {HEAD "attempt 1 user\ngo\n", "neither"},
      {HEAD "attempt\t\tuser\ngo\n", "no number"},
      {HEAD "attempt\t0\tuser\ngo\n", "no number"},
      {HEAD "attempt\t01\tuser\ngo\n", "no number"},
      {HEAD "attempt\t-1\tuser\ngo\n", "no number"},
      {HEAD "attempt\t1 \tuser\ngo\n", "no number"},
      {HEAD "attempt\t1000000\tuser\ngo\n", "no number"},
      {HEAD "attempt\t99999999999999999999\tuser\ngo\n", "no number"},
      {HEAD "attempt\t5\tuser\nattempt\t5\tlist\t/\ngo\n", "one number"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    refused(cases[i].text, strlen(cases[i].text), cases[i].word);
  static const char nul[] = HEAD "attempt\t1\tread\t/etc\0/shadow\ngo\n";
  refused(nul, sizeof nul - 1, "NUL");
}

/* A text with `count` attempts, whose last has so long an argument that it is `length` long. */
static char *long_text(unsigned count, size_t length)
{
  char *text = malloc(length + 1);
  assert_non_null(text);
  size_t at = (size_t)sprintf(text, HEAD);
  for (unsigned i = 1; i <= count; i++)
    at += (size_t)sprintf(text + at, "attempt\t%u\tlist\t/%s", i, i < count ? "\n" : "");
  assert_true(at + 4 <= length);
  memset(text + at, 'x', length - at - 4);
  memcpy(text + length - 4, "\ngo\n", 5);
  return text;
}

static void knows_its_bounds(void **state)
{
  (void)state;
  char *text = long_text(CANARY_ATTEMPTS_MAX, CANARY_INPUT_MAX);
  assert_null(request_parse(&request, text, CANARY_INPUT_MAX));
  assert_int_equal(request.count, CANARY_ATTEMPTS_MAX);
  free(text);
  text = long_text(CANARY_ATTEMPTS_MAX + 1, CANARY_INPUT_MAX);
  refused(text, CANARY_INPUT_MAX, "too many");
  free(text);
  text = long_text(1, CANARY_INPUT_MAX + 1);
  refused(text, CANARY_INPUT_MAX + 1, "too long");
  memset(text, 'x', CANARY_INPUT_MAX + 1);
  refused(text, CANARY_INPUT_MAX + 1, "too long");
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_attempts),
      cmocka_unit_test(finds_the_end),
      cmocka_unit_test(refuses_lines),
      cmocka_unit_test(knows_its_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

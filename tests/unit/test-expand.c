/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in a text: both forms, what stays as it is, and every fault. */
#include "core/config/expand.h"

#include "core/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *look_up(void *data, const char *name)
{
  if (data != NULL)
    ++*(int *)data;
  if (strcmp(name, "HOME") == 0)
    return "/home/ann";
  if (strcmp(name, "_1") == 0)
    return "$HOME";
  return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static void expect(const char *text, enum config_expansion result, const char *expected)
{
  CLEANUP_BUFFER struct buffer out = {0};
  CLEANUP_BUFFER struct buffer name = {0};
  assert_int_equal(config_expand(text, look_up, NULL, 1000, &out, &name, NULL), result);
  assert_string_equal(result == CONFIG_EXPANDED ? out.data : name.data, expected);
}

static void test_forms(void **state)
{
  (void)state;
  expect("", CONFIG_EXPANDED, "");
  expect("plain", CONFIG_EXPANDED, "plain");
  expect("$HOME", CONFIG_EXPANDED, "/home/ann");
  expect("${HOME}", CONFIG_EXPANDED, "/home/ann");
  expect("a${HOME}b$HOME/c", CONFIG_EXPANDED, "a/home/annb/home/ann/c");
  expect("x$EMPTY${EMPTY}y", CONFIG_EXPANDED, "xy");
  /* A value is not searched again. */
  expect("$_1", CONFIG_EXPANDED, "$HOME");
}

static void test_dollar_signs(void **state)
{
  (void)state;
  expect("$$HOME", CONFIG_EXPANDED, "$HOME");
  expect("$$$HOME", CONFIG_EXPANDED, "$/home/ann");
  expect("$$", CONFIG_EXPANDED, "$");
  expect("$", CONFIG_EXPANDED, "$");
  expect("^a$", CONFIG_EXPANDED, "^a$");
  expect("$5 and $-", CONFIG_EXPANDED, "$5 and $-");
}

static void test_faults(void **state)
{
  (void)state;
  expect("$HOMER", CONFIG_EXPAND_UNKNOWN, "HOMER");
  expect("${NOPE}", CONFIG_EXPAND_UNKNOWN, "NOPE");
  expect("${}", CONFIG_EXPAND_SYNTAX, "");
  expect("${HOME", CONFIG_EXPAND_SYNTAX, "HOME");
  expect("${HOME:-x}", CONFIG_EXPAND_SYNTAX, "HOME:-x");
  expect("${env:HOME} and more", CONFIG_EXPAND_SYNTAX, "env:HOME");
  expect("${1}", CONFIG_EXPAND_SYNTAX, "1");
}

static void test_length(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer out = {0};
  CLEANUP_BUFFER struct buffer name = {0};
  bool used = false;
  assert_int_equal(config_expand("$HOME", look_up, NULL, 9, &out, &name, &used), CONFIG_EXPANDED);
  assert_true(used);
  buffer_clear(&out);
  assert_int_equal(config_expand("$HOME.", look_up, NULL, 9, &out, &name, NULL),
                   CONFIG_EXPAND_LONG);
  /* It ends when it is too long, not after everything was looked up. */
  int calls = 0;
  buffer_clear(&out);
  assert_int_equal(config_expand("$HOME$HOME$HOME$HOME", look_up, &calls, 10, &out, &name, NULL),
                   CONFIG_EXPAND_LONG);
  assert_int_equal(calls, 2);
  buffer_clear(&out);
  assert_int_equal(config_expand("$$", look_up, NULL, 9, &out, &name, &used), CONFIG_EXPANDED);
  assert_false(used);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_dollar_signs),
      cmocka_unit_test(test_faults),
      cmocka_unit_test(test_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns: widths in characters, no blanks at the end, nothing that moves the cursor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cli/columns.h"

#define ROW(columns, ...)                                                                          \
  columns_row((columns), sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                   \
              (const char *[]){__VA_ARGS__})

static void rows_are_aligned(void **state)
{
  (void)state;
  CLEANUP_COLUMNS struct columns columns = {0};
  CLEANUP_BUFFER struct buffer out = {0};
  ROW(&columns, "name", "state", "reason");
  ROW(&columns, "größe", NULL, "x");
  ROW(&columns, "a", "available", NULL);
  assert_true(columns_append(&columns, false, &out));
  assert_string_equal(out.data, "name   state      reason\n"
                                "größe             x\n"
                                "a      available\n");
}

static void headings_can_be_bold(void **state)
{
  (void)state;
  CLEANUP_COLUMNS struct columns columns = {0};
  CLEANUP_BUFFER struct buffer out = {0};
  ROW(&columns, "name");
  ROW(&columns, "a\033[2Jb");
  assert_true(columns_append(&columns, true, &out));
  assert_memory_equal(out.data, "\033[1mname\033[0m\n", 13);
  assert_null(strchr(out.data + 13, '\033'));
}

static void rows_of_another_width_are_refused(void **state)
{
  (void)state;
  CLEANUP_COLUMNS struct columns columns = {0};
  CLEANUP_BUFFER struct buffer out = {0};
  ROW(&columns, "a", "b");
  ROW(&columns, "c");
  assert_false(columns_append(&columns, false, &out));
  assert_int_equal(out.length, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_aligned),
      cmocka_unit_test(headings_can_be_bold),
      cmocka_unit_test(rows_of_another_width_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

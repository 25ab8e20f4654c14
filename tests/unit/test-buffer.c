/* SPDX-License-Identifier: Apache-2.0 */
/* The growable buffer: growing, consuming, handing out, and refusing impossible sizes. */
#include "core/base/buffer.h"
#include "core/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_append(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer buffer = {0};
  buffer_append_text(&buffer, "one");
  buffer_append_byte(&buffer, ' ');
  buffer_append_format(&buffer, "%d%%", 2);
  assert_string_equal(buffer.data, "one 2%");
  assert_int_equal(buffer.length, 6);
  for (int i = 0; i < 10000; i++)
    buffer_append(&buffer, "\0x", 2);
  assert_int_equal(buffer.length, 20006);
  assert_int_equal(buffer.data[20006], '\0');
  assert_int_equal(buffer.data[20004], '\0');
  assert_int_equal(buffer.data[20005], 'x');
  assert_false(buffer.failed);
}

static void test_consume(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer buffer = {0};
  buffer_consume(&buffer, 0);
  buffer_append_text(&buffer, "line\nrest");
  buffer_consume(&buffer, 5);
  assert_string_equal(buffer.data, "rest");
  buffer_consume(&buffer, 4);
  assert_string_equal(buffer.data, "");
  assert_int_equal(buffer.length, 0);
}

static void test_steal(void **state)
{
  (void)state;
  struct buffer buffer = {0};
  CLEANUP_FREE char *empty = buffer_steal(&buffer);
  assert_string_equal(empty, "");
  buffer_append_text(&buffer, "mine");
  CLEANUP_FREE char *data = buffer_steal(&buffer);
  assert_string_equal(data, "mine");
  assert_null(buffer.data);
  assert_int_equal(buffer.length, 0);
}

static void test_impossible_size(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer buffer = {0};
  buffer_append_text(&buffer, "kept");
  assert_null(buffer_reserve(&buffer, SIZE_MAX - 1));
  assert_true(buffer.failed);
  buffer_append_text(&buffer, "dropped");
  assert_string_equal(buffer.data, "kept");
  assert_null(buffer_steal(&buffer));
  assert_false(buffer.failed);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_append),
      cmocka_unit_test(test_consume),
      cmocka_unit_test(test_steal),
      cmocka_unit_test(test_impossible_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

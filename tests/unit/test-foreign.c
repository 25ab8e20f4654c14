/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of workers that no worker of ours would write. */
#include "core/plugin/foreign.h"

#include "core/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool loads(const char *text, size_t length)
{
  json_t *value = foreign_load(text, length);
  json_decref(value);
  return value != NULL;
}

static void test_load(void **state)
{
  (void)state;
  static const char *const refused[] = {
      "", "{", "{} x", "{\"a\":1,\"a\":2}", "{\"a\":01}", "\xEF\xBB\xBF{}", "[\"\xFF\"]", "[1 2]"};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    assert_false(loads(refused[i], strlen(refused[i])));
  static const char quoted[] = "{\"stage\":\"a,[{\\\",[{\"}";
  assert_true(loads(quoted, sizeof quoted - 1));
  /* Some readers stop at a NUL byte, or leave it out. */
  assert_false(loads("{\"a\":1\0}", 8));
  assert_false(loads("{\"a\":1}\0{}", 10));
}

static void append_many(struct buffer *out, size_t count, const char *each)
{
  buffer_append_byte(out, '[');
  for (size_t i = 0; i < count; i++)
    buffer_append_format(out, "%s%s", i == 0 ? "" : ",", each);
  buffer_append_byte(out, ']');
}

/* A tree takes far more memory and time than its text: what a plan cannot need is refused. */
static void test_load_is_bounded(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer text = {0};
  append_many(&text, 50000, "1");
  assert_true(loads(text.data, text.length));
  buffer_clear(&text);
  append_many(&text, 300000, "[]");
  assert_false(loads(text.data, text.length));
  buffer_clear(&text);
  for (int i = 0; i < 1000; i++)
    buffer_append_byte(&text, '[');
  for (int i = 0; i < 1000; i++)
    buffer_append_byte(&text, ']');
  assert_false(loads(text.data, text.length));
  buffer_clear(&text);
  buffer_append_byte(&text, '"');
  for (int i = 0; i < 1000000; i++)
    buffer_append_byte(&text, ',');
  buffer_append_byte(&text, '"');
  CLEANUP_BUFFER struct buffer list = {0};
  append_many(&list, 1, text.data);
  assert_true(loads(list.data, list.length));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_load),
      cmocka_unit_test(test_load_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

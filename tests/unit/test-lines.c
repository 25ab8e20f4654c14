/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a stream into lines, in pieces of every size, within the limit. */
#include "core/base/buffer.h"
#include "core/transport/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* At most what one read can take. */
static void feed(struct lines *lines, const char *bytes, size_t length)
{
  size_t available;
  char *space = lines_space(lines, &available);
  assert_non_null(space);
  assert_true(available >= LINES_CHUNK);
  assert_true(length <= available);
  memcpy(space, bytes, length);
  lines_added(lines, length);
}

static void note(struct buffer *out, const struct lines *lines, enum lines_event event,
                 const char *line, size_t length)
{
  if (event == LINES_LINE) {
    buffer_append_byte(out, '<');
    buffer_append(out, line, length);
    buffer_append_byte(out, '>');
  } else {
    buffer_append_format(
        out, "!%.*s..%.*s!", (int)(lines->head_length > 6 ? 6 : lines->head_length), lines->head,
        (int)(lines->tail_length > 6 ? 6 : lines->tail_length),
        lines->tail + lines->tail_length - (lines->tail_length > 6 ? 6 : lines->tail_length));
  }
}

/* What comes out of the text, fed in pieces of this size. */
static void cut(struct buffer *out, const char *text, size_t piece, size_t limit)
{
  struct lines lines;
  const char *line;
  size_t length;
  enum lines_event event;
  lines_start(&lines, limit);
  buffer_clear(out);
  buffer_append_text(out, "");
  for (size_t at = 0, size = strlen(text); at < size; at += piece) {
    feed(&lines, text + at, piece < size - at ? piece : size - at);
    while ((event = lines_next(&lines, &line, &length)) != LINES_NONE)
      note(out, &lines, event, line, length);
  }
  if ((event = lines_finish(&lines, &line, &length)) != LINES_NONE)
    note(out, &lines, event, line, length);
  assert_int_equal(lines_finish(&lines, &line, &length), LINES_NONE);
  lines_free(&lines);
}

static void test_cuts(void **state)
{
  (void)state;
  static const struct {
    const char *text, *whole;
  } cases[] = {
      {"", ""},
      {"a\n", "<a>"},
      {"a\r\nb\n", "<a><b>"},
      {"\n\r\n\n  \n", "<  >"},
      {"a\rb\n\r\r\n", "<a\rb><\r>"},
      {"0123456789\n", "<0123456789>"},
      {"0123456789\r\n", "<0123456789>"},
      {"0123456789a\nb\n", "!012345..56789a!<b>"},
      {"0123456789abcdefghi\nb\n", "!012345..defghi!<b>"},
      {"x\n0123456789abcdefghi\n0123456789abcdefghj\n\ny\n",
       "<x>!012345..defghi!!012345..defghj!<y>"},
      {"half", "<half>"},
      {"half\r", "<half>"},
      {"x\n\r", "<x>"},
      {"0123456789abcdef", "!012345..abcdef!"},
  };
  struct buffer out = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (size_t piece = 1; piece < 30; piece++) {
      cut(&out, cases[i].text, piece, 10);
      assert_string_equal(out.data, cases[i].whole);
    }
  buffer_free(&out);
}

static void test_nul(void **state)
{
  (void)state;
  struct lines lines;
  lines_start(&lines, 10);
  feed(&lines, "a\0b\n\0\n", 6);
  const char *line;
  size_t length;
  assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
  assert_int_equal(length, 3);
  assert_memory_equal(line, "a\0b", 3);
  assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
  assert_int_equal(length, 1);
  assert_int_equal(lines_next(&lines, &line, &length), LINES_NONE);
  lines_free(&lines);
}

/* A long line stays whole while the memory grows, and costs none afterwards. */
static void test_growth(void **state)
{
  (void)state;
  enum { LENGTH = 5000000 };
  char *text = malloc(LENGTH + 1);
  assert_non_null(text);
  for (size_t i = 0; i < LENGTH; i++)
    text[i] = (char)('a' + i % 23);
  text[LENGTH] = '\n';
  struct lines lines;
  lines_start(&lines, LENGTH);
  const char *line;
  size_t length;
  for (int round = 0; round < 3; round++) {
    feed(&lines, "short\n", 6);
    for (size_t at = 0; at <= LENGTH; at += 50000) {
      feed(&lines, text + at, LENGTH + 1 - at < 50000 ? LENGTH + 1 - at : 50000);
      if (at == 0) {
        assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
        assert_memory_equal(line, "short", 5);
      }
      if (at < LENGTH)
        assert_int_equal(lines_next(&lines, &line, &length), LINES_NONE);
    }
    assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
    assert_int_equal(length, LENGTH);
    assert_memory_equal(line, text, LENGTH);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_NONE);
  }
  size_t available;
  assert_non_null(lines_space(&lines, &available));
  assert_true(lines.capacity < 1000000);
  lines_free(&lines);
  free(text);
}

/* Of a line without end only about the limit is held. */
static void test_bound(void **state)
{
  (void)state;
  static char chunk[LINES_CHUNK];
  memset(chunk, 'x', sizeof chunk);
  struct lines lines;
  lines_start(&lines, 1000000);
  const char *line;
  size_t length;
  for (int i = 0; i < 1600; i++) {
    feed(&lines, chunk, sizeof chunk);
    assert_int_equal(lines_next(&lines, &line, &length), LINES_NONE);
    assert_true(lines.capacity <= 4 * 1024 * 1024);
  }
  feed(&lines, "end\nok\n", 7);
  assert_int_equal(lines_next(&lines, &line, &length), LINES_OVERFLOW);
  assert_int_equal(lines.head_length, LINES_ENDS);
  assert_int_equal(lines.tail_length, LINES_ENDS);
  assert_memory_equal(lines.tail + LINES_ENDS - 4, "xend", 4);
  assert_int_equal(lines_next(&lines, &line, &length), LINES_LINE);
  assert_memory_equal(line, "ok", 2);
  lines_free(&lines);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cuts),
      cmocka_unit_test(test_nul),
      cmocka_unit_test(test_growth),
      cmocka_unit_test(test_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

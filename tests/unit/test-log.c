/* SPDX-License-Identifier: Apache-2.0 */
/* The log: its lines, its levels, and that nothing makes it wait. */
#include "core/base/log.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What stands in the pipe now. */
static char *take(int descriptor)
{
  struct buffer out = {0};
  char block[65536];
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ssize_t got;
  while ((got = read(descriptor, block, sizeof block)) > 0)
    buffer_append(&out, block, (size_t)got);
  return buffer_steal(&out);
}

static void test_text_lines(void **state)
{
  (void)state;
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  log_open(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
  log_write(LOG_LEVEL_WARNING, "files", "%d of \033[31mred", 1);
  log_write(LOG_LEVEL_DEBUG, "files", "not shown");
  log_write(LOG_LEVEL_ERROR, NULL, "two\nlines");
  CLEANUP_FREE char *text = take(ends[0]);
  /* 2025-03-01T12:00:00.123Z */
  assert_int_equal(text[10], 'T');
  assert_int_equal(text[19], '.');
  assert_int_equal(text[23], 'Z');
  assert_memory_equal(text + 24, " warning [files] 1 of \\x1b[31mred\n", 34);
  assert_string_equal(strchr(text, '\n') + 25, " error two\\x0alines\n");
  assert_true(log_wants(LOG_LEVEL_INFO));
  assert_false(log_wants(LOG_LEVEL_DEBUG));
  assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
  close(ends[0]);
  close(ends[1]);
}

static void test_json_lines(void **state)
{
  (void)state;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  log_open(ends[1], LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
  log_bytes(LOG_LEVEL_DEBUG, "s", "a \"b\" \\ \xff\t", 10);
  log_write(LOG_LEVEL_INFO, NULL, "plain");
  CLEANUP_FREE char *text = take(ends[0]);
  assert_memory_equal(text, "{\"time\":\"20", 11);
  assert_non_null(strstr(text, "Z\",\"level\":\"debug\",\"server\":\"s\","
                               "\"message\":\"a \\\"b\\\" \\\\ \\\\xff\\\\x09\"}\n"));
  assert_non_null(strstr(text, "Z\",\"level\":\"info\",\"message\":\"plain\"}\n"));
  close(ends[0]);
  close(ends[1]);
}

static void test_long_lines_are_cut(void **state)
{
  (void)state;
  int ends[2];
  static char text[10000];
  memset(text, 'x', sizeof text);
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  log_open(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
  log_bytes(LOG_LEVEL_INFO, NULL, text, sizeof text);
  CLEANUP_FREE char *line = take(ends[0]);
  assert_int_equal(strlen(line), 24 + 6 + 4096 + strlen(" [cut off]\n"));
  close(ends[0]);
  close(ends[1]);
}

static void test_nobody_reads(void **state)
{
  (void)state;
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  log_open(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
  uint64_t before = log_dropped();
  for (int i = 0; i < 5000; i++)
    log_write(LOG_LEVEL_INFO, NULL, "line %d", i);
  assert_true(log_dropped() > before);
  CLEANUP_FREE char *first = take(ends[0]);
  log_write(LOG_LEVEL_INFO, NULL, "the last");
  CLEANUP_FREE char *rest = take(ends[0]);
  assert_non_null(strstr(first, "line 0\n"));
  /* The line that was cut by the full pipe is completed, and none is mixed with another. */
  assert_non_null(strstr(rest, " log lines were dropped: nobody read them\n"));
  assert_string_equal(rest + strlen(rest) - strlen(" the last\n"), " the last\n");
  close(ends[0]);
  log_write(LOG_LEVEL_INFO, NULL, "into a closed pipe");
  close(ends[1]);
  log_write(LOG_LEVEL_INFO, NULL, "into a closed pipe");
}

static void test_closed_descriptor(void **state)
{
  (void)state;
  log_open(-1, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
  errno = 7;
  log_write(LOG_LEVEL_INFO, NULL, "nowhere");
  assert_int_equal(errno, 7);
}

static void test_words(void **state)
{
  (void)state;
  enum log_level level = 0;
  enum log_format format = 0;
  assert_true(log_parse_level("debug", &level));
  assert_int_equal(level, LOG_LEVEL_DEBUG);
  assert_false(log_parse_level("Debug", &level));
  assert_false(log_parse_level("", &level));
  assert_true(log_parse_format("json", &format));
  assert_int_equal(format, LOG_FORMAT_JSON);
  assert_false(log_parse_format("xml", &format));
}

static void test_rate(void **state)
{
  (void)state;
  struct log_limit limit = {.started = false};
  uint64_t held_back = 99;
  int passed = 0;
  for (int i = 0; i < 1000; i++)
    passed += log_limit_passes(&limit, 5000, &held_back);
  assert_int_equal(passed, LOG_BURST);
  assert_int_equal(held_back, 0);
  assert_int_equal(limit.held_back, 1000 - LOG_BURST);
  assert_false(log_limit_passes(&limit, 5019, &held_back));
  assert_true(log_limit_passes(&limit, 5020, &held_back));
  assert_int_equal(held_back, 1001 - LOG_BURST);
  passed = 0;
  for (int i = 0; i < 1000; i++)
    passed += log_limit_passes(&limit, 6020, &held_back);
  assert_int_equal(passed, LOG_LINES_A_SECOND);
  passed = 0;
  for (int i = 0; i < 1000; i++)
    passed += log_limit_passes(&limit, UINT64_C(1) << 60, &held_back);
  assert_int_equal(passed, LOG_BURST);
}

static int tear_down(void **state)
{
  (void)state;
  log_close();
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text_lines),
      cmocka_unit_test(test_json_lines),
      cmocka_unit_test(test_long_lines_are_cut),
      cmocka_unit_test(test_nobody_reads),
      cmocka_unit_test(test_closed_descriptor),
      cmocka_unit_test(test_words),
      cmocka_unit_test(test_rate),
  };
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, tear_down);
}

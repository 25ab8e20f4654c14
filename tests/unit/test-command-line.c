/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: options anywhere, values, mistakes with their suggestion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cli/command.h"

#define CLEANUP_LINE __attribute__((cleanup(command_line_free)))

static int parse(struct command_line *line, struct error **error, char **argv)
{
  int count = 0;
  while (argv[count] != NULL)
    count++;
  return command_line_parse(count, argv, line, error);
}

#define ARGV(...)  ((char *[]){(char *)"jauauth", __VA_ARGS__, NULL})
#define WORD(text) (char *)(text)

static void options_before_and_behind(void **state)
{
  (void)state;
  CLEANUP_LINE struct command_line line = {0};
  CLEANUP_ERROR struct error *error = NULL;
  int answer = parse(&line, &error,
                     ARGV(WORD("--config"), WORD("/a"), WORD("plugins"), WORD("--json"),
                          WORD("show"), WORD("--servers=/b"), WORD("none")));
  assert_int_equal(answer, 0);
  assert_string_equal(line.config, "/a");
  assert_string_equal(line.servers, "/b");
  assert_true(line.json);
  assert_int_equal(line.argument_count, 3);
  assert_string_equal(line.arguments[2], "none");
  assert_null(line.arguments[3]);
}

static void list_keeps_its_order(void **state)
{
  (void)state;
  CLEANUP_LINE struct command_line line = {0};
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(
      parse(&line, &error,
            ARGV(WORD("--plugin-dir"), WORD("/x"), WORD("--plugin-dir=/y"), WORD("serve"))),
      0);
  assert_string_equal(line.plugin_dirs[0], "/x");
  assert_string_equal(line.plugin_dirs[1], "/y");
  assert_null(line.plugin_dirs[2]);
}

static void two_dashes_end_options(void **state)
{
  (void)state;
  CLEANUP_LINE struct command_line line = {0};
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(parse(&line, &error, ARGV(WORD("call"), WORD("--"), WORD("--json"))), 0);
  assert_false(line.json);
  assert_string_equal(line.arguments[1], "--json");
}

static void mistakes_are_usage_errors(void **state)
{
  (void)state;
  static const struct {
    const char *words[3];
    const char *message;
    const char *hint;
  } cases[] = {
      {{"--confg", "/a", NULL}, "there is no option --confg", "did you mean --config?"},
      {{"--config", NULL}, "--config needs a value: --config FILE", NULL},
      {{"--config=", NULL}, "--config needs a value: --config FILE", NULL},
      {{"--json=yes", NULL}, "--json takes no value", NULL},
      {{"--config=/a", "--config=/b", NULL}, "--config is given twice", NULL},
      {{"-x", NULL}, "there is no option -x", "options are written out: see jauauth --help"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    CLEANUP_LINE struct command_line line = {0};
    CLEANUP_ERROR struct error *error = NULL;
    char *argv[] = {WORD("jauauth"), WORD(cases[i].words[0]), WORD(cases[i].words[1]), NULL};
    assert_int_equal(parse(&line, &error, argv), -1);
    assert_int_equal(error->kind, ERROR_USAGE);
    assert_string_equal(error->message, cases[i].message);
    if (cases[i].hint != NULL)
      assert_string_equal(error->hint, cases[i].hint);
  }
}

static void unknown_command_is_a_usage_error(void **state)
{
  (void)state;
  CLEANUP_LINE struct command_line line = {0};
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(parse(&line, &error, ARGV(WORD("no-such-command"))), 0);
  assert_int_equal(command_run(&line, &error), -1);
  assert_int_equal(error_exit_code(error), 2);
  assert_string_equal(error->message, "there is no command 'no-such-command'");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_before_and_behind),
      cmocka_unit_test(list_keeps_its_order),
      cmocka_unit_test(two_dashes_end_options),
      cmocka_unit_test(mistakes_are_usage_errors),
      cmocka_unit_test(unknown_command_is_a_usage_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which commands fetch their code at each start, and what is said where they cannot. */
#include "core/config/package_runner.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/config/package_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COMMAND(...) ((const char *const[]){__VA_ARGS__, NULL})

static void is_runner(const char *const *command, const char *program, const char *package)
{
  const char *found = "unset";
  const struct package_runner *runner = package_runner_find(command, &found);
  assert_non_null(runner);
  assert_string_equal(runner->program, program);
  if (package == NULL)
    assert_null(found);
  else
    assert_string_equal(found, package);
}

static void is_none(const char *const *command)
{
  assert_null(package_runner_find(command, NULL));
}

static void test_found(void **state)
{
  (void)state;
  is_runner(COMMAND("npx", "-y", "@scope/server", "--offline"), "npx", "@scope/server");
  is_runner(COMMAND("/usr/bin/npx", "server"), "npx", "server");
  is_runner(COMMAND("npx"), "npx", NULL);
  is_runner(COMMAND("npm", "exec", "--", "server"), "npm", "server");
  is_runner(COMMAND("npm", "x", "server"), "npm", "server");
  is_runner(COMMAND("uvx", "server"), "uvx", "server");
  is_runner(COMMAND("uv", "tool", "run", "server"), "uv", "server");
  is_runner(COMMAND("pipx", "run", "server"), "pipx", "server");
  is_runner(COMMAND("bunx", "server"), "bunx", "server");
  is_runner(COMMAND("bun", "x", "server"), "bun", "server");
  is_runner(COMMAND("pnpm", "dlx", "server"), "pnpm", "server");
  is_runner(COMMAND("pnpx", "server"), "pnpx", "server");
  is_runner(COMMAND("yarn", "dlx", "server"), "yarn", "server");
  is_runner(COMMAND("/usr/bin/env", "A=b", "npx", "server"), "npx", "server");
}

static void test_not_found(void **state)
{
  (void)state;
  is_none(COMMAND("node", "npx"));
  is_none(COMMAND("npm", "run", "exec"));
  is_none(COMMAND("npm"));
  is_none(COMMAND("npxx", "server"));
  is_none(COMMAND("uv", "run", "server"));
  is_none(COMMAND("uv", "tool"));
  is_none(COMMAND("uv", "tools", "run"));
  is_none(COMMAND("pipx", "install", "server"));
  is_none(COMMAND("npx", "--no-install", "server"));
  is_none(COMMAND("npx", "--offline", "server"));
  is_none(COMMAND("uvx", "--offline", "server"));
  is_none(COMMAND("env"));
  is_none((const char *const[]){NULL});
}

static void test_refusal(void **state)
{
  (void)state;
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(package_runner_check(COMMAND("npx", "-y", "thing"), true, "one", &error), 0);
  assert_int_equal(package_runner_check(COMMAND("node", "thing"), false, "one", &error), 0);
  assert_null(error);
  assert_int_equal(package_runner_check(COMMAND("npx", "-y", "thing"), false, "one", &error), -1);
  assert_string_equal(error->code, "package-runner-offline");
  assert_int_equal(error->kind, ERROR_SANDBOX);
  assert_string_equal(error->message, "\"npx\" fetches the server from the network each time it "
                                      "starts, and this server has no network");
  assert_string_equal(error->hint,
                      "install it once: jauauth prepare one; or allow the network and keep what is "
                      "fetched: \"sandbox\": {\"network\": true, \"home\": \"keep\"}");
  CLEANUP_ERROR struct error *other = NULL;
  assert_int_equal(package_runner_check(COMMAND("uv", "tool", "run"), false, "two", &other), -1);
  assert_non_null(strstr(other->message, "\"uv tool run\" fetches"));
  assert_non_null(strstr(other->hint, "jauauth prepare two"));
  CLEANUP_ERROR struct error *by_hand = NULL;
  assert_int_equal(package_runner_check(COMMAND("bunx"), false, "one", &by_hand), -1);
  assert_non_null(strstr(by_hand->hint, "install it once (bun add --global PACKAGE)"));
}

/* Takes a command apart; `packages` and `options` are joined by single spaces. */
static void takes(const char *const *command, const char *packages, const char *options,
                  const char *program, const char *first)
{
  CLEANUP_PACKAGE_COMMAND struct package_command found = {0};
  CLEANUP_ERROR struct error *error = NULL;
  struct buffer lists[2] = {{0}};
  assert_int_equal(package_command_parse(command, &found, &error), 0);
  assert_non_null(found.runner);
  char **texts[] = {found.packages, found.options};
  for (size_t i = 0; i < 2; i++) {
    buffer_append_text(&lists[i], "");
    for (char **text = texts[i]; text != NULL && *text != NULL; text++)
      buffer_append_format(&lists[i], "%s%s", text == texts[i] ? "" : " ", *text);
  }
  assert_string_equal(lists[0].data, packages);
  assert_string_equal(lists[1].data, options);
  buffer_free(&lists[0]);
  buffer_free(&lists[1]);
  if (program == NULL)
    assert_null(found.program);
  else
    assert_string_equal(found.program, program);
  if (first == NULL)
    assert_null(command[found.arguments]);
  else
    assert_string_equal(command[found.arguments], first);
}

static void test_taken_apart(void **state)
{
  (void)state;
  takes(COMMAND("npx", "-y", "@a/b@1.2", "-x"), "@a/b@1.2", "", NULL, "-x");
  takes(COMMAND("npx", "thing"), "thing", "", NULL, NULL);
  takes(COMMAND("npx", "-p", "a", "--package=b", "program", "x"), "a b", "", "program", "x");
  takes(COMMAND("npx", "--registry=http://r", "-y", "--", "a"), "a", "--registry http://r", NULL,
        NULL);
  takes(COMMAND("npm", "exec", "--yes", "--", "a", "--", "b"), "a", "", NULL, "--");
  takes(COMMAND("env", "A=b", "/opt/npx", "a", "b"), "a", "", NULL, "b");
  takes(COMMAND("uvx", "mcp-server-time@latest", "-z"), "mcp-server-time", "", NULL, "-z");
  takes(COMMAND("uvx", "a[b]@1.0"), "a[b]==1.0", "", NULL, NULL);
  takes(COMMAND("uvx", "--with", "c", "-p", "3.12", "a"), "c a", "", NULL, NULL);
  takes(COMMAND("uvx", "--from", "git+https://h/a@v1", "a"), "git+https://h/a@v1", "", "a", NULL);
  takes(COMMAND("uv", "tool", "run", "--index", "http://r", "a"), "a", "--index http://r", NULL,
        NULL);
  takes(COMMAND("pipx", "run", "--spec", "a==1", "b", "c"), "a==1", "", "b", "c");
}

static void test_not_taken_apart(void **state)
{
  (void)state;
  const struct {
    const char *const *command;
    const char *text;
  } refused[] = {
      {COMMAND("npx", "-c", "a b"), "does not know its option -c"},
      {COMMAND("npx", "--yes=1", "a"), "does not know its option --yes=1"},
      {COMMAND("npx", "-p"), "a value is missing behind -p"},
      {COMMAND("npx", "-y"), "it names no package"},
      {COMMAND("npx", "--", "-a"), "no package has the name -a"},
      {COMMAND("npx", "-p", "-a", "b"), "no package has the name -a"},
      {COMMAND("uvx", "a\n--index-url http://r"), "no package has the name"},
      {COMMAND("pipx", "run", "--pip-args", "-e .", "a"), "does not know its option --pip-args"},
  };
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    CLEANUP_PACKAGE_COMMAND struct package_command found = {0};
    CLEANUP_ERROR struct error *error = NULL;
    assert_int_equal(package_command_parse(refused[i].command, &found, &error), -1);
    assert_string_equal(error->code, "package-command");
    assert_non_null(strstr(error->message, refused[i].text));
    assert_non_null(strstr(error->hint, "\"prepare\""));
  }
  CLEANUP_PACKAGE_COMMAND struct package_command found = {0};
  assert_int_equal(package_command_parse(COMMAND("node", "a"), &found, NULL), 0);
  assert_null(found.runner);
  assert_int_equal(package_command_parse(COMMAND("bunx", "a"), &found, NULL), 0);
  assert_null(found.runner);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_found),           cmocka_unit_test(test_not_found),
      cmocka_unit_test(test_refusal),         cmocka_unit_test(test_taken_apart),
      cmocka_unit_test(test_not_taken_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which commands fetch their code at each start, and what is said where they cannot. */
#include "core/config/package_runner.h"

#include "core/base/cleanup.h"

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
  assert_int_equal(package_runner_check(COMMAND("npx", "-y", "thing"), true, &error), 0);
  assert_int_equal(package_runner_check(COMMAND("node", "thing"), false, &error), 0);
  assert_null(error);
  assert_int_equal(package_runner_check(COMMAND("npx", "-y", "thing"), false, &error), -1);
  assert_string_equal(error->code, "package-runner-offline");
  assert_int_equal(error->kind, ERROR_SANDBOX);
  assert_string_equal(error->message, "\"npx\" fetches the server from the network each time it "
                                      "starts, and this server has no network");
  assert_string_equal(error->hint,
                      "install it once (npm install --global thing) and name the installed program "
                      "as \"command\"; or allow the network and keep what is fetched: \"sandbox\": "
                      "{\"network\": true, \"home\": \"keep\"}");
  CLEANUP_ERROR struct error *other = NULL;
  assert_int_equal(package_runner_check(COMMAND("uv", "tool", "run"), false, &other), -1);
  assert_non_null(strstr(other->message, "\"uv tool run\" fetches"));
  assert_non_null(strstr(other->hint, "uv tool install PACKAGE"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_found),
      cmocka_unit_test(test_not_found),
      cmocka_unit_test(test_refusal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

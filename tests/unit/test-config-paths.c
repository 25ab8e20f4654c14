/* SPDX-License-Identifier: Apache-2.0 */
/* Where the files are looked for: as a user, as root, with options, and when there is nothing. */
#include "core/config/paths.h"

#include "core/base/cleanup.h"
#include "core/config/servers_file.h"
#include "core/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void find(struct config_paths *paths, uid_t user, const char *config, const char *servers,
                 const char *const *environment)
{
  struct config_paths_settings settings = {
      .host_option = config, .servers_option = servers, .environment = environment, .user = user};
  assert_int_equal(config_paths_find(&settings, paths, NULL), 0);
}

#define ENVIRONMENT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_user(void **state)
{
  (void)state;
  CLEANUP_CONFIG_PATHS struct config_paths xdg;
  find(&xdg, 1000, NULL, NULL,
       ENVIRONMENT("HOME=/nonexistent/ann", "XDG_CONFIG_HOME=/nonexistent/c",
                   "XDG_STATE_HOME=/nonexistent/s"));
  assert_int_equal(xdg.servers.count, 2);
  assert_string_equal(xdg.host.places[0].path, "/nonexistent/c/jauauth/jauauth.conf");
  assert_string_equal(xdg.servers.places[0].path, "/nonexistent/c/jauauth/servers.json");
  assert_string_equal(xdg.servers.places[1].path, JAUAUTH_SYSTEM_CONFIG_DIR "/servers.json");
  assert_false(xdg.servers.places[0].exists);
  assert_string_equal(xdg.state_directory, "/nonexistent/s/jauauth");
  CLEANUP_CONFIG_PATHS struct config_paths home;
  find(&home, 1000, NULL, NULL, ENVIRONMENT("HOME=/nonexistent/ann", "XDG_CONFIG_HOME=relative"));
  assert_string_equal(home.host.places[0].path, "/nonexistent/ann/.config/jauauth/jauauth.conf");
  assert_string_equal(home.state_directory, "/nonexistent/ann/.local/state/jauauth");
}

static void test_no_home(void **state)
{
  (void)state;
  /* An id that no password file has. */
  CLEANUP_CONFIG_PATHS struct config_paths paths;
  find(&paths, 3999999999, NULL, NULL, ENVIRONMENT("A=b"));
  assert_int_equal(paths.servers.count, 1);
  assert_null(paths.state_directory);
}

static void test_root(void **state)
{
  (void)state;
  CLEANUP_CONFIG_PATHS struct config_paths paths;
  find(&paths, 0, NULL, NULL, ENVIRONMENT("HOME=/tmp", "XDG_CONFIG_HOME=/tmp"));
  assert_int_equal(paths.host.count, 1);
  assert_string_equal(paths.host.places[0].path, JAUAUTH_SYSTEM_CONFIG_DIR "/jauauth.conf");
  assert_int_equal(paths.host.places[0].origin, CONFIG_PATH_SYSTEM);
  assert_string_equal(paths.state_directory, JAUAUTH_STATE_DIR);
}

static void test_options(void **state)
{
  (void)state;
  CLEANUP_CONFIG_PATHS struct config_paths paths;
  find(&paths, 0, "/nonexistent/a", "b.json", ENVIRONMENT("HOME=/tmp"));
  assert_int_equal(paths.host.count, 1);
  /* What was named is what is read, also when it is missing. */
  assert_string_equal(paths.host.found, "/nonexistent/a");
  assert_string_equal(paths.servers.found, "b.json");
  CLEANUP_BUFFER struct buffer text = {0};
  config_paths_append_text(&paths, &text);
  assert_non_null(strstr(text.data, "host     option  /nonexistent/a  (missing)\n"));
}

static void test_found(void **state)
{
  (void)state;
  char folder[] = "/tmp/test-config-paths-XXXXXX";
  assert_non_null(mkdtemp(folder));
  CLEANUP_FREE char *below = NULL;
  CLEANUP_FREE char *file = NULL;
  CLEANUP_FREE char *variable = NULL;
  assert_true(asprintf(&below, "%s/jauauth", folder) > 0);
  assert_true(asprintf(&file, "%s/servers.json", below) > 0);
  assert_true(asprintf(&variable, "XDG_CONFIG_HOME=%s", folder) > 0);
  assert_int_equal(mkdir(below, 0700), 0);
  CLEANUP_STREAM FILE *stream = fopen(file, "we");
  assert_non_null(stream);
  CLEANUP_CONFIG_PATHS struct config_paths paths;
  find(&paths, 1000, NULL, NULL, ENVIRONMENT(variable));
  assert_string_equal(paths.servers.found, file);
  json_t *json = config_paths_json(&paths);
  json_t *first = json_array_get(json_object_get(json, "servers"), 0);
  assert_string_equal(json_string_value(json_object_get(first, "path")), file);
  assert_string_equal(json_string_value(json_object_get(first, "origin")), "user");
  assert_true(json_is_true(json_object_get(first, "exists")));
  json_decref(json);
  unlink(file);
  rmdir(below);
  rmdir(folder);
}

static void test_no_servers(void **state)
{
  (void)state;
  CLEANUP_CONFIG_PATHS struct config_paths paths;
  find(&paths, 1000, NULL, NULL, ENVIRONMENT("XDG_CONFIG_HOME=/nonexistent/c"));
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(config_paths_no_servers(&paths, &error), -1);
  assert_int_equal(error->kind, ERROR_CONFIG);
  assert_string_equal(error->message,
                      "there is no servers file; these places were searched: "
                      "/nonexistent/c/jauauth/servers.json, " JAUAUTH_SYSTEM_CONFIG_DIR
                      "/servers.json");
  assert_non_null(strstr(error->hint, "\"servers\": ["));
  /* The file that is shown to be pasted must be a right one. */
  static const char *const nothing[] = {NULL};
  struct servers_settings settings = {
      .default_strategy = "x", .allowed_variables = nothing, .environment = nothing};
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  CLEANUP_SERVERS_CONFIG struct servers_config *servers = servers_config_parse(
      servers_config_smallest, strlen(servers_config_smallest), &settings, &problems);
  assert_non_null(servers);
  assert_int_equal(problems.errors + problems.warnings, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_user),  cmocka_unit_test(test_no_home),
      cmocka_unit_test(test_root),  cmocka_unit_test(test_options),
      cmocka_unit_test(test_found), cmocka_unit_test(test_no_servers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

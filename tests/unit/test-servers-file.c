/* SPDX-License-Identifier: Apache-2.0 */
/* The servers file: every shape that is accepted, and every mistake with its place. */
#include "core/config/servers_file.h"

#include "core/base/cleanup.h"

#include <dirent.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const environment[] = {"HOME=/home/ann", "TOKEN=hidden-value", "LANG=C.UTF-8",
                                          "PATH=/usr/bin", NULL};
static const char *const allowed[] = {"HOME", "UNSET", NULL};
static const struct servers_settings settings = {
    .default_strategy = "standard", .allowed_variables = allowed, .environment = environment};

struct file {
  struct servers_config *servers;
  struct config_problems problems;
  struct buffer text; /* the problems as they are shown */
};

static void read_file(struct file *file, const char *text)
{
  *file = (struct file){0};
  config_problems_name(&file->problems, "servers.json");
  file->servers = servers_config_parse(text, strlen(text), &settings, &file->problems);
  buffer_append_text(&file->text, "");
  config_problems_append_text(&file->problems, &file->text);
}

static void free_file(struct file *file)
{
  servers_config_free(&file->servers);
  config_problems_free(&file->problems);
  buffer_free(&file->text);
}

/* Reads a file without any problem. */
static void read_good(struct file *file, const char *text)
{
  read_file(file, text);
  if (file->servers == NULL || file->problems.errors + file->problems.warnings > 0)
    fail_msg("%s", file->text.data);
}

/* Reads a file whose problems, all of them, are these lines. */
static void expect(const char *text, const char *lines)
{
  struct file file;
  read_file(&file, text);
  assert_string_equal(file.text.data, lines);
  free_file(&file);
}

/* Reads a file that has this line among its problems. */
static void expect_line(const char *text, const char *line)
{
  struct file file;
  read_file(&file, text);
  if (strstr(file.text.data, line) == NULL)
    fail_msg("no \"%s\" in:\n%s", line, file.text.data);
  free_file(&file);
}

/* Wraps the members of one server's "sandbox". */
#define SANDBOX(members)                                                                           \
  "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", \"sandbox\": {" members "}}]}"
#define SERVER(members) "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", " members "}]}"

static void test_whole_shape(void **state)
{
  (void)state;
  struct file file;
  read_good(&file,
            "{ \"servers\": [ { \"id\": \"filesystem\", \"name\": \"My files\", \"command\": "
            "\"node\", \"args\": [\"server.js\", \"$HOME/docs\", \"${KEY}\"], \"env\": {\"KEY\": "
            "\"a${HOME}b\", \"LD_PRELOAD\": \"/x.so\", \"PATH\": \"/bin\"}, \"requires_auth\": "
            "true, \"allowed_users\": [\"admin\"], \"timeout_ms\": 30000, \"start\": \"lazy\", "
            "\"idle_stop_ms\": 0, \"sandbox\": {"
            "\"strategy\": \"none\", \"work_dir\": \"/work\", \"env_passthrough\": [\"LANG\"], "
            "\"temp_dir\": \"/var/tmp\" } } ], \"timeout_ms\": 20000, \"cache_tools\": true }");
  assert_int_equal(file.servers->server_count, 1);
  assert_int_equal(file.servers->timeout_ms, 20000);
  assert_true(file.servers->cache_tools);
  struct server_config *server = &file.servers->servers[0];
  assert_string_equal(server->id, "filesystem");
  assert_string_equal(server->name, "My files");
  assert_string_equal(server->pointer, "/servers/0");
  assert_string_equal(server->command[0], "node");
  assert_string_equal(server->command[2], "/home/ann/docs");
  assert_string_equal(server->command_written[2], "$HOME/docs");
  assert_string_equal(server->command[3], "a/home/annb");
  assert_string_equal(server->command_written[3], "${KEY}");
  assert_null(server->command[4]);
  assert_int_equal(server->environment_count, 4);
  assert_string_equal(server->environment[1].name, "LD_PRELOAD");
  assert_string_equal(server->environment[3].name, "LANG");
  assert_string_equal(server->environment[3].value, "C.UTF-8");
  assert_true(server->environment[3].passed);
  assert_true(server->requires_auth);
  assert_true(server_config_allows(server, "admin"));
  assert_false(server_config_allows(server, "ann"));
  assert_int_equal(server->timeout_ms, 30000);
  assert_int_equal(server->start, CONFIG_START_LAZY);
  assert_int_equal(server->idle_stop_ms, 0);
  assert_string_equal(server->sandbox.strategy, "none");
  assert_true(server->sandbox.strategy_given);
  assert_string_equal(server->sandbox.work_directory, "/work");
  assert_string_equal(server->sandbox.temporary_directory, "/var/tmp");
  assert_false(server->broken);
  assert_int_equal(servers_config_find(file.servers, "filesystem"), 0);
  assert_true(servers_config_find(file.servers, "other") == CONFIG_WHOLE_FILE);
  free_file(&file);
}

static void test_defaults(void **state)
{
  (void)state;
  struct file file;
  read_good(&file, "{\"servers\": [{\"id\": \"a\", \"command\": \"/bin/x\"}]}");
  struct server_config *server = &file.servers->servers[0];
  assert_int_equal(file.servers->timeout_ms, CONFIG_TIMEOUT_DEFAULT);
  assert_false(file.servers->cache_tools);
  assert_string_equal(server->sandbox.strategy, "standard");
  assert_false(server->sandbox.strategy_given);
  assert_string_equal(server->sandbox.options_pointer, "/servers/0/sandbox/strategy");
  assert_int_equal(json_object_size(server->sandbox.options), 0);
  assert_int_equal(server->sandbox.network.kind, CONFIG_NETWORK_ABSENT);
  assert_false(server->requires_auth);
  assert_true(server_config_allows(server, "ann"));
  assert_int_equal(server->environment_count, 0);
  free_file(&file);
}

static void test_request(void **state)
{
  (void)state;
  struct file file;
  read_good(&file, SANDBOX("\"strategy\": {\"cage\": {\"image\": \"i\"}}, \"network\": \"lab\", "
                           "\"memory_limit\": \"256m\", \"cpu_limit\": 0.25, \"pids_limit\": 64, "
                           "\"open_files_limit\": \"128\", \"file_size_limit\": 1048576, \"home\": "
                           "\"keep\", \"mounts\": [\"/srv/a:/a:ro\", \"/srv/b:/b\", \"/c:/c:rw\"], "
                           "\"require\": [\"no-network\"], \"accept_partial\": [\"memory_limit\"], "
                           "\"allow_swappable\": [\"/srv/b\"]"));
  struct sandbox_config *sandbox = &file.servers->servers[0].sandbox;
  assert_string_equal(sandbox->strategy, "cage");
  assert_string_equal(sandbox->options_pointer, "/servers/0/sandbox/strategy/cage");
  assert_string_equal(json_string_value(json_object_get(sandbox->options, "image")), "i");
  assert_int_equal(sandbox->network.kind, CONFIG_NETWORK_NAMED);
  assert_string_equal(sandbox->network.name, "lab");
  assert_int_equal(sandbox->limits[CONFIG_MEMORY].value, 268435456);
  assert_int_equal(sandbox->limits[CONFIG_CPU].value, 250);
  assert_int_equal(sandbox->limits[CONFIG_PIDS].value, 64);
  assert_int_equal(sandbox->limits[CONFIG_OPEN_FILES].value, 128);
  assert_int_equal(sandbox->limits[CONFIG_FILE_SIZE].value, 1048576);
  for (int i = 0; i < CONFIG_LIMITS; i++)
    assert_true(sandbox->limits[i].given);
  assert_true(sandbox->keep_home);
  assert_int_equal(sandbox->mount_count, 3);
  assert_string_equal(sandbox->mounts[0].source, "/srv/a");
  assert_string_equal(sandbox->mounts[0].target, "/a");
  assert_true(sandbox->mounts[0].read_only);
  assert_false(sandbox->mounts[1].read_only);
  assert_false(sandbox->mounts[2].read_only);
  assert_string_equal(sandbox->require[0], "no-network");
  assert_string_equal(sandbox->accept_partial[0], "memory_limit");
  assert_string_equal(sandbox->allow_swappable[0], "/srv/b");
  free_file(&file);
}

static void test_named_shape(void **state)
{
  (void)state;
  struct file file;
  read_good(&file, "{\"mcpServers\": {\"one\": {\"type\": \"stdio\", \"command\": \"npx\", "
                   "\"args\": [\"-y\", \"x\"], \"env\": {\"K\": \"v\"}}, \"two\": {\"command\": "
                   "\"y\", \"sandbox\": {\"network\": false}}}}");
  assert_int_equal(file.servers->server_count, 2);
  assert_string_equal(file.servers->servers[0].id, "one");
  assert_string_equal(file.servers->servers[0].pointer, "/mcpServers/one");
  assert_string_equal(file.servers->servers[0].sandbox.strategy, "standard");
  assert_string_equal(file.servers->servers[1].id, "two");
  assert_int_equal(file.servers->servers[1].sandbox.network.kind, CONFIG_NETWORK_NONE);
  free_file(&file);
  expect("{\"mcpServers\": {\"my server\": {\"command\": \"x\"}, \"b\": {\"id\": \"b\", "
         "\"command\": \"x\"}}}",
         "servers.json:1:30: error: the id \"my server\" cannot be used: it may hold letters, "
         "digits, \"-\" and \"_\" only (at /mcpServers/my server)\n"
         "    hint: the id begins the name of each of its tools; a usable one is \"my-server\"\n"
         "servers.json:1:54: error: in \"mcpServers\" the name of the member is the id (at "
         "/mcpServers/b/id)\n"
         "    hint: remove \"id\", or write the file with a \"servers\" list\n");
  expect_line("{\"mcpServers\": {}, \"servers\": []}", "cannot stand in one file");
}

/* Plainly: whether the folder of the sources is trusted is not the question here. */
static void read_path(struct file *file, const char *path)
{
  CLEANUP_STREAM FILE *stream = fopen(path, "re");
  assert_non_null(stream);
  char text[8192];
  size_t length = fread(text, 1, sizeof text - 1, stream);
  text[length] = '\0';
  read_good(file, text);
}

static void test_users_files(void **state)
{
  (void)state;
  const char *source = getenv("JAUAUTH_SOURCE");
  CLEANUP_FREE char *folder = NULL;
  assert_true(asprintf(&folder, "%s/tests/seed-configs", source != NULL ? source : ".") > 0);
  CLEANUP_DIRECTORY DIR *directory = opendir(folder);
  assert_non_null(directory);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.')
      continue;
    CLEANUP_FREE char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, entry->d_name) > 0);
    struct file file;
    read_path(&file, path);
    assert_int_equal(file.servers->server_count, 1);
    assert_true(file.servers->servers[0].sandbox.strategy_given);
    free_file(&file);
    count++;
  }
  assert_int_equal(count, 10);
}

static void test_syntax(void **state)
{
  (void)state;
  expect("{\n  \"servers\": [] // none yet\n}",
         "servers.json:2:17: error: this is not JSON: JSON has no comments; remove what follows "
         "\"//\"\n");
  expect_line("{\"servers\": [],}",
              "servers.json:1:16: error: this is not JSON: JSON has no comma");
  expect_line("", "the file is empty");
  expect_line("{\"servers\": [\"\\u0000\"]}", "cannot hold the character \\u0000");
  expect_line("{\"servers\": 1e999}", "this number is too large");
  expect_line("{\"servers\": \"\\ud800\"}", "surrogate");
  expect("[]",
         "servers.json:1:1: error: expected an object with \"servers\" in it, found a list\n");
  struct file file;
  read_file(&file, "{\"servers\": }");
  assert_null(file.servers);
  assert_true(config_problems_stop(&file.problems, false));
  assert_int_equal(file.problems.count, 1);
  free_file(&file);
}

static void test_byte_order_mark(void **state)
{
  (void)state;
  struct file file;
  read_file(&file, "\xEF\xBB\xBF{\"servers\": [], \"x\": 1}");
  assert_non_null(file.servers);
  assert_non_null(strstr(file.text.data, "servers.json:1:1: warning: the file begins with a byte"));
  assert_non_null(strstr(file.text.data, "servers.json:1:17: error: unknown key \"x\""));
  free_file(&file);
  static const char sixteen[] = "\xFF\xFE{\0}\0";
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  assert_null(servers_config_parse(sixteen, sizeof sixteen - 1, &settings, &problems));
  assert_non_null(strstr(problems.items[0].hint, "UTF-16"));
}

static void test_all_at_once(void **state)
{
  (void)state;
  struct file file;
  read_file(&file, "{\n"
                   "  \"servers\": [\n"
                   "    {\"id\": \"good\", \"command\": \"x\"},\n"
                   "    {\"id\": \"bad\", \"command\": 5, \"timeot_ms\": 1},\n"
                   "    {\"id\": \"worse\", \"sandbox\": {\"strategy\": []}},\n"
                   "    7\n"
                   "  ]\n"
                   "}\n");
  assert_string_equal(
      file.text.data,
      "servers.json:4:30: error: expected a text in double quotes, found a whole number (at "
      "/servers/1/command)\n"
      "servers.json:4:33: error: unknown key \"timeot_ms\" (at /servers/1/timeot_ms)\n"
      "    hint: did you mean \"timeout_ms\"?\n"
      "servers.json:5:5: error: the server has no \"command\" (at /servers/2)\n"
      "    hint: name the program that is the server, as in \"command\": \"node\"\n"
      "servers.json:5:45: error: expected a strategy: its name, or an object with the name and the "
      "options, as in {\"name\": {}}, found a list (at /servers/2/sandbox/strategy)\n"
      "servers.json:6:5: error: expected a server (an object), found a whole number (at "
      "/servers/3)\n");
  /* The others can still be started. */
  assert_false(config_problems_stop(&file.problems, false));
  assert_true(config_problems_stop(&file.problems, true));
  assert_false(file.servers->servers[0].broken);
  for (int i = 1; i < 4; i++)
    assert_true(file.servers->servers[i].broken);
  assert_string_equal(file.problems.items[0].server_id, "bad");
  assert_int_equal(file.problems.items[0].server, 1);
  json_t *list = config_problems_json(&file.problems);
  assert_int_equal(json_array_size(list), 5);
  json_t *second = json_array_get(list, 1);
  assert_string_equal(json_string_value(json_object_get(second, "pointer")),
                      "/servers/1/timeot_ms");
  assert_string_equal(json_string_value(json_object_get(second, "severity")), "error");
  assert_string_equal(json_string_value(json_object_get(second, "server")), "bad");
  assert_int_equal(json_integer_value(json_object_get(second, "column")), 33);
  json_decref(list);
  free_file(&file);
}

static void test_ids(void **state)
{
  (void)state;
  expect(
      "{\"servers\": [{\"id\": \"a\", \"command\": \"x\"},\n{\"id\": \"a\", \"command\": \"x\"}]}",
      "servers.json:2:8: error: the id \"a\" is taken by the server in line 1; neither is "
      "started (at /servers/1/id)\n"
      "    hint: give one of them another id\n");
  struct file file;
  read_file(&file, "{\"servers\": [{\"id\": \"a\", \"command\": \"x\"}, {\"id\": \"a\", "
                   "\"command\": \"x\"}, {\"id\": \"b\", \"command\": \"x\"}]}");
  assert_true(file.servers->servers[0].broken);
  assert_true(file.servers->servers[1].broken);
  assert_false(file.servers->servers[2].broken);
  free_file(&file);
  expect_line("{\"servers\": [{\"id\": \"a_b\", \"command\": \"x\"}, {\"id\": \"a\", \"command\": "
              "\"x\"}]}",
              "servers.json:1:21: warning: a tool of \"a_b\" could get the same name as one of "
              "\"a\"");
  read_good(&file, "{\"servers\": [{\"id\": \"a_b\", \"command\": \"x\"}]}");
  free_file(&file);
  expect_line("{\"servers\": [{\"command\": \"x\"}]}", "1:14: error: the server has no \"id\"");
  expect_line("{\"servers\": [{\"id\": \"1a\", \"command\": \"x\"}]}", "must begin with a letter");
  expect_line("{\"servers\": [{\"id\": \"a.b\", \"command\": \"x\"}]}", "a usable one is \"a-b\"");
  expect_line("{\"servers\": [{\"id\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}]}",
              "may be 40 characters long");
  expect_line("{\"servers\": [{\"id\": \"\\u001b[2J\"}]}", "the id \"\\x1b[2J\" cannot be used");
}

static void test_duplicates(void **state)
{
  (void)state;
  expect(SERVER("\"timeout_ms\": 1,\n\"timeout_ms\": 2"),
         "servers.json:2:1: error: \"timeout_ms\" stands twice in one object: first in line 1, "
         "column 42 (at /servers/0/timeout_ms)\n"
         "    hint: remove one of the two\n");
  struct file file;
  read_file(&file, "{\"mcpServers\": {\"a\": {\"command\": \"x\"}, \"b\": {\"command\": \"x\", "
                   "\"\\u0063ommand\": \"y\"}}}");
  assert_int_equal(file.problems.errors, 1);
  assert_false(file.problems.stopped);
  assert_false(file.servers->servers[0].broken);
  assert_true(file.servers->servers[1].broken);
  free_file(&file);
  read_file(&file, "{\"servers\": [], \"cache_tools\": true, \"cache_tools\": false}");
  assert_true(file.problems.stopped);
  free_file(&file);
  expect_line("{\"mcpServers\": {\"a\": {\"command\": \"x\"},\n\"a\": {\"command\": \"x\"}}}",
              "servers.json:2:1: error: \"a\" stands twice in one object: first in line 1, column "
              "17");
}

static void test_variables(void **state)
{
  (void)state;
  expect_line(SERVER("\"args\": [\"$UNSET\"]"), "hint: set UNSET in the environment of jauauth");
  expect_line(SERVER("\"args\": [\"${TOKEN}\"]"),
              "the host file does not allow the variable \"TOKEN\" here");
  expect_line(SERVER("\"args\": [\"$OTHER\"]"), "the variable \"OTHER\" is not set");
  expect_line(SERVER("\"args\": [\"${HOME:-x}\"]"), "\"${HOME:-x}\" is not the name of a variable");
  expect_line(SERVER("\"env\": {\"TOKEN\": \"$TOKEN\"}"), "{\"env_passthrough\": [\"TOKEN\"]}");
  expect_line(SERVER("\"env\": {\"A\": \"$B\", \"B\": \"$A\"}"), "leads back to itself");
  /* What the fault of a variable causes elsewhere is not told again. */
  struct file file;
  read_file(&file, SERVER("\"env\": {\"A\": \"$B\", \"B\": \"$NO\"}, \"args\": [\"$A\"]"));
  assert_int_equal(file.problems.errors, 1);
  assert_string_equal(file.problems.items[0].pointer, "/servers/0/env/B");
  assert_null(strstr(file.text.data, "hidden-value"));
  free_file(&file);
  read_good(&file, SERVER("\"env\": {\"HOME\": \"$HOME/x\", \"A\": \"$HOME\", \"P\": \"$$5\"}, "
                          "\"args\": [\"$A\", \"\", \"^x$\"]"));
  assert_string_equal(file.servers->servers[0].command[1], "/home/ann/x");
  assert_string_equal(file.servers->servers[0].command[2], "");
  assert_string_equal(file.servers->servers[0].command[3], "^x$");
  assert_string_equal(file.servers->servers[0].environment[2].value, "$5");
  free_file(&file);
}

static void test_growing_variables(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_text(&text, "{\"servers\": [{\"id\": \"a\", \"command\": \"x\", \"env\": {");
  for (int i = 0; i < 40; i++)
    buffer_append_format(&text, "\"V%d\": \"$V%d$V%d\", ", i, i + 1, i + 1);
  buffer_append_text(&text, "\"V40\": \"0123456789\"}}]}");
  struct file file;
  read_file(&file, text.data);
  assert_int_equal(file.problems.errors, 1);
  assert_non_null(strstr(file.text.data, "longer than 131071 bytes"));
  free_file(&file);
}

static void test_environment(void **state)
{
  (void)state;
  expect_line(SERVER("\"env\": {\"PORT\": 3000}"), "expected a text in double quotes, also for a");
  expect_line(SERVER("\"env\": {\"A=B\": \"x\"}"), "cannot be the name of a variable");
  expect_line(SERVER("\"env\": [\"A=B\"]"), "expected an object such as {\"NAME\": \"value\"}");
  expect(SANDBOX("\"env_passthrough\": [\"NOT_SET\", \"LANG\"]"),
         "servers.json:1:74: warning: the variable \"NOT_SET\" is not set where jauauth runs, so "
         "that there is nothing to pass on (at /servers/0/sandbox/env_passthrough/0)\n");
  struct file file;
  read_file(&file, SERVER("\"env\": {\"LANG\": \"de\"}, \"sandbox\": {\"env_passthrough\": "
                          "[\"LANG\", \"TOKEN\", \"TOKEN\"]}"));
  assert_int_equal(file.problems.errors, 0);
  assert_int_equal(file.problems.warnings, 1);
  assert_int_equal(file.servers->servers[0].environment_count, 2);
  assert_string_equal(file.servers->servers[0].environment[0].value, "de");
  assert_null(strstr(file.text.data, "hidden-value"));
  free_file(&file);
}

static void test_commands(void **state)
{
  (void)state;
  expect_line(SERVER("\"command\": \"./x\""), "must be a program's name or an absolute path");
  expect_line("{\"servers\": [{\"id\": \"a\", \"command\": \"node server.js\"}]}",
              "\"command\" is the program alone");
  expect_line(SERVER("\"url\": \"http://127.0.0.1/\""), "over a network are not supported");
  expect_line(SERVER("\"type\": \"http\""), "over a network are not supported");
  expect_line(SERVER("\"disabled\": true"), "a server cannot be disabled by a key");
  expect_line(SERVER("\"cwd\": \"/x\""), "work_dir");
  expect_line(SERVER("\"prepare\": []"), "\"prepare\" names no program");
  expect_line(SERVER("\"prepare\": \"npm ci\""), "a command such as");
  expect_line(SERVER("\"args\": [3]"), "(at /servers/0/args/0)");
  expect_line(SERVER("\"args\": \"x\""), "expected a list of texts");
  expect_line(SERVER("\"timeout_ms\": 0"),
              "0 is outside the range from 1 to 86400000 milliseconds");
  expect_line(SERVER("\"start\": \"never\""), "\"start\" must be \"eager\"");
  expect_line(SERVER("\"idle_stop_ms\": -1"), "/servers/0/idle_stop_ms");
  expect_line(SERVER("\"timeout_ms\": 1.5"), "found a number with a fraction");
  expect_line(SERVER("\"requires_auth\": \"yes\""), "expected true or false, found a text");
  expect_line(SERVER("\"allowed_users\": []"), "an empty list allows nobody");
  expect_line(SERVER("\"name\": \"\""), "this text must not be empty");
}

static void test_sandbox_mistakes(void **state)
{
  (void)state;
  expect_line(SANDBOX("\"strategy\": {\"a\": {}, \"b\": {}}"), "exactly one key");
  expect_line(SANDBOX("\"strategy\": {\"a\": 1}"), "(at /servers/0/sandbox/strategy/a)");
  expect_line(SANDBOX("\"strategy\": \"Some Thing\""), "cannot be a strategy");
  expect_line(SANDBOX("\"network\": 1"), "expected true, false or the name of a network");
  expect_line(SANDBOX("\"network\": \"--privileged\""), "cannot be the name of a network");
  expect_line(SANDBOX("\"memory_limit\": 256"), "write the unit, as in \"256m\"");
  expect_line(SANDBOX("\"memory_limit\": \"256q\""), "must be a size such as \"256m\"");
  expect_line(SANDBOX("\"memory_limit\": -1"), "must be a size");
  expect_line(SANDBOX("\"cpu_limit\": 0.0001"), "must be a number of processors");
  expect_line(SANDBOX("\"cpu_limit\": \"0,5\""), "must be a number of processors");
  expect_line(SANDBOX("\"cpu_limit\": 2000"), "2000 is outside the range from 0.01 to 1024");
  expect_line(SANDBOX("\"pids_limit\": 0"), "0 is outside the range from 1 to 4194304");
  expect_line(SANDBOX("\"pids_limit\": 1.5"), "must be a whole number of processes");
  expect_line(SANDBOX("\"home\": \"lasting\""), "\"home\" must be \"keep\"");
  expect_line(SANDBOX("\"work_dir\": \"work\""), "must be an absolute path, found \"work\"");
  expect_line(SANDBOX("\"work_dir\": \"/a/../b\""), "must not have \".\" or \"..\"");
  expect_line(SANDBOX("\"temp_dir\": \"/\""), "must not be \"/\"");
  expect_line(SANDBOX("\"mounts\": [\"/a\"]"), "write \"/a:/a:ro\"");
  expect_line(SANDBOX("\"mounts\": [\"/a:/b:x\"]"), "\"ro\", \"rw\" or nothing");
  expect_line(SANDBOX("\"mounts\": [\"~/a:/b\"]"), "\"~\" is replaced by shells only");
  expect_line(SANDBOX("\"mounts\": [\"$HOME/a:/b\"]"), "variables are replaced in \"args\"");
  expect_line(SANDBOX("\"mounts\": [\"/a:/x\", 5, \"/b:/x\"]"), "(at /servers/0/sandbox/mounts/2)");
  expect_line(SANDBOX("\"require\": [\"No Network\"]"), "cannot be a property");
  expect_line(SANDBOX("\"accept_partial\": [\"memory\"]"), "\"memory\" is not a limit");
  expect_line(SANDBOX("\"memory_limt\": 1"), "did you mean \"memory_limit\"?");
  expect_line(SANDBOX("\"x\": 1"), "known here are: strategy, network, mounts");
}

static void test_file_mistakes(void **state)
{
  (void)state;
  expect_line("{\"server\": []}", "did you mean \"servers\"?");
  expect_line("{}", "there are no \"servers\" in this file");
  expect_line("{\"servers\": {\"a\": {}}}", "call the key \"mcpServers\"");
  expect_line("{\"servers\": []}", "warning: there is no server in the list");
  expect_line("{\"servers\": [], \"timeout_ms\": \"x\"}",
              "expected a whole number of milliseconds");
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  assert_null(servers_config_load("/nonexistent/servers.json", &settings, &problems));
  assert_true(problems.stopped);
  assert_string_equal(problems.file, "/nonexistent/servers.json");
  assert_non_null(strstr(problems.items[0].text, "No such file"));
  CLEANUP_CONFIG_PROBLEMS struct config_problems folder = {0};
  assert_null(servers_config_load("/", &settings, &folder));
  assert_true(folder.stopped);
}

static void test_many_problems(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_text(&text, "{\"servers\": [0");
  for (int i = 0; i < 500; i++)
    buffer_append_text(&text, ", 0");
  buffer_append_text(&text, "]}");
  struct file file;
  read_file(&file, text.data);
  assert_int_equal(file.problems.count, CONFIG_PROBLEMS_MAX);
  assert_int_equal(file.problems.errors, 501);
  assert_non_null(strstr(file.text.data, "and 301 more\n"));
  assert_true(file.servers->servers[500].broken);
  free_file(&file);
}

static void test_later_problem(void **state)
{
  (void)state;
  struct file file;
  read_good(&file, "{\"servers\": [\n{\"id\": \"a\", \"command\": \"x\"}]}");
  servers_config_problem(file.servers, 0, CONFIG_WARNING, &file.problems, "/sandbox/strategy",
                         "install it", "no plugin \"%s\"", "x");
  assert_false(file.servers->servers[0].broken);
  servers_config_problem(file.servers, 0, CONFIG_ERROR, &file.problems, "/command", NULL, "no");
  assert_true(file.servers->servers[0].broken);
  buffer_clear(&file.text);
  config_problems_append_text(&file.problems, &file.text);
  assert_string_equal(file.text.data, "servers.json:2:1: warning: no plugin \"x\" (at "
                                      "/servers/0/sandbox/strategy)\n    hint: install it\n"
                                      "servers.json:2:24: error: no (at /servers/0/command)\n");
  free_file(&file);
}

int main(void)
{
  /* Where there is one, a locale that writes numbers with a comma must change nothing. */
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
    setlocale(LC_ALL, "");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole_shape),
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_request),
      cmocka_unit_test(test_named_shape),
      cmocka_unit_test(test_users_files),
      cmocka_unit_test(test_syntax),
      cmocka_unit_test(test_byte_order_mark),
      cmocka_unit_test(test_all_at_once),
      cmocka_unit_test(test_ids),
      cmocka_unit_test(test_duplicates),
      cmocka_unit_test(test_variables),
      cmocka_unit_test(test_growing_variables),
      cmocka_unit_test(test_environment),
      cmocka_unit_test(test_commands),
      cmocka_unit_test(test_sandbox_mistakes),
      cmocka_unit_test(test_file_mistakes),
      cmocka_unit_test(test_many_problems),
      cmocka_unit_test(test_later_problem),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

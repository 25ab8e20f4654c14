/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: what is accepted, what is refused and where, which limits hold, what is shown of them. */
#include "core/base/cleanup.h"
#include "tests/unit/plan-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Every word of the vocabulary. */
static struct draft whole_draft(void)
{
  struct draft draft = draft_new("serve", "--port", "0", NULL);
  json_t *front = draft_step(&draft, "front", "run", "/usr/bin/engine", "run", DRAFT_COMMAND,
                             "--verbose", NULL);
  draft_file(front, "the environment", "KEY\0swordfish\0", 14, true);
  draft_descriptor(front, "status");
  draft_descriptor(front, "gate");
  json_t *step = draft_step(&draft, "prepare", "pull", "/usr/bin/engine", "pull", NULL);
  json_object_set_new(step, "time_limit", json_integer(600000));
  step = draft_step(&draft, "before", "create", "/usr/bin/engine", "create", NULL);
  step = draft_step(&draft, "locate", "inspect", "/usr/bin/engine", "inspect", NULL);
  json_object_set_new(step, "capture", json_integer(64));
  draft_step(&draft, "after", "state", "/usr/bin/engine", "state", NULL);
  step = draft_step(&draft, "remove", "remove", "/usr/bin/engine", "rm", NULL);
  json_object_set_new(step, "if_failed", json_string("create"));
  draft_step(&draft, "stop", "ask", "/usr/bin/engine", "stop", NULL);
  draft_variable(&draft, "KEY", "swordfish", "file");
  draft_set(&draft, "setuid_engine", "false");
  draft_set(&draft, "command_path", "'/usr/bin/serve'");
  draft_set(&draft, "locate", "{'from':'status','member':'child-pid','children':1}");
  draft_set(&draft, "stop",
            "[{'close_stdin':true},{'wait':500},{'signal':15,'target':'located'},{'step':'ask'}]");
  draft_set(&draft, "keep", "[['context','default']]");
  draft_set(&draft, "weakens", "[{'option':'network','value':'true','property':'no-network'}]");
  draft_set(&draft, "facts", "[['network','open'],['network','again']]");
  draft_limit(&draft, "memory", 1048576, true, "host");
  return draft;
}

static void test_whole_vocabulary(void **state)
{
  (void)state;
  struct draft draft = whole_draft();
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  assert_int_equal(plan->step_count, 7);
  assert_string_equal(plan->command[0], "/usr/bin/serve");
  assert_string_equal(plan->command[2], "0");
  assert_null(plan->command[3]);
  const struct plan_step *front = plan_front(plan);
  assert_string_equal(front->name, "run");
  assert_int_equal(front->command_mark, 1);
  assert_int_equal(front->argument_count, 3);
  assert_null(front->arguments[1]);
  assert_int_equal(front->files[0].length, 14);
  assert_memory_equal(front->files[0].bytes, "KEY\0swordfish\0", 14);
  assert_true(front->files[0].secret);
  assert_int_equal(front->files[2].kind, PLAN_GATE);
  assert_int_equal(plan->stops[2].target, PLAN_TARGET_LOCATED);
  assert_int_equal(plan->locate_children, 1);
  assert_string_equal(plan->steps[5].if_failed, "create");
  assert_string_equal(plan->variables[0].value, "swordfish");
  assert_true(plan->limits[PLAN_MEMORY].strict);
  assert_string_equal(front->directory, "/");
}

static void test_directory_of_the_server(void **state)
{
  (void)state;
  struct draft draft = draft_bare("/bin/true", NULL);
  json_object_set_new(draft.request, "home", json_string("/home/mcp"));
  CLEANUP_PLAN struct plan *home = draft_try(&draft, NULL);
  json_object_set_new(draft.request, "work_directory", json_string("/srv/work"));
  CLEANUP_PLAN struct plan *work = draft_plan(&draft);
  assert_string_equal(home->steps[0].directory, "/home/mcp");
  assert_string_equal(work->steps[0].directory, "/srv/work");
}

/* Sets what a path such as "steps/0/name" names; a NULL value removes it. */
static void put(json_t *value, const char *path, const char *json)
{
  char segment[64];
  const char *end;
  while ((end = strchr(path, '/')) != NULL) {
    snprintf(segment, sizeof segment, "%.*s", (int)(end - path), path);
    value = json_is_array(value) ? json_array_get(value, strtoul(segment, NULL, 10))
                                 : json_object_get(value, segment);
    path = end + 1;
  }
  assert_non_null(value);
  if (json == NULL)
    json_object_del(value, path);
  else if (json_is_array(value) && strtoul(path, NULL, 10) >= json_array_size(value))
    json_array_append_new(value, fixture_json(json));
  else if (json_is_array(value))
    json_array_set_new(value, strtoul(path, NULL, 10), fixture_json(json));
  else
    json_object_set_new(value, path, fixture_json(json));
}

/* An engine that is told the command beforehand has the mark in that step. */
static void test_mark_before_the_front(void **state)
{
  (void)state;
  struct draft draft = draft_new("serve", NULL);
  draft_step(&draft, "before", "create", "/usr/bin/engine", "create", DRAFT_COMMAND, NULL);
  draft_step(&draft, "front", "server", "/usr/bin/engine", "start", NULL);
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  assert_int_equal(plan->steps[0].command_mark, 1);
  assert_int_equal(plan->steps[1].command_mark, -1);
}

static void test_refusals(void **state)
{
  (void)state;
  static const struct {
    const char *path;
    const char *json;
    const char *said;
  } cases[] = {
      {"colour", "1", "the plan is refused: this host does not know the word \"colour\""},
      {"tree", "'forest'", "at tree: this host does not know the word \"forest\""},
      {"tree", NULL, "at tree: a word is needed"},
      {"tree", "'engine'", "at limits: memory is left to the host"},
      {"setuid_engine", "1", "at setuid_engine: true or false"},
      {"command_path", "'serve'", "at command_path: an absolute path"},
      {"steps", "{}", "at steps: a list is needed"},
      {"steps", "[]", "at steps: there is no front"},
      {"steps/0/phase", "'run'", "at steps/0/phase: this host does not know the word \"run\""},
      {"steps/2/phase", "'front'", "at steps/2: there are two fronts"},
      {"steps/0/name", "'a b'", "at steps/0/name: a name of"},
      {"steps/2/name", "'run'", "at steps/2/name: there are two steps \"run\""},
      {"steps/0/program", "'engine'", "at steps/0/program: an absolute path"},
      {"steps/1/program", "null", "at steps/1/program: only the front"},
      {"steps/0/program", "null", "a front without a program is the command and no more"},
      {"steps/0/arguments/1", "'x'", "at steps: no step marks where the command goes"},
      {"steps/0/arguments/2", "{'command':true}",
       "at steps/0/arguments/2: the command is marked twice"},
      {"steps/0/arguments/2", "{'command':1}", "at steps/0/arguments/2: a text or"},
      {"steps/0/arguments/2", "7", "at steps/0/arguments/2: a text is needed"},
      {"steps/2/arguments/0", "{'command':true}", "at steps/2: the command is marked a second"},
      {"steps/0/environment/0", "['A']", "at steps/0/environment/0: a pair"},
      {"steps/0/environment/0", "['A=B','c']", "holds '='"},
      {"steps/0/environment/1", "['PATH','x']", "PATH is there twice"},
      {"steps/0/environment/0", "['LD_PRELOAD','x']", "LD_PRELOAD would steer the program itself"},
      {"steps/0/files/0/kind", "'pipe'", "at steps/0/files/0/kind: this host does not know"},
      {"steps/0/files/0/base64", "'!'", "at steps/0/files/0/base64: this is no base64"},
      {"steps/0/files/0/base64", NULL, "at steps/0/files/0/base64: a text is needed"},
      {"steps/0/files/0/description", NULL, "at steps/0/files/0/description: a text"},
      {"steps/0/files/1/secret", "true", "does not know the word \"secret\""},
      {"steps/0/files/1/kind", "'gate'", "at steps/0/files/2: there is one of this kind already"},
      {"steps/0/files", "[{'kind':'gate'}]", "at locate: the front has no status descriptor"},
      {"steps/2/files", "[{'kind':'gate'}]", "at steps/2/files/0: only the front"},
      {"steps/0/time_limit", "5", "at steps/0: the front has no time limit"},
      {"steps/2/time_limit", "-1", "at steps/2/time_limit: a whole number from 0"},
      {"steps/2/time_limit", "1.5", "at steps/2/time_limit: a whole number"},
      {"steps/2/capture", "65537", "at steps/2/capture: a whole number from 0 to 65536"},
      {"steps/2/if_failed", "'nobody'", "at steps/2/if_failed: there is no step \"nobody\""},
      {"steps/2/if_failed", "'remove'", "does not come earlier"},
      {"steps/0/if_failed", "'create'", "at steps/0/if_failed: the front always runs"},
      {"steps/2/retries", "5", "at steps/2: this host does not know the word \"retries\""},
      {"variables", "[]", "at variables: it does not say how KEY reaches"},
      {"variables/1", "{'name':'KEY','way':'file'}", "at variables/1: KEY is named twice"},
      {"variables/1", "{'name':'NEW','way':'file'}", "the request has no variable of this name"},
      {"variables/0/way", "'mail'", "at variables/0: this host does not know the word \"mail\""},
      {"variables/0/way", "'front'", "KEY would become a variable of the program outside"},
      {"variables/0/way", "'flag'", "the value of KEY would stand on a command line"},
      {"variables/0/way", "'name'", "no step holds KEY"},
      {"locate/from", "'guess'", "at locate/from: this host does not know"},
      {"locate/member", NULL, "at locate/member: it belongs to \"status\""},
      {"locate/member", "'a/b'", "at locate/member: a short name"},
      {"locate/children", "17", "at locate/children: a whole number from 0 to 16"},
      {"locate", "{'from':'output','step':'create'}", "is not of the phase \"locate\""},
      {"locate", "{'from':'remote'}", "at locate: the gate waits for a process"},
      {"limits/0/limit", "'luck'", "at limits/0: this host does not know"},
      {"limits/0/verdict", "'maybe'", "at limits/0: this host does not know"},
      {"limits/1", "{'limit':'memory','verdict':'host'}", "this limit is named twice"},
      {"limits/1", "{'limit':'cpu','verdict':'none'}", "at limits/1/text: say what is missing"},
      {"stop/0", "{'close_stdin':false}", "at stop/0: one of close_stdin"},
      {"stop/0", "{'wait':1,'step':'ask'}", "at stop/0: one of close_stdin"},
      {"stop/1/wait", "60001", "at stop/1/wait: a whole number from 0 to 60000"},
      {"stop/4", "{'wait':59999}", "at stop/4: all waits together"},
      {"stop/2/signal", "65", "at stop/2/signal: a whole number from 1 to 64"},
      {"stop/2/target", "'world'", "at stop/2/target: this host does not know"},
      {"stop/3/step", "'create'", "is not of the phase \"stop\""},
      {"keep/0", "['a','b','c']", "at keep/0: a pair"},
      {"weakens/0/why", "'x'", "does not know the word \"why\""},
      {"facts", "7", "at facts: a list"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct draft draft = whole_draft();
    CLEANUP_ERROR struct error *error = NULL;
    put(draft.message, cases[i].path, cases[i].json);
    CLEANUP_PLAN struct plan *plan = draft_try(&draft, &error);
    if (plan != NULL)
      fail_msg("accepted: %s = %s", cases[i].path, cases[i].json);
    if (strstr(error->message, cases[i].said) == NULL)
      fail_msg("%s = %s: \"%s\" instead of \"%s\"", cases[i].path, cases[i].json, error->message,
               cases[i].said);
    assert_string_equal(error->code, "plan-refused");
    assert_int_equal(error->kind, ERROR_SANDBOX);
    assert_null(strstr(error->message, "swordfish"));
    draft_free(&draft);
  }
}

static void test_server_environment_is_checked(void **state)
{
  (void)state;
  static const struct {
    const char *path;
    const char *json;
  } cases[] = {{"steps/0/environment/1", "['MORE','x']"},
               {"steps/0/environment/0", "['KEY','other']"},
               {"variables/0/way", "'file'"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct draft draft = draft_bare("/bin/true", NULL);
    draft_variable(&draft, "KEY", "swordfish", "front");
    put(draft.message, cases[i].path, cases[i].json);
    assert_null(draft_try(&draft, NULL));
    draft_free(&draft);
  }
  /* The server's own linker is the server's own business. */
  struct draft draft = draft_bare("/bin/true", NULL);
  draft_variable(&draft, "LD_PRELOAD", "libx.so", "front");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  assert_non_null(plan);
  draft = draft_bare("true", NULL);
  CLEANUP_ERROR struct error *error = NULL;
  assert_null(draft_try(&draft, &error));
  assert_non_null(strstr(error->message, "absolute \"command_path\""));
  draft_free(&draft);
}

static void test_variables_by_flag_and_name(void **state)
{
  (void)state;
  struct draft draft = draft_new("serve", NULL);
  json_t *front =
      draft_step(&draft, "front", "run", "/usr/bin/engine", "--env", "KEY", DRAFT_COMMAND, NULL);
  draft_variable(&draft, "KEY", "swordfish", "name");
  draft_variable(&draft, "HOME", "/home/mcp", "flag");
  json_object_set_new(draft.request, "host_variables", fixture_json("['HOME']"));
  json_array_append_new(json_object_get(front, "environment"),
                        json_pack("[s,s]", "KEY", "swordfish"));
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  assert_true(plan->variables[1].host);
  assert_false(plan->variables[0].host);
}

static void test_teardown(void **state)
{
  (void)state;
  struct draft draft = draft_new("x", NULL);
  draft_step(&draft, "remove", "rm", "/usr/bin/engine", "rm", "-f", "name", NULL);
  struct plan *plan = NULL;
  assert_int_equal(plan_parse_teardown(draft.message, &plan, NULL), 0);
  assert_null(plan_front(plan));
  assert_int_equal(plan->step_count, 1);
  plan_free(&plan);
  draft_step(&draft, "before", "create", "/usr/bin/engine", NULL);
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(plan_parse_teardown(draft.message, &plan, &error), -1);
  assert_non_null(strstr(error->message, "at steps/1: a teardown"));
  draft_free(&draft);
}

/* --- limits --- */

static void test_limits(void **state)
{
  (void)state;
  const char *const accept[] = {"cpu_limit", NULL};
  struct draft draft = draft_bare("/bin/true", NULL);
  draft_limit(&draft, "open_files", 100, true, "host");
  draft_limit(&draft, "file_size", 100, true, "engine");
  draft_limit(&draft, "memory", 100, true, "host");
  draft_limit(&draft, "cpu", 500, true, "host");
  draft_limit(&draft, "pids", 10, false, "host");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  CLEANUP_ERROR struct error *error = NULL;
  const char *text;
  assert_int_equal(plan_limit_state(plan, PLAN_OPEN_FILES, &text), PLAN_BY_HOST);
  assert_string_equal(text, "RLIMIT_NOFILE");
  assert_int_equal(plan_limit_state(plan, PLAN_FILE_SIZE, NULL), PLAN_BY_ENGINE);
  assert_int_equal(plan_limit_state(plan, PLAN_MEMORY, &text), PLAN_PARTIAL);
  assert_int_equal(plan_limit_state(plan, PLAN_CPU, &text), PLAN_NOT);
  /* Not behind a gate: everything of the account would count. */
  assert_int_equal(plan_limit_state(plan, PLAN_PIDS, &text), PLAN_NOT);
  assert_int_equal(plan_check_limits(plan, accept, &error), -1);
  assert_string_equal(error->code, "limit-not-enforced");
  assert_non_null(strstr(error->message, "memory_limit holds in part only: each process"));
  assert_null(strstr(error->message, "cpu_limit"));
  assert_null(strstr(error->message, "pids_limit"));
  assert_non_null(strstr(error->hint, "\"accept_partial\": [\"cpu_limit\", \"memory_limit\"]"));
  const char *const accept_both[] = {"cpu_limit", "memory_limit", NULL};
  assert_int_equal(plan_check_limits(plan, accept_both, NULL), 0);
}

static void test_limits_by_gate_and_silence(void **state)
{
  (void)state;
  struct draft draft = whole_draft();
  draft_limit(&draft, "pids", 10, true, "host");
  draft_limit(&draft, "cpu", 10, true, NULL);
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  const char *text;
  assert_int_equal(plan_limit_state(plan, PLAN_PIDS, &text), PLAN_BY_HOST);
  assert_int_equal(plan_limit_state(plan, PLAN_CPU, &text), PLAN_NOT);
  assert_string_equal(text, "the strategy says nothing about it");
  assert_int_equal((int)plan_limit_state(plan, PLAN_FILE_SIZE, &text), 0);
}

/* --- explain --- */

static char *explained(const struct plan *plan)
{
  struct buffer out = {0};
  assert_int_equal(plan_explain(plan, &out, NULL), 0);
  return buffer_steal(&out);
}

static void test_explain_masks(void **state)
{
  (void)state;
  struct draft draft = draft_new("serve", "--token=swordfish-\"x\"", "yes", "7x7", NULL);
  json_t *front =
      draft_step(&draft, "front", "run", "/usr/bin/engine", "swordfish", DRAFT_COMMAND, NULL);
  draft_file(front, "open", "A\0swordfish\0B=7\n", 16, false);
  draft_file(front, "closed", "other secret swordfish", 22, true);
  draft_variable(&draft, "KEY", "swordfish", "file");
  draft_variable(&draft, "LONGER", "swordfish-\"x\"", "file");
  draft_variable(&draft, "PIN", "7", "file");
  draft_variable(&draft, "odd.name", "xyzzy", "file");
  draft_variable(&draft, "HOME", "/usr/bin", "file");
  json_object_set_new(draft.request, "host_variables", fixture_json("['HOME']"));
  draft_set(&draft, "facts", "[['bind.writable','/srv/swordfish/xyzzy']]");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  assert_int_equal(plan_hide(plan, "OUTER", "yes", NULL), 0);
  CLEANUP_FREE char *script = explained(plan);
  json_t *json = plan_explain_json(plan);
  CLEANUP_FREE char *dumped = json_dumps(json, JSON_ENSURE_ASCII);
  json_decref(json);
  const char *const texts[] = {script, dumped};
  for (size_t i = 0; i < 2; i++) {
    assert_null(strstr(texts[i], "swordfish"));
    assert_null(strstr(texts[i], "xyzzy"));
    assert_null(strstr(texts[i], "other secret"));
    assert_non_null(strstr(texts[i], "/usr/bin/engine"));
    assert_non_null(strstr(texts[i], "7x7"));
  }
  assert_non_null(strstr(script, "--token=\"$LONGER\" \"$OUTER\" 7x7"));
  assert_non_null(strstr(script, "printf 'A\\000%s\\000B=%s\\012' \"$KEY\" \"$PIN\""));
  assert_non_null(strstr(script, "/srv/$KEY/$VALUE_3"));
  assert_non_null(strstr(script, "# closed\n: \"${FILE_run_4:?"));
  assert_non_null(strstr(script, ": \"${OUTER?}\"\n"));
  assert_non_null(strstr(dumped, "--token=$LONGER"));
}

/* Runs a script with these variables; returns what it prints. */
static char *run_script(const char *script, const char *variables)
{
  char path[] = "/tmp/test-plan-XXXXXX";
  CLEANUP_FREE char *command = NULL;
  CLEANUP_CLOSE int file = mkstemp(path);
  assert_true(file >= 0);
  assert_true(write(file, script, strlen(script)) == (ssize_t)strlen(script));
  assert_true(asprintf(&command, "%s $(head -n 1 %s | cut -c 3-) %s 2>&1", variables, path, path) >
              0);
  FILE *stream = popen(command, "r");
  struct buffer out = {0};
  char block[512];
  size_t got;
  while ((got = fread(block, 1, sizeof block, stream)) > 0)
    buffer_append(&out, block, got);
  buffer_append_format(&out, "rc %d\n", WEXITSTATUS(pclose(stream)));
  unlink(path);
  return buffer_steal(&out);
}

static void test_explain_runs(void **state)
{
  (void)state;
  struct draft draft = draft_new("/bin/echo", "it's", "a \t'q' $KEY", "", NULL);
  json_t *front = draft_step(&draft, "front", "run", "/bin/sh", "-c",
                             "cat <&3; cat <&4; \"$@\"; env", "sh", DRAFT_COMMAND, NULL);
  draft_file(front, "the key", "key: swordfish 100%\\\n", 21, false);
  draft_file(front, "a secret", "secret", 6, true);
  draft_variable(&draft, "KEY", "swordfish", "file");
  draft_step(&draft, "before", "first", "/bin/echo", "before", NULL);
  draft_step(&draft, "after", "then", "/bin/sh", "-c", "echo after; exit 2", NULL);
  json_t *rescue = draft_step(&draft, "remove", "rescue", "/bin/echo", "never", NULL);
  json_object_set_new(rescue, "if_failed", json_string("first"));
  draft_step(&draft, "remove", "remove", "/bin/echo", "removed", NULL);
  draft_limit(&draft, "open_files", 77, true, "host");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  CLEANUP_FREE char *script = explained(plan);
  CLEANUP_FREE char *printed =
      run_script(script, "KEY=swordfish FILE_run_4=/proc/sys/kernel/ostype");
  assert_string_equal(printed, "before\nkey: swordfish 100%\\\nLinux\nit's a \t'q' $KEY \n"
                               "PATH=/usr/bin:/bin\nPWD=/\nafter\nremoved\nrc 0\n");
  CLEANUP_FREE char *unset = run_script(script, "env -u KEY");
  assert_null(strstr(unset, "before"));
}

static void test_explain_runs_with_a_gate(void **state)
{
  (void)state;
  struct draft draft = draft_new("/bin/sh", "-c", "ulimit -n; cat", NULL);
  json_t *front = draft_step(&draft, "front", "run", "/bin/sh", "-c",
                             "exec 9<&0; (head -c 1 <&3 >/dev/null; exec \"$@\" 3<&- 4>&-) <&9 &\n"
                             "echo \"{\\\"pid\\\": $!}\" >&4; exec 4>&-; wait",
                             "sh", DRAFT_COMMAND, NULL);
  draft_descriptor(front, "gate");
  draft_descriptor(front, "status");
  for (int i = 0; i < 8; i++) /* more than sh has one-digit descriptors */
    draft_file(front, "filler", "x", 1, false);
  draft_set(&draft, "locate", "{'from':'status','member':'pid'}");
  draft_limit(&draft, "open_files", 77, true, "host");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  CLEANUP_FREE char *script = explained(plan);
  CLEANUP_FREE char *printed = run_script(script, "echo input |");
  assert_string_equal(printed, "77\ninput\nrc 0\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole_vocabulary),
      cmocka_unit_test(test_directory_of_the_server),
      cmocka_unit_test(test_mark_before_the_front),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_server_environment_is_checked),
      cmocka_unit_test(test_variables_by_flag_and_name),
      cmocka_unit_test(test_teardown),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_limits_by_gate_and_silence),
      cmocka_unit_test(test_explain_masks),
      cmocka_unit_test(test_explain_runs),
      cmocka_unit_test(test_explain_runs_with_a_gate),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

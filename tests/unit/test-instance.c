/* SPDX-License-Identifier: Apache-2.0 */
/* The router's side of a keeper: events, stderr, endings, and deaths at any moment. */
#include "core/sandbox/instance.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/os/process.h"
#include "tests/unit/plan-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[200];

struct watch {
  uv_loop_t *loop;
  struct instance *instance;
  int input;
  int output;
  bool started;
  pid_t located;
  bool ended;
  bool was_started;
  json_t *ending;
  char *text;
  char *error; /* code and message */
  bool stop_at_start;
};

static void on_started(void *data, pid_t located)
{
  struct watch *watch = data;
  assert_false(watch->started || watch->ended);
  watch->started = true;
  watch->located = located;
  if (watch->stop_at_start)
    instance_stop(watch->instance);
}

static void on_ended(void *data, const struct instance_ending *ending, const struct error *error)
{
  struct watch *watch = data;
  assert_false(watch->ended);
  watch->ended = true;
  watch->was_started = ending->started;
  watch->ending = json_deep_copy(ending->ending);
  watch->text = strdup(ending->text);
  if (error != NULL)
    assert_true(asprintf(&watch->error, "%s: %s", error->code, error->message) > 0);
}

static struct instance *start(struct watch *watch, uv_loop_t *loop, struct plan *plan,
                              unsigned milliseconds)
{
  static const struct instance_events events = {.started = on_started, .ended = on_ended};
  struct instance_settings settings = {.keeper_program = fixture_keeper(),
                                       .server = "server",
                                       .user = getuid(),
                                       .group = getgid(),
                                       .start_milliseconds = milliseconds};
  CLEANUP_ERROR struct error *error = NULL;
  memset(watch, 0, sizeof *watch);
  watch->loop = loop;
  watch->input = watch->output = -1;
  watch->instance =
      instance_start(loop, plan, &settings, &events, watch, &watch->input, &watch->output, &error);
  if (watch->instance == NULL)
    fail_msg("not started: %s", error->message);
  plan_free(&plan);
  return watch->instance;
}

static void on_patience(uv_timer_t *timer)
{
  *(bool *)timer->data = true;
}

/* Runs the loop until *done. */
static void run_until(struct watch *watch, const bool *done)
{
  bool late = false;
  uv_timer_t timer = {.data = NULL};
  uv_timer_init(watch->loop, &timer);
  timer.data = &late;
  uv_timer_start(&timer, on_patience, PATIENCE, 0);
  while (!*done && !late)
    uv_run(watch->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(watch->loop, UV_RUN_NOWAIT);
  assert_false(late);
}

static void close_ends(struct watch *watch)
{
  if (watch->input >= 0)
    close(watch->input);
  if (watch->output >= 0)
    close(watch->output);
  watch->input = watch->output = -1;
}

/* Frees it, and checks that neither handle nor process is left. */
static void release(struct watch *watch)
{
  close_ends(watch);
  json_decref(watch->ending);
  free(watch->text);
  free(watch->error);
  while (uv_run(watch->loop, UV_RUN_NOWAIT) != 0)
    continue;
  assert_false(uv_loop_alive(watch->loop));
  assert_true(fixture_nothing_left());
}

static char *read_all(int descriptor)
{
  struct buffer out = {0};
  char block[4096];
  ssize_t got;
  while ((got = read(descriptor, block, sizeof block)) > 0)
    buffer_append(&out, block, (size_t)got);
  return buffer_steal(&out);
}

static struct draft script(const char *text)
{
  struct draft draft = draft_bare("/bin/sh", "-c", text, scratch, NULL);
  draft_variable(&draft, "PATH", "/usr/bin:/bin", "front");
  return draft;
}

static bool exists(const char *name)
{
  char path[300];
  snprintf(path, sizeof path, "%s/%s", scratch, name);
  return access(path, F_OK) == 0;
}

static const char *text_of(json_t *object, const char *member)
{
  return json_string_value(json_object_get(object, member));
}

static long long number_of(json_t *object, const char *member)
{
  return (long long)json_integer_value(json_object_get(object, member));
}

/* --- an ordinary life --- */

static void test_a_whole_life(void **state)
{
  struct watch watch;
  struct draft draft = script("echo oops >&2; cat; exit 3");
  start(&watch, *state, draft_plan(&draft), 0);
  assert_true(instance_keeper(watch.instance) > 0);
  assert_int_equal(fcntl(watch.input, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  assert_int_equal(fcntl(watch.output, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  run_until(&watch, &watch.started);
  assert_true(watch.located > 0);
  assert_true(write(watch.input, "hello\n", 6) == 6);
  close(watch.input);
  watch.input = -1;
  run_until(&watch, &watch.ended);
  CLEANUP_FREE char *printed = read_all(watch.output);
  assert_string_equal(printed, "hello\n");
  assert_null(watch.error);
  assert_string_equal(watch.text, "the server ended with exit code 3");
  assert_int_equal(number_of(watch.ending, "exit_code"), 3);
  assert_int_equal(number_of(watch.ending, "signal"), 0);
  assert_true(json_is_false(json_object_get(watch.ending, "asked")));
  assert_string_equal(text_of(watch.ending, "errors"), "oops\n");
  assert_true(watch.was_started);
  release(&watch);
}

static void test_stop(void **state)
{
  struct watch watch;
  struct draft draft = script("trap '' TERM; while :; do sleep 0.05; done");
  draft_set(&draft, "stop",
            "[{'close_stdin':true},{'wait':50},{'signal':15,'target':'tree'},{'wait':50}]");
  start(&watch, *state, draft_plan(&draft), 0);
  watch.stop_at_start = true;
  run_until(&watch, &watch.ended);
  assert_null(watch.error);
  assert_string_equal(watch.text, "the server was ended by SIGKILL");
  assert_int_equal(number_of(watch.ending, "exit_code"), -1);
  assert_int_equal(number_of(watch.ending, "signal"), SIGKILL);
  assert_true(json_is_true(json_object_get(watch.ending, "asked")));
  release(&watch);
}

static void test_stop_at_once(void **state)
{
  struct watch watch;
  struct draft draft = script("while :; do sleep 0.05; done");
  start(&watch, *state, draft_plan(&draft), 0);
  instance_stop(watch.instance);
  instance_stop(watch.instance);
  run_until(&watch, &watch.ended);
  assert_null(watch.error);
  release(&watch);
}

static void test_status_and_outputs(void **state)
{
  struct watch watch;
  struct draft draft = draft_new("/bin/true", NULL);
  json_t *front = draft_step(&draft, "front", "front", "/bin/sh", "-c",
                             "printf '{\"exit-code\":0}\\n\\377\\000x\\n' >&3; \"$@\"", "sh",
                             DRAFT_COMMAND, NULL);
  draft_descriptor(front, "status");
  json_t *after =
      draft_step(&draft, "after", "inspect", "/bin/sh", "-c", "echo true; exit 4", NULL);
  json_object_set_new(after, "capture", json_integer(100));
  start(&watch, *state, draft_plan(&draft), 0);
  run_until(&watch, &watch.ended);
  assert_null(watch.error);
  json_t *status = json_object_get(watch.ending, "status");
  assert_int_equal(json_array_size(status), 2);
  assert_string_equal(json_string_value(json_array_get(status, 0)), "{\"exit-code\":0}");
  assert_string_equal(json_string_value(json_array_get(status, 1)), "\xef\xbf\xbdx");
  json_t *output = json_array_get(json_object_get(watch.ending, "outputs"), 0);
  assert_string_equal(text_of(output, "step"), "inspect");
  assert_string_equal(text_of(output, "text"), "true\n");
  assert_int_equal(number_of(output, "exit_code"), 4);
  release(&watch);
}

/* --- starts that fail --- */

static void test_failed_step(void **state)
{
  struct watch watch;
  struct draft draft = draft_new("/bin/true", NULL);
  draft_step(&draft, "before", "create", "/bin/sh", "-c", "echo 'no \033[1mimage' >&2; exit 125",
             NULL);
  draft_step(&draft, "front", "front", "/usr/bin/env", DRAFT_COMMAND, NULL);
  draft_step(&draft, "remove", "remove", "/bin/sh", "-c", "exit 5", NULL);
  start(&watch, *state, draft_plan(&draft), 0);
  run_until(&watch, &watch.ended);
  assert_string_equal(
      watch.error, "start-failed: the step \"create\" ended with exit code 125: no \\x1b[1mimage;"
                   " the step \"remove\" ended with exit code 5");
  assert_string_equal(watch.text, "the server was not started");
  assert_string_equal(text_of(watch.ending, "failed_step"), "create");
  assert_false(watch.started || watch.was_started);
  release(&watch);
}

static void test_missing_program(void **state)
{
  struct watch watch;
  struct draft draft = draft_bare("/nonexistent/program", NULL);
  start(&watch, *state, draft_plan(&draft), 0);
  run_until(&watch, &watch.ended);
  assert_string_equal(watch.error,
                      "start-failed: the step \"server\" did not run: the program could "
                      "not be executed: No such file or directory");
  release(&watch);
}

static void test_front_that_never_starts_it(void **state)
{
  struct watch watch;
  struct draft draft = draft_new("/bin/true", NULL);
  json_t *front = draft_step(&draft, "front", "front", "/bin/sh", "-c",
                             "echo no user namespace >&2;"
                             "exit 1",
                             "sh", DRAFT_COMMAND, NULL);
  draft_descriptor(front, "status");
  draft_set(&draft, "locate", "{'from':'status','member':'pid'}");
  start(&watch, *state, draft_plan(&draft), 0);
  run_until(&watch, &watch.ended);
  assert_string_equal(watch.error,
                      "start-failed: the sandbox ended with exit code 1 before the server ran");
  assert_string_equal(text_of(watch.ending, "errors"), "no user namespace\n");
  assert_int_equal(number_of(watch.ending, "exit_code"), 1);
  release(&watch);
}

static void test_start_takes_too_long(void **state)
{
  struct watch watch;
  struct draft draft = draft_new("/bin/true", NULL);
  json_t *front = draft_step(&draft, "front", "front", "/bin/sh", "-c", "sleep 1000; true", "sh",
                             DRAFT_COMMAND, NULL);
  draft_descriptor(front, "status");
  draft_set(&draft, "locate", "{'from':'status','member':'pid'}");
  start(&watch, *state, draft_plan(&draft), 100);
  run_until(&watch, &watch.ended);
  assert_string_equal(watch.error, "start-too-slow: it did not start within 100 milliseconds");
  release(&watch);
}

static void test_missing_keeper(void **state)
{
  struct draft draft = script("true");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  struct instance_settings settings = {.keeper_program = "/nonexistent/keeper", .server = "server"};
  struct instance_events events = {.started = on_started, .ended = on_ended};
  CLEANUP_ERROR struct error *error = NULL;
  struct watch watch = {.loop = *state, .input = -1, .output = -1};
  assert_null(instance_start(*state, plan, &settings, &events, &watch, &watch.input, &watch.output,
                             &error));
  assert_non_null(strstr(error->message, "/nonexistent/keeper"));
  assert_int_equal(watch.input, -1);
  release(&watch);
}

/* --- stderr --- */

static void test_stderr_goes_to_the_log(void **state)
{
  char path[300];
  snprintf(path, sizeof path, "%s/log", scratch);
  CLEANUP_CLOSE int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  log_open(file, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
  struct watch watch;
  struct draft draft =
      script("printf 'a\\033[2Jb\\r\\nlast' >&2; i=0; while test $i -lt 1000; do echo $i >&2; "
             "i=$((i+1)); done; head -c 100000 /dev/zero | tr '\\0' x >&2; echo >&2; exit 0");
  start(&watch, *state, draft_plan(&draft), 0);
  run_until(&watch, &watch.ended);
  log_open(2, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
  lseek(file, 0, SEEK_SET);
  CLEANUP_FREE char *text = read_all(file);
  assert_non_null(strstr(text, "Z info [server] a\\x1b[2Jb\n"));
  assert_non_null(strstr(text, "Z info [server] last0\n"));
  assert_non_null(strstr(text, " lines of its stderr were left out\n"));
  assert_true(strlen(text) < 100000);
  assert_int_equal(strlen(text_of(watch.ending, "errors")), 4096);
  release(&watch);
}

/* A log that nobody reads, or that is closed, stops neither router nor server. */
static void test_full_log(void **state)
{
  for (int closed = 0; closed < 2; closed++) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    if (closed)
      close(ends[0]);
    log_open(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    uint64_t before = log_dropped();
    struct watch watch;
    struct draft draft =
        script("head -c 10000000 /dev/zero | tr '\\0' '\\n' | sed 's/$/yyyyyyyy/' |"
               "head -c 10000000 >&2; echo done");
    for (int i = 0; i < 2000; i++)
      log_write(LOG_LEVEL_INFO, NULL, "filling the pipe with this line");
    start(&watch, *state, draft_plan(&draft), 0);
    run_until(&watch, &watch.ended);
    assert_null(watch.error);
    assert_int_equal(number_of(watch.ending, "exit_code"), 0);
    CLEANUP_FREE char *printed = read_all(watch.output);
    assert_string_equal(printed, "done\n");
    assert_true(log_dropped() > before);
    log_open(2, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    release(&watch);
    close(ends[1]);
    if (!closed)
      close(ends[0]);
  }
}

static void test_protocol_seen(void **state)
{
  struct watch watch;
  struct draft draft = script("echo early >&2; read x; echo late >&2");
  start(&watch, *state, draft_plan(&draft), 0);
  run_until(&watch, &watch.started);
  bool never = false;
  for (int i = 0; i < 20 && !never; i++) {
    uv_run(*state, UV_RUN_NOWAIT);
    fixture_sleep(10);
  }
  instance_protocol_seen(watch.instance);
  assert_true(write(watch.input, "x\n", 2) == 2);
  run_until(&watch, &watch.ended);
  assert_null(strstr(text_of(watch.ending, "errors"), "late"));
  release(&watch);
}

/* --- deaths --- */

static struct draft stubborn(void)
{
  struct draft draft = script("trap '' TERM HUP; setsid sh -c 'trap \"\" TERM; sleep 1000' & "
                              "(setsid sleep 1000 &); touch $0/runs; while :; do sleep 0.02; done");
  draft_set(&draft, "stop",
            "[{'close_stdin':true},{'wait':200},{'signal':15,'target':'tree'},{'wait':200}]");
  return draft;
}

static void test_death_of_the_keeper(void **state)
{
  char path[300];
  snprintf(path, sizeof path, "%s/runs", scratch);
  struct watch other;
  struct draft draft = script("cat; echo still here");
  start(&other, *state, draft_plan(&draft), 0);
  run_until(&other, &other.started);
  for (int round = 0; round < 4; round++) {
    struct watch watch;
    unlink(path);
    draft = stubborn();
    draft_step(&draft, "remove", "remove", "/bin/sh", "-c", "touch $0/removed", scratch, NULL);
    start(&watch, *state, draft_plan(&draft), 0);
    if (round > 0)
      run_until(&watch, &watch.started);
    for (int64_t end = fixture_now() + PATIENCE; round > 1 && !exists("runs");) {
      uv_run(*state, UV_RUN_NOWAIT);
      assert_true(fixture_now() < end);
    }
    kill(instance_keeper(watch.instance), SIGKILL);
    run_until(&watch, &watch.ended);
    assert_string_equal(
        watch.error,
        "keeper-died: its keeper died by signal 9; everything that it had started was ended");
    assert_true(exists("removed"));
    snprintf(path, sizeof path, "%s/removed", scratch);
    unlink(path);
    snprintf(path, sizeof path, "%s/runs", scratch);
    /* Only the other server's keeper may be left. */
    pid_t pids[4];
    assert_int_equal(os_children(getpid(), pids, 4), 1);
    assert_int_equal(pids[0], instance_keeper(other.instance));
    close_ends(&watch);
    json_decref(watch.ending);
    free(watch.text);
    free(watch.error);
  }
  close(other.input);
  other.input = -1;
  run_until(&other, &other.ended);
  CLEANUP_FREE char *printed = read_all(other.output);
  assert_string_equal(printed, "still here\n");
  release(&other);
}

/* A gate, behind which the server looks at its limits. */
static struct draft gated(void)
{
  struct draft draft = draft_new(
      "/bin/sh", "-c", "test $(ulimit -n) = 50 || touch $0/unlimited; touch $0/limited; sleep 1000",
      scratch, NULL);
  json_t *front = draft_step(&draft, "front", "front", "/bin/sh", "-c",
                             "(head -c 1 <&3 >/dev/null; exec \"$@\" 3<&- 4>&-) &\n"
                             "echo \"{\\\"pid\\\":$!}\" >&4; wait",
                             "sh", DRAFT_COMMAND, NULL);
  draft_descriptor(front, "gate");
  draft_descriptor(front, "status");
  draft_set(&draft, "locate", "{'from':'status','member':'pid'}");
  draft_limit(&draft, "open_files", 50, true, "host");
  return draft;
}

static void be_a_router(void)
{
  uv_loop_t loop;
  struct watch watches[6];
  uv_loop_init(&loop);
  if (instance_prepare_process(NULL) < 0)
    _exit(1);
  for (int i = 0; i < 6; i++) {
    struct draft draft = i % 2 == 0 ? stubborn() : gated();
    start(&watches[i], &loop, draft_plan(&draft), 0);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  _exit(0);
}

static void test_death_of_the_router(void **state)
{
  (void)state;
  unsigned seed = (unsigned)getpid();
  for (int round = 0; round < 10; round++) {
    pid_t router = fork();
    if (router == 0)
      be_a_router();
    assert_true(router > 0);
    fixture_sleep(1 + rand_r(&seed) % (round < 8 ? 80 : 400));
    kill(router, SIGKILL);
    /* Orphans come to this process: when it has no child any more, nothing is left. */
    assert_true(fixture_nothing_left());
    assert_false(exists("unlimited"));
  }
}

/* Router and keepers at once: whoever is behind a gate must still not be let go without limits. */
static void test_death_of_the_keeper_at_the_gate(void **state)
{
  unsigned seed = (unsigned)getpid();
  for (int round = 0; round < 10; round++) {
    struct watch watch;
    struct draft draft = gated();
    start(&watch, *state, draft_plan(&draft), 0);
    int64_t end = fixture_now() + rand_r(&seed) % 40;
    while (fixture_now() < end && !watch.ended)
      uv_run(*state, UV_RUN_NOWAIT);
    if (!watch.ended)
      kill(instance_keeper(watch.instance), SIGKILL);
    run_until(&watch, &watch.ended);
    assert_non_null(watch.error);
    assert_false(exists("unlimited"));
    release(&watch);
  }
}

static int set_up(void **state)
{
  static uv_loop_t loop;
  const char *folder = getenv("TMPDIR");
  snprintf(scratch, sizeof scratch, "%s/instance-XXXXXX", folder == NULL ? "/tmp" : folder);
  assert_non_null(mkdtemp(scratch));
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(instance_prepare_process(NULL), 0);
  signal(SIGPIPE, SIG_IGN);
  *state = &loop;
  return 0;
}

static int tear_down(void **state)
{
  char command[256];
  log_close();
  snprintf(command, sizeof command, "rm -rf '%s'", scratch);
  return uv_loop_close(*state) | system(command);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_whole_life),
      cmocka_unit_test(test_stop),
      cmocka_unit_test(test_stop_at_once),
      cmocka_unit_test(test_status_and_outputs),
      cmocka_unit_test(test_failed_step),
      cmocka_unit_test(test_missing_program),
      cmocka_unit_test(test_front_that_never_starts_it),
      cmocka_unit_test(test_start_takes_too_long),
      cmocka_unit_test(test_missing_keeper),
      cmocka_unit_test(test_stderr_goes_to_the_log),
      cmocka_unit_test(test_full_log),
      cmocka_unit_test(test_protocol_seen),
      cmocka_unit_test(test_death_of_the_keeper),
      cmocka_unit_test(test_death_of_the_router),
      cmocka_unit_test(test_death_of_the_keeper_at_the_gate),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}

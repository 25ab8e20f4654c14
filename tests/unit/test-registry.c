/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins through the registry and real workers: what they answer, and each way to misbehave. */
#include "core/plugin/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/os/numbers.h"
#include "core/os/process.h"

enum { CALL_MILLISECONDS = 30000, SHORT_MILLISECONDS = 1000 };

struct house {
  uv_loop_t loop;
  struct registry *registry;
  char directory[256]; /* of the plugins */
  int waiting;
  json_t *answer;
  char *code;
  char *message;
  char *hint;
};

static char program[512];
static char zoo[512];

static void copy_plugin(const char *name, const char *directory)
{
  char source[1024];
  char target[1024];
  snprintf(source, sizeof source, "%s/%s.so", zoo, name);
  snprintf(target, sizeof target, "%s/%s.so", directory, name);
  CLEANUP_CLOSE int from = open(source, O_RDONLY | O_CLOEXEC);
  CLEANUP_CLOSE int to = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  assert_true(from >= 0 && to >= 0);
  char bytes[65536];
  for (ssize_t length; (length = read(from, bytes, sizeof bytes)) > 0;)
    assert_int_equal(write(to, bytes, (size_t)length), length);
  assert_int_equal(fchmod(to, 0644), 0);
}

/* What the host file says for the plugins of the houses that are opened next; NULL: nothing. */
static json_t *host_options;

static void open_with_account(struct house *house, const char *plugin, unsigned milliseconds,
                              const struct passwd *account)
{
  const char *place = getenv("TMPDIR");
  memset(house, 0, sizeof *house);
  snprintf(house->directory, sizeof house->directory, "%s/plugins-XXXXXX",
           place == NULL ? "/tmp" : place);
  assert_non_null(mkdtemp(house->directory));
  assert_int_equal(chmod(house->directory, 0755), 0);
  if (plugin != NULL) {
    copy_plugin("good", house->directory);
    copy_plugin(plugin, house->directory);
  }
  assert_int_equal(uv_loop_init(&house->loop), 0);
  const char *const directories[] = {house->directory, "/nonexistent", house->directory, NULL};
  struct registry_settings settings = {.directories = directories,
                                       .worker_program = program,
                                       .call_milliseconds = milliseconds,
                                       .host_options = host_options};
  if (account != NULL) {
    settings.account_name = account->pw_name;
    settings.account_user = account->pw_uid;
    settings.account_group = account->pw_gid;
  }
  house->registry = registry_new(&house->loop, &settings, NULL);
  assert_non_null(house->registry);
}

static void open_house(struct house *house, const char *plugin)
{
  open_with_account(house, plugin, CALL_MILLISECONDS, NULL);
}

static void forget(struct house *house)
{
  json_decref(house->answer);
  free(house->code);
  free(house->message);
  free(house->hint);
  house->answer = NULL;
  house->code = house->message = house->hint = NULL;
}

static void on_closed(void *data)
{
  struct house *house = data;
  house->registry = NULL;
}

static void close_house(struct house *house)
{
  registry_close(house->registry, on_closed, house);
  uv_run(&house->loop, UV_RUN_DEFAULT);
  assert_null(house->registry);
  assert_int_equal(uv_loop_close(&house->loop), 0);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  forget(house);
}

static char *copy_or_null(const char *text)
{
  return text == NULL ? NULL : strdup(text);
}

static void on_answer(void *data, json_t *answer, const struct error *error)
{
  struct house *house = data;
  assert_true((answer == NULL) != (error == NULL));
  house->waiting--;
  forget(house);
  house->answer = json_incref(answer);
  if (error != NULL) {
    house->code = copy_or_null(error->code);
    house->message = copy_or_null(error->message);
    house->hint = copy_or_null(error->hint);
  }
}

static void wait_for(struct house *house)
{
  assert_true(house->waiting > 0); /* never answered from within the call */
  while (house->waiting > 0)
    uv_run(&house->loop, UV_RUN_ONCE);
}

static void describe(struct house *house, const char *name)
{
  house->waiting++;
  registry_describe(house->registry, name, on_answer, house);
  wait_for(house);
}

static void probe(struct house *house, const char *name)
{
  house->waiting++;
  registry_probe(house->registry, name, on_answer, house);
  wait_for(house);
}

static json_t *make_request(void)
{
  return json_pack("{s:s, s:s, s:s, s:[s, s], s:[[s, s]], s:[], s:{}}", "network", "none",
                   "instance", "i-1", "server", "files", "command", "node", "server.js",
                   "environment", "KEY", "value", "mounts", "limits");
}

/* Validates or spawns; takes over both. */
static void request(struct house *house, const char *name, bool spawn, json_t *json,
                    json_t *options)
{
  house->waiting++;
  if (spawn)
    registry_spawn(house->registry, name, json, options, on_answer, house);
  else
    registry_validate(house->registry, name, json, options, on_answer, house);
  json_decref(json);
  json_decref(options);
  wait_for(house);
}

static void teardown(struct house *house, const char *name, const char *instance)
{
  json_t *kept = json_pack("{s:s}", "key", "kept value");
  house->waiting++;
  registry_teardown(house->registry, name, instance, kept, on_answer, house);
  json_decref(kept);
  wait_for(house);
}

static const char *text_at(json_t *object, const char *first, const char *second)
{
  json_t *value = json_object_get(object, first);
  if (second != NULL)
    value = json_object_get(value, second);
  return json_string_value(value);
}

/* The error is of one line, has this code and this text, which may use %s for the directory. */
static void assert_error(const struct house *house, const char *code, const char *format)
{
  char text[1024];
  const char *d = house->directory;
  snprintf(text, sizeof text, format, d, d, d);
  assert_null(house->answer);
  assert_string_equal(house->message, text);
  assert_string_equal(house->code, code);
  assert_null(strchr(house->message, '\n'));
}

static void test_describe(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  assert_string_equal(registry_names(house.registry)[0], "good");
  assert_null(registry_names(house.registry)[1]);
  assert_null(registry_file(house.registry, "bad"));
  describe(&house, "good");
  assert_string_equal(text_at(house.answer, "name", NULL), "good");
  assert_string_equal(text_at(house.answer, "account", NULL), "caller");
  assert_string_equal(text_at(house.answer, "abi", NULL), "1.0");
  json_t *option = json_array_get(json_object_get(house.answer, "options"), 0);
  assert_string_equal(text_at(option, "name", NULL), "mood");
  assert_string_equal(text_at(option, "type", NULL), "text");
  describe(&house, "good");
  assert_non_null(house.answer);
  close_house(&house);
}

static void test_probe(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  probe(&house, "good");
  assert_non_null(house.answer);
  assert_string_equal(text_at(house.answer, "state", NULL), "available");
  assert_string_equal(text_at(house.answer, "features", "run.output"), "C\\x0a");
  assert_string_equal(text_at(house.answer, "features", "run.errors"), "oops\\x0a");
  assert_string_equal(text_at(house.answer, "features", "run.exit"), "3");
  assert_string_equal(text_at(house.answer, "features", "run.timed-out"), "1");
  close_house(&house);
}

/* What the host file says reaches every verb, typed, and a mistake in it answers every call. */
static void test_host_options(void **state)
{
  (void)state;
  struct house house;
  host_options = json_pack("{s:{s:{s:s}}}", "good", "rule", "RULE", "be kind");
  open_house(&house, "good");
  probe(&house, "good");
  assert_string_equal(text_at(house.answer, "features", "run.output"), "Cbe kind\\x0a");
  json_t *asked = make_request();
  json_object_set_new(asked, "server_user", json_integer(1234));
  request(&house, "good", true, asked, json_object());
  assert_non_null(house.answer);
  char *plan = json_dumps(json_object_get(house.answer, "facts"), JSON_COMPACT);
  assert_string_equal(plan, "[[\"server.user\",\"1234\"],[\"rule\",\"be kind\"]]");
  free(plan);
  close_house(&house);
  json_decref(host_options);
  host_options = json_pack("{s:{s:i, s:s}}", "good", "rule", 5, "mood", "bad");
  open_house(&house, "good");
  describe(&house, "good");
  assert_non_null(house.answer);
  probe(&house, "good");
  assert_null(house.answer);
  assert_string_equal(house.code, "host-file");
  assert_string_equal(
      house.message,
      "plugin \"good\": in the host file, \"plugins.good\": \"mood\" is an option of "
      "a server, in the servers file; \"rule\" must be names with a text each, not a "
      "number");
  close_house(&house);
  json_decref(host_options);
  host_options = NULL;
}

static void test_validate(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  request(&house, "good", false, make_request(), json_object());
  assert_int_equal(json_array_size(json_object_get(house.answer, "problems")), 0);
  request(&house, "good", false, make_request(), json_pack("{s:s}", "mood", "bad"));
  json_t *problem = json_array_get(json_object_get(house.answer, "problems"), 0);
  assert_string_equal(text_at(problem, "option", NULL), "mood");
  assert_string_equal(text_at(problem, "hint", NULL), "smile");
  close_house(&house);
}

static json_t *with_mount(const struct house *house, const char *below)
{
  char path[300];
  snprintf(path, sizeof path, "%s/%s", house->directory, below);
  json_t *json = make_request();
  json_t *mount = json_pack("{s:s, s:s, s:b, s:b, s:s}", "source", path, "target", "/data",
                            "read_only", 1, "host", 0, "place", "ro_binds/0");
  json_array_append_new(json_object_get(json, "mounts"), mount);
  return json;
}

static void test_mounts(void **state)
{
  (void)state;
  struct house house;
  char path[300];
  open_house(&house, "good");
  snprintf(path, sizeof path, "%s/data", house.directory);
  assert_int_equal(mkdir(path, 0755), 0);
  request(&house, "good", true, with_mount(&house, "./data/../data"), NULL);
  assert_non_null(house.answer);
  json_t *fact = json_array_get(json_object_get(house.answer, "facts"), 0);
  char *real = realpath(path, NULL);
  assert_string_equal(json_string_value(json_array_get(fact, 1)), real);

  request(&house, "good", true, with_mount(&house, "missing"), NULL);
  assert_error(&house, "mount-refused",
               "plugin \"good\": %s/missing does not exist, and mount sources are never created");
  request(&house, "good", false, with_mount(&house, "missing"), json_pack("{s:s}", "mood", "bad"));
  json_t *problems = json_object_get(house.answer, "problems");
  assert_int_equal(json_array_size(problems), 2);
  assert_string_equal(text_at(json_array_get(problems, 0), "option", NULL), "ro_binds/0");
  assert_string_equal(text_at(json_array_get(problems, 1), "option", NULL), "mood");

  json_t *json = with_mount(&house, "data");
  json_object_set_new(json, "writable_elsewhere", json_pack("[s]", real));
  request(&house, "good", true, json, NULL);
  assert_string_equal(house.code, "mount-refused");
  json = with_mount(&house, "data");
  json_object_set_new(json, "writable_elsewhere", json_pack("[s]", real));
  json_object_set_new(json, "own_writable", json_pack("[s]", real));
  request(&house, "good", true, json, NULL);
  assert_non_null(house.answer);

  /* A link that a server could point elsewhere is as bad. */
  char link[300];
  snprintf(link, sizeof link, "%s/room", house.directory);
  assert_int_equal(mkdir(link, 0755), 0);
  json = with_mount(&house, "room/link");
  json_object_set_new(json, "writable_elsewhere", json_pack("[s]", link));
  snprintf(link, sizeof link, "%s/room/link", house.directory);
  assert_int_equal(symlink(path, link), 0);
  request(&house, "good", true, json, NULL);
  assert_error(&house, "mount-refused",
               "plugin \"good\": %s/room/link could be swapped by a server: it lies in %s/room, "
               "which a server can write");

  assert_int_equal(chmod(path, 0777), 0);
  snprintf(path, sizeof path, "%s/data/below", house.directory);
  assert_int_equal(mkdir(path, 0755), 0);
  request(&house, "good", true, with_mount(&house, "data/below"), NULL);
  assert_error(&house, "mount-refused",
               "plugin \"good\": %s/data/below could be swapped by others: %s/data can be written "
               "by everyone");
  json = with_mount(&house, "data/below");
  json_object_set_new(json, "allow_swappable", json_pack("[s]", path));
  request(&house, "good", true, json, NULL);
  assert_non_null(house.answer);
  free(real);
  close_house(&house);
}

static void test_spawn(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  request(&house, "good", true, make_request(), NULL);
  assert_string_equal(text_at(house.answer, "tree", NULL), "own");
  json_t *step = json_array_get(json_object_get(house.answer, "steps"), 0);
  assert_string_equal(text_at(step, "phase", NULL), "front");
  json_t *refused = make_request();
  json_array_set_new(json_object_get(refused, "command"), 0, json_string("refuse-me"));
  request(&house, "good", true, refused, NULL);
  assert_error(&house, "zoo-refused", "plugin \"good\": command: this command is refused");
  assert_string_equal(house.hint, "take another one");
  teardown(&house, "good", "i-1");
  step = json_array_get(json_object_get(house.answer, "steps"), 0);
  json_t *arguments = json_object_get(step, "arguments");
  assert_string_equal(json_string_value(json_array_get(arguments, 1)), "kept value");
  close_house(&house);
}

static void test_diagnose(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  json_t *ending = json_pack("{s:i, s:i}", "exit_code", 4, "signal", 0);
  house.waiting++;
  registry_diagnose(house.registry, "good", ending, on_answer, &house);
  json_decref(ending);
  wait_for(&house);
  assert_string_equal(text_at(house.answer, "ended", NULL), "server");
  assert_string_equal(text_at(house.answer, "text", NULL), "it ended with 4");
  close_house(&house);
}

static void test_order_and_close(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  house.waiting = 3;
  registry_probe(house.registry, "good", on_answer, &house);
  registry_describe(house.registry, "good", on_answer, &house);
  registry_describe(house.registry, "none-of-that-name", on_answer, &house);
  registry_close(house.registry, on_closed, &house);
  assert_int_equal(house.waiting, 3);
  uv_run(&house.loop, UV_RUN_DEFAULT);
  assert_int_equal(house.waiting, 0);
  assert_string_equal(house.code, "router-ending");
  assert_null(house.registry);
  assert_int_equal(uv_loop_close(&house.loop), 0);
  forget(&house);
}

/* A worker that dies between two calls is replaced. */
static void test_restart(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  teardown(&house, "good", "i-1");
  assert_non_null(house.answer);
  pid_t workers[2];
  assert_int_equal(os_children(getpid(), workers, 2), 1);
  assert_int_equal(kill(workers[0], SIGKILL), 0);
  pid_t left[2];
  for (int round = 0; round < 5000 && os_children(getpid(), left, 2) > 0; round++) {
    const struct timespec pause = {.tv_nsec = 1000000};
    uv_run(&house.loop, UV_RUN_NOWAIT);
    nanosleep(&pause, NULL);
  }
  teardown(&house, "good", "i-2");
  assert_non_null(house.answer);
  assert_int_equal(os_children(getpid(), left, 2), 1);
  assert_int_not_equal(left[0], workers[0]);
  close_house(&house);
}

/* One that has nothing to do is ended, and the next call starts another. */
static void test_idle(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  describe(&house, "good");
  pid_t workers[2];
  assert_int_equal(os_children(getpid(), workers, 2), 1);
  for (int round = 0; round < 3000 && os_children(getpid(), workers, 2) > 0; round++) {
    const struct timespec pause = {.tv_nsec = 10000000};
    uv_run(&house.loop, UV_RUN_NOWAIT);
    nanosleep(&pause, NULL);
  }
  assert_int_equal(os_children(getpid(), workers, 2), 0);
  teardown(&house, "good", "i-1");
  assert_non_null(house.answer);
  close_house(&house);
}

static void test_unknown_name(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "good");
  describe(&house, "goood");
  assert_error(&house, "plugin-not-found", "there is no plugin \"goood\"");
  assert_string_equal(house.hint, "did you mean \"good\"?");
  close_house(&house);
}

/* What a plugin is refused for when it is described, so before any of its verbs is called. */
static const struct {
  const char *plugin;
  const char *code;
  const char *text; /* %s is the directory */
} refused_when_loaded[] = {
    {"wrong-major", "plugin-wrong-major",
     "plugin \"wrong-major\": %s/wrong-major.so: it was built for version 2 of the plugin "
     "interface, and this jauauth has version 1"},
    {"short-table", "plugin-short",
     "plugin \"short-table\": %s/short-table.so: its table has 16 bytes, too few to hold even its "
     "name"},
    {"newer-host", "plugin-needs-newer-host",
     "plugin \"newer-host\": %s/newer-host.so: it needs version 1.9 of the plugin interface, and "
     "this jauauth has 1.0"},
    {"missing-verb", "plugin-incomplete",
     "plugin \"missing-verb\": %s/missing-verb.so: its table has no spawn"},
    {"wrong-name", "plugin-wrong-name",
     "plugin \"wrong-name\": %s/wrong-name.so: its table says that it is the plugin "
     "\"another-name\""},
    {"option-twice", "plugin-bad-option",
     "plugin \"option-twice\": %s/option-twice.so: its option \"mood\" is in its table twice"},
    {"more-symbols", "plugin-more-symbols",
     "plugin \"more-symbols\": %s/more-symbols.so: it exports more than jauauth_plugin_v1: "
     "zoo_second_symbol"},
    {"prints", "plugin-misbehaved",
     "plugin \"prints\": loading: it printed something; it printed \"hello from the zoo\""},
    {"exits", "plugin-ended", "plugin \"exits\": loading: it ended its process with status 7"},
    {"crashes", "plugin-crashed",
     "plugin \"crashes\": loading: it crashed with signal 6 (Aborted)"},
    {"crashes-in-init", "plugin-crashed",
     "plugin \"crashes-in-init\": init: it crashed with signal 6 (Aborted)"},
};

static void test_refused_when_loaded(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof refused_when_loaded / sizeof refused_when_loaded[0]; i++) {
    struct house house;
    open_house(&house, refused_when_loaded[i].plugin);
    describe(&house, refused_when_loaded[i].plugin);
    assert_error(&house, refused_when_loaded[i].code, refused_when_loaded[i].text);
    describe(&house, refused_when_loaded[i].plugin);
    assert_error(&house, refused_when_loaded[i].code, refused_when_loaded[i].text);
    describe(&house, "good"); /* one broken plugin never stops another */
    assert_non_null(house.answer);
    close_house(&house);
  }
}

static void test_future(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "future");
  describe(&house, "future");
  assert_string_equal(text_at(house.answer, "abi", NULL), "1.9");
  request(&house, "future", true, make_request(), NULL);
  assert_non_null(house.answer);
  close_house(&house);
}

static void test_unavailable(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "unavailable");
  request(&house, "unavailable", true, make_request(), NULL);
  assert_error(&house, "engine-unavailable",
               "plugin \"unavailable\": its engine cannot be used: there is no engine");
  assert_string_equal(house.hint, "apt: apt-get install engine");
  close_house(&house);
}

static void test_hangs(void **state)
{
  (void)state;
  struct house house;
  open_with_account(&house, "hangs", SHORT_MILLISECONDS, NULL);
  probe(&house, "hangs");
  assert_error(&house, "plugin-hangs",
               "plugin \"hangs\": probe: it did not answer within 1000 ms and was killed");
  describe(&house, "hangs");
  assert_non_null(house.answer);
  close_house(&house);
}

struct search {
  char name[16];
  int found;
};

static bool look(void *data, unsigned pid)
{
  struct search *search = data;
  char path[64];
  char name[32] = "";
  snprintf(path, sizeof path, "/proc/%u/comm", pid);
  CLEANUP_CLOSE int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, name, sizeof name - 1);
  if (length > 0 && name[length - 1] == '\n')
    name[length - 1] = '\0';
  search->found += length > 0 && strcmp(name, search->name) == 0;
  return true;
}

static int count_named(const char *name)
{
  struct search search = {.found = 0};
  snprintf(search.name, sizeof search.name, "%s", name);
  CLEANUP_CLOSE int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_int_equal(os_each_number(proc, look, &search), 0);
  return search.found;
}

/* Neither a plugin that forks, nor one that then hangs or crashes, leaves anything running. */
static void test_forks(void **state)
{
  (void)state;
  static const char *const plugins[] = {"forks", "hangs", "forks-crashes"};
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); /* as the router is */
  for (size_t i = 0; i < 3; i++) {
    struct house house;
    char name[16]; /* all that a process name has room for */
    snprintf(name, sizeof name, "zoo%zu%u", i, (unsigned)getpid() % 100000000U);
    open_with_account(&house, plugins[i], SHORT_MILLISECONDS * (i != 1 ? 30 : 1), NULL);
    teardown(&house, plugins[i], name);
    if (i == 0)
      assert_error(&house, "plugin-misbehaved",
                   "plugin \"forks\": teardown: it left a child process behind");
    else if (i == 2)
      assert_error(&house, "plugin-crashed",
                   "plugin \"forks-crashes\": teardown: it crashed with signal 6 (Aborted)");
    else
      assert_error(&house, "plugin-hangs",
                   "plugin \"hangs\": teardown: it did not answer within 1000 ms and was killed");
    for (int round = 0; round < 500 && count_named(name) > 0; round++) {
      const struct timespec pause = {.tv_nsec = 10000000};
      uv_run(&house.loop, UV_RUN_NOWAIT);
      nanosleep(&pause, NULL);
    }
    assert_int_equal(count_named(name), 0);
    close_house(&house);
  }
}

static void test_changes(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "signals");
  probe(&house, "signals");
  assert_error(&house, "plugin-misbehaved",
               "plugin \"signals\": probe: it changed what a signal does (signal 15)");
  close_house(&house);
  open_house(&house, "changes");
  request(&house, "changes", false, make_request(), NULL);
  assert_error(&house, "plugin-misbehaved",
               "plugin \"changes\": validate: it changed the working directory and changed the "
               "umask and changed the environment");
  close_house(&house);
}

static void test_bad_answers(void **state)
{
  (void)state;
  struct house house;
  open_house(&house, "garbage");
  probe(&house, "garbage");
  assert_error(&house, "plugin-bad-answer",
               "plugin \"garbage\": probe: it sent a message that is malformed");
  close_house(&house);
  open_house(&house, "unknown-word");
  request(&house, "unknown-word", true, make_request(), NULL);
  assert_error(&house, "plugin-bad-answer",
               "plugin \"unknown-word\": its answer to spawn is refused: plan_step got the word "
               "99, which this host does not know");
  close_house(&house);
}

static void test_untrusted_file(void **state)
{
  (void)state;
  struct house house;
  char path[512];
  open_house(&house, "good");
  snprintf(path, sizeof path, "%s/good.so", house.directory);
  assert_int_equal(chmod(path, 0666), 0);
  describe(&house, "good");
  assert_error(&house, "not-trusted",
               "plugin \"good\": %s/good.so: %s/good.so can be written by everyone");
  assert_non_null(strstr(house.hint, "chmod go-w "));
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(chmod(house.directory, 0777), 0);
  describe(&house, "good");
  assert_error(&house, "not-trusted", "plugin \"good\": %s/good.so: %s can be written by everyone");
  assert_int_equal(chmod(house.directory, 0755), 0);
  describe(&house, "good");
  assert_non_null(house.answer);
  close_house(&house);
}

static void test_link_and_text(void **state)
{
  (void)state;
  struct house house;
  char path[512];
  open_house(&house, NULL);
  snprintf(path, sizeof path, "%s/linked.so", house.directory);
  assert_int_equal(symlink("/usr/lib/somewhere.so", path), 0);
  snprintf(path, sizeof path, "%s/text.so", house.directory);
  FILE *file = fopen(path, "we");
  assert_non_null(file);
  for (int i = 0; i < 20; i++)
    fputs("this is no program\n", file);
  fclose(file);
  close_house(&house);
  const char *const directories[] = {house.directory, NULL};
  assert_int_equal(uv_loop_init(&house.loop), 0);
  const struct registry_settings settings = {
      .directories = directories, .worker_program = program, .call_milliseconds = 30000};
  house.registry = registry_new(&house.loop, &settings, NULL);
  describe(&house, "linked");
  assert_error(&house, "not-trusted",
               "plugin \"linked\": %s/linked.so: %s/linked.so is a symbolic link, and none is "
               "followed on the way to a trusted file");
  describe(&house, "text");
  assert_error(&house, "plugin-not-elf",
               "plugin \"text\": %s/text.so: it is no shared object: it does not begin as an ELF "
               "file");
  close_house(&house);
}

static void test_two_of_one_name(void **state)
{
  (void)state;
  struct house house;
  char second[300];
  open_house(&house, "good");
  close_house(&house);
  snprintf(second, sizeof second, "%s/second", house.directory);
  assert_int_equal(mkdir(second, 0755), 0);
  copy_plugin("good", second);
  copy_plugin("future", second);
  const char *const directories[] = {house.directory, second, NULL};
  assert_int_equal(uv_loop_init(&house.loop), 0);
  const struct registry_settings settings = {
      .directories = directories, .worker_program = program, .call_milliseconds = 30000};
  house.registry = registry_new(&house.loop, &settings, NULL);
  assert_string_equal(registry_names(house.registry)[0], "future");
  assert_string_equal(registry_names(house.registry)[1], "good");
  assert_null(registry_names(house.registry)[2]);
  describe(&house, "good");
  assert_error(&house, "plugin-twice",
               "plugin \"good\": it is installed twice, as %s/good.so and as %s/second/good.so");
  describe(&house, "future");
  assert_non_null(house.answer);
  close_house(&house);
}

/* Root runs plans of an unprivileged plugin under another account, or not at all. */
static void test_account(void **state)
{
  (void)state;
  struct house house;
  if (geteuid() != 0) {
    open_house(&house, "unprivileged");
    probe(&house, "unprivileged");
    char own[24];
    snprintf(own, sizeof own, "%lu", (unsigned long)geteuid());
    assert_string_equal(text_at(house.answer, "features", "user"), own);
    close_house(&house);
    return;
  }
  open_house(&house, "unprivileged");
  probe(&house, "unprivileged");
  assert_error(&house, "account-missing",
               "plugin \"unprivileged\": it must not run as root, and there is no other account");
  assert_non_null(strstr(house.hint, "useradd"));
  close_house(&house);
  const struct passwd *nobody = getpwnam("nobody");
  if (nobody == NULL)
    skip();
  open_with_account(&house, "unprivileged", CALL_MILLISECONDS, nobody);
  probe(&house, "unprivileged");
  assert_non_null(house.answer);
  char uid[24];
  snprintf(uid, sizeof uid, "%lu", (unsigned long)nobody->pw_uid);
  assert_string_equal(text_at(house.answer, "features", "user"), uid);
  close_house(&house);
  open_with_account(&house, "good", CALL_MILLISECONDS, nobody);
  probe(&house, "good");
  assert_string_equal(text_at(house.answer, "features", "user"), "0");
  close_house(&house);
}

int main(void)
{
  const char *build = getenv("JAUAUTH_BUILD");
  if (build == NULL) {
    puts("1..0 # SKIP JAUAUTH_BUILD names the build directory");
    return 77;
  }
  snprintf(program, sizeof program, "%s/core/jauauth", build);
  snprintf(zoo, sizeof zoo, "%s/tests/hostile/.libs", build);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_describe),        cmocka_unit_test(test_probe),
      cmocka_unit_test(test_host_options),    cmocka_unit_test(test_validate),
      cmocka_unit_test(test_mounts),          cmocka_unit_test(test_spawn),
      cmocka_unit_test(test_diagnose),        cmocka_unit_test(test_order_and_close),
      cmocka_unit_test(test_restart),         cmocka_unit_test(test_idle),
      cmocka_unit_test(test_unknown_name),    cmocka_unit_test(test_refused_when_loaded),
      cmocka_unit_test(test_future),          cmocka_unit_test(test_unavailable),
      cmocka_unit_test(test_hangs),           cmocka_unit_test(test_forks),
      cmocka_unit_test(test_changes),         cmocka_unit_test(test_bad_answers),
      cmocka_unit_test(test_untrusted_file),  cmocka_unit_test(test_link_and_text),
      cmocka_unit_test(test_two_of_one_name), cmocka_unit_test(test_account),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

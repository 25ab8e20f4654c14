/* SPDX-License-Identifier: Apache-2.0 */
/* The process that runs the code of one plugin: its messages and verbs. */
#include "core/plugin/worker.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/plugin/confine.h"
#include "core/plugin/loader.h"
#include "core/plugin/mounts.h"
#include "core/plugin/watch.h"
#include "core/plugin/world.h"

enum { SPARE_MILLISECONDS = 500 /* for the answer, when a program used up the time */ };

struct worker {
  const char *name;
  const char *file;
  struct trust_owners owners; /* of plugins */
  struct host_account account;
  struct watch *watch;
  struct loader_plugin plugin;
  bool loaded;
  int64_t deadline; /* of the request under way */
};

static int64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* The end of the process. Nothing is unloaded and no exit handler of a plugin runs. */
static _Noreturn void end(void)
{
  _exit(0);
}

/* Takes over the message. A router that is gone needs no answer. */
static void send_message(json_t *message)
{
  CLEANUP_FREE char *text = json_dumps(message, JSON_COMPACT);
  json_decref(message);
  if (text == NULL)
    abort();
  size_t length = strlen(text);
  text[length] = '\n';
  for (size_t sent = 0; sent <= length;) {
    ssize_t part = send(CONFINE_SOCKET, text + sent, length + 1 - sent, MSG_NOSIGNAL);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      end();
    sent += (size_t)part;
  }
}

static json_t *shown(const char *text)
{
  CLEANUP_BUFFER struct buffer buffer = {0};
  text_escape_controls(&buffer, text, strlen(text));
  return json_string(buffer.data == NULL ? "" : buffer.data);
}

static void send_error(const struct error *error, bool last)
{
  json_t *object = json_pack("{s:i, s:i}", "kind", (int)error->kind, "errnum", error->errnum);
  json_object_set_new(object, "text", shown(error->message));
  if (error->code != NULL)
    json_object_set_new(object, "code", shown(error->code));
  if (error->hint != NULL)
    json_object_set_new(object, "hint", shown(error->hint));
  send_message(json_pack("{s:o, s:b}", "error", object, "last", (int)last));
  if (last)
    end();
}

static void send_stage(const char *stage)
{
  send_message(json_pack("{s:s}", "stage", stage));
}

/* What the plugin did to the process, as an error; 0 when it did nothing. */
static int check_state(const struct worker *worker, const char *stage, struct error **error)
{
  CLEANUP_BUFFER struct buffer offences = {0};
  watch_compare(worker->watch, &offences);
  if (offences.length == 0)
    return 0;
  struct error *own = NULL;
  error_make_code(&own, ERROR_SANDBOX, "plugin-misbehaved", "%s: it %s", stage, offences.data);
  error_free(error);
  *error = own;
  return error_hint(error, "a plugin must leave its process as it is; report this to its author");
}

static int run_in_time(void *data, const char *const *argv, const char *const *environment,
                       uint32_t time_limit, struct host_run *result, struct error **error)
{
  const struct worker *worker = data;
  int64_t left = worker->deadline - SPARE_MILLISECONDS - now();
  if (left < 1)
    return error_make_code(error, ERROR_SANDBOX, "program-failed",
                           "no time is left to run %s within this probe", argv[0]);
  uint32_t limit = left < time_limit ? (uint32_t)left : time_limit;
  return world_run(NULL, argv, environment, limit, result, error);
}

static int call(struct worker *worker, enum host_verb verb, json_t *input, json_t **answer,
                struct error **error)
{
  struct host_world world = world_real;
  world.data = worker;
  world.run = run_in_time;
  const struct host_settings settings = {
      .plugin = &worker->plugin.table, .world = &world, .account = worker->account};
  return host_call(&settings, verb, input, answer, error);
}

static void load(struct worker *worker)
{
  const struct loader_files files = {.source = LOADER_FILES, .owners = &worker->owners};
  CLEANUP_ERROR struct error *error = NULL;
  send_stage("loading");
  int outcome = loader_load(&files.source, worker->name, worker->file, &worker->plugin, &error);
  if (outcome != 0)
    error_wrap(&error, "%s", worker->file);
  if (check_state(worker, "loading", &error) != 0 || outcome != 0)
    send_error(error, true);
  send_stage("init");
  json_t *nothing = NULL;
  outcome = call(worker, HOST_INIT, NULL, &nothing, &error);
  json_decref(nothing);
  if (outcome != 0)
    error_wrap(&error, "init");
  if (check_state(worker, "init", &error) != 0 || outcome != 0)
    send_error(error, true);
  worker->loaded = true;
}

/* All mount problems of a spawn as one error. */
static int refuse_mounts(json_t *problems, struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  size_t index;
  json_t *problem;
  json_array_foreach (problems, index, problem)
    buffer_append_format(&text, "%s%s", index == 0 ? "" : "; ",
                         json_string_value(json_object_get(problem, "text")));
  error_make_code(error, ERROR_CONFIG, "mount-refused", "%s", text.data == NULL ? "" : text.data);
  const char *hint = json_string_value(json_object_get(json_array_get(problems, 0), "hint"));
  return hint == NULL ? -1 : error_hint(error, "%s", hint);
}

static int call_with_mounts(struct worker *worker, enum host_verb verb, json_t *input,
                            json_t **answer, struct error **error)
{
  struct trust_owners owners = worker->owners;
  owners.users[owners.count++] = worker->account.user;
  json_t *problems = json_array();
  int outcome =
      mounts_judge(json_object_get(input, "request"), &owners, verb == HOST_SPAWN, problems, error);
  if (outcome == 0 && verb == HOST_SPAWN && json_array_size(problems) > 0)
    outcome = refuse_mounts(problems, error);
  if (outcome == 0)
    outcome = call(worker, verb, input, answer, error);
  if (outcome == 0 && json_array_size(problems) > 0) {
    json_t *own = json_object_get(*answer, "problems");
    if (json_array_extend(problems, own) != 0 ||
        json_object_set(*answer, "problems", problems) != 0)
      outcome = error_memory(error);
  }
  json_decref(problems);
  return outcome;
}

static void perform(struct worker *worker, enum host_verb verb, json_t *input)
{
  CLEANUP_ERROR struct error *error = NULL;
  json_t *answer = NULL;
  send_stage(host_verb_name(verb));
  int outcome = verb == HOST_VALIDATE || verb == HOST_SPAWN
                    ? call_with_mounts(worker, verb, input, &answer, &error)
                    : call(worker, verb, input, &answer, &error);
  bool misbehaved = check_state(worker, host_verb_name(verb), &error) != 0;
  if (outcome != 0 || misbehaved)
    send_error(error, misbehaved);
  else
    send_message(json_pack("{s:O}", "answer", answer));
  json_decref(answer);
}

static void describe(const struct worker *worker)
{
  CLEANUP_ERROR struct error *error = NULL;
  json_t *answer = loader_describe(&worker->plugin, &error);
  if (answer == NULL)
    send_error(error, true);
  else
    send_message(json_pack("{s:o}", "answer", answer));
}

static void answer_line(struct worker *worker, const char *line, size_t length)
{
  json_t *input = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
  const char *name = json_string_value(json_object_get(input, "verb"));
  if (name == NULL)
    end();
  worker->deadline = now() + json_integer_value(json_object_get(input, "limit"));
  if (!worker->loaded)
    load(worker);
  enum host_verb verb = host_verb_from_name(name);
  if (verb == 0)
    describe(worker);
  else
    perform(worker, verb, input);
  json_decref(input);
}

/* Reads lines until the router closes its end. */
static void serve(struct worker *worker)
{
  CLEANUP_BUFFER struct buffer input = {0};
  size_t searched = 0;
  for (;;) {
    char *newline = input.length == searched
                        ? NULL
                        : memchr(input.data + searched, '\n', input.length - searched);
    if (newline != NULL) {
      size_t length = (size_t)(newline - input.data);
      answer_line(worker, input.data, length);
      buffer_consume(&input, length + 1);
      searched = 0;
      continue;
    }
    searched = input.length;
    char *room = input.length > WORKER_LINE_MAX ? NULL : buffer_reserve(&input, 65536);
    ssize_t length = room == NULL ? -1 : read(CONFINE_SOCKET, room, 65536);
    if (length < 0 && room != NULL && errno == EINTR)
      continue;
    if (length <= 0)
      return;
    input.length += (size_t)length;
  }
}

int plugin_worker_main(int argc, char **argv)
{
  if ((argc != 4 && argc != 7) || !confine_has_socket()) {
    fputs("jauauth: plugin-worker is started by jauauth itself\n", stderr);
    return 2;
  }
  struct worker worker = {.name = argv[2], .file = argv[3]};
  CLEANUP_ERROR struct error *error = NULL;
  if (trust_owners_find(&worker.owners, &error) != 0 ||
      confine(argc == 7 ? argv + 4 : NULL, &worker.account, &error) != 0)
    send_error(error, true);
  worker.watch = watch_start(&error);
  if (worker.watch == NULL)
    send_error(error, true);
  serve(&worker);
  if (worker.loaded && worker.plugin.table.fini != NULL)
    worker.plugin.table.fini();
  end();
}

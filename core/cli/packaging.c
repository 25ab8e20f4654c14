/* SPDX-License-Identifier: Apache-2.0 */
/* Installs the package of one server in its sandbox, and locks what was installed. */
#include "core/cli/packaging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "core/base/cleanup.h"
#include "core/package/lock.h"
#include "core/package/outcome.h"
#include "core/package/tree.h"

enum { STEP_MS = 15 * 60 * 1000, SAID_MAX = 16384, ROOM_MIN = 1 << 20 };

/* begin -> [seal of what is there] -> steps -> look -> seal of what is new -> done */
struct packaging {
  struct gateway *gateway;
  size_t server;
  const struct packaging_events *events;
  void *data;
  struct launch_package found; /* what is there; `store` is held */
  json_t *before;              /* the lock that counted; or NULL */
  json_t *lock;                /* the new one, while it is being made */
  json_t *blocked;
  json_t *difference;
  bool update;
  bool intact;   /* what is locked is there, as it was */
  bool locked;   /* the same as before is installed again */
  char name[17]; /* of the new directory; empty: none is made */
  char *directory;
  size_t step;
  const char *step_name;
  struct instance *instance; /* of the step that runs */
  uv_pipe_t *output;         /* its standard output */
  struct buffer line;        /* of the output, not complete yet */
  struct buffer said;        /* the end of what it has printed */
  uv_timer_t timer;
  uv_work_t work;
  char seal[TREE_SEAL];
  struct error *error;
  bool stopping;
  bool late;
  bool ended; /* the step's instance; its output may still come */
  int exit_code;
  char *ending;
};

static const struct server_config *config_of(const struct packaging *packaging)
{
  return &packaging->gateway->servers->servers[packaging->server];
}

static void drop_new(struct packaging *packaging)
{
  if (packaging->name[0] != '\0')
    (void)tree_remove(packaging->found.store.folder, packaging->name);
  packaging->name[0] = '\0';
}

static void done(struct packaging *packaging, enum packaging_state state)
{
  uv_timer_stop(&packaging->timer);
  if (packaging->error != NULL) {
    state = PACKAGING_FAILED;
    drop_new(packaging);
  }
  packaging->events->done(packaging->data, state, packaging->error);
}

/* --- What the installer prints ---------------------------------------------------------------- */

static void say(struct packaging *packaging, const char *line, size_t length)
{
  struct buffer *said = &packaging->said;
  if (said->length > SAID_MAX)
    buffer_consume(said, said->length - SAID_MAX / 2);
  buffer_append(said, line, length);
  buffer_append_byte(said, '\n');
  packaging->events->said(packaging->data, line, length);
}

static void on_said(void *data, const char *line, size_t length)
{
  say(data, line, length);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  const struct packaging *packaging = handle->data;
  (void)suggested;
  char *space = buffer_reserve((struct buffer *)&packaging->line, 4097);
  *buffer = uv_buf_init(space, space != NULL ? 4096 : 0);
}

static void step_ended(struct packaging *packaging);

static void on_closed(uv_handle_t *handle)
{
  free(handle);
}

static void close_output(struct packaging *packaging)
{
  if (packaging->output == NULL)
    return;
  if (packaging->line.length > 0)
    say(packaging, packaging->line.data, packaging->line.length);
  buffer_clear(&packaging->line);
  uv_close((uv_handle_t *)steal_pointer(packaging->output), on_closed);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
  struct packaging *packaging = stream->data;
  struct buffer *line = &packaging->line;
  (void)buffer;
  if (count < 0) {
    close_output(packaging);
    step_ended(packaging);
    return;
  }
  line->length += (size_t)count;
  char *end;
  while (line->length > 0 && (end = memchr(line->data, '\n', line->length)) != NULL) {
    size_t length = (size_t)(end - line->data);
    if (length > 0)
      say(packaging, line->data, length);
    buffer_consume(line, length + 1);
  }
  if (line->length > SAID_MAX)
    buffer_clear(line);
}

static int open_output(struct packaging *packaging, int descriptor, struct error **error)
{
  packaging->output = malloc(sizeof *packaging->output);
  if (packaging->output == NULL || uv_pipe_init(&packaging->gateway->loop, packaging->output, 0)) {
    free(steal_pointer(packaging->output));
    close(descriptor);
    return error_memory(error);
  }
  packaging->output->data = packaging;
  if (uv_pipe_open(packaging->output, descriptor) == 0 &&
      uv_read_start((uv_stream_t *)packaging->output, allocate, on_read) == 0)
    return 0;
  return error_memory(error);
}

/* --- The end ---------------------------------------------------------------------------------- */

static void keep_package(struct packaging *packaging)
{
  struct error **error = &packaging->error;
  if (packaging->before != NULL)
    json_object_set_new(packaging->lock, "previous",
                        json_string(lock_text(packaging->before, "directory")));
  if (lock_write(packaging->found.store.folder, packaging->lock, error) != 0)
    return;
  packaging->name[0] = '\0'; /* it counts, and is not to be removed */
  store_clear(&packaging->found.store, packaging->lock);
}

static void seal(uv_work_t *work)
{
  struct packaging *packaging = work->data;
  const char *name =
      packaging->name[0] != '\0' ? packaging->name : lock_text(packaging->before, "directory");
  if (packaging->name[0] != '\0' && packaging->directory != NULL) {
    CLEANUP_CLOSE int folder = tree_open(packaging->found.store.folder, name);
    (void)tree_remove(folder, ".cache");
  }
  tree_seal(packaging->found.store.folder, name, packaging->seal, &packaging->error);
}

/* Of a command of its own nothing is known but what it has made. */
static int check_repeated(struct packaging *packaging, struct error **error)
{
  if (!packaging->locked || config_of(packaging)->prepare == NULL ||
      strcmp(packaging->seal, lock_text(packaging->before, "seal")) == 0)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "package-changed",
                  "what it installs now differs from what was locked");
  return error_hint(error, "find out why; jauauth prepare --update takes it");
}

static void new_sealed(uv_work_t *work, int status)
{
  struct packaging *packaging = work->data;
  (void)status;
  if (packaging->stopping && packaging->error == NULL)
    error_make(&packaging->error, ERROR_FAILED, 0, "it was stopped");
  if (packaging->error != NULL || check_repeated(packaging, &packaging->error) != 0) {
    done(packaging, PACKAGING_FAILED);
    return;
  }
  json_object_set_new(packaging->lock, "seal", json_string(packaging->seal));
  packaging->difference = lock_difference(packaging->before, packaging->lock);
  bool same = json_array_size(packaging->difference) == 0;
  bool wait = packaging->update && packaging->found.lock != NULL;
  if (wait && same && packaging->intact) {
    drop_new(packaging);
    done(packaging, PACKAGING_CURRENT);
  } else if (wait && !same) {
    done(packaging, PACKAGING_DIFFERS);
  } else {
    keep_package(packaging);
    done(packaging, PACKAGING_INSTALLED);
  }
}

static void look(struct packaging *packaging)
{
  CLEANUP_OUTCOME struct outcome outcome = {0};
  CLEANUP_CLOSE int folder = tree_open(packaging->found.store.folder, packaging->name);
  if (outcome_read(&packaging->found.package, folder, &outcome, &packaging->error) != 0) {
    done(packaging, PACKAGING_FAILED);
    return;
  }
  packaging->lock =
      json_pack("{s:i, s:o, s:s, s:s*, s:O, s:O}", "version", 1, "asked",
                package_asked(&packaging->found.package), "directory", packaging->name, "program",
                outcome.program, "packages", outcome.packages, "files", outcome.files);
  packaging->blocked = json_incref(outcome.blocked);
  if (packaging->lock == NULL)
    error_memory(&packaging->error);
  if (packaging->error != NULL ||
      uv_queue_work(&packaging->gateway->loop, &packaging->work, seal, new_sealed) != 0)
    done(packaging, PACKAGING_FAILED);
}

/* --- The steps -------------------------------------------------------------------------------- */

static void next_step(struct packaging *packaging);

/* A full disk shows in many words, and in one number. */
static int disk_full(const struct packaging *packaging, struct error **error)
{
  struct statvfs room;
  if (fstatvfs(packaging->found.store.folder, &room) != 0 ||
      (uint64_t)room.f_bavail * room.f_frsize >= ROOM_MIN)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "disk-full", "the disk of %s is full: \"%s\" %s",
                  packaging->found.store.path, packaging->step_name, packaging->ending);
  return error_hint(error, "make room and prepare it again");
}

static void step_ended(struct packaging *packaging)
{
  if (!packaging->ended || packaging->output != NULL)
    return;
  struct error **error = &packaging->error;
  if (*error == NULL && packaging->late)
    error_make_code(error, ERROR_SANDBOX, "package-failed", "\"%s\" took longer than %d minutes",
                    packaging->step_name, STEP_MS / 60000);
  else if (*error == NULL && packaging->stopping)
    error_make(error, ERROR_FAILED, 0, "it was stopped");
  else if (*error == NULL && packaging->exit_code != 0 && disk_full(packaging, error) == 0)
    outcome_failure(&packaging->found.package, packaging->step_name, packaging->ending,
                    packaging->said.data != NULL ? packaging->said.data : "", error);
  if (*error != NULL)
    done(packaging, PACKAGING_FAILED);
  else
    next_step(packaging);
}

static void on_started(void *data, pid_t located)
{
  struct packaging *packaging = data;
  gateway_journal_located(packaging->gateway, packaging->server,
                          instance_keeper(packaging->instance), located);
}

static void on_ended(void *data, const struct instance_ending *ending, const struct error *error)
{
  struct packaging *packaging = data;
  packaging->instance = NULL;
  packaging->ended = true;
  uv_timer_stop(&packaging->timer);
  gateway_journal_leave(packaging->gateway, packaging->server, ending->left);
  packaging->exit_code = (int)json_integer_value(json_object_get(ending->ending, "exit_code"));
  free(packaging->ending);
  packaging->ending = strdup(ending->text != NULL ? ending->text : "ended");
  if (error != NULL && packaging->error == NULL && !packaging->stopping)
    packaging->error = error_copy(error);
  if (ending->left)
    close_output(packaging); /* somebody may hold it for ever */
  step_ended(packaging);
}

static void on_late(uv_timer_t *timer)
{
  struct packaging *packaging = timer->data;
  packaging->late = true;
  if (packaging->instance != NULL)
    instance_stop(packaging->instance);
}

static int run(struct packaging *packaging, const struct plan *plan, struct error **error)
{
  static const struct instance_events events = {
      .started = on_started, .ended = on_ended, .said = on_said};
  struct gateway *gateway = packaging->gateway;
  struct launch_account account;
  if (launch_account(gateway->launch, packaging->server, &account, error) != 0)
    return -1;
  struct instance_settings settings = {
      .keeper_program = gateway->keeper,
      .server = config_of(packaging)->id,
      .user = account.user,
      .group = account.group,
      .user_name = account.name[0] != '\0' ? account.name : NULL,
      .prepare = packaging->step == 0 ? INSTANCE_PREPARE_ALSO : INSTANCE_PREPARE_NOT,
  };
  CLEANUP_CLOSE int input = -1; /* closed at once: nothing is to be asked */
  int output = -1;
  if (gateway_journal_enter(gateway, packaging->server, plan, &settings, error) != 0)
    return -1;
  packaging->ended = packaging->late = false;
  packaging->instance =
      instance_start(&gateway->loop, plan, &settings, &events, packaging, &input, &output, error);
  if (packaging->instance == NULL) {
    gateway_journal_leave(gateway, packaging->server, false);
    return -1;
  }
  uv_timer_start(&packaging->timer, on_late, STEP_MS, 0);
  if (open_output(packaging, output, &packaging->error) != 0)
    instance_stop(packaging->instance);
  return 0;
}

static void on_planned(void *data, struct plan *plan, const struct error *error)
{
  struct packaging *packaging = data;
  if (plan == NULL)
    packaging->error = error_copy(error);
  else if (packaging->stopping)
    error_make(&packaging->error, ERROR_FAILED, 0, "it was stopped");
  else
    (void)run(packaging, plan, &packaging->error);
  plan_free(&plan);
  if (packaging->error != NULL && packaging->instance == NULL)
    done(packaging, PACKAGING_FAILED);
  else
    packaging->step++;
}

static void next_step(struct packaging *packaging)
{
  json_t *command = package_step(&packaging->found.package, packaging->step, packaging->locked,
                                 packaging->directory, &packaging->step_name);
  if (command == NULL) {
    look(packaging);
    return;
  }
  buffer_clear(&packaging->said);
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_format(&text, "runs %s", packaging->step_name);
  packaging->events->said(packaging->data, text.data, text.length);
  launch_plan_install(packaging->gateway->launch, packaging->server, command, packaging->directory,
                      on_planned, packaging);
  json_decref(command);
}

/* --- The beginning ---------------------------------------------------------------------------- */

static void install(struct packaging *packaging)
{
  const struct launch_package *found = &packaging->found;
  struct launch_account account;
  struct error **error = &packaging->error;
  if (packaging->stopping)
    error_make(error, ERROR_FAILED, 0, "it was stopped");
  json_t *lock = packaging->locked ? packaging->before : NULL;
  json_t *files = package_files(&found->package, lock);
  if (*error == NULL &&
      launch_server_account(packaging->gateway->launch, packaging->server, &account, error) == 0 &&
      store_begin(&found->store, files, account.user, account.group, packaging->name, error) == 0 &&
      asprintf(&packaging->directory, "%s/%s", found->store.path, packaging->name) < 0) {
    packaging->directory = NULL;
    error_memory(error);
  }
  json_decref(files);
  if (*error != NULL)
    done(packaging, PACKAGING_FAILED);
  else
    next_step(packaging);
}

static void old_sealed(uv_work_t *work, int status)
{
  struct packaging *packaging = work->data;
  (void)status;
  packaging->intact = packaging->error == NULL &&
                      strcmp(packaging->seal, lock_text(packaging->before, "seal")) == 0;
  error_free(&packaging->error); /* what is missing is installed again */
  if (packaging->intact && !packaging->update) {
    done(packaging, PACKAGING_CURRENT);
    return;
  }
  packaging->locked = !packaging->update;
  install(packaging);
}

static void on_begin(uv_timer_t *timer)
{
  struct packaging *packaging = timer->data;
  if (!packaging->found.package.wanted)
    done(packaging, PACKAGING_NOTHING);
  else if (packaging->found.lock == NULL)
    install(packaging);
  else if (uv_queue_work(&packaging->gateway->loop, &packaging->work, seal, old_sealed) != 0)
    done(packaging, PACKAGING_FAILED);
}

static int open_store(struct packaging *packaging, struct error **error)
{
  struct launch_package *found = &packaging->found;
  const struct gateway *gateway = packaging->gateway;
  int answer = launch_package_find(gateway->launch, packaging->server, found, error);
  if (answer != 0 || !found->package.wanted)
    return answer;
  if (launch_blocked(gateway->launch, packaging->server) != NULL) {
    *error = error_copy(launch_blocked(gateway->launch, packaging->server));
    return -1;
  }
  if (gateway->package_root == NULL)
    return error_make(error, ERROR_SANDBOX, 0,
                      "there is no place to install packages: set "
                      "\"state_directory\" in the host file");
  store_close(&found->store);
  if (store_make(gateway->package_root, config_of(packaging)->id, &found->store, error) != 0)
    return -1;
  packaging->before = lock_read(found->store.folder, NULL);
  store_clear(&found->store, packaging->before);
  return 0;
}

struct packaging *packaging_start(struct gateway *gateway, size_t server, bool update,
                                  const struct packaging_events *events, void *data,
                                  struct error **error)
{
  struct packaging *packaging = calloc(1, sizeof *packaging);
  if (packaging == NULL) {
    error_memory(error);
    return NULL;
  }
  *packaging = (struct packaging){
      .gateway = gateway, .server = server, .update = update, .events = events, .data = data};
  packaging->found.store = (struct store){-1, -1, NULL};
  packaging->work.data = packaging;
  uv_timer_init(&gateway->loop, &packaging->timer); /* it cannot fail */
  packaging->timer.data = packaging;
  if (open_store(packaging, error) != 0) {
    packaging_free(packaging);
    return NULL;
  }
  uv_timer_start(&packaging->timer, on_begin, 0, 0);
  return packaging;
}

void packaging_stop(struct packaging *packaging)
{
  packaging->stopping = true;
  if (packaging->instance != NULL)
    instance_stop(packaging->instance);
}

int packaging_take(struct packaging *packaging, struct error **error)
{
  keep_package(packaging);
  if (packaging->error == NULL)
    return 0;
  *error = error_copy(packaging->error);
  return -1;
}

json_t *packaging_difference(const struct packaging *packaging)
{
  return packaging == NULL ? NULL : packaging->difference;
}

/* The newest that is known. */
static json_t *lock_of(const struct packaging *packaging)
{
  if (packaging == NULL)
    return NULL;
  return packaging->lock != NULL ? packaging->lock : packaging->before;
}

json_t *packaging_packages(const struct packaging *packaging)
{
  return json_object_get(lock_of(packaging), "packages");
}

json_t *packaging_blocked(const struct packaging *packaging)
{
  return packaging == NULL ? NULL : packaging->blocked;
}

const char *packaging_program(const struct packaging *packaging)
{
  return lock_text(lock_of(packaging), "program");
}

static void on_timer_closed(uv_handle_t *handle)
{
  free(handle->data);
}

void packaging_free(struct packaging *packaging)
{
  if (packaging == NULL)
    return;
  drop_new(packaging);
  launch_package_close(&packaging->found);
  json_decref(packaging->before);
  json_decref(packaging->lock);
  json_decref(packaging->blocked);
  json_decref(packaging->difference);
  free(packaging->directory);
  free(packaging->ending);
  buffer_free(&packaging->line);
  buffer_free(&packaging->said);
  error_free(&packaging->error);
  uv_close((uv_handle_t *)&packaging->timer, on_timer_closed);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an instance, from its start to its end. */
#include "core/sandbox/instance.h"

#include "core/base/cleanup.h"
#include "core/os/descriptor.h"
#include "core/sandbox/groups.h"
#include "core/sandbox/image-write.h"
#include "core/sandbox/instance-parts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
  START_DEFAULT = 60 * 1000, /* milliseconds, all of these */
  STOP_MARGIN = 15 * 1000,
  SWEEP_EVERY = 10,
  SWEEP_MOST = 5000
};

int instance_prepare_process(struct error **error)
{
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    return error_make(error, ERROR_FAILED, errno, "orphans cannot be adopted");
  return 0;
}

static void wipe(struct buffer *buffer)
{
  if (buffer->data != NULL)
    explicit_bzero(buffer->data, buffer->capacity);
  buffer_free(buffer);
}

static void free_instance(struct instance *instance)
{
  for (size_t i = 0; i < instance->step_count; i++)
    free(instance->steps[i].name);
  free(instance->steps);
  for (size_t i = 0; i < instance->group_count; i++)
    free(instance->groups[i]);
  free(instance->server);
  free(instance->keeper_program);
  free(instance->entry);
  wipe(&instance->undo);
  buffer_free(&instance->line);
  instance_record_free(&instance->record);
  free(instance);
}

void instance_handle_closed(uv_handle_t *handle)
{
  struct instance *instance = handle->data;
  if (--instance->handles == 0)
    free_instance(instance);
}

/* Closes all handles; the memory goes with the last of them. */
static void dispose(struct instance *instance)
{
  instance->timer.data = instance->errors.data = instance;
  instance_link_close(&instance->keeper);
  instance_link_close(&instance->undoer);
  if (instance->errors.type == UV_POLL)
    uv_close((uv_handle_t *)&instance->errors, instance_handle_closed);
  if (instance->errors_descriptor >= 0)
    close(instance->errors_descriptor);
  uv_close((uv_handle_t *)&instance->timer, instance_handle_closed);
}

static void finish(struct instance *instance)
{
  uv_timer_stop(&instance->timer);
  instance_report(instance);
  dispose(instance);
}

/* --- a keeper that died by itself --- */

/* Runs the REMOVE steps, if there are any. */
static void undo(struct instance *instance)
{
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (instance->undo.length == 0) {
    finish(instance);
    return;
  }
  int streams[] = {nothing, nothing, nothing};
  if (nothing < 0 || instance_link_start(&instance->undoer, streams, instance->undo.data,
                                         instance->undo.length, &error) < 0) {
    buffer_append_text(&instance->record.not_undone, "the steps that remove it could not be run");
    finish(instance);
  }
}

static void on_sweep(uv_timer_t *timer)
{
  struct instance *instance = timer->data;
  if (!instance_sweep(instance))
    return;
  uv_timer_stop(timer);
  instance_end_groups(instance);
  undo(instance);
}

static void take_over(struct instance *instance)
{
  instance->keeper_died = true;
  instance->sweep_deadline = uv_hrtime() / 1000000 + SWEEP_MOST;
  uv_timer_start(&instance->timer, on_sweep, 0, SWEEP_EVERY);
}

void instance_keeper_ended(struct instance_link *link)
{
  struct instance *instance = link->instance;
  if (link == &instance->keeper)
    instance_drain_errors(instance, true);
  if (link == &instance->keeper && !instance->record.ended)
    take_over(instance);
  else
    finish(instance);
}

/* --- bounds --- */

static void on_stop_bound(uv_timer_t *timer)
{
  struct instance *instance = timer->data;
  if (instance->keeper.pid > 0)
    kill(instance->keeper.pid, SIGKILL); /* its own work is then done here */
}

static void ask_to_stop(struct instance *instance)
{
  instance_link_send_stop(&instance->keeper);
  uv_timer_start(&instance->timer, on_stop_bound, instance->stop_milliseconds, 0);
}

static void on_start_bound(uv_timer_t *timer)
{
  struct instance *instance = timer->data;
  instance->late = true;
  ask_to_stop(instance);
}

void instance_stop(struct instance *instance)
{
  if (instance->asked)
    return;
  instance->asked = true;
  if (instance->keeper.pid > 0 && !instance->late)
    ask_to_stop(instance);
}

void instance_protocol_seen(struct instance *instance)
{
  instance->protocol_seen = true;
}

void instance_abandon(struct instance *instance)
{
  if (instance->keeper.descriptor >= 0)
    shutdown(instance->keeper.descriptor, SHUT_WR);
}

pid_t instance_keeper(const struct instance *instance)
{
  return instance->keeper.pid;
}

void instance_started(struct instance *instance, pid_t located)
{
  instance->record.let_go = instance->record.front_ran = true;
  if (!instance->asked && !instance->late) {
    uv_timer_stop(&instance->timer);
    instance->events.started(instance->data, located);
  }
}

/* --- the start --- */

static void on_errors(uv_poll_t *handle, int status, int events)
{
  (void)status;
  (void)events;
  instance_drain_errors(handle->data, false);
}

/* A step has all of its time even where the start as a whole has less. */
static uint64_t time_of(const struct plan_step *step)
{
  return step->time_limit != 0 ? step->time_limit : PLAN_TIME_DEFAULT;
}

static int copy_steps(struct instance *instance, const struct plan *plan,
                      enum instance_prepare prepare, struct error **error)
{
  instance->steps = calloc(plan->step_count + 1, sizeof *instance->steps);
  if (instance->steps == NULL)
    return error_memory(error);
  instance->stop_milliseconds = STOP_MARGIN;
  instance->has_front = plan_front(plan) != NULL && prepare != INSTANCE_PREPARE_ONLY;
  for (size_t i = 0; i < plan->step_count; i++) {
    const struct plan_step *step = &plan->steps[i];
    instance->steps[i].phase = step->phase;
    instance->steps[i].name = strdup(step->name);
    if (instance->steps[i].name == NULL)
      return error_memory(error);
    instance->step_count++;
    instance->steps[i].may_fail = plan_step_may_fail(plan, i);
    if (step->phase == PLAN_PREPARE && prepare != INSTANCE_PREPARE_NOT)
      instance->start_milliseconds += (unsigned)time_of(step);
    else if (step->phase != PLAN_PREPARE && step->phase != PLAN_FRONT)
      instance->stop_milliseconds += time_of(step);
  }
  for (size_t i = 0; i < plan->stop_count; i++)
    instance->stop_milliseconds += plan->stops[i].milliseconds;
  return 0;
}

/* A program that gets rights from its file must be one that nobody but root can change. */
static int check_setuid_engine(const struct plan *plan, struct error **error)
{
  const struct plan_step *front = plan_front(plan);
  struct stat status;
  if (!plan->setuid_engine || front == NULL)
    return 0;
  if (stat(front->program, &status) < 0)
    return error_make(error, ERROR_SANDBOX, errno, "%s cannot be looked at", front->program);
  if (status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return 0;
  return error_make_code(error, ERROR_SANDBOX, "engine-not-trusted",
                         "%s is to run with root's rights, but others than root can change it",
                         front->program);
}

static int find_groups(const struct instance_settings *settings, gid_t **groups, int *count,
                       struct error **error)
{
  *count = 0;
  if (settings->user_name == NULL)
    return 0;
  int room = 64;
  for (int i = 0; i < 2; i++) {
    free(*groups);
    *groups = calloc((size_t)room, sizeof **groups);
    if (*groups == NULL)
      return error_memory(error);
    *count = room;
    if (getgrouplist(settings->user_name, settings->group, *groups, &room) >= 0) {
      *count = room;
      return 0;
    }
  }
  return error_make(error, ERROR_SANDBOX, 0, "the groups of the account %s cannot be found",
                    settings->user_name);
}

/* Writes the images of the whole plan and of its removal. */
static int write_images(struct instance *instance, const struct plan *plan,
                        const struct instance_settings *settings, struct buffer *image,
                        struct error **error)
{
  CLEANUP_FREE gid_t *groups = NULL;
  int group_count = 0;
  struct image_identity identity = {.change = geteuid() == 0 && settings->user != 0,
                                    .user = settings->user,
                                    .group = settings->group};
  if (identity.change && find_groups(settings, &groups, &group_count, error) < 0)
    return -1;
  identity.groups = groups;
  identity.group_count = (size_t)group_count;
  static const enum image_scope scopes[] = {IMAGE_WHOLE, IMAGE_PREPARED, IMAGE_PREPARE_ONLY};
  bool removes = settings->prepare != INSTANCE_PREPARE_ONLY;
  for (size_t i = 0; i < plan->step_count; i++)
    if (removes && plan->steps[i].phase == PLAN_REMOVE && instance->undo.length == 0 &&
        image_write(plan, &identity, IMAGE_REMOVE_ONLY, &instance->undo, error) < 0)
      return -1;
  return image_write(plan, &identity, scopes[settings->prepare], image, error);
}

/* Remembers the control groups that the keeper will make, for the case that it dies. */
static int remember_groups(struct instance *instance, const struct plan *plan, struct error **error)
{
  if (!instance->has_front)
    return 0;
  for (size_t i = 0; i < plan->group_count; i++) {
    instance->groups[i] = strdup(plan->groups[i].path);
    if (instance->groups[i] == NULL)
      return error_memory(error);
    instance->group_count++;
  }
  return 0;
}

static struct instance *make(uv_loop_t *loop, const struct plan *plan,
                             const struct instance_settings *settings,
                             const struct instance_events *events, void *data, struct error **error)
{
  struct instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL) {
    error_memory(error);
    return NULL;
  }
  instance->loop = loop;
  instance->events = *events;
  instance->data = data;
  instance->keeper.instance = instance->undoer.instance = instance;
  instance->keeper.descriptor = instance->undoer.descriptor = instance->errors_descriptor = -1;
  instance->start_milliseconds =
      settings->start_milliseconds != 0 ? settings->start_milliseconds : START_DEFAULT;
  instance->server = strdup(settings->server);
  instance->keeper_program = strdup(settings->keeper_program);
  instance->record.status = json_array();
  instance->record.outputs = json_array();
  instance->journal = settings->journal;
  instance->lock = settings->lock;
  if (settings->entry != NULL && asprintf(&instance->entry, "--journal=%s", settings->entry) < 0)
    instance->entry = NULL;
  if ((settings->entry != NULL && instance->entry == NULL) || instance->server == NULL ||
      instance->keeper_program == NULL || instance->record.status == NULL ||
      instance->record.outputs == NULL)
    error_memory(error);
  else if (copy_steps(instance, plan, settings->prepare, error) == 0)
    return instance;
  free_instance(instance);
  return NULL;
}

/* The three pipes of a server: 0 … 2 are the server's ends, 3 … 5 the router's. */
struct pipes {
  int ends[6];
};

static void close_pipes(struct pipes *pipes)
{
  for (int i = 0; i < 6; i++)
    if (pipes->ends[i] >= 0)
      close(pipes->ends[i]);
}

static int open_pipes(struct pipes *pipes, struct error **error)
{
  for (int i = 0; i < 3; i++) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0)
      return error_make(error, ERROR_FAILED, errno, "no pipe can be made");
    pipes->ends[i] = pair[i == 0 ? 0 : 1];
    pipes->ends[i + 3] = pair[i == 0 ? 1 : 0];
    if (os_set_nonblocking(pipes->ends[i + 3]) < 0)
      return error_make(error, ERROR_FAILED, errno, "no pipe can be made");
  }
  return 0;
}

static int watch_errors(struct instance *instance, int descriptor, struct error **error)
{
  int result = uv_poll_init(instance->loop, &instance->errors, descriptor);
  if (result < 0)
    return error_make(error, ERROR_FAILED, -result, "the server's stderr cannot be watched");
  instance->handles++;
  instance->errors.data = instance;
  uv_poll_start(&instance->errors, UV_READABLE, on_errors);
  return 0;
}

struct instance *instance_start(uv_loop_t *loop, const struct plan *plan,
                                const struct instance_settings *settings,
                                const struct instance_events *events, void *data, int *input,
                                int *output, struct error **error)
{
  __attribute__((cleanup(close_pipes))) struct pipes pipes = {{-1, -1, -1, -1, -1, -1}};
  __attribute__((cleanup(wipe))) struct buffer image = {0};
  if (check_setuid_engine(plan, error) < 0 || open_pipes(&pipes, error) < 0)
    return NULL;
  struct instance *instance = make(loop, plan, settings, events, data, error);
  if (instance == NULL)
    return NULL;
  uv_timer_init(loop, &instance->timer);
  instance->timer.data = instance;
  instance->handles++;
  instance->errors_descriptor = steal_descriptor(&pipes.ends[5]);
  if (write_images(instance, plan, settings, &image, error) < 0 ||
      watch_errors(instance, instance->errors_descriptor, error) < 0 ||
      remember_groups(instance, plan, error) < 0) {
    dispose(instance);
    return NULL;
  }
  if (instance_link_start(&instance->keeper, pipes.ends, image.data, image.length, error) < 0) {
    instance_end_groups(instance);
    dispose(instance);
    return NULL;
  }
  uv_timer_start(&instance->timer, on_start_bound, instance->start_milliseconds, 0);
  *input = steal_descriptor(&pipes.ends[3]);
  *output = steal_descriptor(&pipes.ends[4]);
  return instance;
}

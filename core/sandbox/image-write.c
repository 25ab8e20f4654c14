/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a plan as an image. */
#include "core/sandbox/image-write.h"

#include "core/sandbox/groups.h"
#include "core/sandbox/image.h"

#include <string.h>
#include <sys/resource.h>

_Static_assert((int)IMAGE_PREPARE == (int)PLAN_PREPARE && (int)IMAGE_STOP == (int)PLAN_STOP,
               "phase");
_Static_assert((int)IMAGE_FILE == (int)PLAN_FILE && (int)IMAGE_GATE == (int)PLAN_GATE, "file");
_Static_assert((int)IMAGE_CLOSE_STDIN == (int)PLAN_CLOSE_STDIN && (int)IMAGE_RUN == (int)PLAN_STEP,
               "rung");
_Static_assert((int)IMAGE_TARGET_TREE == (int)PLAN_TARGET_TREE, "target");
_Static_assert((int)IMAGE_BY_FRONT == (int)PLAN_LOCATE_FRONT &&
                   (int)IMAGE_REMOTE == (int)PLAN_LOCATE_REMOTE,
               "locate");
_Static_assert((int)IMAGE_STEPS_MAX == (int)PLAN_STEPS_MAX &&
                   (int)IMAGE_FILES_MAX == (int)PLAN_FILES_MAX &&
                   (int)IMAGE_RUNGS_MAX == (int)PLAN_STOPS_MAX,
               "bounds");

/* Whether the front is in it, and what belongs to it. */
static bool has_front(enum image_scope scope)
{
  return scope == IMAGE_WHOLE || scope == IMAGE_PREPARED;
}

static void put_u32(struct buffer *out, size_t value)
{
  uint32_t number = (uint32_t)value;
  buffer_append(out, &number, sizeof number);
}

static void put_u64(struct buffer *out, uint64_t value)
{
  buffer_append(out, &value, sizeof value);
}

static void put_text(struct buffer *out, const char *text)
{
  put_u32(out, strlen(text));
  buffer_append(out, text, strlen(text) + 1);
}

/* Reserves a length and returns its place, for set_length(). */
static size_t open_length(struct buffer *out)
{
  put_u32(out, 0);
  return out->length;
}

static void set_length(struct buffer *out, size_t start)
{
  uint32_t length = (uint32_t)(out->length - start);
  if (!out->failed)
    memcpy(out->data + start - sizeof length, &length, sizeof length);
}

static void put_arguments(struct buffer *out, const struct plan *plan, const struct plan_step *step)
{
  size_t marked = step->command_mark >= 0 ? plan->command_count - 1 : 0;
  put_u32(out, step->argument_count + marked + (step->program != NULL ? 1 : 0));
  if (step->program != NULL)
    put_text(out, step->program);
  for (size_t i = 0; i < step->argument_count; i++) {
    if ((ptrdiff_t)i != step->command_mark) {
      put_text(out, step->arguments[i]);
      continue;
    }
    for (size_t j = 0; j < plan->command_count; j++)
      put_text(out, plan->command[j]);
  }
}

static void put_environment(struct buffer *out, const struct plan_step *step)
{
  put_u32(out, step->environment_count);
  for (size_t i = 0; i < step->environment_count; i++) {
    const struct plan_pair *pair = &step->environment[i];
    size_t start = open_length(out);
    buffer_append_text(out, pair->key);
    buffer_append_byte(out, '=');
    buffer_append_text(out, pair->value);
    set_length(out, start);
    buffer_append_byte(out, '\0');
  }
}

static void put_files(struct buffer *out, const struct plan_step *step)
{
  put_u32(out, step->file_count);
  for (size_t i = 0; i < step->file_count; i++) {
    put_u32(out, (size_t)step->files[i].kind);
    put_u32(out, step->files[i].length);
    buffer_append(out, step->files[i].bytes, step->files[i].length);
  }
}

static size_t step_id(const struct plan *plan, const char *name)
{
  ptrdiff_t index = name == NULL ? -1 : plan_find_step(plan, name);
  return index < 0 ? IMAGE_NONE : (size_t)index;
}

static void put_step(struct buffer *out, const struct plan *plan, size_t index,
                     enum image_scope scope)
{
  const struct plan_step *step = &plan->steps[index];
  uint32_t time_limit = step->time_limit;
  if (time_limit == 0 && step->phase != PLAN_FRONT)
    time_limit = PLAN_TIME_DEFAULT;
  size_t start = open_length(out);
  put_u32(out, index);
  put_u32(out, (size_t)step->phase);
  put_u32(out, time_limit);
  put_u32(out, step->capture);
  put_u32(out, scope != IMAGE_REMOVE_ONLY ? step_id(plan, step->if_failed) : IMAGE_NONE);
  put_text(out, step->name);
  put_text(out, step->program != NULL ? step->program : plan->command[0]);
  put_text(out, step->directory != NULL ? step->directory : "/");
  put_arguments(out, plan, step);
  put_environment(out, step);
  put_files(out, step);
  set_length(out, start);
}

static void put_steps(struct buffer *out, const struct plan *plan, unsigned phases,
                      enum image_scope scope)
{
  size_t count = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    count += phases >> plan->steps[i].phase & 1U;
  put_u32(out, count);
  for (size_t i = 0; i < plan->step_count; i++)
    if ((phases >> plan->steps[i].phase & 1U) != 0)
      put_step(out, plan, i, scope);
}

struct limit_list {
  struct image_limit entries[IMAGE_LIMITS_MAX];
  size_t count;
};

static void add_limit(struct limit_list *list, int resource, uint32_t where, uint64_t value)
{
  list->entries[list->count++] =
      (struct image_limit){.resource = (uint32_t)resource, .where = where, .value = value};
}

/*
 * What the host sets itself. Memory, descriptors and file sizes are a floor under whatever the
 * engine does, in every process of the tree. RLIMIT_NPROC counts all processes of a user, so that
 * it is set only where it counts the server's own: inside the user namespace of a process that
 * waits at a gate (see user_namespaces(7)).
 */
static void collect_limits(const struct plan *plan, struct limit_list *list)
{
  static const struct {
    enum plan_limit limit;
    int resource;
  } floors[] = {
      {PLAN_MEMORY, RLIMIT_DATA}, {PLAN_OPEN_FILES, RLIMIT_NOFILE}, {PLAN_FILE_SIZE, RLIMIT_FSIZE}};
  uint32_t located = plan->locate == PLAN_LOCATE_REMOTE ? 0 : IMAGE_LIMIT_LOCATED;
  add_limit(list, RLIMIT_CORE, IMAGE_LIMIT_FRONT | located, 0);
  if (plan->tree != PLAN_TREE_OWN)
    return;
  for (size_t i = 0; i < sizeof floors / sizeof floors[0]; i++)
    if (plan->limits[floors[i].limit].value != 0 &&
        plan->verdicts[floors[i].limit].verdict != PLAN_BY_ENGINE)
      add_limit(list, floors[i].resource, IMAGE_LIMIT_FRONT | located,
                plan->limits[floors[i].limit].value);
  if (plan_limits_processes(plan))
    add_limit(list, RLIMIT_NPROC, IMAGE_LIMIT_LOCATED, plan->limits[PLAN_PIDS].value);
}

static void put_limits(struct buffer *out, const struct plan *plan)
{
  struct limit_list list = {.count = 0};
  if (plan_front(plan) != NULL)
    collect_limits(plan, &list);
  put_u32(out, list.count);
  for (size_t i = 0; i < list.count; i++) {
    put_u32(out, list.entries[i].resource);
    put_u32(out, list.entries[i].where);
    put_u64(out, list.entries[i].value);
  }
}

static void put_ladder(struct buffer *out, const struct plan *plan, enum image_scope scope)
{
  size_t count = has_front(scope) ? plan->stop_count : 0;
  put_u32(out, count);
  for (size_t i = 0; i < count; i++) {
    const struct plan_stop *stop = &plan->stops[i];
    put_u32(out, (size_t)stop->rung);
    put_u32(out, stop->milliseconds);
    put_u32(out, stop->signal);
    put_u32(out, (size_t)stop->target);
    put_u32(out, step_id(plan, stop->step));
  }
}

static unsigned early_phases(enum image_scope scope)
{
  unsigned start = 1U << PLAN_BEFORE | 1U << PLAN_FRONT | 1U << PLAN_LOCATE;
  unsigned prepare =
      scope == IMAGE_PREPARED || scope == IMAGE_PREPARE_ONLY ? 1U << PLAN_PREPARE : 0U;
  return (has_front(scope) ? start : 0U) | prepare;
}

static unsigned late_phases(enum image_scope scope)
{
  if (scope == IMAGE_PREPARE_ONLY)
    return 0;
  return has_front(scope) ? 1U << PLAN_AFTER | 1U << PLAN_REMOVE | 1U << PLAN_STOP
                          : 1U << PLAN_REMOVE;
}

static void put_settings(struct buffer *out, const struct plan *plan, bool whole)
{
  struct groups_settings settings = {.count = 0};
  if (whole)
    groups_settings(plan, &settings);
  put_u32(out, settings.count * 3);
  for (size_t i = 0; i < settings.count; i++) {
    put_text(out, settings.items[i].group);
    put_text(out, settings.items[i].file);
    put_text(out, settings.items[i].value);
  }
}

static void put_first_section(struct buffer *out, const struct plan *plan,
                              const struct image_identity *identity, enum image_scope scope)
{
  bool whole = has_front(scope);
  put_u32(out, (plan->tree == PLAN_TREE_OWN ? IMAGE_OWN_TREE : 0U) |
                   (plan->setuid_engine ? IMAGE_SETUID_ENGINE : 0U) |
                   (identity->change ? IMAGE_IDENTITY : 0U));
  put_u32(out, identity->user);
  put_u32(out, identity->group);
  put_u32(out, identity->group_count);
  for (size_t i = 0; i < identity->group_count; i++)
    put_u32(out, identity->groups[i]);
  put_limits(out, plan);
  put_ladder(out, plan, scope);
  put_u32(out, whole ? (size_t)plan->locate : IMAGE_REMOTE);
  put_text(out, whole && plan->locate_member != NULL ? plan->locate_member : "");
  put_u32(out, whole ? step_id(plan, plan->locate_step) : IMAGE_NONE);
  put_u32(out, plan->locate_children);
  put_steps(out, plan, late_phases(scope), scope);
  put_u32(out, whole ? plan->group_count : 0);
  for (size_t i = 0; whole && i < plan->group_count; i++)
    put_text(out, plan->groups[i].path);
  put_settings(out, plan, whole);
}

int image_write(const struct plan *plan, const struct image_identity *identity,
                enum image_scope scope, struct buffer *out, struct error **error)
{
  size_t start = out->length;
  put_u32(out, IMAGE_MAGIC);
  put_u32(out, IMAGE_VERSION);
  size_t whole = open_length(out);
  size_t first = open_length(out);
  put_first_section(out, plan, identity, scope);
  set_length(out, first);
  put_steps(out, plan, early_phases(scope), scope);
  if (out->failed)
    return error_memory(error);
  uint32_t length = (uint32_t)(out->length - start);
  if (out->length - start > IMAGE_BYTES_MAX)
    return error_make_code(error, ERROR_SANDBOX, "plan-refused",
                           "the plan is refused: its image is larger than %d bytes",
                           IMAGE_BYTES_MAX);
  memcpy(out->data + whole - sizeof length, &length, sizeof length);
  return 0;
}

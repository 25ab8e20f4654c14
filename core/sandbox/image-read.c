/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an image without trusting it. */
#include "core/sandbox/image.h"

#include "core/os/group.h"

#include <string.h>

struct cursor {
  const unsigned char *at;
  const unsigned char *end;
  bool failed;
};

enum { HEAD = 16, TEXTS_MAX = 65536 };

static const unsigned char *take(struct cursor *cursor, size_t length)
{
  if (cursor->failed || length > (size_t)(cursor->end - cursor->at)) {
    cursor->failed = true;
    return NULL;
  }
  const unsigned char *at = cursor->at;
  cursor->at += length;
  return at;
}

static uint32_t take_u32(struct cursor *cursor)
{
  uint32_t value = 0;
  const unsigned char *at = take(cursor, sizeof value);
  if (at != NULL)
    memcpy(&value, at, sizeof value);
  return value;
}

static uint64_t take_u64(struct cursor *cursor)
{
  uint64_t value = 0;
  const unsigned char *at = take(cursor, sizeof value);
  if (at != NULL)
    memcpy(&value, at, sizeof value);
  return value;
}

/* A count of things that take at least `least` bytes each. */
static uint32_t take_count(struct cursor *cursor, size_t least, size_t most)
{
  uint32_t count = take_u32(cursor);
  if (count > most || count > (size_t)(cursor->end - cursor->at) / least)
    cursor->failed = true;
  return cursor->failed ? 0 : count;
}

static const char *take_text(struct cursor *cursor)
{
  uint32_t length = take_u32(cursor);
  const unsigned char *at = take(cursor, (size_t)length + 1);
  if (at == NULL || memchr(at, '\0', (size_t)length + 1) != at + length) {
    cursor->failed = true;
    return "";
  }
  return (const char *)at;
}

static struct image_texts take_texts(struct cursor *cursor, size_t most)
{
  uint32_t count = take_count(cursor, 5, most);
  struct image_texts texts = {.at = cursor->at, .count = count};
  for (uint32_t i = 0; i < count; i++)
    take_text(cursor);
  return texts;
}

static struct image_files take_files(struct cursor *cursor, bool front)
{
  uint32_t count = take_count(cursor, 8, IMAGE_FILES_MAX);
  struct image_files files = {.at = cursor->at, .count = count};
  uint32_t gates = 0;
  uint32_t statuses = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t kind = take_u32(cursor);
    uint32_t length = take_u32(cursor);
    take(cursor, length);
    gates += kind == IMAGE_GATE;
    statuses += kind == IMAGE_STATUS;
    if (kind < IMAGE_FILE || kind > IMAGE_GATE || (kind != IMAGE_FILE && (length > 0 || !front)))
      cursor->failed = true;
  }
  if (gates > 1 || statuses > 1)
    cursor->failed = true;
  return files;
}

static void take_step(struct cursor *cursor, struct image_step *step)
{
  uint32_t length = take_u32(cursor);
  const unsigned char *start = take(cursor, length);
  struct cursor inside = {
      .at = start, .end = start == NULL ? NULL : start + length, .failed = start == NULL};
  step->id = take_u32(&inside);
  step->phase = take_u32(&inside);
  step->time_limit = take_u32(&inside);
  step->capture = take_u32(&inside);
  step->if_failed = take_u32(&inside);
  step->name = take_text(&inside);
  step->program = take_text(&inside);
  step->directory = take_text(&inside);
  step->arguments = take_texts(&inside, TEXTS_MAX);
  step->environment = take_texts(&inside, TEXTS_MAX);
  step->files = take_files(&inside, step->phase == IMAGE_FRONT);
  cursor->failed =
      cursor->failed || inside.failed || inside.at != inside.end || step->id >= IMAGE_STEPS_MAX ||
      (step->if_failed >= IMAGE_STEPS_MAX && step->if_failed != IMAGE_NONE) ||
      step->program[0] != '/' || step->directory[0] != '/' || step->arguments.count == 0;
}

/* Checks a list of steps whose phases are within the range. */
static struct image_steps take_steps(struct cursor *cursor, uint32_t first, uint32_t last,
                                     uint64_t *ids)
{
  uint32_t count = take_count(cursor, 4, IMAGE_STEPS_MAX);
  struct image_steps steps = {.at = cursor->at, .count = count};
  uint32_t fronts = 0;
  for (uint32_t i = 0; i < count && !cursor->failed; i++) {
    struct image_step step;
    take_step(cursor, &step);
    if (cursor->failed || step.phase < first || step.phase > last || (*ids >> step.id & 1) != 0) {
      cursor->failed = true;
      break;
    }
    *ids |= UINT64_C(1) << step.id;
    fronts += step.phase == IMAGE_FRONT;
  }
  if (fronts > 1)
    cursor->failed = true;
  return steps;
}

static void take_limits(struct cursor *cursor, struct image *image)
{
  image->limit_count = take_count(cursor, 16, IMAGE_LIMITS_MAX);
  for (uint32_t i = 0; i < image->limit_count; i++) {
    image->limits[i].resource = take_u32(cursor);
    image->limits[i].where = take_u32(cursor);
    image->limits[i].value = take_u64(cursor);
    if (image->limits[i].resource > 15 || image->limits[i].where < 1 || image->limits[i].where > 3)
      cursor->failed = true;
  }
}

static void take_ladder(struct cursor *cursor, struct image *image)
{
  image->rung_count = take_count(cursor, 20, IMAGE_RUNGS_MAX);
  for (uint32_t i = 0; i < image->rung_count; i++) {
    struct image_ladder *rung = &image->rungs[i];
    rung->kind = take_u32(cursor);
    rung->milliseconds = take_u32(cursor);
    rung->signal = take_u32(cursor);
    rung->target = take_u32(cursor);
    rung->step = take_u32(cursor);
    if (rung->kind < IMAGE_CLOSE_STDIN || rung->kind > IMAGE_RUN || rung->signal > 64 ||
        rung->target > IMAGE_TARGET_TREE)
      cursor->failed = true;
  }
}

/* What is made, written to and removed must be a group, and one of our own. */
static void take_control_groups(struct cursor *cursor, struct image *image)
{
  image->control_groups = take_texts(cursor, IMAGE_CONTROL_GROUPS_MAX);
  struct image_texts groups = image->control_groups;
  const char *group;
  while (!cursor->failed && (group = image_next_text(&groups)) != NULL)
    if (!os_group_is_own(group))
      cursor->failed = true;
  image->group_settings = take_texts(cursor, (size_t)IMAGE_GROUP_SETTINGS_MAX * 3);
  struct image_texts settings = image->group_settings;
  const char *file;
  cursor->failed = cursor->failed || settings.count % 3 != 0;
  while (!cursor->failed && (group = image_next_text(&settings)) != NULL) {
    file = image_next_text(&settings);
    (void)image_next_text(&settings); /* the value */
    cursor->failed = !os_group_is_own(group) || file == NULL || strchr(file, '/') != NULL;
  }
}

static void take_first_section(struct cursor *cursor, struct image *image, uint64_t *ids)
{
  image->flags = take_u32(cursor);
  image->user = take_u32(cursor);
  image->group = take_u32(cursor);
  image->group_count = take_count(cursor, 4, 65536);
  image->groups = take(cursor, (size_t)image->group_count * 4);
  take_limits(cursor, image);
  take_ladder(cursor, image);
  image->locate = take_u32(cursor);
  image->locate_member = take_text(cursor);
  image->locate_step = take_u32(cursor);
  image->locate_children = take_u32(cursor);
  image->late = take_steps(cursor, IMAGE_AFTER, IMAGE_STOP, ids);
  take_control_groups(cursor, image);
  if (image->locate < IMAGE_BY_FRONT || image->locate > IMAGE_REMOTE || image->locate_children > 64)
    cursor->failed = true;
}

/* Root's own account is no identity to change to: a plan that says so must not run. */
static const char *check_meaning(const struct image *image)
{
  struct image_step step;
  if ((image->flags & IMAGE_IDENTITY) != 0 && image->user == 0)
    return "the image changes the account to root";
  if (image->locate == IMAGE_BY_OUTPUT &&
      (!image_find_step(image, image->locate_step, &step) || step.phase != IMAGE_LOCATE))
    return "the image has no step that finds the server's process";
  for (uint32_t i = 0; i < image->rung_count; i++)
    if (image->rungs[i].kind == IMAGE_RUN &&
        (!image_find_step(image, image->rungs[i].step, &step) || step.phase != IMAGE_STOP))
      return "the image's stop ladder names no step";
  return NULL;
}

const char *image_open(struct image *image, const void *bytes, size_t length)
{
  struct cursor cursor = {.at = bytes, .end = (const unsigned char *)bytes + length};
  uint64_t ids = 0;
  memset(image, 0, sizeof *image);
  if (length > IMAGE_BYTES_MAX || take_u32(&cursor) != IMAGE_MAGIC)
    return "this is no image of a plan";
  if (take_u32(&cursor) != IMAGE_VERSION)
    return "the image is of another version: router and keeper do not belong together";
  uint32_t whole = take_u32(&cursor);
  uint32_t first = take_u32(&cursor);
  if (cursor.failed || whole != length || first > length - HEAD)
    return "the image is cut off";
  struct cursor section = {.at = cursor.at, .end = cursor.at + first};
  take_first_section(&section, image, &ids);
  cursor.at += first;
  image->early = take_steps(&cursor, IMAGE_PREPARE, IMAGE_LOCATE, &ids);
  if (section.failed || section.at != section.end || cursor.failed || cursor.at != cursor.end)
    return "the image is damaged";
  return check_meaning(image);
}

size_t image_late_length(const void *bytes)
{
  uint32_t first;
  memcpy(&first, (const unsigned char *)bytes + 12, sizeof first);
  return first;
}

void image_keep_late(struct image *image, const void *bytes, void *room)
{
  size_t length = image_late_length(bytes);
  uint64_t ids = 0;
  memcpy(room, (const unsigned char *)bytes + HEAD, length);
  struct cursor section = {.at = room, .end = (const unsigned char *)room + length};
  memset(image, 0, sizeof *image);
  take_first_section(&section, image, &ids);
}

bool image_next_step(struct image_steps *steps, struct image_step *step)
{
  if (steps->count == 0)
    return false;
  /* Checked when the image was opened: its end lies within the bytes. */
  uint32_t length;
  memcpy(&length, steps->at, sizeof length);
  struct cursor cursor = {.at = steps->at, .end = steps->at + sizeof length + length};
  take_step(&cursor, step);
  steps->at = cursor.end;
  steps->count--;
  return true;
}

bool image_find_step(const struct image *image, uint32_t id, struct image_step *step)
{
  struct image_steps lists[] = {image->early, image->late};
  for (size_t i = 0; i < 2; i++)
    while (image_next_step(&lists[i], step))
      if (step->id == id)
        return true;
  return false;
}

const char *image_next_text(struct image_texts *texts)
{
  if (texts->count == 0)
    return NULL;
  uint32_t length;
  memcpy(&length, texts->at, sizeof length);
  const char *text = (const char *)texts->at + sizeof length;
  texts->at += sizeof length + (size_t)length + 1;
  texts->count--;
  return text;
}

bool image_next_file(struct image_files *files, uint32_t *kind, const void **bytes,
                     uint32_t *length)
{
  if (files->count == 0)
    return false;
  memcpy(kind, files->at, sizeof *kind);
  memcpy(length, files->at + sizeof *kind, sizeof *length);
  *bytes = files->at + sizeof *kind + sizeof *length;
  files->at += sizeof *kind + sizeof *length + (size_t)*length;
  files->count--;
  return true;
}

uint32_t image_group(const struct image *image, uint32_t index)
{
  uint32_t group;
  memcpy(&group, image->groups + (size_t)index * sizeof group, sizeof group);
  return group;
}

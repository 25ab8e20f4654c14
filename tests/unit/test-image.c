/* SPDX-License-Identifier: Apache-2.0 */
/* The image: what is written is read again, and no damaged one is believed. */
#include "core/sandbox/image.h"

#include "core/base/cleanup.h"
#include "core/sandbox/image-write.h"
#include "tests/unit/plan-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static struct plan *some_plan(void)
{
  struct draft draft = draft_new("serve", "one", "", NULL);
  json_t *front =
      draft_step(&draft, "front", "front", "/usr/bin/env", "--", DRAFT_COMMAND, "end", NULL);
  draft_file(front, "bytes", "a\0b", 3, true);
  draft_descriptor(front, "status");
  draft_descriptor(front, "gate");
  draft_step(&draft, "before", "create", "/bin/true", NULL);
  draft_step(&draft, "prepare", "pull", "/bin/true", NULL);
  json_t *step = draft_step(&draft, "remove", "rm", "/bin/rm", "x", NULL);
  json_object_set_new(step, "if_failed", json_string("create"));
  json_object_set_new(step, "capture", json_integer(12));
  draft_step(&draft, "stop", "ask", "/bin/true", NULL);
  draft_step(&draft, "locate", "look", "/bin/true", NULL);
  draft_variable(&draft, "KEY", "swordfish", "file");
  draft_set(&draft, "locate", "{'from':'status','member':'pid','children':2}");
  draft_set(&draft, "stop", "[{'wait':7},{'signal':9,'target':'tree'},{'step':'ask'}]");
  draft_limit(&draft, "pids", 30, false, "host");
  draft_limit(&draft, "open_files", 40, false, "engine");
  return draft_plan(&draft);
}

static void write_some(struct buffer *out, enum image_scope scope)
{
  const gid_t groups[] = {7, 8, 9};
  struct image_identity identity = {
      .change = true, .user = 100, .group = 200, .groups = groups, .group_count = 3};
  CLEANUP_PLAN struct plan *plan = some_plan();
  assert_int_equal(image_write(plan, &identity, scope, out, NULL), 0);
}

/* Reads all that there is, so that a sanitizer sees every access. Returns a sum. */
static size_t walk_steps(struct image_steps steps)
{
  size_t sum = 0;
  struct image_step step;
  while (image_next_step(&steps, &step)) {
    const char *text;
    const void *bytes;
    uint32_t kind;
    uint32_t length;
    sum += strlen(step.name) + strlen(step.program) + strlen(step.directory);
    while ((text = image_next_text(&step.arguments)) != NULL)
      sum += strlen(text);
    while ((text = image_next_text(&step.environment)) != NULL)
      sum += strlen(text);
    while (image_next_file(&step.files, &kind, &bytes, &length))
      for (uint32_t i = 0; i < length; i++)
        sum += ((const unsigned char *)bytes)[i];
  }
  return sum;
}

static size_t walk(const struct image *image)
{
  size_t sum = walk_steps(image->early) + walk_steps(image->late) + strlen(image->locate_member);
  for (uint32_t i = 0; i < image->group_count; i++)
    sum += image_group(image, i);
  return sum;
}

static void test_round_trip(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer bytes = {0};
  struct image image;
  struct image_step step;
  write_some(&bytes, IMAGE_WHOLE);
  assert_null(image_open(&image, bytes.data, bytes.length));
  assert_int_equal(image.flags, IMAGE_OWN_TREE | IMAGE_IDENTITY);
  assert_int_equal(image.user, 100);
  assert_int_equal(image.group, 200);
  assert_int_equal(image_group(&image, 2), 9);
  assert_int_equal(image.limit_count, 2);
  assert_int_equal(image.limits[0].resource, RLIMIT_CORE);
  assert_int_equal(image.limits[1].resource, RLIMIT_NPROC);
  assert_int_equal(image.limits[1].where, IMAGE_LIMIT_LOCATED);
  assert_int_equal(image.limits[1].value, 30);
  assert_int_equal(image.rung_count, 3);
  assert_int_equal(image.rungs[1].signal, 9);
  assert_int_equal(image.rungs[2].step, 4);
  assert_int_equal(image.locate, IMAGE_BY_STATUS);
  assert_string_equal(image.locate_member, "pid");
  assert_int_equal(image.locate_children, 2);
  assert_true(image_find_step(&image, 0, &step));
  assert_string_equal(step.program, "/usr/bin/env");
  assert_int_equal(step.time_limit, 0);
  const char *const expected[] = {"/usr/bin/env", "--", "serve", "one", "", "end", NULL};
  for (size_t i = 0; i < 7; i++) {
    const char *text = image_next_text(&step.arguments);
    assert_true((text == NULL) == (expected[i] == NULL));
    if (text != NULL)
      assert_string_equal(text, expected[i]);
  }
  assert_string_equal(image_next_text(&step.environment), "PATH=/usr/bin:/bin");
  uint32_t kind;
  uint32_t length;
  const void *data;
  assert_true(image_next_file(&step.files, &kind, &data, &length));
  assert_int_equal(length, 3);
  assert_memory_equal(data, "a\0b", 3);
  assert_true(image_next_file(&step.files, &kind, &data, &length));
  assert_int_equal(kind, IMAGE_STATUS);
  assert_true(image_find_step(&image, 3, &step));
  assert_int_equal(step.if_failed, 1);
  assert_int_equal(step.capture, 12);
  assert_int_equal(step.time_limit, PLAN_TIME_DEFAULT);
  assert_false(image_find_step(&image, 2, &step)); /* `prepare` is no part of a start */
}

static void test_late_part(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer bytes = {0};
  struct image image;
  struct image_step step;
  write_some(&bytes, IMAGE_WHOLE);
  assert_null(image_open(&image, bytes.data, bytes.length));
  size_t length = image_late_length(bytes.data);
  CLEANUP_FREE char *room = malloc(length);
  image_keep_late(&image, bytes.data, room);
  memset(bytes.data, 0, bytes.length);
  assert_false(image_find_step(&image, 0, &step));
  assert_true(image_find_step(&image, 3, &step));
  assert_string_equal(step.program, "/bin/rm");
  assert_int_equal(image.rung_count, 3);
  assert_null(memmem(room, length, "serve", 5));
}

static void test_removal_only(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer bytes = {0};
  struct image image;
  struct image_step step;
  write_some(&bytes, IMAGE_REMOVE_ONLY);
  assert_null(image_open(&image, bytes.data, bytes.length));
  assert_int_equal(image.early.count, 0);
  assert_int_equal(image.late.count, 1);
  assert_true(image_find_step(&image, 3, &step));
  assert_int_equal(step.if_failed, IMAGE_NONE);
}

static void test_every_truncation_is_refused(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer bytes = {0};
  struct image image;
  write_some(&bytes, IMAGE_WHOLE);
  for (size_t length = 0; length < bytes.length; length++) {
    /* A copy of just this size lets a sanitizer see each byte too many; the length agrees. */
    CLEANUP_FREE char *copy = malloc(length + 1);
    memcpy(copy, bytes.data, length);
    uint32_t said = (uint32_t)length;
    if (length >= 12)
      memcpy(copy + 8, &said, sizeof said);
    char *exact = realloc(copy, length == 0 ? 1 : length);
    copy = exact;
    assert_non_null(image_open(&image, exact, length));
  }
}

static void test_no_damage_reads_outside(void **state)
{
  (void)state;
  CLEANUP_BUFFER struct buffer bytes = {0};
  struct image image;
  write_some(&bytes, IMAGE_WHOLE);
  static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  CLEANUP_FREE char *copy = malloc(bytes.length);
  size_t accepted = 0;
  for (size_t i = 0; i < bytes.length; i++)
    for (size_t j = 0; j < sizeof values; j++) {
      memcpy(copy, bytes.data, bytes.length);
      copy[i] = (char)values[j];
      if (image_open(&image, copy, bytes.length) != NULL)
        continue;
      accepted += walk(&image) > 0;
      size_t late = image_late_length(copy);
      CLEANUP_FREE char *room = malloc(late);
      image_keep_late(&image, copy, room);
      walk(&image);
    }
  assert_true(accepted > 0); /* letters of a text may well change */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_late_part),
      cmocka_unit_test(test_removal_only),
      cmocka_unit_test(test_every_truncation_is_refused),
      cmocka_unit_test(test_no_damage_reads_outside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the steps of a plan. */
#include "core/sandbox/plan-parts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct plan_place steps_place = {.member = "steps"};

static int read_arguments(json_t *list, const struct plan_place *step_place, struct plan_step *step,
                          struct error **error)
{
  struct plan_place place = {.outer = step_place, .member = "arguments"};
  ptrdiff_t count = plan_read_list(list, &place, PLAN_ARGUMENTS_MAX, error);
  if (count <= 0)
    return (int)count;
  step->arguments = calloc((size_t)count, sizeof *step->arguments);
  if (step->arguments == NULL)
    return error_memory(error);
  for (; step->argument_count < (size_t)count; step->argument_count++) {
    size_t i = step->argument_count;
    struct plan_place element = {.outer = &place, .index = i};
    json_t *value = json_array_get(list, i);
    if (!json_is_object(value)) {
      if (plan_read_text(value, &element, true, &step->arguments[i], error) < 0)
        return -1;
      continue;
    }
    if (!json_is_true(json_object_get(value, "command")) || json_object_size(value) != 1)
      return plan_refuse(error, &element, "a text or {\"command\": true} is needed");
    if (step->command_mark >= 0)
      return plan_refuse(error, &element, "the command is marked twice");
    step->command_mark = (ptrdiff_t)i;
  }
  return 0;
}

static int read_file_bytes(json_t *value, const struct plan_place *place, struct plan_file *file,
                           struct error **error)
{
  if (!json_is_string(value))
    return plan_refuse(error, place, "a text is needed");
  size_t encoded = json_string_length(value);
  if (encoded / 4 * 3 > PLAN_BYTES_MAX)
    return plan_refuse(error, place, "the file is larger than %d bytes", PLAN_BYTES_MAX);
  file->bytes = malloc(encoded / 4 * 3 + 1);
  if (file->bytes == NULL)
    return error_memory(error);
  const char *end;
  if (sodium_base642bin(file->bytes, encoded / 4 * 3 + 1, json_string_value(value), encoded, NULL,
                        &file->length, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != json_string_value(value) + encoded)
    return plan_refuse(error, place, "this is no base64");
  return 0;
}

static int read_file(json_t *value, const struct plan_place *place, struct plan_file *file,
                     struct error **error)
{
  static const char *const members[] = {"kind", "description", "base64", "secret", NULL};
  static const char *const bare[] = {"kind", NULL};
  static const char *const kinds[] = {"file", "status", "gate", NULL};
  struct plan_place kind_place = {.outer = place, .member = "kind"};
  if (plan_read_object(value, place, members, error) < 0)
    return -1;
  int kind = plan_read_word(json_object_get(value, "kind"), &kind_place, kinds, error);
  if (kind < 0)
    return -1;
  file->kind = (enum plan_descriptor)(kind + PLAN_FILE);
  if (file->kind != PLAN_FILE)
    return plan_read_object(value, place, bare, error);
  struct plan_place description = {.outer = place, .member = "description"};
  struct plan_place bytes = {.outer = place, .member = "base64"};
  struct plan_place secret = {.outer = place, .member = "secret"};
  if (plan_read_text(json_object_get(value, "description"), &description, false, &file->description,
                     error) < 0 ||
      plan_read_boolean(json_object_get(value, "secret"), &secret, &file->secret, error) < 0)
    return -1;
  return read_file_bytes(json_object_get(value, "base64"), &bytes, file, error);
}

static int read_files(json_t *list, const struct plan_place *step_place, struct plan_step *step,
                      struct error **error)
{
  struct plan_place place = {.outer = step_place, .member = "files"};
  ptrdiff_t count = plan_read_list(list, &place, PLAN_FILES_MAX, error);
  if (count <= 0)
    return (int)count;
  step->files = calloc((size_t)count, sizeof *step->files);
  if (step->files == NULL)
    return error_memory(error);
  step->file_count = (size_t)count;
  size_t of_kind[PLAN_GATE + 1] = {0};
  for (size_t i = 0; i < step->file_count; i++) {
    struct plan_place element = {.outer = &place, .index = i};
    if (read_file(json_array_get(list, i), &element, &step->files[i], error) < 0)
      return -1;
    enum plan_descriptor kind = step->files[i].kind;
    if (kind != PLAN_FILE && step->phase != PLAN_FRONT)
      return plan_refuse(error, &element, "only the front has a status descriptor and a gate");
    if (kind != PLAN_FILE && of_kind[kind]++ > 0)
      return plan_refuse(error, &element, "there is one of this kind already");
  }
  return 0;
}

static int read_program(json_t *value, const struct plan_place *step_place, struct plan_step *step,
                        struct error **error)
{
  struct plan_place place = {.outer = step_place, .member = "program"};
  if (!json_is_null(value))
    return plan_read_path(value, &place, &step->program, error);
  if (step->phase != PLAN_FRONT)
    return plan_refuse(error, &place, "only the front can be the server's command itself");
  return 0;
}

static int read_step_members(json_t *value, const struct plan_place *place, struct plan_step *step,
                             struct error **error)
{
  static const char *const phases[] = {"prepare", "before", "front", "locate",
                                       "after",   "remove", "stop",  NULL};
  struct plan_place phase = {.outer = place, .member = "phase"};
  struct plan_place name = {.outer = place, .member = "name"};
  struct plan_place environment = {.outer = place, .member = "environment"};
  struct plan_place time_limit = {.outer = place, .member = "time_limit"};
  struct plan_place capture = {.outer = place, .member = "capture"};
  struct plan_place if_failed = {.outer = place, .member = "if_failed"};
  json_t *other = json_object_get(value, "if_failed");
  int index = plan_read_word(json_object_get(value, "phase"), &phase, phases, error);
  if (index < 0)
    return -1;
  step->phase = (enum plan_phase)(index + PLAN_PREPARE);
  step->command_mark = -1;
  if (plan_read_name(json_object_get(value, "name"), &name, &step->name, error) < 0 ||
      read_program(json_object_get(value, "program"), place, step, error) < 0 ||
      read_arguments(json_object_get(value, "arguments"), place, step, error) < 0 ||
      plan_read_pairs(json_object_get(value, "environment"), &environment, PLAN_VARIABLES_MAX,
                      &step->environment, &step->environment_count, error) < 0 ||
      read_files(json_object_get(value, "files"), place, step, error) < 0 ||
      plan_read_number(json_object_get(value, "time_limit"), &time_limit, 0, PLAN_TIME_MAX,
                       &step->time_limit, error) < 0 ||
      plan_read_number(json_object_get(value, "capture"), &capture, 0, PLAN_CAPTURE_MAX,
                       &step->capture, error) < 0 ||
      (other != NULL && plan_read_name(other, &if_failed, &step->if_failed, error) < 0))
    return -1;
  return 0;
}

int plan_read_steps(json_t *list, struct plan *plan, struct error **error)
{
  static const char *const members[] = {"phase",       "name",  "program",    "arguments",
                                        "environment", "files", "time_limit", "capture",
                                        "if_failed",   NULL};
  ptrdiff_t count = plan_read_list(list, &steps_place, PLAN_STEPS_MAX, error);
  if (count <= 0)
    return (int)count;
  plan->steps = calloc((size_t)count, sizeof *plan->steps);
  if (plan->steps == NULL)
    return error_memory(error);
  plan->step_count = (size_t)count;
  for (size_t i = 0; i < plan->step_count; i++) {
    struct plan_place place = {.outer = &steps_place, .index = i};
    json_t *value = json_array_get(list, i);
    if (plan_read_object(value, &place, members, error) < 0 ||
        read_step_members(value, &place, &plan->steps[i], error) < 0)
      return -1;
  }
  return 0;
}

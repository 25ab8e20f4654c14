/* SPDX-License-Identifier: Apache-2.0 */
/* The launch plan: its life, its words, looking things up in it. */
#include "core/sandbox/plan.h"

#include <stdlib.h>
#include <string.h>

static const char *const phase_words[] = {NULL,     "prepare", "before", "front",
                                          "locate", "after",   "remove", "stop"};
static const char *const limit_words[] = {"memory", "cpu", "pids", "open_files", "file_size"};

const char *plan_phase_word(enum plan_phase phase)
{
  return phase_words[phase];
}

const char *plan_limit_word(enum plan_limit limit)
{
  return limit_words[limit];
}

ptrdiff_t plan_find_step(const struct plan *plan, const char *name)
{
  for (size_t i = 0; i < plan->step_count; i++)
    if (strcmp(plan->steps[i].name, name) == 0)
      return (ptrdiff_t)i;
  return -1;
}

bool plan_step_may_fail(const struct plan *plan, size_t step)
{
  const struct plan_step *one = &plan->steps[step];
  for (size_t i = step + 1; i < plan->step_count; i++)
    if (plan->steps[i].phase == one->phase && plan->steps[i].if_failed != NULL &&
        strcmp(plan->steps[i].if_failed, one->name) == 0)
      return true;
  return false;
}

const struct plan_step *plan_front(const struct plan *plan)
{
  for (size_t i = 0; i < plan->step_count; i++)
    if (plan->steps[i].phase == PLAN_FRONT)
      return &plan->steps[i];
  return NULL;
}

static void free_secret(char *text)
{
  if (text != NULL)
    explicit_bzero(text, strlen(text));
  free(text);
}

static void free_pairs(struct plan_pair *pairs, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    free(pairs[i].key);
    free_secret(pairs[i].value);
  }
  free(pairs);
}

static void free_step(struct plan_step *step)
{
  free(step->name);
  free(step->program);
  for (size_t i = 0; i < step->argument_count; i++)
    free_secret(step->arguments[i]);
  free(step->arguments);
  free(step->directory);
  free_pairs(step->environment, step->environment_count);
  for (size_t i = 0; i < step->file_count; i++) {
    free(step->files[i].description);
    if (step->files[i].bytes != NULL)
      explicit_bzero(step->files[i].bytes, step->files[i].length);
    free(step->files[i].bytes);
  }
  free(step->files);
  free(step->if_failed);
}

static void free_lists(struct plan *plan)
{
  for (size_t i = 0; i < plan->variable_count; i++) {
    free(plan->variables[i].name);
    free_secret(plan->variables[i].value);
  }
  free(plan->variables);
  for (size_t i = 0; i < plan->hidden_count; i++) {
    free(plan->hidden[i].name);
    free_secret(plan->hidden[i].value);
  }
  free(plan->hidden);
  for (size_t i = 0; i < plan->stop_count; i++)
    free(plan->stops[i].step);
  free(plan->stops);
  for (size_t i = 0; i < plan->weakens_count; i++) {
    free(plan->weakens[i].option);
    free(plan->weakens[i].value);
    free(plan->weakens[i].property);
  }
  free(plan->weakens);
  for (size_t i = 0; i < plan->group_count; i++)
    free(plan->groups[i].path);
  free(plan->group_text);
  free_pairs(plan->keep, plan->keep_count);
  free_pairs(plan->facts, plan->fact_count);
}

int plan_hide(struct plan *plan, const char *name, const char *value, struct error **error)
{
  struct plan_variable *grown =
      reallocarray(plan->hidden, plan->hidden_count + 1, sizeof *plan->hidden);
  if (grown == NULL)
    return error_memory(error);
  plan->hidden = grown;
  struct plan_variable hidden = {.name = strdup(name), .value = strdup(value)};
  if (hidden.name == NULL || hidden.value == NULL) {
    free(hidden.name);
    free_secret(hidden.value);
    return error_memory(error);
  }
  plan->hidden[plan->hidden_count++] = hidden;
  return 0;
}

void plan_free(struct plan **plan_pointer)
{
  struct plan *plan = *plan_pointer;
  if (plan == NULL)
    return;
  *plan_pointer = NULL;
  for (size_t i = 0; i < plan->command_count; i++)
    free_secret(plan->command[i]);
  free(plan->command);
  for (size_t i = 0; i < plan->step_count; i++)
    free_step(&plan->steps[i]);
  free(plan->steps);
  free(plan->instance);
  free(plan->locate_member);
  free(plan->locate_step);
  for (size_t i = 0; i < PLAN_LIMITS; i++)
    free(plan->verdicts[i].text);
  free_lists(plan);
  free(plan);
}

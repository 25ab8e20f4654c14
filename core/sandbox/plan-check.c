/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what only the whole plan shows. */
#include "core/sandbox/plan-parts.h"

#include <string.h>

static const struct plan_place steps_place = {.member = "steps"};

static int check_reference(const struct plan *plan, const struct plan_place *place,
                           const char *name, enum plan_phase phase, struct error **error)
{
  ptrdiff_t index = plan_find_step(plan, name);
  if (index < 0)
    return plan_refuse(error, place, "there is no step \"%s\"", name);
  if (plan->steps[index].phase != phase)
    return plan_refuse(error, place, "the step \"%s\" is not of the phase \"%s\"", name,
                       plan_phase_word(phase));
  return 0;
}

/* These reach the dynamic linker of whatever program the step runs, outside the sandbox. */
static bool steers_linker(const char *name)
{
  return strncmp(name, "LD_", 3) == 0 || strcmp(name, "GLIBC_TUNABLES") == 0 ||
         strcmp(name, "GCONV_PATH") == 0;
}

static int check_environment(const struct plan_step *step, const struct plan_place *step_place,
                             struct error **error)
{
  struct plan_place place = {.outer = step_place, .member = "environment"};
  for (size_t i = 0; i < step->environment_count; i++) {
    struct plan_place element = {.outer = &place, .index = i};
    const char *name = step->environment[i].key;
    if (strchr(name, '=') != NULL)
      return plan_refuse(error, &element, "a variable's name holds '='");
    if (step->program != NULL && steers_linker(name))
      return plan_refuse(error, &element, "%s would steer the program itself, outside the sandbox",
                         name);
    for (size_t j = 0; j < i; j++)
      if (strcmp(step->environment[j].key, name) == 0)
        return plan_refuse(error, &element, "%s is there twice", name);
  }
  return 0;
}

static int check_step(const struct plan *plan, size_t index, size_t *bytes, struct error **error)
{
  const struct plan_step *step = &plan->steps[index];
  struct plan_place place = {.outer = &steps_place, .index = index};
  struct plan_place name = {.outer = &place, .member = "name"};
  struct plan_place if_failed = {.outer = &place, .member = "if_failed"};
  if ((size_t)plan_find_step(plan, step->name) != index)
    return plan_refuse(error, &name, "there are two steps \"%s\"", step->name);
  if (step->phase != PLAN_FRONT && step->phase != PLAN_BEFORE && step->command_mark >= 0)
    return plan_refuse(error, &place, "the command is marked behind the front");
  if (step->phase == PLAN_FRONT && step->if_failed != NULL)
    return plan_refuse(error, &if_failed, "the front always runs");
  if (step->if_failed != NULL) {
    ptrdiff_t other = plan_find_step(plan, step->if_failed);
    if (other < 0)
      return plan_refuse(error, &if_failed, "there is no step \"%s\"", step->if_failed);
    if ((size_t)other >= index)
      return plan_refuse(error, &if_failed, "the step \"%s\" does not come earlier",
                         step->if_failed);
  }
  for (size_t i = 0; i < step->file_count; i++)
    *bytes += step->files[i].length;
  if (*bytes > PLAN_BYTES_MAX)
    return plan_refuse(error, &place, "all files together are larger than %d bytes",
                       PLAN_BYTES_MAX);
  return check_environment(step, &place, error);
}

static int check_front(const struct plan *plan, struct error **error)
{
  const struct plan_step *front = NULL;
  for (size_t i = 0; i < plan->step_count; i++) {
    struct plan_place place = {.outer = &steps_place, .index = i};
    if (plan->steps[i].phase != PLAN_FRONT)
      continue;
    if (front != NULL)
      return plan_refuse(error, &place, "there are two fronts");
    front = &plan->steps[i];
    if (front->time_limit != 0 || front->capture != 0)
      return plan_refuse(error, &place,
                         "the front has no time limit, and its output is the server's");
    if (front->program == NULL && (front->command_mark != 0 || front->argument_count != 1))
      return plan_refuse(error, &place, "a front without a program is the command and no more");
    if (front->program == NULL && plan->command[0][0] != '/')
      return plan_refuse(error, &place, "the command needs an absolute \"command_path\"");
    if (front->program == NULL && plan->setuid_engine)
      return plan_refuse(error, &place, "a front without a program has no setuid engine");
  }
  if (front == NULL)
    return plan_refuse(error, &steps_place, "there is no front");
  return 0;
}

/* A canary takes the place of the command, so that all of it must be in one place. */
static int check_mark(const struct plan *plan, struct error **error)
{
  bool marked = false;
  for (size_t i = 0; i < plan->step_count; i++) {
    struct plan_place place = {.outer = &steps_place, .index = i};
    if (plan->steps[i].command_mark < 0)
      continue;
    if (marked)
      return plan_refuse(error, &place, "the command is marked a second time");
    marked = true;
  }
  return marked ? 0 : plan_refuse(error, &steps_place, "no step marks where the command goes");
}

static bool front_has(const struct plan_step *front, enum plan_descriptor kind)
{
  for (size_t i = 0; i < front->file_count; i++)
    if (front->files[i].kind == kind)
      return true;
  return false;
}

/* The environment of a front that is the server: these variables and no other. */
static int check_server_environment(const struct plan *plan, const struct plan_step *front,
                                    struct error **error)
{
  struct plan_place place = {.member = "variables"};
  if (front->environment_count != plan->variable_count)
    return plan_refuse(error, &place,
                       "the front is the server, but has %zu variables instead of %zu",
                       front->environment_count, plan->variable_count);
  for (size_t i = 0; i < plan->variable_count; i++) {
    const struct plan_variable *variable = &plan->variables[i];
    bool found = false;
    for (size_t j = 0; j < front->environment_count && !found; j++)
      found = strcmp(front->environment[j].key, variable->name) == 0 &&
              strcmp(front->environment[j].value, variable->value) == 0;
    if (variable->way != PLAN_BY_FRONT || !found)
      return plan_refuse(error, &place, "the front is the server and must have %.64s as asked for",
                         variable->name);
  }
  return 0;
}

/* Whether a step that can carry it holds the variable with its value. */
static bool carried_by_name(const struct plan *plan, const struct plan_variable *variable)
{
  for (size_t i = 0; i < plan->step_count; i++) {
    const struct plan_step *step = &plan->steps[i];
    if (step->phase != PLAN_BEFORE && step->phase != PLAN_FRONT)
      continue;
    for (size_t j = 0; j < step->environment_count; j++)
      if (strcmp(step->environment[j].key, variable->name) == 0 &&
          strcmp(step->environment[j].value, variable->value) == 0)
        return true;
  }
  return false;
}

static bool carried_by_file(const struct plan *plan)
{
  for (size_t i = 0; i < plan->step_count; i++)
    for (size_t j = 0; j < plan->steps[i].file_count; j++)
      if (plan->steps[i].files[j].kind == PLAN_FILE)
        return true;
  return false;
}

static int check_variables(const struct plan *plan, const struct plan_step *front,
                           struct error **error)
{
  struct plan_place place = {.member = "variables"};
  if (front->program == NULL)
    return check_server_environment(plan, front, error);
  for (size_t i = 0; i < plan->variable_count; i++) {
    const struct plan_variable *variable = &plan->variables[i];
    if (variable->way == PLAN_BY_FRONT)
      return plan_refuse(error, &place,
                         "%.64s would become a variable of the program outside the sandbox",
                         variable->name);
    if (variable->way == PLAN_BY_FLAG && !variable->host)
      return plan_refuse(error, &place, "the value of %.64s would stand on a command line",
                         variable->name);
    if (variable->way == PLAN_BY_NAME && !carried_by_name(plan, variable))
      return plan_refuse(error, &place, "no step holds %.64s, which is to be passed by name",
                         variable->name);
    if (variable->way == PLAN_BY_FILE && !carried_by_file(plan))
      return plan_refuse(error, &place, "no step has a file that could hold %.64s", variable->name);
  }
  return 0;
}

static int check_ladder(const struct plan *plan, struct error **error)
{
  struct plan_place stops = {.member = "stop"};
  for (size_t i = 0; i < plan->stop_count; i++) {
    struct plan_place place = {.outer = &stops, .index = i};
    const struct plan_stop *stop = &plan->stops[i];
    if (stop->rung == PLAN_STEP && check_reference(plan, &place, stop->step, PLAN_STOP, error) < 0)
      return -1;
    if (stop->rung == PLAN_SIGNAL && stop->target != PLAN_TARGET_FRONT &&
        plan->locate == PLAN_LOCATE_REMOTE)
      return plan_refuse(error, &place, "only the front is on this machine");
  }
  return 0;
}

int plan_check(const struct plan *plan, struct error **error)
{
  size_t bytes = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    if (check_step(plan, i, &bytes, error) < 0)
      return -1;
  if (plan->command == NULL)
    return 0; /* a teardown */
  if (check_front(plan, error) < 0 || check_mark(plan, error) < 0)
    return -1;
  const struct plan_step *front = plan_front(plan);
  struct plan_place locate = {.member = "locate"};
  struct plan_place limits = {.member = "limits"};
  if (plan->locate == PLAN_LOCATE_STATUS && !front_has(front, PLAN_STATUS))
    return plan_refuse(error, &locate, "the front has no status descriptor");
  if (front_has(front, PLAN_GATE) && plan->locate == PLAN_LOCATE_REMOTE)
    return plan_refuse(error, &locate, "the gate waits for a process that is elsewhere");
  if (plan->locate == PLAN_LOCATE_OUTPUT &&
      check_reference(plan, &locate, plan->locate_step, PLAN_LOCATE, error) < 0)
    return -1;
  for (int i = 0; i < PLAN_LIMITS; i++)
    if (plan->verdicts[i].verdict == PLAN_BY_HOST && plan->tree != PLAN_TREE_OWN)
      return plan_refuse(error, &limits, "%s is left to the host, which reaches only its own tree",
                         plan_limit_word((enum plan_limit)i));
  if (check_variables(plan, front, error) < 0)
    return -1;
  return check_ladder(plan, error);
}

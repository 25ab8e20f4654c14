/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan takes from the request: the command, the variables, the limits asked for. */
#include "core/sandbox/plan-parts.h"

#include <stdlib.h>
#include <string.h>

static int read_command(json_t *message, json_t *request, struct plan *plan, struct error **error)
{
  struct plan_place place = {.member = "command"};
  struct plan_place path_place = {.member = "command_path"};
  json_t *list = json_object_get(request, "command");
  ptrdiff_t count = plan_read_list(list, &place, PLAN_ARGUMENTS_MAX, error);
  if (count < 0)
    return -1;
  if (count == 0)
    return plan_refuse(error, &place, "the request names no program");
  plan->command = calloc((size_t)count + 1, sizeof *plan->command);
  if (plan->command == NULL)
    return error_memory(error);
  json_t *path = json_object_get(message, "command_path");
  for (; plan->command_count < (size_t)count; plan->command_count++) {
    size_t i = plan->command_count;
    struct plan_place element = {.outer = &place, .index = i};
    int result =
        i == 0 && path != NULL
            ? plan_read_path(path, &path_place, &plan->command[i], error)
            : plan_read_text(json_array_get(list, i), &element, i > 0, &plan->command[i], error);
    if (result < 0)
      return -1;
  }
  return 0;
}

static bool host_made(json_t *request, const char *name)
{
  json_t *list = json_object_get(request, "host_variables");
  size_t index;
  json_t *value;
  json_array_foreach (list, index, value) {
    if (json_is_string(value) && strcmp(json_string_value(value), name) == 0)
      return true;
  }
  return false;
}

static int read_environment(json_t *request, struct plan *plan, struct error **error)
{
  struct plan_place place = {.member = "environment"};
  json_t *list = json_object_get(request, "environment");
  ptrdiff_t count = plan_read_list(list, &place, PLAN_VARIABLES_MAX, error);
  if (count <= 0)
    return (int)count;
  plan->variables = calloc((size_t)count, sizeof *plan->variables);
  if (plan->variables == NULL)
    return error_memory(error);
  plan->variable_count = (size_t)count;
  for (size_t i = 0; i < plan->variable_count; i++) {
    struct plan_place element = {.outer = &place, .index = i};
    struct plan_variable *variable = &plan->variables[i];
    json_t *pair = json_array_get(list, i);
    if (plan_read_text(json_array_get(pair, 0), &element, false, &variable->name, error) < 0 ||
        plan_read_text(json_array_get(pair, 1), &element, true, &variable->value, error) < 0)
      return -1;
    if (strchr(variable->name, '=') != NULL)
      return plan_refuse(error, &element, "a variable's name holds '='");
    variable->host = host_made(request, variable->name);
  }
  return 0;
}

static int read_asked_limits(json_t *request, struct plan *plan, struct error **error)
{
  struct plan_place place = {.member = "limits"};
  json_t *limits = json_object_get(request, "limits");
  for (int i = 0; i < PLAN_LIMITS; i++) {
    json_t *limit = json_object_get(limits, plan_limit_word((enum plan_limit)i));
    struct plan_place element = {.outer = &place, .member = plan_limit_word((enum plan_limit)i)};
    json_int_t value = json_integer_value(json_object_get(limit, "value"));
    if (value < 0)
      return plan_refuse(error, &element, "the request's limit is negative");
    plan->limits[i].value = (uint64_t)value;
    plan->limits[i].strict = json_is_true(json_object_get(limit, "strict"));
  }
  return 0;
}

int plan_read_request(json_t *message, json_t *request, struct plan *plan, struct error **error)
{
  if (read_command(message, request, plan, error) < 0 ||
      read_environment(request, plan, error) < 0 || read_asked_limits(request, plan, error) < 0)
    return -1;
  return 0;
}

static struct plan_variable *find_variable(const struct plan *plan, const char *name)
{
  for (size_t i = 0; i < plan->variable_count; i++)
    if (strcmp(plan->variables[i].name, name) == 0)
      return &plan->variables[i];
  return NULL;
}

int plan_read_variables(json_t *list, struct plan *plan, struct error **error)
{
  static const char *const members[] = {"name", "way", NULL};
  static const char *const ways[] = {"front", "file", "flag", "name", NULL};
  struct plan_place place = {.member = "variables"};
  ptrdiff_t count = plan_read_list(list, &place, PLAN_VARIABLES_MAX, error);
  for (size_t i = 0; (ptrdiff_t)i < count; i++) {
    struct plan_place element = {.outer = &place, .index = i};
    json_t *value = json_array_get(list, i);
    if (plan_read_object(value, &element, members, error) < 0)
      return -1;
    int way = plan_read_word(json_object_get(value, "way"), &element, ways, error);
    if (way < 0)
      return -1;
    const char *name = json_string_value(json_object_get(value, "name"));
    struct plan_variable *variable = name == NULL ? NULL : find_variable(plan, name);
    if (variable == NULL)
      return plan_refuse(error, &element, "the request has no variable of this name");
    if (variable->way != 0)
      return plan_refuse(error, &element, "%.64s is named twice", variable->name);
    variable->way = (enum plan_way)(way + PLAN_BY_FRONT);
  }
  for (size_t i = 0; count >= 0 && i < plan->variable_count; i++)
    if (plan->variables[i].way == 0)
      return plan_refuse(error, &place, "it does not say how %.64s reaches the server",
                         plan->variables[i].name);
  return count < 0 ? -1 : 0;
}

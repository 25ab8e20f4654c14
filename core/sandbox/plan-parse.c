/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a worker's message into a plan. */
#include "core/sandbox/plan-parts.h"

#include "core/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

int plan_read_pairs(json_t *list, const struct plan_place *place, size_t most,
                    struct plan_pair **pairs, size_t *count, struct error **error)
{
  ptrdiff_t length = plan_read_list(list, place, most, error);
  if (length <= 0)
    return (int)length;
  *pairs = calloc((size_t)length, sizeof **pairs);
  if (*pairs == NULL)
    return error_memory(error);
  *count = (size_t)length;
  for (size_t i = 0; i < *count; i++) {
    struct plan_place element = {.outer = place, .index = i};
    json_t *pair = json_array_get(list, i);
    if (!json_is_array(pair) || json_array_size(pair) != 2)
      return plan_refuse(error, &element, "a pair of texts is needed");
    if (plan_read_text(json_array_get(pair, 0), &element, false, &(*pairs)[i].key, error) < 0 ||
        plan_read_text(json_array_get(pair, 1), &element, true, &(*pairs)[i].value, error) < 0)
      return -1;
  }
  return 0;
}

int plan_read_weakenings(json_t *list, struct plan *plan, struct error **error)
{
  static const char *const members[] = {"option", "value", "property", NULL};
  struct plan_place place = {.member = "weakens"};
  ptrdiff_t count = plan_read_list(list, &place, PLAN_PAIRS_MAX, error);
  if (count <= 0)
    return (int)count;
  plan->weakens = calloc((size_t)count, sizeof *plan->weakens);
  if (plan->weakens == NULL)
    return error_memory(error);
  plan->weakens_count = (size_t)count;
  for (size_t i = 0; i < plan->weakens_count; i++) {
    struct plan_place element = {.outer = &place, .index = i};
    json_t *value = json_array_get(list, i);
    struct plan_weakening *weakening = &plan->weakens[i];
    if (plan_read_object(value, &element, members, error) < 0 ||
        plan_read_text(json_object_get(value, "option"), &element, false, &weakening->option,
                       error) < 0 ||
        plan_read_text(json_object_get(value, "value"), &element, true, &weakening->value, error) <
            0 ||
        plan_read_text(json_object_get(value, "property"), &element, false, &weakening->property,
                       error) < 0)
      return -1;
  }
  return 0;
}

int plan_read_locate(json_t *locate, struct plan *plan, struct error **error)
{
  static const char *const members[] = {"from", "member", "step", "children", NULL};
  static const char *const sources[] = {"front", "status", "output", "remote", NULL};
  struct plan_place place = {.member = "locate"};
  struct plan_place from_place = {.outer = &place, .member = "from"};
  struct plan_place member_place = {.outer = &place, .member = "member"};
  struct plan_place step_place = {.outer = &place, .member = "step"};
  struct plan_place children_place = {.outer = &place, .member = "children"};
  plan->locate = PLAN_LOCATE_FRONT;
  if (locate == NULL)
    return 0;
  if (plan_read_object(locate, &place, members, error) < 0)
    return -1;
  int from = plan_read_word(json_object_get(locate, "from"), &from_place, sources, error);
  if (from < 0 || plan_read_number(json_object_get(locate, "children"), &children_place, 0,
                                   PLAN_CHILDREN_MAX, &plan->locate_children, error) < 0)
    return -1;
  plan->locate = (enum plan_locate)(from + PLAN_LOCATE_FRONT);
  json_t *member = json_object_get(locate, "member");
  json_t *step = json_object_get(locate, "step");
  if ((member != NULL) != (plan->locate == PLAN_LOCATE_STATUS))
    return plan_refuse(error, &member_place, "it belongs to \"status\", and to nothing else");
  if ((step != NULL) != (plan->locate == PLAN_LOCATE_OUTPUT))
    return plan_refuse(error, &step_place, "it belongs to \"output\", and to nothing else");
  if (member != NULL) {
    if (plan_read_text(member, &member_place, false, &plan->locate_member, error) < 0)
      return -1;
    if (strpbrk(plan->locate_member, "/~") != NULL || strlen(plan->locate_member) > 64)
      return plan_refuse(error, &member_place, "a short name without '/' and '~' is needed");
  }
  if (step != NULL && plan_read_name(step, &step_place, &plan->locate_step, error) < 0)
    return -1;
  if (plan->locate == PLAN_LOCATE_REMOTE && plan->locate_children > 0)
    return plan_refuse(error, &children_place, "there are none to be found elsewhere");
  return 0;
}

static int read_stop(json_t *value, const struct plan_place *place, struct plan_stop *stop,
                     struct error **error)
{
  static const char *const members[] = {"close_stdin", "wait", "signal", "target", "step", NULL};
  static const char *const targets[] = {"front", "located", "tree", NULL};
  if (plan_read_object(value, place, members, error) < 0)
    return -1;
  size_t size = json_object_size(value);
  struct plan_place wait = {.outer = place, .member = "wait"};
  struct plan_place signal = {.outer = place, .member = "signal"};
  struct plan_place target = {.outer = place, .member = "target"};
  struct plan_place step = {.outer = place, .member = "step"};
  if (size == 1 && json_is_true(json_object_get(value, "close_stdin"))) {
    stop->rung = PLAN_CLOSE_STDIN;
    return 0;
  }
  if (size == 1 && json_object_get(value, "wait") != NULL) {
    stop->rung = PLAN_WAIT;
    return plan_read_number(json_object_get(value, "wait"), &wait, 0, PLAN_WAIT_MAX,
                            &stop->milliseconds, error);
  }
  if (size == 1 && json_object_get(value, "step") != NULL) {
    stop->rung = PLAN_STEP;
    return plan_read_name(json_object_get(value, "step"), &step, &stop->step, error);
  }
  if (size != 2 || json_object_get(value, "signal") == NULL)
    return plan_refuse(error, place, "one of close_stdin, wait, step, or signal with its target");
  stop->rung = PLAN_SIGNAL;
  int index = plan_read_word(json_object_get(value, "target"), &target, targets, error);
  if (index < 0)
    return -1;
  stop->target = (enum plan_target)(index + PLAN_TARGET_FRONT);
  return plan_read_number(json_object_get(value, "signal"), &signal, 1, 64, &stop->signal, error);
}

int plan_read_stops(json_t *list, struct plan *plan, struct error **error)
{
  struct plan_place place = {.member = "stop"};
  ptrdiff_t count = plan_read_list(list, &place, PLAN_STOPS_MAX, error);
  if (count <= 0)
    return (int)count;
  plan->stops = calloc((size_t)count, sizeof *plan->stops);
  if (plan->stops == NULL)
    return error_memory(error);
  plan->stop_count = (size_t)count;
  uint32_t waits = 0;
  for (size_t i = 0; i < plan->stop_count; i++) {
    struct plan_place element = {.outer = &place, .index = i};
    if (read_stop(json_array_get(list, i), &element, &plan->stops[i], error) < 0)
      return -1;
    waits += plan->stops[i].milliseconds;
    if (waits > PLAN_WAIT_MAX)
      return plan_refuse(error, &element, "all waits together are longer than %d milliseconds",
                         PLAN_WAIT_MAX);
  }
  return 0;
}

int plan_read_limits(json_t *list, struct plan *plan, struct error **error)
{
  static const char *const members[] = {"limit", "verdict", "text", NULL};
  static const char *const limits[] = {"memory", "cpu", "pids", "open_files", "file_size", NULL};
  static const char *const verdicts[] = {"engine", "host", "partial", "none", NULL};
  struct plan_place place = {.member = "limits"};
  ptrdiff_t count = plan_read_list(list, &place, PLAN_LIMITS, error);
  for (size_t i = 0; (ptrdiff_t)i < count; i++) {
    struct plan_place element = {.outer = &place, .index = i};
    struct plan_place text_place = {.outer = &element, .member = "text"};
    json_t *value = json_array_get(list, i);
    if (plan_read_object(value, &element, members, error) < 0)
      return -1;
    int limit = plan_read_word(json_object_get(value, "limit"), &element, limits, error);
    int verdict =
        limit < 0 ? -1
                  : plan_read_word(json_object_get(value, "verdict"), &element, verdicts, error);
    if (verdict < 0)
      return -1;
    struct plan_limit_verdict *stored = &plan->verdicts[limit];
    if (stored->verdict != 0)
      return plan_refuse(error, &element, "this limit is named twice");
    stored->verdict = (enum plan_verdict)(verdict + PLAN_BY_ENGINE);
    json_t *text = json_object_get(value, "text");
    bool explained = json_is_string(text) && json_string_length(text) > 0;
    if (!explained && (stored->verdict == PLAN_PARTIAL || stored->verdict == PLAN_NOT))
      return plan_refuse(error, &text_place, "say what is missing, or why not");
    if (explained && plan_read_text(text, &text_place, false, &stored->text, error) < 0)
      return -1;
  }
  return count < 0 ? -1 : 0;
}

static int read_all(json_t *message, json_t *request, struct plan *plan, struct error **error)
{
  static const char *const members[] = {"tree",  "setuid_engine", "command_path", "variables",
                                        "steps", "locate",        "limits",       "stop",
                                        "keep",  "weakens",       "facts",        NULL};
  static const char *const trees[] = {"own", "engine", NULL};
  struct plan_place tree_place = {.member = "tree"};
  struct plan_place setuid_place = {.member = "setuid_engine"};
  struct plan_place keep = {.member = "keep"};
  struct plan_place facts = {.member = "facts"};
  if (plan_read_object(message, NULL, members, error) < 0)
    return -1;
  int tree = plan_read_word(json_object_get(message, "tree"), &tree_place, trees, error);
  if (tree < 0)
    return -1;
  plan->tree = (enum plan_tree)(tree + PLAN_TREE_OWN);
  if (plan_read_boolean(json_object_get(message, "setuid_engine"), &setuid_place,
                        &plan->setuid_engine, error) < 0 ||
      plan_read_request(message, request, plan, error) < 0 ||
      plan_read_variables(json_object_get(message, "variables"), plan, error) < 0 ||
      plan_read_steps(json_object_get(message, "steps"), plan, error) < 0 ||
      plan_read_locate(json_object_get(message, "locate"), plan, error) < 0 ||
      plan_read_limits(json_object_get(message, "limits"), plan, error) < 0 ||
      plan_read_stops(json_object_get(message, "stop"), plan, error) < 0 ||
      plan_read_pairs(json_object_get(message, "keep"), &keep, PLAN_PAIRS_MAX, &plan->keep,
                      &plan->keep_count, error) < 0 ||
      plan_read_weakenings(json_object_get(message, "weakens"), plan, error) < 0 ||
      plan_read_pairs(json_object_get(message, "facts"), &facts, PLAN_PAIRS_MAX, &plan->facts,
                      &plan->fact_count, error) < 0)
    return -1;
  return 0;
}

/* Where each step is run; see struct plan_step. */
static int set_directories(json_t *request, struct plan *plan, struct error **error)
{
  const char *server = json_string_value(json_object_get(request, "work_directory"));
  if (server == NULL)
    server = json_string_value(json_object_get(request, "home"));
  for (size_t i = 0; i < plan->step_count; i++) {
    bool is_server = plan->steps[i].program == NULL && server != NULL && server[0] == '/';
    plan->steps[i].directory = strdup(is_server ? server : "/");
    if (plan->steps[i].directory == NULL)
      return error_memory(error);
  }
  return 0;
}

static int copy_instance(json_t *request, struct plan *plan, struct error **error)
{
  const char *instance = json_string_value(json_object_get(request, "instance"));
  plan->instance = instance != NULL ? strdup(instance) : NULL;
  return instance != NULL && plan->instance == NULL ? error_memory(error) : 0;
}

int plan_parse(json_t *message, json_t *request, struct plan **plan, struct error **error)
{
  CLEANUP_PLAN struct plan *made = calloc(1, sizeof *made);
  if (made == NULL)
    return error_memory(error);
  if (read_all(message, request, made, error) < 0 || set_directories(request, made, error) < 0 ||
      copy_instance(request, made, error) < 0 || plan_check(made, error) < 0)
    return -1;
  *plan = steal_pointer(made);
  return 0;
}

int plan_parse_teardown(json_t *message, struct plan **plan, struct error **error)
{
  /* A builder writes the other members too, empty; `locate`, `tree` and the ladder mean nothing
   * here. */
  static const char *const empty[] = {"command_path", "variables", "limits", "keep",
                                      "weakens",      "facts",     NULL};
  CLEANUP_PLAN struct plan *made = calloc(1, sizeof *made);
  if (made == NULL)
    return error_memory(error);
  for (size_t i = 0; empty[i] != NULL; i++) {
    json_t *value = json_object_get(message, empty[i]);
    struct plan_place place = {.member = empty[i]};
    if (value != NULL && (!json_is_array(value) || json_array_size(value) > 0))
      return plan_refuse(error, &place, "a teardown has steps only");
  }
  made->tree = PLAN_TREE_ENGINE;
  made->locate = PLAN_LOCATE_REMOTE;
  struct plan_place steps = {.member = "steps"};
  if (plan_read_object(message, NULL,
                       (const char *const[]){"tree", "setuid_engine", "command_path", "variables",
                                             "steps", "locate", "limits", "stop", "keep", "weakens",
                                             "facts", NULL},
                       error) < 0 ||
      plan_read_boolean(json_object_get(message, "setuid_engine"), &steps, &made->setuid_engine,
                        error) < 0 ||
      plan_read_steps(json_object_get(message, "steps"), made, error) < 0 ||
      set_directories(NULL, made, error) < 0)
    return -1;
  for (size_t i = 0; i < made->step_count; i++) {
    struct plan_place place = {.outer = &steps, .index = i};
    if (made->steps[i].phase != PLAN_REMOVE)
      return plan_refuse(error, &place, "a teardown has steps of the phase \"remove\" only");
  }
  if (plan_check(made, error) < 0)
    return -1;
  *plan = steal_pointer(made);
  return 0;
}

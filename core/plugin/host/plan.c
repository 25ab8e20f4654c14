/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of spawn and teardown, but for its steps. */
#include "core/plugin/host/call.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Of a teardown only REMOVE steps are taken. */
static bool refused_in_teardown(const struct jauauth_plan *plan, const char *where)
{
  if (plan->teardown)
    host_fault(plan->call, "%s has no place in a teardown, which has remove steps only", where);
  return plan->teardown;
}

static void set_once(struct jauauth_call *call, const char *where, const char *key, json_t *value)
{
  if (json_object_get(call->answer, key) != NULL)
    host_fault(call, "%s was called twice", where);
  host_set(call, call->answer, key, value);
}

void host_plan_tree(struct jauauth_plan *plan, uint32_t tree)
{
  static const char *const words[] = {[JAUAUTH_TREE_OWN] = "own", [JAUAUTH_TREE_ENGINE] = "engine"};
  if (refused_in_teardown(plan, "plan_tree"))
    return;
  const char *word = host_word(plan->call, "plan_tree", tree, words, COUNT(words));
  if (word != NULL)
    set_once(plan->call, "plan_tree", "tree", json_string(word));
}

void host_plan_command_path(struct jauauth_plan *plan, const char *path)
{
  if (refused_in_teardown(plan, "plan_command_path"))
    return;
  if (path != NULL && path[0] != '/')
    host_fault(plan->call, "plan_command_path needs an absolute path");
  set_once(plan->call, "plan_command_path", "command_path",
           host_text(plan->call, "plan_command_path", path));
}

void host_plan_variable(struct jauauth_plan *plan, const char *name, uint32_t way)
{
  static const char *const words[] = {[JAUAUTH_BY_FRONT] = "front",
                                      [JAUAUTH_BY_FILE] = "file",
                                      [JAUAUTH_BY_FLAG] = "flag",
                                      [JAUAUTH_BY_NAME] = "name"};
  struct jauauth_call *call = plan->call;
  if (refused_in_teardown(plan, "plan_variable"))
    return;
  const char *word = host_word(call, "plan_variable", way, words, COUNT(words));
  json_t *variable = json_object();
  host_set(call, variable, "name", host_text(call, "plan_variable", name));
  if (word != NULL)
    host_set(call, variable, "way", json_string(word));
  host_append(call, host_list(call, "variables"), variable);
}

static void locate(struct jauauth_plan *plan, const char *where, const char *from, const char *key,
                   const char *value, uint32_t children)
{
  struct jauauth_call *call = plan->call;
  if (refused_in_teardown(plan, where))
    return;
  json_t *object = json_object();
  host_set(call, object, "from", json_string(from));
  if (key != NULL)
    host_set(call, object, key, host_text(call, where, value));
  host_set(call, object, "children", json_integer(children));
  set_once(call, where, "locate", object);
}

void host_plan_locate_front(struct jauauth_plan *plan, uint32_t children)
{
  locate(plan, "plan_locate_front", "front", NULL, NULL, children);
}

void host_plan_locate_status(struct jauauth_plan *plan, const char *member, uint32_t children)
{
  locate(plan, "plan_locate_status", "status", "member", member, children);
}

void host_plan_locate_output(struct jauauth_plan *plan, const char *step, uint32_t children)
{
  locate(plan, "plan_locate_output", "output", "step", step, children);
}

void host_plan_locate_remote(struct jauauth_plan *plan)
{
  locate(plan, "plan_locate_remote", "remote", NULL, NULL, 0);
}

void host_plan_limit(struct jauauth_plan *plan, uint32_t limit, uint32_t verdict, const char *text)
{
  static const char *const limits[] = {[JAUAUTH_LIMIT_MEMORY] = "memory",
                                       [JAUAUTH_LIMIT_CPU] = "cpu",
                                       [JAUAUTH_LIMIT_PIDS] = "pids",
                                       [JAUAUTH_LIMIT_OPEN_FILES] = "open_files",
                                       [JAUAUTH_LIMIT_FILE_SIZE] = "file_size"};
  static const char *const verdicts[] = {[JAUAUTH_BY_ENGINE] = "engine",
                                         [JAUAUTH_BY_HOST] = "host",
                                         [JAUAUTH_PARTIAL] = "partial",
                                         [JAUAUTH_NOT] = "none"};
  struct jauauth_call *call = plan->call;
  if (refused_in_teardown(plan, "plan_limit"))
    return;
  const char *name = host_word(call, "plan_limit", limit, limits, COUNT(limits));
  const char *word = host_word(call, "plan_limit", verdict, verdicts, COUNT(verdicts));
  if (name == NULL || word == NULL)
    return;
  json_t *object = json_object();
  host_set(call, object, "limit", json_string(name));
  host_set(call, object, "verdict", json_string(word));
  if (text != NULL || verdict == JAUAUTH_PARTIAL || verdict == JAUAUTH_NOT)
    host_set(call, object, "text", host_text(call, "plan_limit", text));
  host_append(call, host_list(call, "limits"), object);
}

static void stop(struct jauauth_plan *plan, const char *where, const char *key, json_t *value,
                 const char *target)
{
  struct jauauth_call *call = plan->call;
  json_t *rung = json_object();
  if (value != NULL)
    host_set(call, rung, key, value);
  if (target != NULL)
    host_set(call, rung, "target", json_string(target));
  if (refused_in_teardown(plan, where))
    json_decref(rung);
  else
    host_append(call, host_list(call, "stop"), rung);
}

void host_plan_stop_close_stdin(struct jauauth_plan *plan)
{
  stop(plan, "plan_stop_close_stdin", "close_stdin", json_true(), NULL);
}

void host_plan_stop_wait(struct jauauth_plan *plan, uint32_t milliseconds)
{
  stop(plan, "plan_stop_wait", "wait", json_integer(milliseconds), NULL);
}

void host_plan_stop_signal(struct jauauth_plan *plan, uint32_t signal, uint32_t target)
{
  static const char *const words[] = {[JAUAUTH_TARGET_FRONT] = "front",
                                      [JAUAUTH_TARGET_LOCATED] = "located",
                                      [JAUAUTH_TARGET_TREE] = "tree"};
  const char *word = host_word(plan->call, "plan_stop_signal", target, words, COUNT(words));
  stop(plan, "plan_stop_signal", "signal", json_integer(signal), word);
}

void host_plan_stop_step(struct jauauth_plan *plan, const char *step)
{
  stop(plan, "plan_stop_step", "step", host_text(plan->call, "plan_stop_step", step), NULL);
}

void host_plan_setuid_engine(struct jauauth_plan *plan)
{
  if (!refused_in_teardown(plan, "plan_setuid_engine"))
    host_set(plan->call, plan->call->answer, "setuid_engine", json_true());
}

static void add_pair(struct jauauth_plan *plan, const char *where, const char *list,
                     const char *key, const char *value)
{
  struct jauauth_call *call = plan->call;
  if (refused_in_teardown(plan, where))
    return;
  json_t *pair = json_array();
  host_append(call, pair, host_text(call, where, key));
  host_append(call, pair, host_text(call, where, value));
  host_append(call, host_list(call, list), pair);
}

void host_plan_keep(struct jauauth_plan *plan, const char *key, const char *value)
{
  add_pair(plan, "plan_keep", "keep", key, value);
}

void host_plan_fact(struct jauauth_plan *plan, const char *key, const char *value)
{
  add_pair(plan, "plan_fact", "facts", key, value);
}

void host_plan_weakens(struct jauauth_plan *plan, const char *option, const char *value,
                       const char *property)
{
  struct jauauth_call *call = plan->call;
  if (refused_in_teardown(plan, "plan_weakens"))
    return;
  json_t *weakening = json_object();
  host_set(call, weakening, "option", host_text(call, "plan_weakens", option));
  host_set(call, weakening, "value", host_text(call, "plan_weakens", value));
  host_set(call, weakening, "property", host_text(call, "plan_weakens", property));
  host_append(call, host_list(call, "weakens"), weakening);
}

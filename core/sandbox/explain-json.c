/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as JSON, with every value of the server's environment masked. */
#include "core/base/text.h"
#include "core/sandbox/explain.h"

#include <string.h>

/* NULL when out of memory, which json_pack() and the setters pass on. */
static json_t *masked_bytes(const struct plan *plan, const char *text, size_t length)
{
  CLEANUP_BUFFER struct buffer out = {0};
  explain_append_masked(&out, plan, text, length);
  return out.failed ? NULL : json_stringn(out.data, out.length);
}

static json_t *masked(const struct plan *plan, const char *text)
{
  return text == NULL ? json_null() : masked_bytes(plan, text, strlen(text));
}

static json_t *pairs(const struct plan *plan, const struct plan_pair *list, size_t count)
{
  json_t *out = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(
        out, json_pack("[o, o]", masked(plan, list[i].key), masked(plan, list[i].value)));
  return out;
}

/* Whatever the value is, an entry that carries a variable of the server is masked. */
static json_t *environment(const struct plan *plan, const struct plan_step *step)
{
  json_t *out = pairs(plan, step->environment, step->environment_count);
  for (size_t i = 0; i < step->environment_count; i++)
    for (size_t j = 0; j < plan->variable_count; j++) {
      const struct plan_variable *variable = &plan->variables[j];
      CLEANUP_BUFFER struct buffer shown = {0};
      if (variable->host || strcmp(variable->name, step->environment[i].key) != 0 ||
          strcmp(variable->value, step->environment[i].value) != 0)
        continue;
      buffer_append_byte(&shown, '$');
      explain_append_name(&shown, plan, variable);
      json_array_set_new(json_array_get(out, i), 1, json_string(shown.failed ? "" : shown.data));
    }
  return out;
}

static json_t *files(const struct plan *plan, const struct plan_step *step)
{
  static const char *const kinds[] = {NULL, "file", "status", "gate"};
  json_t *out = json_array();
  for (size_t i = 0; i < step->file_count; i++) {
    const struct plan_file *file = &step->files[i];
    json_t *entry = json_pack("{s:s, s:i}", "kind", kinds[file->kind], "descriptor", (int)i + 3);
    if (file->kind == PLAN_FILE) {
      json_object_set_new(entry, "description", masked(plan, file->description));
      json_object_set_new(entry, "length", json_integer((json_int_t)file->length));
      json_object_set_new(entry, "secret", json_boolean(file->secret));
      if (!file->secret && text_is_utf8(file->bytes, file->length))
        json_object_set_new(entry, "text", masked_bytes(plan, file->bytes, file->length));
    }
    json_array_append_new(out, entry);
  }
  return out;
}

static json_t *arguments(const struct plan *plan, const struct plan_step *step)
{
  json_t *out = json_array();
  for (size_t i = 0; i < step->argument_count; i++)
    json_array_append_new(out, (ptrdiff_t)i == step->command_mark
                                   ? json_pack("{s:b}", "command", 1)
                                   : masked(plan, step->arguments[i]));
  return out;
}

static json_t *steps(const struct plan *plan)
{
  json_t *out = json_array();
  for (size_t i = 0; i < plan->step_count; i++) {
    const struct plan_step *step = &plan->steps[i];
    json_array_append_new(
        out, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:s?}", "phase",
                       plan_phase_word(step->phase), "name", step->name, "program",
                       masked(plan, step->program), "arguments", arguments(plan, step), "directory",
                       masked(plan, step->directory), "environment", environment(plan, step),
                       "files", files(plan, step), "time_limit", (int)step->time_limit, "capture",
                       (int)step->capture, "if_failed", step->if_failed));
  }
  return out;
}

static json_t *limits(const struct plan *plan)
{
  json_t *out = plan_limits_json(plan);
  size_t index;
  json_t *limit;
  json_array_foreach (out, index, limit)
    json_object_set_new(limit, "text",
                        masked(plan, json_string_value(json_object_get(limit, "text"))));
  return out;
}

/* Each start makes its own, below these. */
static json_t *groups(const struct plan *plan)
{
  json_t *out = json_array();
  for (size_t i = 0; i < plan->group_count; i++)
    json_array_append_new(
        out, json_stringn(plan->groups[i].path,
                          (size_t)(strrchr(plan->groups[i].path, '/') - plan->groups[i].path)));
  return out;
}

static json_t *stops(const struct plan *plan)
{
  static const char *const targets[] = {NULL, "front", "located", "tree"};
  json_t *out = json_array();
  for (size_t i = 0; i < plan->stop_count; i++) {
    const struct plan_stop *stop = &plan->stops[i];
    json_t *entry =
        stop->rung == PLAN_CLOSE_STDIN ? json_pack("{s:b}", "close_stdin", 1)
        : stop->rung == PLAN_WAIT      ? json_pack("{s:i}", "wait", (int)stop->milliseconds)
        : stop->rung == PLAN_SIGNAL
            ? json_pack("{s:i, s:s}", "signal", (int)stop->signal, "target", targets[stop->target])
            : json_pack("{s:s}", "step", stop->step);
    json_array_append_new(out, entry);
  }
  return out;
}

static json_t *variables(const struct plan *plan)
{
  static const char *const ways[] = {NULL, "front", "file", "flag", "name"};
  json_t *out = json_array();
  for (size_t i = 0; i < plan->variable_count; i++)
    json_array_append_new(out, json_pack("{s:s, s:s}", "name", plan->variables[i].name, "way",
                                         ways[plan->variables[i].way]));
  return out;
}

static json_t *weakenings(const struct plan *plan)
{
  json_t *out = json_array();
  for (size_t i = 0; i < plan->weakens_count; i++)
    json_array_append_new(out, json_pack("{s:o, s:o, s:o}", "option",
                                         masked(plan, plan->weakens[i].option), "value",
                                         masked(plan, plan->weakens[i].value), "property",
                                         masked(plan, plan->weakens[i].property)));
  return out;
}

json_t *plan_explain_json(const struct plan *plan)
{
  static const char *const sources[] = {"remote", "front", "status", "output", "remote"};
  json_t *command = json_array();
  for (size_t i = 0; i < plan->command_count; i++)
    json_array_append_new(command, masked(plan, plan->command[i]));
  return json_pack(
      "{s:s, s:b, s:o, s:o, s:o, s:{s:s, s:s?, s:s?, s:i}, s:o, s:o, s:o, s:o, s:o, s:o}", "tree",
      plan->tree == PLAN_TREE_OWN ? "own" : "engine", "setuid_engine", (int)plan->setuid_engine,
      "command", command, "variables", variables(plan), "steps", steps(plan), "locate", "from",
      sources[plan->locate], "member", plan->locate_member, "step", plan->locate_step, "children",
      (int)plan->locate_children, "limits", limits(plan), "control_groups", groups(plan), "stop",
      stops(plan), "keep", pairs(plan, plan->keep, plan->keep_count), "weakens", weakenings(plan),
      "facts", pairs(plan, plan->facts, plan->fact_count));
}

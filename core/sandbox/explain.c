/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as a commented shell script. */
#include "core/sandbox/explain.h"

#include <string.h>

static bool front_has(const struct plan *plan, enum plan_descriptor kind)
{
  const struct plan_step *front = plan_front(plan);
  for (size_t i = 0; front != NULL && i < front->file_count; i++)
    if (front->files[i].kind == kind)
      return true;
  return false;
}

static void append_limits(struct buffer *out, const struct plan *plan)
{
  static const char *const words[] = {"", "by the engine", "by the host", "in part", "not"};
  for (int i = 0; i < PLAN_LIMITS; i++) {
    const char *text;
    enum plan_limit limit = (enum plan_limit)i;
    enum plan_verdict state = plan_limit_state(plan, limit, &text);
    if (state == 0)
      continue;
    buffer_append_format(out, "# limit %s = %llu%s, enforced %s: ", plan_limit_word(limit),
                         (unsigned long long)plan->limits[i].value,
                         plan->limits[i].strict ? "" : " (a default)", words[state]);
    explain_append_comment(out, plan, text);
    buffer_append_byte(out, '\n');
  }
  for (size_t i = 0; i < plan->group_count; i++) {
    const char *path = plan->groups[i].path;
    buffer_append_format(out, "# control group, which this script does not make, below %.*s\n",
                         (int)(strrchr(path, '/') - path), path);
  }
  if (plan->group_count == 0 && plan->group_text != NULL && plan->tree == PLAN_TREE_OWN) {
    buffer_append_text(out, "# ");
    explain_append_comment(out, plan, plan->group_text);
    buffer_append_byte(out, '\n');
  }
}

static void append_pairs(struct buffer *out, const struct plan *plan, const char *what,
                         const struct plan_pair *pairs, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    buffer_append_format(out, "# %s ", what);
    explain_append_comment(out, plan, pairs[i].key);
    buffer_append_text(out, " = ");
    explain_append_comment(out, plan, pairs[i].value);
    buffer_append_byte(out, '\n');
  }
}

static void append_stops(struct buffer *out, const struct plan *plan)
{
  static const char *const targets[] = {"", "the front", "the server's process", "the whole tree"};
  for (size_t i = 0; i < plan->stop_count; i++) {
    const struct plan_stop *stop = &plan->stops[i];
    buffer_append_format(out, "# to stop it, %zu: ", i + 1);
    switch (stop->rung) {
    case PLAN_CLOSE_STDIN:
      buffer_append_text(out, "close its stdin");
      break;
    case PLAN_WAIT:
      buffer_append_format(out, "wait %u milliseconds", (unsigned)stop->milliseconds);
      break;
    case PLAN_SIGNAL:
      buffer_append_format(out, "send the signal %u to %s", (unsigned)stop->signal,
                           targets[stop->target]);
      break;
    default:
      buffer_append_format(out, "run the step \"%s\"", stop->step);
    }
    buffer_append_byte(out, '\n');
  }
}

static void append_head(struct buffer *out, const struct plan *plan)
{
  static const char *const ways[] = {"", "the front's environment", "a file", "an argument",
                                     "its name"};
  const struct plan_step *front = plan_front(plan);
  /* Descriptors of more than one digit are beyond sh. */
  bool many = front != NULL && front->file_count > 5;
  buffer_append_format(out, "#!%s\n", many ? "/bin/bash" : "/bin/sh");
  buffer_append_format(out, "# The server is %s.\n",
                       plan->tree == PLAN_TREE_OWN ? "a descendant of the front"
                                                   : "the child of another process");
  for (size_t i = 0; i < plan->variable_count; i++) {
    buffer_append_text(out, "# variable ");
    explain_append_comment(out, plan, plan->variables[i].name);
    buffer_append_format(out, " reaches the server by %s\n", ways[plan->variables[i].way]);
  }
  append_limits(out, plan);
  for (size_t i = 0; i < plan->weakens_count; i++) {
    const struct plan_weakening *weakening = &plan->weakens[i];
    buffer_append_text(out, "# weakened: ");
    explain_append_comment(out, plan, weakening->option);
    buffer_append_text(out, " = ");
    explain_append_comment(out, plan, weakening->value);
    buffer_append_text(out, " loses ");
    explain_append_comment(out, plan, weakening->property);
    buffer_append_byte(out, '\n');
  }
  append_pairs(out, plan, "fact", plan->facts, plan->fact_count);
  append_pairs(out, plan, "kept", plan->keep, plan->keep_count);
  append_stops(out, plan);
  buffer_append_text(out, "set -eu\n");
  for (size_t i = 0; i < plan->variable_count; i++)
    if (!plan->variables[i].host) {
      buffer_append_text(out, ": \"${");
      explain_append_name(out, plan, &plan->variables[i]);
      buffer_append_text(out, "?}\"\n");
    }
  for (size_t i = 0; i < plan->hidden_count; i++)
    buffer_append_format(out, ": \"${%s?}\"\n", plan->hidden[i].name);
}

/* A step's name as part of a variable's name. */
static void append_failed(struct buffer *out, const char *name)
{
  buffer_append_text(out, "failed_");
  for (; *name != '\0'; name++)
    buffer_append_byte(out, *name == '-' ? '_' : *name);
}

static void append_phase(struct buffer *out, const struct plan *plan, enum plan_phase phase,
                         const char *after_failure)
{
  for (size_t i = 0; i < plan->step_count; i++) {
    const struct plan_step *step = &plan->steps[i];
    if (step->phase != phase)
      continue;
    buffer_append_format(out, "\n# %s: %s\n", plan_phase_word(phase), step->name);
    if (step->if_failed != NULL) {
      buffer_append_text(out, "if test -n \"${");
      append_failed(out, step->if_failed);
      buffer_append_text(out, "-}\"; then\n");
    }
    explain_append_step(out, plan, step);
    buffer_append_text(out, " </dev/null || { ");
    append_failed(out, step->name);
    buffer_append_format(out, "=yes; %s; }\n", plan_step_may_fail(plan, i) ? ":" : after_failure);
    if (step->if_failed != NULL)
      buffer_append_text(out, "fi\n");
  }
}

/* Finds the process that waits at the gate, as $located. */
static void append_locate(struct buffer *out, const struct plan *plan)
{
  const struct plan_step *front = plan_front(plan);
  if (plan->locate == PLAN_LOCATE_FRONT)
    buffer_append_text(out, "located=$front\n");
  if (plan->locate == PLAN_LOCATE_STATUS) {
    buffer_append_format(out, "located=\nwhile test -z \"$located\" && read -r line <&%d; do\n",
                         (int)front->file_count + 3);
    buffer_append_text(out, "  located=$(printf '%s\\n' \"$line\" |\n    sed -n 's/.*\"");
    for (const char *at = plan->locate_member; *at != '\0'; at++)
      buffer_append_byte(out, strchr("[]*.^$\\'\"", *at) == NULL ? *at : '.');
    buffer_append_text(out, "\" *: *\\([0-9]*\\).*/\\1/p')\ndone\n");
  }
  if (plan->locate == PLAN_LOCATE_OUTPUT) {
    ptrdiff_t index = plan_find_step(plan, plan->locate_step);
    buffer_append_text(out, "located=$(\n");
    explain_append_step(out, plan, &plan->steps[index]);
    buffer_append_text(out, " </dev/null\n)\n");
  }
}

static void append_located_limit(struct buffer *out, const struct plan *plan, enum plan_limit limit,
                                 const char *option)
{
  unsigned long long value = plan->limits[limit].value;
  if (limit == PLAN_PIDS ? plan_limits_processes(plan)
                         : value != 0 && plan->verdicts[limit].verdict != PLAN_BY_ENGINE)
    buffer_append_format(out, " --%s=%llu:%llu", option, value, value);
}

static void append_front(struct buffer *out, const struct plan *plan)
{
  const struct plan_step *front = plan_front(plan);
  buffer_append_format(out, "\n# front: %s\n", front->name);
  /* What runs in the background has no other stdin than one that is kept. */
  if (front_has(plan, PLAN_GATE))
    buffer_append_format(out, "exec %d<&0\n", (int)front->file_count + 4);
  explain_append_step(out, plan, front);
  if (!front_has(plan, PLAN_GATE)) {
    buffer_append_text(out, " || ");
    append_failed(out, front->name);
    buffer_append_text(out, "=yes\n");
    return;
  }
  buffer_append_format(out, " <&%d %d<&- &\nfront=$!\n", (int)front->file_count + 4,
                       (int)front->file_count + 4);
  append_locate(out, plan);
  buffer_append_text(out, "# It waits at the gate until the server's limits are set.\n"
                          "prlimit --pid \"$located\" --core=0:0");
  append_located_limit(out, plan, PLAN_MEMORY, "data");
  append_located_limit(out, plan, PLAN_OPEN_FILES, "nofile");
  append_located_limit(out, plan, PLAN_FILE_SIZE, "fsize");
  append_located_limit(out, plan, PLAN_PIDS, "nproc");
  buffer_append_text(out, "\nprintf 1 >\"$files/gate\"\nwait \"$front\" || ");
  append_failed(out, front->name);
  buffer_append_text(out, "=yes\n");
}

int plan_explain(const struct plan *plan, struct buffer *out, struct error **error)
{
  append_head(out, plan);
  buffer_append_text(out, "files=$(mktemp -d)\nremove()\n{\n");
  append_phase(out, plan, PLAN_REMOVE, ":");
  buffer_append_text(out, "rm -rf \"$files\"\n}\ntrap remove EXIT\n");
  for (size_t i = 0; i < plan->step_count; i++)
    if (plan->steps[i].phase == PLAN_PREPARE) {
      buffer_append_text(out, "\n# Only when it is asked for:\nif test -n \"${PREPARE-}\"; then\n");
      append_phase(out, plan, PLAN_PREPARE, "exit 1");
      buffer_append_text(out, "fi\n");
      break;
    }
  append_phase(out, plan, PLAN_BEFORE, "exit 1");
  if (plan_front(plan) != NULL)
    append_front(out, plan);
  append_phase(out, plan, PLAN_AFTER, ":");
  return out->failed ? error_memory(error) : 0;
}

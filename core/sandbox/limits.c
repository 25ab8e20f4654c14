/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of the limits that were asked for. */
#include "core/sandbox/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* Names in the servers file. */
static const char *const option_names[] = {"memory_limit", "cpu_limit", "pids_limit",
                                           "open_files_limit", "file_size_limit"};

static bool has_gate(const struct plan *plan)
{
  const struct plan_step *front = plan_front(plan);
  for (size_t i = 0; front != NULL && i < front->file_count; i++)
    if (front->files[i].kind == PLAN_GATE)
      return true;
  return false;
}

/* Since Linux 5.14 the count of processes is kept for each user namespace. */
static bool counts_by_namespace(void)
{
  struct utsname name;
  char *end;
  if (uname(&name) < 0)
    return false;
  unsigned long major = strtoul(name.release, &end, 10);
  unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
  return major > 5 || (major == 5 && minor >= 14);
}

static enum plan_verdict host_state(const struct plan *plan, enum plan_limit limit,
                                    const char **text)
{
  switch (limit) {
  case PLAN_MEMORY:
    *text = "each process is limited by itself (RLIMIT_DATA), their sum is not";
    return PLAN_PARTIAL;
  case PLAN_PIDS:
    if (!has_gate(plan) || plan->locate == PLAN_LOCATE_FRONT) {
      *text = "without a user namespace of its own everything that the account runs would count";
      return PLAN_NOT;
    }
    if (!counts_by_namespace()) {
      *text = "before Linux 5.14 everything that the account runs would count";
      return PLAN_NOT;
    }
    *text = "RLIMIT_NPROC";
    return PLAN_BY_HOST;
  case PLAN_OPEN_FILES:
    *text = "RLIMIT_NOFILE";
    return PLAN_BY_HOST;
  case PLAN_FILE_SIZE:
    *text = "RLIMIT_FSIZE";
    return PLAN_BY_HOST;
  default:
    *text = "a share of processors needs a control group";
    return PLAN_NOT;
  }
}

bool plan_limits_processes(const struct plan *plan)
{
  const char *unused;
  return plan->limits[PLAN_PIDS].value != 0 && plan->verdicts[PLAN_PIDS].verdict == PLAN_BY_HOST &&
         host_state(plan, PLAN_PIDS, &unused) == PLAN_BY_HOST;
}

bool plan_limit_grouped(const struct plan *plan, enum plan_limit limit)
{
  for (size_t i = 0; i < plan->group_count; i++)
    if ((plan->groups[i].limits >> limit & 1U) != 0)
      return true;
  return false;
}

enum plan_verdict plan_limit_state(const struct plan *plan, enum plan_limit limit,
                                   const char **text)
{
  const struct plan_limit_verdict *verdict = &plan->verdicts[limit];
  const char *unused;
  const char **out = text == NULL ? &unused : text;
  *out = NULL;
  if (plan->limits[limit].value == 0)
    return 0;
  *out = verdict->text;
  /* The host reaches all of the tree, whatever the engine can. */
  if (verdict->verdict != PLAN_BY_ENGINE && plan_limit_grouped(plan, limit)) {
    *out = plan->group_text;
    return PLAN_BY_HOST;
  }
  switch (verdict->verdict) {
  case PLAN_BY_HOST:
    return host_state(plan, limit, out);
  case PLAN_BY_ENGINE:
    if (*out == NULL)
      *out = "the engine";
    return PLAN_BY_ENGINE;
  case PLAN_PARTIAL:
  case PLAN_NOT:
    return verdict->verdict;
  default:
    *out = "the strategy says nothing about it";
    return PLAN_NOT;
  }
}

const char *plan_limit_by(const struct plan *plan, enum plan_limit limit)
{
  switch (plan_limit_state(plan, limit, NULL)) {
  case PLAN_BY_ENGINE:
    return "engine";
  case PLAN_BY_HOST:
    return plan_limit_grouped(plan, limit) ? "cgroup" : "rlimit";
  case PLAN_PARTIAL:
    return "partial";
  case PLAN_NOT:
    return "none";
  default:
    return NULL;
  }
}

json_t *plan_limits_json(const struct plan *plan)
{
  static const char *const states[] = {NULL, "engine", "host", "partial", "none"};
  json_t *out = json_array();
  for (int i = 0; i < PLAN_LIMITS; i++) {
    const char *text;
    enum plan_limit limit = (enum plan_limit)i;
    enum plan_verdict state = plan_limit_state(plan, limit, &text);
    if (state != 0)
      json_array_append_new(
          out, json_pack("{s:s, s:I, s:b, s:s, s:s, s:s}", "limit", plan_limit_word(limit), "value",
                         (json_int_t)plan->limits[i].value, "strict", (int)plan->limits[i].strict,
                         "verdict", states[state], "by", plan_limit_by(plan, limit), "text", text));
  }
  return out;
}

/* Why there is no group that would hold it; NULL when that is not the reason. */
static const char *lacks_group(const struct plan *plan, size_t limit)
{
  return plan->tree == PLAN_TREE_OWN && limit <= PLAN_PIDS && plan->group_text != NULL &&
                 plan->group_count == 0
             ? plan->group_text
             : NULL;
}

static bool accepted(const char *name, const char *const *accept_partial)
{
  for (size_t i = 0; accept_partial != NULL && accept_partial[i] != NULL; i++)
    if (strcmp(accept_partial[i], name) == 0)
      return true;
  return false;
}

/* The line for the servers file: what is accepted already, and these. */
static void append_line(struct buffer *line, const char *const *accept_partial, const bool *lacking)
{
  const char *separator = "";
  buffer_append_text(line, "\"accept_partial\": [");
  for (size_t i = 0; accept_partial != NULL && accept_partial[i] != NULL; i++) {
    buffer_append_format(line, "%s\"%s\"", separator, accept_partial[i]);
    separator = ", ";
  }
  for (size_t i = 0; i < PLAN_LIMITS; i++)
    if (lacking[i]) {
      buffer_append_format(line, "%s\"%s\"", separator, option_names[i]);
      separator = ", ";
    }
  buffer_append_text(line, "]");
}

int plan_check_limits(const struct plan *plan, const char *const *accept_partial,
                      struct error **error)
{
  CLEANUP_BUFFER struct buffer reasons = {0};
  CLEANUP_BUFFER struct buffer line = {0};
  bool lacking[PLAN_LIMITS] = {false};
  for (size_t i = 0; i < PLAN_LIMITS; i++) {
    const char *text;
    enum plan_verdict state = plan_limit_state(plan, (enum plan_limit)i, &text);
    if ((state != PLAN_PARTIAL && state != PLAN_NOT) || !plan->limits[i].strict ||
        accepted(option_names[i], accept_partial))
      continue;
    lacking[i] = true;
    const char *group = lacks_group(plan, i);
    buffer_append_format(&reasons, "%s%s %s: %s%s%s", reasons.length > 0 ? "; " : "",
                         option_names[i],
                         state == PLAN_PARTIAL ? "holds in part only" : "cannot be enforced", text,
                         group != NULL ? "; " : "", group != NULL ? group : "");
  }
  if (reasons.length == 0)
    return reasons.failed ? error_memory(error) : 0;
  append_line(&line, accept_partial, lacking);
  if (reasons.failed || line.failed)
    return error_memory(error);
  error_make_code(error, ERROR_SANDBOX, "limit-not-enforced", "%s", reasons.data);
  return error_hint(error, "to start it all the same, write %s in its \"sandbox\"", line.data);
}

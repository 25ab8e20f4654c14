/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of `verify`: asked, claimed, measured, and what that comes to. */
#include "core/cli/verify.h"

#include <string.h>

#include "core/base/text.h"
#include "core/cli/columns.h"

/* --- What was asked and claimed ------------------------------------------------------------------
 */

static void append_limit(struct buffer *out, int limit, const struct plan_host_limit *asked)
{
  if (limit == PLAN_MEMORY || limit == PLAN_FILE_SIZE)
    text_append_size(out, asked->value);
  else if (limit == PLAN_CPU)
    text_append_decimal(out, (int64_t)asked->value, 3);
  else
    buffer_append_format(out, "%llu", (unsigned long long)asked->value);
  if (!asked->strict)
    buffer_append_text(out, " (default)");
}

static bool is_required(const struct server_config *server, const char *name)
{
  char **require = server->sandbox.require;
  for (size_t i = 0; require != NULL && require[i] != NULL; i++)
    if (strcmp(require[i], name) == 0)
      return true;
  return false;
}

/* Whether the user wrote it down; what was asked in words. */
static bool append_asked(const struct verify_subject *subject, enum property property,
                         struct buffer *out)
{
  const struct property_kind *kind = &property_kinds[property];
  enum config_network_kind network = subject->server->sandbox.network.kind;
  bool asked = is_required(subject->server, kind->name);
  if (asked)
    buffer_append_text(out, "required");
  if (kind->limit >= 0 && subject->plan->limits[kind->limit].value != 0) {
    if (asked)
      buffer_append_text(out, ", ");
    append_limit(out, kind->limit, &subject->plan->limits[kind->limit]);
  } else if (property == PROPERTY_NO_NETWORK && !asked && network != CONFIG_NETWORK_ABSENT) {
    asked = network == CONFIG_NETWORK_NONE;
    buffer_append_text(out, asked ? "yes" : "no");
  }
  return asked;
}

static bool is_weakened(const struct plan *plan, const char *name)
{
  for (size_t i = 0; i < plan->weakens_count; i++)
    if (strcmp(plan->weakens[i].property, name) == 0)
      return true;
  return false;
}

static bool is_claimed(json_t *claims, const char *name)
{
  size_t index;
  json_t *claim;
  json_array_foreach (claims, index, claim) {
    if (strcmp(json_string_value(claim), name) == 0)
      return true;
  }
  return false;
}

/* Whether it is promised as it is; the promise in a word. */
static bool claim_of(const struct verify_subject *subject, enum property property,
                     const char **word)
{
  const struct property_kind *kind = &property_kinds[property];
  *word = "no";
  if (kind->limit >= 0) {
    enum plan_verdict verdict = plan_limit_state(subject->plan, (enum plan_limit)kind->limit, NULL);
    bool enforced = verdict == PLAN_BY_ENGINE || verdict == PLAN_BY_HOST;
    *word = enforced                  ? "yes"
            : verdict == PLAN_PARTIAL ? "in part"
            : verdict == PLAN_NOT     ? "no"
                                      : "";
    return enforced;
  }
  if (kind->promised || is_claimed(subject->claims, kind->name))
    *word = is_weakened(subject->plan, kind->name) ? "weakened" : "yes";
  return strcmp(*word, "yes") == 0;
}

static json_t *row(const struct verify_subject *subject, enum property property, json_t *measured,
                   bool *weaker)
{
  CLEANUP_BUFFER struct buffer asked = {0};
  const char *claimed;
  const char *found = json_string_value(json_object_get(measured, "measured"));
  bool wanted = append_asked(subject, property, &asked);
  bool promised = claim_of(subject, property, &claimed);
  const char *verdict = "not measured";
  if (strcmp(found, "held") == 0)
    verdict = "good";
  else if (strcmp(found, "open") == 0)
    verdict = wanted || promised ? "WEAKER" : "open";
  *weaker = *weaker || strcmp(verdict, "WEAKER") == 0;
  buffer_append_byte(&asked, '\0');
  return asked.failed ? NULL
                      : json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:O*}", "name",
                                  property_kinds[property].name, "asked", asked.data, "claimed",
                                  claimed, "measured", found, "verdict", verdict, "reason",
                                  json_object_get(measured, "reason"), "attempts",
                                  json_object_get(measured, "attempts"));
}

json_t *verify_object(const struct verify_subject *subject, bool *weaker)
{
  const struct error *error = subject->error;
  json_t *list = json_object_get(subject->result, "properties");
  CLEANUP_BUFFER struct buffer lacking = {0};
  if (subject->result == NULL)
    return json_pack("{s:s, s:s, s:{s:s?, s:s, s:s?}}", "id", subject->server->id, "strategy",
                     subject->server->sandbox.strategy, "error", "code", error->code, "text",
                     error->message, "hint", error->hint);
  json_t *rows = json_array();
  for (int i = 0; i < PROPERTY_COUNT; i++)
    json_array_append_new(rows,
                          row(subject, (enum property)i, json_array_get(list, (size_t)i), weaker));
  const char *level = level_word(property_level(list, &lacking));
  buffer_append_byte(&lacking, '\0');
  return json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:o}", "id", subject->server->id, "strategy",
                   subject->server->sandbox.strategy, "level", level, "lacking",
                   lacking.failed ? "" : lacking.data, "partial",
                   json_object_get(subject->result, "partial"), "kept",
                   json_object_get(subject->result, "kept"), "properties", rows);
}

/* --- The table -----------------------------------------------------------------------------------
 */

static const char *text_of(json_t *object, const char *name)
{
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL ? text : "";
}

static void append_heading(json_t *object, struct buffer *out)
{
  json_t *error = json_object_get(object, "error");
  const char *id = text_of(object, "id");
  const char *strategy = text_of(object, "strategy");
  const char *lacking = text_of(object, "lacking");
  text_escape_controls(out, id, strlen(id));
  if (strcmp(id, strategy) != 0)
    buffer_append_format(out, " (%s)", strategy);
  if (error != NULL) {
    buffer_append_text(out, ": not measured: ");
    text_escape_controls(out, text_of(error, "text"), strlen(text_of(error, "text")));
    buffer_append_byte(out, '\n');
    return;
  }
  buffer_append_format(out, ": level %s", text_of(object, "level"));
  if (*lacking != '\0')
    buffer_append_format(out, "; for the next one: %s", lacking);
  if (json_is_true(json_object_get(object, "kept")))
    buffer_append_text(out, " (kept from an earlier run)");
  if (json_is_true(json_object_get(object, "partial")))
    buffer_append_text(out, " (the canary was stopped before its end)");
  buffer_append_byte(out, '\n');
}

bool verify_append(json_t *object, bool colour, struct buffer *out)
{
  CLEANUP_COLUMNS struct columns columns = {0};
  size_t index;
  json_t *each;
  append_heading(object, out);
  if (json_object_get(object, "error") != NULL)
    return !out->failed;
  columns_row(&columns, 6,
              (const char *[]){"PROPERTY", "ASKED", "CLAIMED", "MEASURED", "VERDICT", "WHY"});
  json_array_foreach (json_object_get(object, "properties"), index, each)
    columns_row(&columns, 6,
                (const char *[]){text_of(each, "name"), text_of(each, "asked"),
                                 text_of(each, "claimed"), text_of(each, "measured"),
                                 text_of(each, "verdict"), text_of(each, "reason")});
  return columns_append(&columns, colour, out) && !out->failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From the answers of the canary to what holds. */
#include "core/sandbox/measure/measure-parts.h"

#include <stdio.h>
#include <string.h>

static const char *const outcomes[] = {"held", "open", "unproven", "missing"};

/* Text of an attempt or an answer for people: blanks for tabs. */
static void append_plain(struct buffer *out, const char *text)
{
  for (; *text != '\0'; text++)
    buffer_append_byte(out, *text == '\t' ? ' ' : *text);
}

static json_t *plain(const char *text)
{
  CLEANUP_BUFFER struct buffer out = {0};
  if (text == NULL)
    return NULL;
  append_plain(&out, text);
  buffer_append_byte(&out, '\0');
  return out.failed ? NULL : json_string(out.data);
}

static const char *answer(json_t *facts, const struct attempt *attempt)
{
  char number[16];
  snprintf(number, sizeof number, "%u", attempt->number);
  return json_string_value(json_object_get(facts, number));
}

/* What is known of one property while its attempts are gone through. */
struct row {
  json_t *attempts;
  unsigned of[OUTCOME_MISSING + 1];
  const struct attempt *first[OUTCOME_MISSING + 1];
};

static struct row make_row(const struct measure *measure, enum property property)
{
  struct row row = {.attempts = json_array()};
  for (size_t i = 0; i < measure->attempts.count; i++) {
    const struct attempt *attempt = &measure->attempts.list[i];
    if (attempt->property != property)
      continue;
    const char *control = answer(measure->control, attempt);
    const char *inside = answer(measure->inside, attempt);
    enum outcome outcome = attempt_judge(attempt, control, inside);
    if (row.of[outcome]++ == 0)
      row.first[outcome] = attempt;
    json_array_append_new(row.attempts,
                          json_pack("{s:o*, s:o*, s:o*, s:s}", "attempt", plain(attempt->line),
                                    "control", plain(control), "inside", plain(inside), "outcome",
                                    outcomes[outcome]));
  }
  return row;
}

static json_t *finish(enum property property, const char *word, const char *reason,
                      json_t *attempts)
{
  return json_pack("{s:s, s:s, s:s, s:o*}", "name", property_kinds[property].name, "measured", word,
                   "reason", reason, "attempts", attempts);
}

/* Why there is no answer from inside. */
static const char *why_missing(const struct measure *measure, const struct attempt *attempt)
{
  bool limit = attempt >= measure->attempts.list + measure->attempts.first_limit;
  const char *why = measure->failed[limit ? STAGE_LIMITS : STAGE_INSIDE];
  return why != NULL ? why : "it could not be made";
}

static json_t *judge_row(const struct measure *measure, enum property property)
{
  CLEANUP_BUFFER struct buffer reason = {0};
  struct row row = make_row(measure, property);
  const struct attempt *attempt;
  const char *word = "not-measured";
  if ((attempt = row.first[OUTCOME_OPEN]) != NULL) {
    word = "open";
    append_plain(&reason, attempt->line);
    buffer_append_text(&reason, ": ");
    append_plain(&reason, answer(measure->inside, attempt));
  } else if ((attempt = row.first[OUTCOME_MISSING]) != NULL) {
    buffer_append_text(&reason, "no answer to ");
    append_plain(&reason, attempt->line);
    buffer_append_format(&reason, ": %s", why_missing(measure, attempt));
  } else if ((attempt = row.first[OUTCOME_HELD]) != NULL) {
    word = "held";
    append_plain(&reason, attempt->line);
    buffer_append_text(&reason, ": ");
    append_plain(&reason, answer(measure->inside, attempt));
    if (row.of[OUTCOME_HELD] > 1)
      buffer_append_format(&reason, ", and %u more", row.of[OUTCOME_HELD] - 1);
  } else if ((attempt = row.first[OUTCOME_UNPROVEN]) != NULL) {
    append_plain(&reason, attempt->line);
    buffer_append_text(&reason, " does not succeed without a sandbox either");
  } else {
    const char *untried = measure->attempts.untried[property];
    buffer_append_text(&reason, untried != NULL ? untried : "nothing could be tried");
  }
  buffer_append_byte(&reason, '\0');
  return finish(property, word, reason.failed ? "" : reason.data, row.attempts);
}

static json_t *judge_sight(const struct measure *measure, enum property property)
{
  const char *untried = measure->attempts.untried[property];
  bool root = property == PROPERTY_NOT_ROOT;
  enum sight sight = root ? measure->root : measure->outlives;
  const char *failed = measure->failed[root ? STAGE_INSIDE : STAGE_STAY];
  if (untried != NULL)
    return finish(property, "not-measured", untried, NULL);
  if (!root && !measure->control_outlives)
    return finish(property, "not-measured",
                  "a process does not outlive its parent without a sandbox either", NULL);
  if (sight == SIGHT_NONE)
    return finish(property, "not-measured",
                  failed != NULL ? failed : "its process could not be seen", NULL);
  if (root)
    return finish(property, sight == SIGHT_HELD ? "held" : "open",
                  sight == SIGHT_HELD ? "outside it is an ordinary user" : "outside it is root",
                  NULL);
  return finish(property, sight == SIGHT_HELD ? "held" : "open",
                sight == SIGHT_HELD ? "all of it was gone after its life line was cut"
                                    : "something of it lived on after its life line was cut",
                NULL);
}

json_t *measure_result(const struct measure *measure)
{
  json_t *properties = json_array();
  for (int i = 0; i < PROPERTY_COUNT; i++) {
    enum property property = (enum property)i;
    bool seen = property == PROPERTY_NOT_ROOT || property == PROPERTY_ENDS_WITH_HOST;
    json_array_append_new(properties,
                          seen ? judge_sight(measure, property) : judge_row(measure, property));
  }
  return json_pack("{s:s, s:b, s:b, s:o}", "strategy",
                   launch_strategy_name(measure->settings.launch, measure->settings.server),
                   "partial", (int)measure->partial, "kept", 0, "properties", properties);
}

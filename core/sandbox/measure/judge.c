/* SPDX-License-Identifier: Apache-2.0 */
/* Judges the canary's answers. */
#include "core/sandbox/measure/attempts.h"

#include <stdlib.h>
#include <string.h>

enum verdict { SAYS_NOTHING, SAYS_OPEN, SAYS_HELD };

static bool has_word(const char *list, const char *word, size_t length)
{
  for (const char *at = list; *at != '\0';) {
    size_t size = strcspn(at, " ");
    if (size == length && memcmp(at, word, length) == 0)
      return true;
    at += size + (at[size] == ' ');
  }
  return false;
}

static bool all_named(const char *found, const char *expected)
{
  if (strcmp(found, "none") == 0)
    return true;
  for (const char *at = found; *at != '\0';) {
    size_t size = strcspn(at, " ");
    if (size > 0 && !has_word(expected, at, size))
      return false;
    at += size + (at[size] == ' ');
  }
  return true;
}

static enum verdict judge_value(const struct attempt *attempt, const char *text)
{
  char *end;
  unsigned long long number = strtoull(text, &end, 10);
  bool numeric = end != text;
  bool held = false;
  switch (attempt->rule) {
  case RULE_EXACTLY:
    held = strcmp(text, attempt->expected) == 0;
    break;
  case RULE_NAMES:
    held = all_named(text, attempt->expected);
    break;
  case RULE_COUNT:
    held = numeric && number <= attempt->bound;
    break;
  case RULE_LESS:
    held = numeric && number < attempt->bound;
    break;
  case RULE_SHARE: {
    unsigned long long used = strtoull(end, NULL, 10);
    if (number == 0)
      return SAYS_NOTHING;
    held = used * 1000 / number <= attempt->bound;
    break;
  }
  default:
    return SAYS_NOTHING;
  }
  return held ? SAYS_HELD : SAYS_OPEN;
}

static enum verdict judge_answer(const struct attempt *attempt, const char *answer)
{
  bool verdict = attempt->rule == RULE_VERDICT || attempt->rule == RULE_MADE;
  if (answer == NULL)
    return SAYS_NOTHING;
  size_t length = strcspn(answer, "\t");
  const char *rest = answer[length] == '\t' ? answer + length + 1 : "";
  if (length == 5 && memcmp(answer, "value", 5) == 0)
    return verdict ? SAYS_NOTHING : judge_value(attempt, rest);
  /* A number that could not be had is one that a limit has stopped; another value is unknown. */
  if (length == 4 && memcmp(answer, "held", 4) == 0)
    return attempt->rule == RULE_EXACTLY || attempt->rule == RULE_NAMES ? SAYS_NOTHING : SAYS_HELD;
  if (length == 4 && memcmp(answer, "open", 4) == 0)
    return verdict ? SAYS_OPEN : SAYS_NOTHING;
  return SAYS_NOTHING;
}

enum outcome attempt_judge(const struct attempt *attempt, const char *control, const char *inside)
{
  if (judge_answer(attempt, control) != SAYS_OPEN)
    return OUTCOME_UNPROVEN;
  enum verdict verdict = judge_answer(attempt, inside);
  if (verdict == SAYS_NOTHING)
    return OUTCOME_MISSING;
  bool own = attempt->rule == RULE_MADE && !attempt->seen;
  return verdict == SAYS_OPEN && !own ? OUTCOME_OPEN : OUTCOME_HELD;
}

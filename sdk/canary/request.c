/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the input of the canary apart. */
#include "sdk/canary/request.h"

#include <stdbool.h>
#include <string.h>

enum { NUMBER_MAX = 999999, FIELDS_MAX = 3 + REQUEST_ARGUMENTS_MAX };

/* One line: its first fields, and how many there are. */
struct line {
  char *fields[FIELDS_MAX];
  unsigned count;
};

size_t request_length(const char *text, size_t length)
{
  const char *end = text + length;
  for (const char *line = text; line < end;) {
    const char *feed = memchr(line, '\n', (size_t)(end - line));
    if (feed == NULL)
      return 0;
    if (feed - line == 2 && memcmp(line, "go", 2) == 0)
      return (size_t)(feed + 1 - text);
    line = feed + 1;
  }
  return 0;
}

/* Ends each field of a text without NUL by one. */
static void split(struct line *line, char *text)
{
  line->count = 0;
  for (char *field = text; field != NULL;) {
    char *tab = strchr(field, '\t');
    if (tab != NULL)
      *tab++ = '\0';
    if (line->count < FIELDS_MAX)
      line->fields[line->count] = field;
    line->count++;
    field = tab;
  }
}

static bool is(const struct line *line, unsigned count, const char *word)
{
  return line->count == count && strcmp(line->fields[0], word) == 0;
}

static bool is_random(const char *text)
{
  return strlen(text) == CANARY_RANDOM_DIGITS &&
         strspn(text, "0123456789abcdef") == CANARY_RANDOM_DIGITS;
}

/* 0: no number of an attempt. */
static unsigned number(const char *text)
{
  unsigned value = 0;
  if (*text == '0')
    return 0;
  for (; *text >= '0' && *text <= '9' && value <= NUMBER_MAX; text++)
    value = value * 10 + (unsigned)(*text - '0');
  return *text == '\0' && value <= NUMBER_MAX ? value : 0;
}

static const char *take_attempt(struct request *request, const struct line *line)
{
  if (line->count < 3 || strcmp(line->fields[0], "attempt") != 0)
    return "there is a line that is neither an attempt nor go";
  if (request->count == CANARY_ATTEMPTS_MAX)
    return "there are too many attempts";
  struct request_attempt *attempt = &request->attempts[request->count];
  attempt->number = number(line->fields[1]);
  if (attempt->number == 0)
    return "an attempt has no number";
  for (unsigned i = 0; i < request->count; i++)
    if (request->attempts[i].number == attempt->number)
      return "two attempts have one number";
  attempt->name = line->fields[2];
  attempt->count = line->count - 3;
  for (unsigned i = 0; i < REQUEST_ARGUMENTS_MAX; i++)
    attempt->arguments[i] = i < attempt->count ? line->fields[3 + i] : NULL;
  request->count++;
  return NULL;
}

static const char *take_line(struct request *request, unsigned index, const struct line *line)
{
  if (index == 0)
    return is(line, 2, CANARY_WORD) && strcmp(line->fields[1], CANARY_VERSION) == 0
               ? NULL
               : "the input does not begin with " CANARY_WORD " " CANARY_VERSION;
  if (index > 1)
    return take_attempt(request, line);
  if (!is(line, 2, "random") || !is_random(line->fields[1]))
    return "the second line is no random word";
  request->random = line->fields[1];
  return NULL;
}

const char *request_parse(struct request *request, char *text, size_t length)
{
  request->random = NULL;
  request->count = 0;
  size_t whole = request_length(text, length);
  if (whole > CANARY_INPUT_MAX || (whole == 0 && length > CANARY_INPUT_MAX))
    return "the input is too long";
  if (whole == 0)
    return "the input ends before go";
  if (memchr(text, '\0', whole) != NULL)
    return "there is a NUL in the input";
  char *at = text;
  for (unsigned index = 0;; index++) {
    char *feed = strchr(at, '\n');
    *feed = '\0';
    struct line line;
    split(&line, at);
    if (index > 1 && is(&line, 1, "go"))
      return NULL;
    const char *problem = take_line(request, index, &line);
    if (problem != NULL)
      return problem;
    at = feed + 1;
  }
}

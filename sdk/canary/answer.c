/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of attempts, and arguments that are numbers. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void answer(const struct attempt *attempt, const char *format, ...)
{
  /* Room for the number in front, which the canary adds. */
  char line[CANARY_LINE_MAX - 16];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line - 1, format, arguments);
  va_end(arguments);
  if (length < 0)
    return;
  if ((size_t)length > sizeof line - 2)
    length = sizeof line - 2;
  for (int i = 0; i < length; i++)
    if (line[i] != '\t' && (line[i] < ' ' || line[i] > '~'))
      line[i] = '?';
  line[length++] = '\n';
  ssize_t written = write(attempt->answer, line, (size_t)length);
  (void)written; /* the canary takes a missing answer for a failure */
}

void answer_result(const struct attempt *attempt, bool worked)
{
  if (worked)
    answer(attempt, "open");
  else
    answer(attempt, "held\t%s", errno_name(errno));
}

void answer_count(const struct attempt *attempt, uint64_t count, int errnum)
{
  if (errnum == 0)
    answer(attempt, "value\t%" PRIu64, count);
  else
    answer(attempt, "value\t%" PRIu64 " %s", count, errno_name(errnum));
}

static int digit(char letter)
{
  static const char digits[] = "0123456789abcdef";
  const char *found = letter == '\0' ? NULL : strchr(digits, letter);
  return found == NULL ? 99 : (int)(found - digits);
}

static bool read_number(const char *text, uint64_t *number)
{
  unsigned base = 10;
  if (strncmp(text, "0x", 2) == 0) {
    base = 16;
    text += 2;
  }
  *number = 0;
  for (const char *at = text; *at != '\0'; at++) {
    unsigned value = (unsigned)digit(*at);
    if (value >= base || *number > (UINT64_MAX - value) / base)
      return false;
    *number = *number * base + value;
  }
  return *text != '\0';
}

bool argument_number(const struct attempt *attempt, unsigned index, uint64_t least, uint64_t most,
                     uint64_t *number)
{
  if (read_number(attempt->arguments[index], number) && *number >= least && *number <= most)
    return true;
  answer(attempt, "failed\targument %u is no number from %" PRIu64 " to %" PRIu64, index + 1, least,
         most);
  return false;
}

void words_add(struct words *words, const char *word, size_t length)
{
  if (length >= sizeof words->text - words->length - 1)
    return;
  if (words->length > 0)
    words->text[words->length++] = ' ';
  for (size_t i = 0; i < length; i++)
    words->text[words->length++] = word[i] > ' ' && word[i] <= '~' ? word[i] : '?';
}

void answer_words(const struct attempt *attempt, const struct words *words)
{
  if (words->length == 0)
    answer(attempt, "value\tnone");
  else
    answer(attempt, "value\t%.*s", (int)words->length, words->text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on environments, the own one and those of other processes. Only names are printed. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENVIRON_MAX = 1 << 20 };

void attempt_variable(const struct attempt *attempt)
{
  errno = ENOENT;
  answer_result(attempt, getenv(attempt->arguments[0]) != NULL);
}

void attempt_environment(const struct attempt *attempt)
{
  struct words words = {.length = 0};
  for (char **each = environ; each != NULL && *each != NULL; each++)
    words_add(&words, *each, strcspn(*each, "="));
  answer_words(attempt, &words);
}

static bool has_variable(const char *text, size_t size, const char *name)
{
  size_t length = strlen(name);
  for (size_t at = 0; at < size; at += strlen(text + at) + 1)
    if (strncmp(text + at, name, length) == 0 && text[at + length] == '=')
      return true;
  return false;
}

void attempt_environ_of(const struct attempt *attempt)
{
  static char text[ENVIRON_MAX + 1];
  uint64_t pid;
  if (!argument_number(attempt, 0, 1, INT_MAX, &pid))
    return;
  char path[64];
  snprintf(path, sizeof path, "/proc/%u/environ", (unsigned)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  size_t size = 0;
  ssize_t got = file < 0 ? -1 : 1;
  while (got > 0 && size < ENVIRON_MAX) {
    got = read(file, text + size, ENVIRON_MAX - size);
    size += got > 0 ? (size_t)got : 0;
  }
  const char *name = attempt->arguments[1];
  if (got < 0)
    answer_result(attempt, false);
  else if (size == 0 || (name != NULL && !has_variable(text, size, name)))
    answer(attempt, "held\tOTHER");
  else
    answer(attempt, "open");
}

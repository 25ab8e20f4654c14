/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments for the engine's --args: texts that each end with a NUL. */
#include "words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

void bubblewrap_words_add(struct bubblewrap_words *words, const char *text)
{
  size_t length = strlen(text) + 1;
  if (words->length + length > words->capacity) {
    size_t capacity = (words->length + length) * 2 + 1024;
    char *bytes = words->host->allocate(words->call, capacity);
    if (words->length > 0)
      memcpy(bytes, words->bytes, words->length);
    words->bytes = bytes;
    words->capacity = capacity;
  }
  memcpy(words->bytes + words->length, text, length);
  words->length += length;
}

void bubblewrap_words_list(struct bubblewrap_words *words, const char *text, ...)
{
  va_list list;
  va_start(list, text);
  for (const char *word = text; word != NULL; word = va_arg(list, const char *))
    bubblewrap_words_add(words, word);
  va_end(list);
}

void bubblewrap_words_number(struct bubblewrap_words *words, const char *text, uint64_t number)
{
  bubblewrap_words_add(words, text);
  bubblewrap_words_add(words, words->host->format(words->call, "%" PRIu64, number));
}

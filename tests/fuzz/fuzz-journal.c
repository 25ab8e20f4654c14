/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an entry of a journal; what is accepted is written and read again, and is the same. */
#include "core/sandbox/journal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct journal_entry *entry)
{
  struct buffer first = {0};
  struct buffer second = {0};
  struct journal_entry again = {0};
  struct error *error = NULL;
  journal_entry_append(entry, &first);
  if (first.failed)
    abort();
  /* What is written may be longer than what was read: escapes. */
  if (first.length <= JOURNAL_FILE_MAX) {
    if (journal_entry_parse(first.data, first.length, entry->instance, &again, &error) != 0)
      abort();
    journal_entry_append(&again, &second);
    if (second.length != first.length || memcmp(second.data, first.data, first.length) != 0)
      abort();
  }
  journal_entry_free(&again);
  error_free(&error);
  buffer_free(&first);
  buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct journal_entry entry;
  struct error *error = NULL;
  if (journal_entry_parse((const char *)data, size, "one-0123456789abcdef", &entry, &error) == 0) {
    check_again(&entry);
    journal_entry_free(&entry);
  } else if (error == NULL || error->message == NULL || entry.instance != NULL) {
    abort();
  }
  error_free(&error);
  return 0;
}

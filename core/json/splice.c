/* SPDX-License-Identifier: Apache-2.0 */
/* A new message from an old one: some parts replaced, everything else byte for byte. */
#include "core/json/splice.h"

#include <stdint.h>

/* Whether the replacements are in order and inside; the length of the outcome, if so. */
static bool measure(const char *text, size_t length, const struct json_replacement *replacements,
                    size_t count, size_t *total)
{
  /* As numbers: pointers into different objects must not be compared. */
  uintptr_t start = (uintptr_t)text;
  size_t done = 0;
  *total = length;
  for (size_t i = 0; i < count; i++) {
    uintptr_t at = (uintptr_t)replacements[i].original.at;
    size_t taken = replacements[i].original.length;
    if (at < start || at - start < done || at - start > length || taken > length - (at - start))
      return false;
    done = at - start + taken;
    *total -= taken;
    if (__builtin_add_overflow(*total, replacements[i].length, total))
      return false;
  }
  return true;
}

bool json_splice(const char *text, size_t length, const struct json_replacement *replacements,
                 size_t count, struct buffer *out)
{
  size_t total;
  if (!measure(text, length, replacements, count, &total))
    return false;
  if (buffer_reserve(out, total) == NULL)
    return false;
  const char *at = text;
  for (size_t i = 0; i < count; i++) {
    const struct json_slice *original = &replacements[i].original;
    buffer_append(out, at, (size_t)(original->at - at));
    buffer_append(out, replacements[i].bytes, replacements[i].length);
    at = original->at + original->length;
  }
  buffer_append(out, at, length - (size_t)(at - text));
  return !out->failed;
}

static void add_part(struct iovec *parts, size_t *count, const char *at, size_t length)
{
  if (length == 0)
    return;
  /* writev(2) takes what it only reads through a pointer that is not const. */
  parts[*count].iov_base = (void *)(uintptr_t)at;
  parts[*count].iov_len = length;
  ++*count;
}

bool json_splice_parts(const char *text, size_t length, const struct json_replacement *replacements,
                       size_t count, struct iovec *parts, size_t *part_count)
{
  size_t total;
  if (!measure(text, length, replacements, count, &total))
    return false;
  const char *at = text;
  *part_count = 0;
  for (size_t i = 0; i < count; i++) {
    const struct json_slice *original = &replacements[i].original;
    add_part(parts, part_count, at, (size_t)(original->at - at));
    add_part(parts, part_count, replacements[i].bytes, replacements[i].length);
    at = original->at + original->length;
  }
  add_part(parts, part_count, at, length - (size_t)(at - text));
  return true;
}

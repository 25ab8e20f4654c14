/* SPDX-License-Identifier: Apache-2.0 */
/* Text helpers: UTF-8, text made safe to show, suggestions. */
#include "core/base/text.h"

#include "core/base/utf8.h"

#include <string.h>

bool text_is_utf8(const void *bytes, size_t length)
{
  if (length == 0)
    return true;
  const unsigned char *at = bytes;
  const unsigned char *end = at + length;
  while (at < end) {
    while (end - at >= 8) {
      uint64_t word;
      memcpy(&word, at, sizeof word);
      if ((word & UINT64_C(0x8080808080808080)) != 0)
        break;
      at += 8;
    }
    size_t sequence = utf8_sequence(at, end);
    if (sequence == 0 && at < end)
      return false;
    at += sequence;
  }
  return true;
}

/* Unicode code points beyond C0 and DEL that act on a display or hide: first and last of a range.
 * Joiners (U+200C, U+200D) are left alone, because scripts and emoji need them. */
static const struct {
  uint32_t first;
  uint32_t last;
} hidden_ranges[] = {
    {0x0080, 0x009F},   /* C1 controls */
    {0x061C, 0x061C},   /* Arabic letter mark */
    {0x200B, 0x200B},   /* zero width space */
    {0x200E, 0x200F},   /* left-to-right and right-to-left mark */
    {0x2028, 0x202E},   /* line and paragraph separator, bidirectional embeddings and overrides */
    {0x2060, 0x206F},   /* invisible operators, bidirectional isolates, deprecated formatting */
    {0xFEFF, 0xFEFF},   /* byte order mark */
    {0xFFF9, 0xFFFB},   /* interlinear annotation */
    {0xE0000, 0xE007F}, /* tags: a whole ASCII alphabet that no one sees */
};

static bool is_hidden(uint32_t code_point)
{
  for (size_t i = 0; i < sizeof hidden_ranges / sizeof hidden_ranges[0]; i++)
    if (code_point >= hidden_ranges[i].first && code_point <= hidden_ranges[i].last)
      return true;
  return false;
}

void text_escape_controls(struct buffer *out, const char *text, size_t length)
{
  if (length == 0) {
    buffer_append(out, "", 0);
    return;
  }
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + length;
  const unsigned char *plain = at;
  while (at < end) {
    size_t sequence = utf8_sequence(at, end);
    uint32_t code_point = sequence == 0 ? 0 : utf8_code_point(at, sequence);
    bool byte_wise = sequence == 0 || code_point < 0x20 || code_point == 0x7F;
    if (!byte_wise && !is_hidden(code_point)) {
      at += sequence;
      continue;
    }
    buffer_append(out, plain, (size_t)(at - plain));
    if (byte_wise)
      buffer_append_format(out, "\\x%02x", (unsigned)*at);
    else
      buffer_append_format(out, "\\u{%04X}", (unsigned)code_point);
    at += byte_wise ? 1 : sequence;
    plain = at;
  }
  buffer_append(out, plain, (size_t)(at - plain));
}

static void append_json_escape(struct buffer *out, uint32_t code_point)
{
  if (code_point < 0x10000) {
    buffer_append_format(out, "\\u%04x", (unsigned)code_point);
    return;
  }
  code_point -= 0x10000;
  buffer_append_format(out, "\\u%04x\\u%04x", 0xD800U + (unsigned)(code_point >> 10),
                       0xDC00U + (unsigned)(code_point & 0x3FF));
}

void text_escape_json(struct buffer *out, const char *text, size_t length)
{
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + length;
  const unsigned char *plain = at;
  while (at < end) {
    size_t sequence = utf8_sequence(at, end);
    uint32_t code_point = sequence == 0 ? 0 : utf8_code_point(at, sequence);
    const unsigned char *next = at + (sequence == 0 ? 1 : sequence);
    if (code_point == 0x7F || is_hidden(code_point)) {
      buffer_append(out, plain, (size_t)(at - plain));
      append_json_escape(out, code_point);
      plain = next;
    }
    at = next;
  }
  buffer_append(out, plain, (size_t)(at - plain));
}

static int lower(char byte)
{
  return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

enum { NAME_MAX_COMPARED = 63 };

static size_t smaller(size_t left, size_t right)
{
  return left < right ? left : right;
}

/* Optimal string alignment distance of two names of at most NAME_MAX_COMPARED bytes. */
static size_t edit_distance(const char *left, size_t left_length, const char *right,
                            size_t right_length)
{
  size_t rows[3][NAME_MAX_COMPARED + 1];
  size_t *before = rows[0];
  size_t *previous = rows[1];
  size_t *current = rows[2];
  for (size_t j = 0; j <= right_length; j++)
    before[j] = previous[j] = j;
  for (size_t i = 1; i <= left_length; i++) {
    current[0] = i;
    for (size_t j = 1; j <= right_length; j++) {
      bool same = lower(left[i - 1]) == lower(right[j - 1]);
      size_t best = smaller(previous[j], current[j - 1]) + 1;
      best = smaller(best, previous[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) &&
          lower(left[i - 2]) == lower(right[j - 1]))
        best = smaller(best, before[j - 2] + 1);
      current[j] = best;
    }
    size_t *spare = before;
    before = previous;
    previous = current;
    current = spare;
  }
  return previous[right_length];
}

const char *text_suggest(const char *unknown, const char *const *known, size_t count)
{
  const char *nearest = NULL;
  size_t nearest_distance = SIZE_MAX;
  size_t length = strlen(unknown);
  if (length > NAME_MAX_COMPARED)
    return NULL;
  for (size_t i = 0; i < count; i++) {
    size_t known_length = known[i] == NULL ? 0 : strlen(known[i]);
    if (known_length == 0 || known_length > NAME_MAX_COMPARED)
      continue;
    size_t distance = edit_distance(unknown, length, known[i], known_length);
    size_t longer = length > known_length ? length : known_length;
    if (distance * 3 <= longer && distance < nearest_distance) {
      nearest = known[i];
      nearest_distance = distance;
    }
  }
  return nearest;
}

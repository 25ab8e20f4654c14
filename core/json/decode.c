/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings to text and back. */
#include "core/json/decode.h"

#include "core/json/run.h"
#include "core/json/unit.h"

#include <string.h>

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD"

bool json_string_decode(struct json_slice slice, struct buffer *buffer)
{
  if (slice.at == NULL || slice.length < 2 || slice.at[0] != '"')
    return false;
  const unsigned char *at = (const unsigned char *)slice.at + 1;
  const unsigned char *end = (const unsigned char *)slice.at + slice.length - 1;
  buffer_append(buffer, "", 0);
  while (at < end) {
    const unsigned char *backslash = memchr(at, '\\', (size_t)(end - at));
    const unsigned char *stop = backslash == NULL ? end : backslash;
    buffer_append(buffer, at, (size_t)(stop - at));
    at = stop;
    if (at == end)
      break;
    unsigned char unit[4];
    size_t length = json_unit(&at, end, unit);
    if (length == 0)
      buffer_append_text(buffer, REPLACEMENT_CHARACTER);
    else
      buffer_append(buffer, unit, length);
  }
  return !buffer->failed;
}

/* The letter of the short escape for this byte, 0 when there is none. */
static char short_escape(unsigned char byte)
{
  switch (byte) {
  case '"':
  case '\\':
    return (char)byte;
  case '\b':
    return 'b';
  case '\f':
    return 'f';
  case '\n':
    return 'n';
  case '\r':
    return 'r';
  case '\t':
    return 't';
  default:
    return 0;
  }
}

void json_string_append(struct buffer *buffer, const char *text, size_t length)
{
  static const char digits[] = "0123456789abcdef";
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + length;
  buffer_append_byte(buffer, '"');
  while (at < end) {
    const unsigned char *stop = json_run(at, end);
    buffer_append(buffer, at, (size_t)(stop - at));
    at = stop;
    if (at == end)
      break;
    char letter = short_escape(*at);
    if (letter != 0) {
      buffer_append(buffer, (const char[]){'\\', letter}, 2);
      at++;
    } else if (*at < 0x20) {
      const char escape[] = {'\\', 'u', '0', '0', digits[*at >> 4], digits[*at & 15]};
      buffer_append(buffer, escape, sizeof escape);
      at++;
    } else {
      size_t sequence = utf8_sequence(at, end);
      if (sequence == 0)
        buffer_append_text(buffer, REPLACEMENT_CHARACTER);
      else
        buffer_append(buffer, at, sequence);
      at += sequence == 0 ? 1 : sequence;
    }
  }
  buffer_append_byte(buffer, '"');
}

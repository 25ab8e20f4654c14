/* SPDX-License-Identifier: Apache-2.0 */
/* What one character or escape of a JSON string stands for. Needs nothing to link. */
#ifndef JAUAUTH_JSON_UNIT_H
#define JAUAUTH_JSON_UNIT_H

#include "core/base/utf8.h"

/* The value of four hexadecimal digits, or -1. At least four bytes must be readable. */
static inline int32_t json_hex4(const unsigned char *at)
{
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    unsigned char digit = at[i];
    unsigned char letter = digit | 0x20U;
    if (digit >= '0' && digit <= '9')
      value = value * 16 + (digit - '0');
    else if (letter >= 'a' && letter <= 'f')
      value = value * 16 + (letter - 'a' + 10);
    else
      return -1;
  }
  return value;
}

/* The byte that `\letter` stands for; 0 for `u` and for what is no escape. */
static inline unsigned char json_escape_byte(unsigned char letter)
{
  switch (letter) {
  case '"':
  case '\\':
  case '/':
    return letter;
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return 0;
  }
}

/*
 * Decodes what stands at *at, inside the quotes of a valid string, moves *at behind it and returns
 * the count of bytes written to `out`: an escape gives a whole UTF-8 sequence (two \u escapes that
 * are a surrogate pair give one), anything else its own byte. 0 is a lone surrogate, which has no
 * UTF-8 form; on bytes that are no valid string also a broken escape. Never reads behind `end`.
 */
static inline size_t json_unit(const unsigned char **at, const unsigned char *end,
                               unsigned char out[4])
{
  const unsigned char *start = *at;
  out[0] = *start;
  *at = start + 1;
  if (*start != '\\')
    return 1;
  if (end - start < 2)
    return 0;
  *at = start + 2;
  if (start[1] != 'u') {
    out[0] = json_escape_byte(start[1]);
    return out[0] != 0;
  }
  int32_t first = end - start < 6 ? -1 : json_hex4(start + 2);
  if (first < 0)
    return 0;
  *at = start + 6;
  if (first < 0xD800 || first > 0xDFFF)
    return utf8_encode((uint32_t)first, out);
  if (first > 0xDBFF || end - start < 12 || start[6] != '\\' || start[7] != 'u')
    return 0;
  int32_t second = json_hex4(start + 8);
  if (second < 0xDC00 || second > 0xDFFF)
    return 0;
  *at = start + 12;
  return utf8_encode(0x10000U + ((uint32_t)(first - 0xD800) << 10) + (uint32_t)(second - 0xDC00),
                     out);
}

#endif

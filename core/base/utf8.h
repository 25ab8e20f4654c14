/* SPDX-License-Identifier: Apache-2.0 */
/* One UTF-8 sequence at a time: check, decode, encode (RFC 3629). Needs nothing to link. */
#ifndef JAUAUTH_BASE_UTF8_H
#define JAUAUTH_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool utf8_is_continuation(unsigned char byte)
{
  return (byte & 0xC0U) == 0x80U;
}

/*
 * The length of the sequence at `at`, 1 to 4 bytes; 0 when there is none before `end`: a stray or
 * missing continuation byte, an overlong form, a surrogate (U+D800 to U+DFFF), above U+10FFFF, or
 * `at == end`.
 */
static inline size_t utf8_sequence(const unsigned char *at, const unsigned char *end)
{
  size_t left = (size_t)(end - at);
  if (left == 0)
    return 0;
  unsigned char lead = at[0];
  if (lead < 0x80)
    return 1;
  if (lead < 0xC2 || lead > 0xF4 || left < 2)
    return 0;
  if (lead < 0xE0)
    return utf8_is_continuation(at[1]) ? 2 : 0;
  /* The second byte alone decides about overlong forms, surrogates and the upper end. */
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < low || at[1] > high || left < 3 || !utf8_is_continuation(at[2]))
    return 0;
  if (lead < 0xF0)
    return 3;
  return left >= 4 && utf8_is_continuation(at[3]) ? 4 : 0;
}

/* The code point of a sequence whose length utf8_sequence() gave. */
static inline uint32_t utf8_code_point(const unsigned char *at, size_t length)
{
  switch (length) {
  case 1:
    return at[0];
  case 2:
    return (at[0] & 0x1FU) << 6 | (at[1] & 0x3FU);
  case 3:
    return (at[0] & 0x0FU) << 12 | (at[1] & 0x3FU) << 6 | (at[2] & 0x3FU);
  default:
    return (at[0] & 0x07U) << 18 | (at[1] & 0x3FU) << 12 | (at[2] & 0x3FU) << 6 | (at[3] & 0x3FU);
  }
}

/* Writes the code point (at most U+10FFFF, no surrogate) and returns how many bytes it took. */
static inline size_t utf8_encode(uint32_t code_point, unsigned char out[4])
{
  if (code_point < 0x80) {
    out[0] = (unsigned char)code_point;
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = (unsigned char)(0xC0U | code_point >> 6);
    out[1] = (unsigned char)(0x80U | (code_point & 0x3FU));
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = (unsigned char)(0xE0U | code_point >> 12);
    out[1] = (unsigned char)(0x80U | (code_point >> 6 & 0x3FU));
    out[2] = (unsigned char)(0x80U | (code_point & 0x3FU));
    return 3;
  }
  out[0] = (unsigned char)(0xF0U | code_point >> 18);
  out[1] = (unsigned char)(0x80U | (code_point >> 12 & 0x3FU));
  out[2] = (unsigned char)(0x80U | (code_point >> 6 & 0x3FU));
  out[3] = (unsigned char)(0x80U | (code_point & 0x3FU));
  return 4;
}

#endif

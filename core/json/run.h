/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of the scanner: runs of bytes that stand for themselves inside a string. */
#ifndef JAUAUTH_JSON_RUN_H
#define JAUAUTH_JSON_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * Each json_run_*() returns the first byte from `at` on that a string cannot take as it is: '"',
 * '\', a control character below 0x20, or the start of anything beyond ASCII; or `end`. They read
 * nothing at or behind `end`. Both forms give the same answer; json_run() is the one for this
 * processor, chosen by the compiler's target.
 */

static inline bool json_run_stops(unsigned char byte)
{
  return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

/* Eight bytes at a time in an ordinary register, in either byte order. */
static inline const unsigned char *json_run_portable(const unsigned char *at,
                                                     const unsigned char *end)
{
  const uint64_t ones = UINT64_C(0x0101010101010101);
  const uint64_t tops = UINT64_C(0x8080808080808080);
  while (end - at >= 8) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';
    /* A zero byte, and a byte below 0x20, borrow from the top bit of their lane. Borrows may mark
     * neighbours too, but never without a true hit, so that "none" is exact. */
    uint64_t hits = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                    ((word - ones * 0x20) & ~word) | word;
    if ((hits & tops) != 0)
      break;
    at += 8;
  }
  while (at < end && !json_run_stops(*at))
    at++;
  return at;
}

#ifdef __SSE2__
static inline __m128i json_run_hits(const unsigned char *at)
{
  __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)at);
  __m128i quote = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('"'));
  __m128i backslash = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'));
  /* Signed: bytes from 0x80 on are negative, so that one comparison finds both ends. */
  __m128i outside = _mm_cmplt_epi8(chunk, _mm_set1_epi8(0x20));
  return _mm_or_si128(_mm_or_si128(quote, backslash), outside);
}

/* Sixteen bytes at a time, 64 once the string turns out to be long. */
static inline const unsigned char *json_run_sse2(const unsigned char *at, const unsigned char *end)
{
  while (end - at >= 16) {
    int hits = _mm_movemask_epi8(json_run_hits(at));
    if (hits != 0)
      return at + __builtin_ctz((unsigned)hits);
    at += 16;
    while (end - at >= 64) {
      __m128i left = _mm_or_si128(json_run_hits(at), json_run_hits(at + 16));
      __m128i right = _mm_or_si128(json_run_hits(at + 32), json_run_hits(at + 48));
      if (_mm_movemask_epi8(_mm_or_si128(left, right)) != 0)
        break;
      at += 64;
    }
  }
  return json_run_portable(at, end);
}
#endif

static inline const unsigned char *json_run(const unsigned char *at, const unsigned char *end)
{
#ifdef __SSE2__
  return json_run_sse2(at, end);
#else
  return json_run_portable(at, end);
#endif
}

#endif

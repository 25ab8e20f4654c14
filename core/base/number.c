/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers read and written the same in every locale, without floating point. */
#include "core/base/text.h"

#include <string.h>

enum { QUOTED_MAX = 40 };

static bool is_digit(char byte)
{
  return byte >= '0' && byte <= '9';
}

static int refuse(struct error **error, const char *text, const char *expected)
{
  CLEANUP_BUFFER struct buffer quoted = {0};
  size_t length = strlen(text);
  size_t shown = length > QUOTED_MAX ? QUOTED_MAX : length;
  /* Cut in front of a character, not inside it. */
  while (shown < length && shown > 0 && ((unsigned char)text[shown] & 0xC0U) == 0x80)
    shown--;
  text_escape_controls(&quoted, text, shown);
  if (shown < length)
    buffer_append_text(&quoted, "…");
  if (quoted.failed)
    return error_memory(error);
  return error_make(error, ERROR_CONFIG, 0, "\"%s\" is not %s", quoted.data, expected);
}

/* Appends a digit to *total, which is counted downwards because that range is the larger one. */
static bool take_digit(int64_t *total, char digit)
{
  return !__builtin_mul_overflow(*total, 10, total) &&
         !__builtin_sub_overflow(*total, digit - '0', total);
}

/* Reads into a scaled number, downwards; *fits is false when the form is right but it overflows. */
static bool read_scaled(const char *text, unsigned digits, int64_t *total, bool *fits)
{
  *total = 0;
  *fits = true;
  const char *start = text;
  for (; is_digit(*text); text++)
    *fits = *fits && take_digit(total, *text);
  bool any = text > start;
  unsigned taken = 0;
  if (*text == '.' && digits > 0) {
    if (!is_digit(*++text))
      return false;
    for (; is_digit(*text); text++) {
      if (taken < digits) {
        *fits = *fits && take_digit(total, *text);
        taken++;
      } else if (*text != '0') {
        return false;
      }
    }
    any = true;
  }
  for (; taken < digits; taken++)
    *fits = *fits && take_digit(total, '0');
  return any && *text == '\0';
}

static int read_number(const char *text, unsigned digits, int64_t min, int64_t max, int64_t *out,
                       const char *expected, struct error **error)
{
  bool negative = text[0] == '-';
  int64_t total;
  bool fits;
  if (digits > 18 || !read_scaled(text + negative, digits, &total, &fits))
    return refuse(error, text, expected);
  if (!negative && fits && __builtin_sub_overflow((int64_t)0, total, &total))
    fits = false;
  if (fits && total >= min && total <= max) {
    *out = total;
    return 0;
  }
  CLEANUP_BUFFER struct buffer range = {0};
  buffer_append_text(&range, "a number from ");
  text_append_decimal(&range, min, digits);
  buffer_append_text(&range, " to ");
  text_append_decimal(&range, max, digits);
  if (range.failed)
    return error_memory(error);
  return refuse(error, text, range.data);
}

int text_parse_integer(const char *text, int64_t min, int64_t max, int64_t *out,
                       struct error **error)
{
  return read_number(text, 0, min, max, out, "a whole number", error);
}

int text_parse_decimal(const char *text, unsigned digits, int64_t min, int64_t max, int64_t *out,
                       struct error **error)
{
  CLEANUP_BUFFER struct buffer expected = {0};
  buffer_append_format(&expected, "a number with at most %u digits behind the point", digits);
  if (expected.failed)
    return error_memory(error);
  return read_number(text, digits, min, max, out, digits == 0 ? "a whole number" : expected.data,
                     error);
}

static const char size_units[] = "kmgt";

/* How far to shift for a unit ("", "b", "m", "MB", "MiB", …), -1 when it is none. */
static int unit_shift(const char *unit)
{
  int shift = 0;
  char letter = (char)(*unit | 0x20);
  const char *found = *unit == '\0' ? NULL : strchr(size_units, letter);
  if (found != NULL) {
    shift = 10 * (int)(found - size_units + 1);
    unit++;
    if ((*unit | 0x20) == 'i') {
      unit++;
      if ((*unit | 0x20) != 'b')
        return -1;
    }
  }
  if ((*unit | 0x20) == 'b')
    unit++;
  return *unit == '\0' ? shift : -1;
}

/*
 * The bytes of a decimal fraction of a unit of 2^shift bytes (at most 2^40), rounded down. Digits
 * are multiplied from the last to the first, where each step keeps the whole part of what is below:
 * exact, because rounding down in between never changes the outcome of a later division by ten.
 */
static uint64_t fraction_of_unit(const char *first, const char *end, int shift)
{
  uint64_t below = 0;
  for (const char *at = end; at > first; at--) {
    uint64_t here = (uint64_t)(at[-1] - '0') << shift;
    below = (here + below) / 10;
  }
  return below;
}

int text_parse_size(const char *text, uint64_t *out, struct error **error)
{
  static const char expected[] = "a size such as \"268435456\", \"256m\" or \"0.5g\"";
  const char *at = text;
  uint64_t whole = 0;
  bool fits = true;
  for (; is_digit(*at); at++)
    fits = fits && !__builtin_mul_overflow(whole, (uint64_t)10, &whole) &&
           !__builtin_add_overflow(whole, (uint64_t)(*at - '0'), &whole);
  if (at == text)
    return refuse(error, text, expected);
  const char *fraction = at;
  if (*at == '.') {
    fraction = ++at;
    while (is_digit(*at))
      at++;
    if (at == fraction)
      return refuse(error, text, expected);
  }
  const char *fraction_end = at;
  if (at[0] == ' ' && at[1] != '\0')
    at++;
  int shift = unit_shift(at);
  if (shift < 0)
    return refuse(error, text, expected);
  uint64_t bytes;
  if (!fits || __builtin_mul_overflow(whole, UINT64_C(1) << shift, &bytes) ||
      __builtin_add_overflow(bytes, fraction_of_unit(fraction, fraction_end, shift), &bytes))
    return refuse(error, text, "a size that this computer can count in bytes");
  *out = bytes;
  return 0;
}

void text_append_decimal(struct buffer *out, int64_t scaled, unsigned digits)
{
  /* Written from the end: 20 digits of a 64-bit number, up to 18 zeros, a point and a sign. */
  char text[48];
  size_t at = sizeof text;
  uint64_t rest = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
  bool shown = digits == 0;
  for (unsigned place = 0; place < digits && place < 18; place++, rest /= 10) {
    if (rest % 10 != 0)
      shown = true;
    if (shown)
      text[--at] = (char)('0' + rest % 10);
  }
  if (shown && digits > 0)
    text[--at] = '.';
  do {
    text[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (scaled < 0)
    text[--at] = '-';
  buffer_append(out, text + at, sizeof text - at);
}

void text_append_size(struct buffer *out, uint64_t bytes)
{
  size_t unit = 0;
  while (unit < sizeof size_units - 1 && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    unit++;
  }
  buffer_append_format(out, "%llu", (unsigned long long)bytes);
  if (unit > 0)
    buffer_append_byte(out, size_units[unit - 1]);
}

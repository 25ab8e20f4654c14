/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as the engines' command lines write them. */
#include "number.h"

#include <string.h>
#include <strings.h>

/* Bytes behind the decimal point are counted in millionths. */
enum { FRACTION_DIGITS = 6 };
static const uint64_t fraction_whole = 1000000;

static bool read_digits(const char **at, uint64_t *out)
{
  const char *start = *at;
  *out = 0;
  for (; **at >= '0' && **at <= '9'; (*at)++) {
    if (*out > UINT64_MAX / 10 / fraction_whole)
      return false;
    *out = *out * 10 + (uint64_t)(**at - '0');
  }
  return *at > start;
}

/* Reads digits with an optional fraction, which becomes millionths. */
static bool read_decimal(const char **at, uint64_t *whole, uint64_t *millionths)
{
  *millionths = 0;
  if (!read_digits(at, whole))
    return false;
  if (**at != '.')
    return true;
  (*at)++;
  int count = 0;
  uint64_t unit = fraction_whole;
  for (; **at >= '0' && **at <= '9'; (*at)++, count++) {
    unit /= 10;
    *millionths += unit * (uint64_t)(**at - '0');
  }
  return count > 0 && count <= FRACTION_DIGITS;
}

bool container_parse_number(const char *text, uint64_t *out)
{
  return read_digits(&text, out) && *text == '\0';
}

bool container_parse_thousandths(const char *text, uint64_t *out)
{
  uint64_t whole = 0;
  uint64_t millionths = 0;
  if (!read_decimal(&text, &whole, &millionths) || *text != '\0')
    return false;
  *out = whole * 1000 + millionths / 1000;
  return true;
}

bool container_parse_size(const char *text, uint64_t *out)
{
  static const char letters[] = "bkmgt";
  uint64_t whole = 0;
  uint64_t millionths = 0;
  if (!read_decimal(&text, &whole, &millionths))
    return false;
  unsigned shift = 0;
  if (*text != '\0') {
    const char *letter = memchr(letters, *text | 0x20, sizeof letters - 1);
    if (letter == NULL)
      return false;
    shift = (unsigned)(letter - letters) * 10;
    text++;
  }
  if (*text != '\0' && strcasecmp(text, "b") != 0 && strcasecmp(text, "ib") != 0)
    return false;
  if (whole > UINT64_MAX >> (shift + 1))
    return false;
  *out = (whole << shift) + ((millionths << shift) / fraction_whole);
  return true;
}

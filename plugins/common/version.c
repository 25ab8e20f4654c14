/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of engines: reading and comparing. */
#include "plugins/common/version.h"

#include <string.h>

#include "plugins/common/path.h"

#define DIGITS "0123456789"

const char *plugin_version_text(const struct jauauth_host *host, struct jauauth_call *call,
                                const char *output)
{
  const char *number = output + strcspn(output, DIGITS);
  size_t length = strspn(number, DIGITS ".");
  return length == 0 ? "unknown" : plugin_copy(host, call, number, length);
}

/* The number at *at, which is moved behind it and its dot. Large ones stay large. */
static unsigned long next_number(const char **at)
{
  unsigned long number = 0;
  for (; **at >= '0' && **at <= '9'; (*at)++)
    if (number < 1000000)
      number = number * 10 + (unsigned long)(**at - '0');
  *at += **at == '.';
  return number;
}

int plugin_version_compare(const char *left, const char *right)
{
  for (;;) {
    bool more = strspn(left, DIGITS) > 0 || strspn(right, DIGITS) > 0;
    unsigned long left_number = next_number(&left);
    unsigned long right_number = next_number(&right);
    if (left_number != right_number)
      return left_number < right_number ? -1 : 1;
    if (!more)
      return 0;
  }
}

bool plugin_version_within(const char *version, const char *first, const char *fixed_in)
{
  return strspn(version, DIGITS) > 0 && plugin_version_compare(version, first) >= 0 &&
         plugin_version_compare(version, fixed_in) < 0;
}

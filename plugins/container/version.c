/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of engines: reading and comparing. */
#include "version.h"

#include <string.h>

#define DIGITS "0123456789"

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

int container_version_compare(const char *left, const char *right)
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

void container_weak_versions(const struct container_context *context, struct jauauth_probe *probe,
                             const char *version, const struct container_weak_version *rows,
                             size_t count)
{
  if (strspn(version, DIGITS) == 0)
    return;
  for (size_t i = 0; i < count; i++)
    if (container_version_compare(version, rows[i].first) >= 0 &&
        container_version_compare(version, rows[i].fixed_in) < 0)
      context->host->probe_weak_version(probe, rows[i].identifier, rows[i].text, rows[i].fixed_in);
}

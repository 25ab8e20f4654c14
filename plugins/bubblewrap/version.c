/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the engine: reading, comparing, and those that are known to be weak. */
#include "version.h"

#include <string.h>

#include "path.h"

#define DIGITS "0123456789"

struct weak_version {
  const char *identifier;
  const char *first;
  const char *fixed_in;
  bool setuid_only;
  const char *text;
};

static const struct weak_version weak_versions[] = {
#define WEAK_VERSION(identifier, first, fixed_in, setuid_only, text)                               \
  {identifier, first, fixed_in, setuid_only, text},
#include "weak-versions.def"
#undef WEAK_VERSION
};

const char *bubblewrap_version_text(const struct jauauth_host *host, struct jauauth_call *call,
                                    const char *output)
{
  const char *number = output + strcspn(output, DIGITS);
  size_t length = strspn(number, DIGITS ".");
  return length == 0 ? "unknown" : bubblewrap_copy(host, call, number, length);
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

int bubblewrap_version_compare(const char *left, const char *right)
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

void bubblewrap_weak_versions(const struct jauauth_host *host, struct jauauth_probe *probe,
                              const char *version, bool setuid)
{
  if (strspn(version, DIGITS) == 0)
    return;
  for (size_t i = 0; i < sizeof weak_versions / sizeof weak_versions[0]; i++) {
    const struct weak_version *weak = &weak_versions[i];
    if ((setuid || !weak->setuid_only) && bubblewrap_version_compare(version, weak->first) >= 0 &&
        bubblewrap_version_compare(version, weak->fixed_in) < 0)
      host->probe_weak_version(probe, weak->identifier, weak->text, weak->fixed_in);
  }
}

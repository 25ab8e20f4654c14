/* SPDX-License-Identifier: Apache-2.0 */
/* The table of attempts. */
#include "sdk/canary/attempt.h"

#include <string.h>

#define ATTEMPT_ROW(symbol, name, least, most, seconds)                                            \
  {name, least, most, seconds, attempt_##symbol},

static const struct attempt_kind kinds[] = {CANARY_ATTEMPTS(ATTEMPT_ROW)};

const struct attempt_kind *attempt_kind(const char *name)
{
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (strcmp(kinds[i].name, name) == 0)
      return &kinds[i];
  return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Features of the kernel that are switched off. */
#include "core/os/feature.h"

#include <stddef.h>
#include <string.h>

static unsigned switched_off;

bool os_lacks(enum os_feature feature)
{
  return (switched_off & (unsigned)feature) != 0;
}

bool os_without(const char *features)
{
  static const struct {
    const char *word;
    enum os_feature feature;
  } known[] = {
      {"pidfd", OS_PIDFD}, {"close_range", OS_CLOSE_RANGE}, {"children", OS_CHILDREN_FILE}};
  while (*features != '\0') {
    size_t length = strcspn(features, ",");
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
      if (strlen(known[i].word) == length && memcmp(features, known[i].word, length) == 0) {
        switched_off |= (unsigned)known[i].feature;
        found = true;
      }
    if (!found)
      return false;
    features += length;
    features += *features == ',' ? 1 : 0;
  }
  return true;
}

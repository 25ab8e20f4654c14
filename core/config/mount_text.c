/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the written form of a mount apart. */
#include <stddef.h>
#include <string.h>

#include "core/config/mount_text.h"

const char *config_mount_text(char *text, struct config_mount_text *out)
{
  *out = (struct config_mount_text){.source = text};
  char *target = strchr(text, ':');
  if (target == NULL)
    return "a mount is written \"HOST:INSIDE\" or \"HOST:INSIDE:ro\"; there is no \":\"";
  *target++ = '\0';
  out->target = target;
  char *way = strchr(target, ':');
  if (way == NULL)
    return NULL;
  *way++ = '\0';
  out->read_only = strcmp(way, "ro") == 0;
  if (!out->read_only && strcmp(way, "rw") != 0)
    return "behind the second \":\" of a mount stands \"ro\", \"rw\" or nothing";
  return NULL;
}

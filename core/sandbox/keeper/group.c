/* SPDX-License-Identifier: Apache-2.0 */
/* The control groups of the server: made, limited, entered, counted, removed. */
#include "core/os/group.h"

#include "core/sandbox/keeper/keeper.h"

#include <errno.h>
#include <string.h>

enum { REMOVE_MILLISECONDS = 2000 };

static int set_limits(const struct image *image)
{
  struct image_texts settings = image->group_settings;
  const char *group;
  while ((group = image_next_text(&settings)) != NULL) {
    const char *file = image_next_text(&settings);
    const char *value = image_next_text(&settings);
    bool optional = file[0] == '?';
    if (os_group_write(group, file + optional, value) < 0 && !(optional && errno == ENOENT))
      return -1;
  }
  return 0;
}

/* Whoever fails here leaves the rest to keeper_end_groups(). */
int keeper_enter_groups(const struct image *image)
{
  struct image_texts groups = image->control_groups;
  const char *group;
  while ((group = image_next_text(&groups)) != NULL)
    if (os_group_make(group) < 0)
      return -1;
  if (set_limits(image) < 0)
    return -1;
  groups = image->control_groups;
  while ((group = image_next_text(&groups)) != NULL)
    if (os_group_enter(group) < 0)
      return -1;
  return 0;
}

void keeper_kill_groups(const struct keeper *keeper)
{
  struct image_texts groups = keeper->image.control_groups;
  const char *group;
  while ((group = image_next_text(&groups)) != NULL)
    os_group_kill(group);
}

static void tell_count(uint32_t what, uint64_t count)
{
  if (count > 0)
    keeper_tell(KEEPER_COUNTED, what, IMAGE_NONE, count < INT32_MAX ? (int32_t)count : INT32_MAX,
                NULL, 0);
}

void keeper_end_groups(struct keeper *keeper)
{
  struct image_texts groups = keeper->image.control_groups;
  const char *group;
  while ((group = image_next_text(&groups)) != NULL) {
    struct os_group_counts counts;
    os_group_count(group, &counts);
    tell_count(KEEPER_MEMORY_KILLS, counts.memory_kills);
    tell_count(KEEPER_PIDS_REFUSALS, counts.pids_refusals);
    if (!os_group_remove(group, REMOVE_MILLISECONDS)) {
      keeper->left = true;
      keeper_tell(KEEPER_GROUP_REMAINS, 0, IMAGE_NONE, 0, group, strlen(group));
    }
  }
}

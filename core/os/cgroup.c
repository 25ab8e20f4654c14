/* SPDX-License-Identifier: Apache-2.0 */
/* What the control group of a process uses. */
#include "core/os/cgroup.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/os/group.h"

/* Whether a list such as "cpu,cpuacct" holds a word. */
static bool lists(const char *list, const char *word)
{
  size_t length = strlen(word);
  for (const char *at = list; *at != '\0'; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
    if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
      return true;
  return false;
}

/* The path of a process in a hierarchy: the one with this controller, or the unified one when NULL.
 * *controllers gets the name of its folder. */
static bool find(pid_t pid, const char *controller, char path[PATH_MAX], char folder[64])
{
  char name[32];
  char line[PATH_MAX + 128];
  snprintf(name, sizeof name, "/proc/%ld/cgroup", (long)pid);
  CLEANUP_STREAM FILE *file = fopen(name, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *list = strchr(line, ':');
    char *group = list != NULL ? strchr(list + 1, ':') : NULL;
    if (group == NULL)
      continue;
    *list++ = '\0';
    *group++ = '\0';
    if (controller == NULL ? *list == '\0' : lists(list, controller)) {
      snprintf(path, PATH_MAX, "%s", group);
      snprintf(folder, 64, "%.63s", list);
      return true;
    }
  }
  return false;
}

/* The number in a file of the group of a process. */
static bool read_group(pid_t pid, const char *controller, const char *file, const char *word,
                       uint64_t *number)
{
  char group[PATH_MAX];
  char own[PATH_MAX];
  char folder[64];
  char path[PATH_MAX + 128];
  if (!find(pid, controller, group, folder) || strcmp(group, "/") == 0 ||
      strstr(group, "/..") != NULL || !find(getpid(), controller, own, folder) ||
      strcmp(own, group) == 0)
    return false;
  snprintf(path, sizeof path, "/sys/fs/cgroup%s%s%s", controller != NULL ? "/" : "", folder, group);
  return os_group_read(path, file, word, number);
}

bool os_cgroup_own(const char *controller, char *path)
{
  char group[PATH_MAX];
  char folder[64];
  if (!find(getpid(), controller, group, folder) || strstr(group, "/..") != NULL)
    return false;
  int length = snprintf(path, PATH_MAX, "/sys/fs/cgroup%s%s%s", controller != NULL ? "/" : "",
                        folder, strcmp(group, "/") == 0 ? "" : group);
  return length < PATH_MAX && access(path, F_OK) == 0;
}

void os_cgroup_usage(pid_t pid, struct os_cgroup_usage *usage)
{
  *usage = (struct os_cgroup_usage){0};
  usage->memory_known = read_group(pid, NULL, "memory.current", NULL, &usage->memory) ||
                        read_group(pid, "memory", "memory.usage_in_bytes", NULL, &usage->memory);
  usage->peak_known = read_group(pid, NULL, "memory.peak", NULL, &usage->peak) ||
                      read_group(pid, "memory", "memory.max_usage_in_bytes", NULL, &usage->peak);
  if (read_group(pid, NULL, "cpu.stat", "usage_usec", &usage->microseconds)) {
    /* A hierarchy without controllers, beside those of version 1, has this file as well. */
    usage->time_known = true;
  } else if (read_group(pid, "cpuacct", "cpuacct.usage", NULL, &usage->microseconds)) {
    usage->time_known = true;
    usage->microseconds /= 1000;
  }
}

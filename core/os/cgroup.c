/* SPDX-License-Identifier: Apache-2.0 */
/* What the control group of a process uses. */
#include "core/os/cgroup.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

/* The number in a file behind a word and a space, or the first one when `word` is NULL. */
static bool read_number(const char *path, const char *word, uint64_t *number)
{
  CLEANUP_STREAM FILE *file = fopen(path, "re");
  char line[256];
  size_t length = word != NULL ? strlen(word) : 0;
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    const char *digits = line;
    if (word != NULL && (strncmp(line, word, length) != 0 || line[length] != ' '))
      continue;
    digits += word != NULL ? length + 1 : 0;
    char *end;
    *number = strtoull(digits, &end, 10);
    return end != digits;
  }
  return false;
}

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
  char path[PATH_MAX + 256];
  if (!find(pid, controller, group, folder) || strcmp(group, "/") == 0 ||
      strstr(group, "/..") != NULL || !find(getpid(), controller, own, folder) ||
      strcmp(own, group) == 0)
    return false;
  snprintf(path, sizeof path, "/sys/fs/cgroup%s%s%s/%s", controller != NULL ? "/" : "",
           controller != NULL ? folder : "", group, file);
  return read_number(path, word, number);
}

bool os_cgroup_usage(pid_t pid, uint64_t *memory, uint64_t *microseconds)
{
  if (read_group(pid, NULL, "memory.current", NULL, memory) &&
      read_group(pid, NULL, "cpu.stat", "usage_usec", microseconds))
    return true;
  if (!read_group(pid, "memory", "memory.usage_in_bytes", NULL, memory) ||
      !read_group(pid, "cpuacct", "cpuacct.usage", NULL, microseconds))
    return false;
  *microseconds /= 1000;
  return true;
}

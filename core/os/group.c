/* SPDX-License-Identifier: Apache-2.0 */
/* One control group: entered, read, emptied, removed. */
#include "core/os/group.h"

#include "core/os/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 16, PIDS_AT_ONCE = 256, LOOK_AGAIN = 5 /* milliseconds */ };

static int open_file(const char *group, const char *file, int flags)
{
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", group, file) >= (int)sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return open(path, flags | O_CLOEXEC | O_NOFOLLOW);
}

/* As much of a file as there is room for, with a NUL behind it; -1: it cannot be read. */
static ssize_t read_file(const char *group, const char *file, char *room, size_t size)
{
  int descriptor = open_file(group, file, O_RDONLY);
  size_t length = 0;
  ssize_t got = descriptor < 0 ? -1 : 1;
  while (got > 0 && length < size - 1 &&
         (got = read(descriptor, room + length, size - 1 - length)) > 0)
    length += (size_t)got;
  if (descriptor >= 0)
    close(descriptor);
  room[length] = '\0';
  return got < 0 ? -1 : (ssize_t)length;
}

bool os_group_is_own(const char *group)
{
  static const char hierarchies[] = "/sys/fs/cgroup/";
  const char *name = strrchr(group, '/');
  return name != NULL && strncmp(group, hierarchies, sizeof hierarchies - 1) == 0 &&
         strstr(group, "/..") == NULL &&
         strncmp(name + 1, OS_GROUP_PREFIX, sizeof OS_GROUP_PREFIX - 1) == 0;
}

int os_group_make(const char *group)
{
  return mkdir(group, 0755);
}

int os_group_write(const char *group, const char *file, const char *text)
{
  int descriptor = open_file(group, file, O_WRONLY);
  if (descriptor < 0)
    return -1;
  ssize_t written = write(descriptor, text, strlen(text));
  int saved = errno;
  close(descriptor);
  errno = saved;
  return written < 0 ? -1 : 0;
}

int os_group_enter(const char *group)
{
  return os_group_write(group, "cgroup.procs", "0");
}

bool os_group_read(const char *group, const char *file, const char *word, uint64_t *number)
{
  char text[4096];
  size_t length = word != NULL ? strlen(word) : 0;
  if (read_file(group, file, text, sizeof text) <= 0)
    return false;
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    line += *line == '\n' ? 1 : 0;
    if (word != NULL && (strncmp(line, word, length) != 0 || line[length] != ' '))
      continue;
    const char *digits = line + (word != NULL ? length + 1 : 0);
    char *end;
    *number = strtoull(digits, &end, 10);
    return end != digits;
  }
  return false;
}

bool os_group_lists(const char *group, const char *file, const char *word)
{
  char text[1024];
  size_t length = strlen(word);
  if (read_file(group, file, text, sizeof text) <= 0)
    return false;
  for (const char *at = text + strspn(text, " \n"); *at != '\0'; at += strspn(at, " \n")) {
    size_t span = strcspn(at, " \n");
    if (span == length && memcmp(at, word, length) == 0)
      return true;
    at += span;
  }
  return false;
}

bool os_group_only(const char *group, pid_t pid)
{
  char text[64];
  char *end;
  ssize_t length = read_file(group, "cgroup.procs", text, sizeof text);
  return length > 0 && length < (ssize_t)sizeof text - 1 && strtoll(text, &end, 10) == pid &&
         strcmp(end, "\n") == 0;
}

void os_group_count(const char *group, struct os_group_counts *counts)
{
  *counts = (struct os_group_counts){0};
  if (!os_group_read(group, "memory.events", "oom_kill", &counts->memory_kills))
    os_group_read(group, "memory.oom_control", "oom_kill", &counts->memory_kills);
  os_group_read(group, "pids.events", "max", &counts->pids_refusals);
}

/* --- Its end --------------------------------------------------------------------------------- */

/* Whether a process is in the group or below it, by the group's own name. */
static bool is_inside(const char *group, pid_t pid)
{
  char folder[64];
  char text[4096];
  const char *name = strrchr(group, '/');
  snprintf(folder, sizeof folder, "/proc/%ld", (long)pid);
  if (name == NULL || read_file(folder, "cgroup", text, sizeof text) <= 0)
    return false;
  size_t length = strlen(name);
  for (const char *at = text; (at = strstr(at, name)) != NULL; at += length)
    if (at[length] == '\n' || at[length] == '/' || at[length] == '\0')
      return true;
  return false;
}

/* Version 1 has no word for it. A number may have gone to another process since it was listed, so
 * that its process is held and asked again where it is. */
static void kill_listed(const char *group, const char *named)
{
  char text[PIDS_AT_ONCE * 12];
  if (read_file(group, "cgroup.procs", text, sizeof text) <= 0)
    return;
  char *end;
  for (const char *at = text; *at != '\0'; at = end + (*end == '\n' ? 1 : 0)) {
    struct os_process process = {0};
    pid_t pid = (pid_t)strtoll(at, &end, 10);
    if (end == at || *end != '\n')
      return;
    if (pid > 1 && os_process_hold(&process, pid) == 0 && is_inside(named, pid))
      (void)os_process_signal(&process, SIGKILL);
    os_process_release(&process);
  }
}

/* Calls itself for the groups below: a server that owns its group can make some. */
static int clear(const char *group, const char *named, unsigned depth)
{
  DIR *folder = depth < DEPTH_MAX ? opendir(group) : NULL;
  struct dirent *entry;
  while (folder != NULL && (entry = readdir(folder)) != NULL) {
    char below[PATH_MAX];
    if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
        strcmp(entry->d_name, "..") != 0 &&
        snprintf(below, sizeof below, "%s/%s", group, entry->d_name) < (int)sizeof below)
      (void)clear(below, named, depth + 1);
  }
  if (folder != NULL)
    closedir(folder);
  if (rmdir(group) == 0 || errno == ENOENT)
    return 0;
  kill_listed(group, named);
  return -1;
}

void os_group_kill(const char *group)
{
  (void)os_group_write(group, "cgroup.kill", "1");
}

bool os_group_remove(const char *group, unsigned milliseconds)
{
  os_group_kill(group);
  for (unsigned waited = 0;; waited += LOOK_AGAIN) {
    struct timespec moment = {.tv_nsec = LOOK_AGAIN * 1000000L};
    if (clear(group, group, 0) == 0)
      return true;
    if (waited >= milliseconds)
      return false;
    nanosleep(&moment, NULL);
  }
}

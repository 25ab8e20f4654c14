/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that may not be our own children. */
#include "core/os/process.h"

#include "core/os/feature.h"
#include "core/os/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t read_start(const char *path, char *text, size_t room)
{
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return -1;
  ssize_t got;
  do
    got = read(file, text, room - 1);
  while (got < 0 && errno == EINTR);
  int saved = errno;
  close(file);
  errno = saved;
  text[got < 0 ? 0 : got] = '\0';
  return got;
}

int os_process_state(pid_t pid, struct os_process_state *state)
{
  char path[32];
  char text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  ssize_t got = read_start(path, text, sizeof text);
  /* The name of the program may hold anything, so that fields count from the last ')'. */
  const char *at = got <= 0 ? NULL : strrchr(text, ')');
  if (at == NULL || at[1] != ' ' || at[2] == '\0') {
    errno = got < 0 && errno == EACCES ? EACCES : ESRCH;
    return -1;
  }
  at += 2;
  state->state = *at;
  char *end;
  state->parent = (pid_t)strtol(at + 1, &end, 10);
  /* That was the 4th field. The 14th to 17th are processor time, the 22nd is the start time, the
   * 24th the resident set. */
  state->ticks = 0;
  for (int field = 5; field < 22; field++) {
    long long value = strtoll(end, &end, 10);
    state->ticks += field >= 14 && field <= 17 && value > 0 ? (uint64_t)value : 0;
  }
  state->start = strtoull(end, &end, 10);
  (void)strtoull(end, &end, 10);
  state->pages = strtoull(end, &end, 10);
  return 0;
}

int os_process_hold(struct os_process *process, pid_t pid)
{
  os_process_release(process);
  struct os_process_state state;
  int descriptor = -1;
#ifdef SYS_pidfd_open
  if (!os_lacks(OS_PIDFD)) {
    descriptor = (int)syscall(SYS_pidfd_open, pid, 0U);
    if (descriptor < 0 && errno == ESRCH)
      return -1;
  }
#endif
  if (os_process_state(pid, &state) < 0) {
    if (descriptor >= 0)
      close(descriptor);
    errno = ESRCH;
    return -1;
  }
  *process = (struct os_process){.pid = pid, .descriptor = descriptor, .start = state.start};
  return 0;
}

int os_process_signal(const struct os_process *process, int signal)
{
  if (process->pid <= 0) {
    errno = ESRCH;
    return -1;
  }
#ifdef SYS_pidfd_send_signal
  if (process->descriptor >= 0) {
    int result = (int)syscall(SYS_pidfd_send_signal, process->descriptor, signal, NULL, 0U);
    if (result == 0 || errno != ENOSYS)
      return result;
  }
#endif
  struct os_process_state state;
  if (os_process_state(process->pid, &state) < 0 || state.start != process->start) {
    errno = ESRCH;
    return -1;
  }
  return kill(process->pid, signal);
}

void os_process_release(struct os_process *process)
{
  if (process->pid > 0 && process->descriptor >= 0)
    close(process->descriptor);
  *process = (struct os_process){.descriptor = -1};
}

struct child_list {
  pid_t parent;
  pid_t *children;
  size_t room;
  size_t count;
  bool unreadable; /* the kernel has no such file */
};

static void add_child(struct child_list *list, pid_t child)
{
  if (child > 0 && list->count < list->room)
    list->children[list->count++] = child;
}

/* Adds the children that one thread made: "12 345 ". */
static bool read_thread(void *data, unsigned thread)
{
  struct child_list *list = data;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%u/children", (int)list->parent, thread);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    list->unreadable = list->unreadable || access("/proc/thread-self/children", F_OK) < 0;
    return true; /* the thread has ended */
  }
  char text[512];
  pid_t child = 0;
  ssize_t got;
  while ((got = read(file, text, sizeof text)) > 0)
    for (ssize_t i = 0; i < got; i++)
      if (text[i] >= '0' && text[i] <= '9') {
        child = child * 10 + (text[i] - '0');
      } else {
        add_child(list, child);
        child = 0;
      }
  add_child(list, child);
  close(file);
  return list->count < list->room;
}

static bool compare_parent(void *data, unsigned pid)
{
  struct child_list *list = data;
  struct os_process_state state;
  if (os_process_state((pid_t)pid, &state) == 0 && state.parent == list->parent)
    add_child(list, (pid_t)pid);
  return list->count < list->room;
}

static int each_in(const char *path, bool (*each)(void *data, unsigned number), void *data)
{
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return -1;
  int result = os_each_number(directory, each, data);
  int saved = errno;
  close(directory);
  errno = saved;
  return result;
}

ssize_t os_children(pid_t parent, pid_t *children, size_t room)
{
  struct child_list list = {.parent = parent, .room = room};
  list.children = children;
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
  if (os_lacks(OS_CHILDREN_FILE))
    list.unreadable = true;
  else if (each_in(path, read_thread, &list) < 0)
    return errno == ENOENT || errno == ESRCH ? 0 : -1;
  if (list.unreadable) {
    list.count = 0;
    if (each_in("/proc", compare_parent, &list) < 0)
      return -1;
  }
  return (ssize_t)list.count;
}

bool os_descends(pid_t pid, pid_t ancestor)
{
  /* Deeper than any pid namespace nests; a bound also against a tree that changes meanwhile. */
  for (int depth = 0; depth < 1024 && pid > 0; depth++) {
    if (pid == ancestor)
      return true;
    struct os_process_state state;
    if (os_process_state(pid, &state) < 0)
      return false;
    pid = state.parent;
  }
  return false;
}

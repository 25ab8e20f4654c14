/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: closing all of them, sealed files in memory. */
#include "core/os/descriptor.h"

#include "core/os/feature.h"
#include "core/os/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CLOSED_AT_ONCE = 64, SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

struct open_list {
  unsigned lowest;
  unsigned except; /* the descriptor of the list itself */
  unsigned numbers[CLOSED_AT_ONCE];
  size_t count;
};

static bool remember(void *data, unsigned number)
{
  struct open_list *list = data;
  if (number >= list->lowest && number != list->except)
    list->numbers[list->count++] = number;
  return list->count < CLOSED_AT_ONCE;
}

/* Closing while reading the directory could skip entries, so it is read again until nothing of it
 * can be closed (a debugger may keep some of its own there). */
static int close_listed(unsigned lowest)
{
  for (;;) {
    int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
      return -1;
    struct open_list list = {.lowest = lowest, .except = (unsigned)directory};
    int result = os_each_number(directory, remember, &list);
    close(directory);
    if (result < 0)
      return -1;
    bool closed = false;
    for (size_t i = 0; i < list.count; i++)
      closed = close((int)list.numbers[i]) == 0 || closed;
    if (!closed)
      return 0;
  }
}

void os_close_from(unsigned lowest)
{
#ifdef SYS_close_range
  if (!os_lacks(OS_CLOSE_RANGE) && syscall(SYS_close_range, lowest, ~0U, 0U) == 0)
    return;
#endif
  if (close_listed(lowest) == 0)
    return;
  struct rlimit limit;
  rlim_t end = 65536;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < (1U << 20))
    end = limit.rlim_max;
  for (unsigned descriptor = lowest; descriptor < end; descriptor++)
    close((int)descriptor);
}

static int write_all(int descriptor, const char *bytes, size_t length)
{
  while (length > 0) {
    ssize_t written = write(descriptor, bytes, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return -1;
    bytes += written;
    length -= (size_t)written;
  }
  return 0;
}

int os_memory_file(const char *name, const void *bytes, size_t length)
{
  int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0)
    return -1;
  if (write_all(file, bytes, length) == 0 && lseek(file, 0, SEEK_SET) == 0 &&
      fcntl(file, F_ADD_SEALS, SEALS) == 0)
    return file;
  int saved = errno;
  close(file);
  errno = saved;
  return -1;
}

bool os_is_sealed(int descriptor)
{
  int seals = fcntl(descriptor, F_GET_SEALS);
  return seals >= 0 && (seals & SEALS) == SEALS;
}

int os_set_nonblocking(int descriptor)
{
  int flags = fcntl(descriptor, F_GETFL);
  return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of /proc whose entries are numbers. */
#include "core/os/numbers.h"

#include <dirent.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own form of a directory entry, see getdents64(2): opendir() would take 32 KiB of
 * heap. */
struct entry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

static bool parse_number(const char *name, unsigned *number)
{
  unsigned value = 0;
  if (*name == '\0')
    return false;
  for (; *name != '\0'; name++) {
    if (*name < '0' || *name > '9' || value > (UINT_MAX - 9) / 10)
      return false;
    value = value * 10 + (unsigned)(*name - '0');
  }
  *number = value;
  return true;
}

int os_each_number(int directory, bool (*each)(void *data, unsigned number), void *data)
{
  _Alignas(struct entry) char block[2048];
  for (;;) {
    long got = syscall(SYS_getdents64, directory, block, sizeof block);
    if (got <= 0)
      return got < 0 ? -1 : 0;
    for (long at = 0; at < got;) {
      const struct entry *entry = (const struct entry *)(const void *)(block + at);
      unsigned number;
      if (parse_number(entry->name, &number) && !each(data, number))
        return 0;
      at += entry->length;
    }
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which machine this is, and since which start of it. */
#include "core/os/boot.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The first line of a file; an empty text when there is none. */
static void read_line(const char *path, char *line, size_t room)
{
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? 0 : read(file, line, room - 1);
  if (file >= 0)
    close(file);
  line[got < 0 ? 0 : got] = '\0';
  line[strcspn(line, "\n")] = '\0';
}

void os_boot_id(char id[OS_BOOT_ID])
{
  read_line("/proc/sys/kernel/random/boot_id", id, OS_BOOT_ID);
}

void os_machine_id(char id[OS_MACHINE_ID])
{
  struct utsname name;
  read_line("/etc/machine-id", id, OS_MACHINE_ID);
  if (id[0] == '\0' && uname(&name) == 0)
    snprintf(id, OS_MACHINE_ID, "%.64s", name.nodename);
}

uint64_t os_since_boot(void)
{
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

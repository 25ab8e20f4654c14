/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: closing all of them, sealed files in memory. */
#ifndef JAUAUTH_OS_DESCRIPTOR_H
#define JAUAUTH_OS_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * These functions set errno and return -1 on failure. They use no memory of the heap, so that they
 * may be called between fork(2) and execve(2).
 */

/* Closes every descriptor from `lowest` on; without close_range(2) those that /proc/self/fd lists,
 * without /proc all below the limit. Cannot fail. */
void os_close_from(unsigned lowest);

/* A close-on-exec memory file that holds the bytes, at offset 0, and can never be changed again
 * (F_SEAL_SEAL, _SHRINK, _GROW, _WRITE; see fcntl(2)). `name` is for /proc only. The caller closes
 * it. */
int os_memory_file(const char *name, const void *bytes, size_t length);

/* Whether a descriptor is a memory file with all of these seals. */
bool os_is_sealed(int descriptor);

/* Sets O_NONBLOCK on the open file, which others may share. */
int os_set_nonblocking(int descriptor);

#endif

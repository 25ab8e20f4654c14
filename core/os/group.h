/* SPDX-License-Identifier: Apache-2.0 */
/* One control group: entered, read, emptied, removed. Uses libc only; the keeper is linked with it.
 */
#ifndef JAUAUTH_OS_GROUP_H
#define JAUAUTH_OS_GROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A group is named by its folder, an absolute path. */

/* What the names of all groups that are made here begin with. */
#define OS_GROUP_PREFIX "jauauth-"

/* Whether a path names a group that was made here. */
bool os_group_is_own(const char *group);

/* Makes its folder, whose name is in no other use. -1 and errno. */
int os_group_make(const char *group);

/* Writes a text to one of its files. -1 and errno. */
int os_group_write(const char *group, const char *file, const char *text);

/* Moves the calling process there, with all its threads. -1 and errno. */
int os_group_enter(const char *group);

/* The number in one of its files, behind a word and a space, or the first one when `word` is NULL.
 * False when there is none. */
bool os_group_read(const char *group, const char *file, const char *word, uint64_t *number);

/* Whether a word is in one of its files, between white space. */
bool os_group_lists(const char *group, const char *file, const char *word);

/* Whether a process is in it and nobody else is, not even in a group below. */
bool os_group_only(const char *group, pid_t pid);

/* How often the kernel ended a process in it because its memory was used up, how often it refused
 * one because there were as many as it may have; 0 where nothing counts it. */
struct os_group_counts {
  uint64_t memory_kills;
  uint64_t pids_refusals;
};
void os_group_count(const char *group, struct os_group_counts *counts);

/* Kills everything in it and below it, at once where the kernel can. */
void os_group_kill(const char *group);

/* The same until it is empty and its folder is removed, for at most so long. True when it is gone,
 * also when it has not been there. */
bool os_group_remove(const char *group, unsigned milliseconds);

#endif

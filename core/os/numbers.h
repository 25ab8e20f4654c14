/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of /proc whose entries are numbers. */
#ifndef JAUAUTH_OS_NUMBERS_H
#define JAUAUTH_OS_NUMBERS_H

#include <stdbool.h>

/*
 * Calls `each` for the number of every entry of an open directory that is nothing but a number,
 * until it returns false. Uses no heap. The directory may change meanwhile. Returns -1 and errno
 * when it cannot be read.
 */
int os_each_number(int directory, bool (*each)(void *data, unsigned number), void *data);

#endif

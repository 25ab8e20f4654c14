/* SPDX-License-Identifier: Apache-2.0 */
/* Which machine this is, since which start of it, and how long that is ago. */
#ifndef JAUAUTH_OS_BOOT_H
#define JAUAUTH_OS_BOOT_H

#include <stdint.h>

enum { OS_BOOT_ID = 37, OS_MACHINE_ID = 65 }; /* bytes with the NUL */

/* The id of this start of the kernel: pids and start times mean something only together with it. An
 * empty text when the kernel does not say. */
void os_boot_id(char id[OS_BOOT_ID]);

/* What names the machine for good: /etc/machine-id, else the host's name. A home may be shared
 * between several. */
void os_machine_id(char id[OS_MACHINE_ID]);

/* Milliseconds since the start, time asleep included. */
uint64_t os_since_boot(void);

#endif

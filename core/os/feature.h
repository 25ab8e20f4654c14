/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel may lack, and a switch that makes it lack it, so that fallbacks can be tested. */
#ifndef JAUAUTH_OS_FEATURE_H
#define JAUAUTH_OS_FEATURE_H

#include <stdbool.h>

enum os_feature {
  OS_PIDFD = 1,        /* pidfd_open(2), pidfd_send_signal(2): Linux 5.3 */
  OS_CLOSE_RANGE = 2,  /* close_range(2): Linux 5.9 */
  OS_CHILDREN_FILE = 4 /* /proc/PID/task/TID/children: CONFIG_PROC_CHILDREN */
};

/* Whether a feature is switched off. It may be missing all the same: callers look for ENOSYS. */
bool os_lacks(enum os_feature feature);

/* Switches features off for the rest of the process: "pidfd", "close_range", "children", with
 * commas between them. False when a word is none of these. Before any second thread is started. */
bool os_without(const char *features);

#endif

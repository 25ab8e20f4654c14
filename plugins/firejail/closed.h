/* SPDX-License-Identifier: Apache-2.0 */
/* Why a sandbox cannot be made on this machine. */
#ifndef FIREJAIL_CLOSED_H
#define FIREJAIL_CLOSED_H

#include <jauauth/plugin.h>

/* Adds the finding, with its repair, for a sandbox around a program that does nothing which failed
 * with this result. */
void firejail_closed(const struct jauauth_host *host, struct jauauth_call *call,
                     struct jauauth_probe *probe, const struct jauauth_run_result *result);

/* The first line of firejail itself about what was wrong, in the arena; NULL: none. */
const char *firejail_error_line(const struct jauauth_host *host, struct jauauth_call *call,
                                const char *errors);

#endif

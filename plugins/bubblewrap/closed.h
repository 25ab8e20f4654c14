/* SPDX-License-Identifier: Apache-2.0 */
/* Why a sandbox cannot be made on this machine: which switch of the system closes it. */
#ifndef BUBBLEWRAP_CLOSED_H
#define BUBBLEWRAP_CLOSED_H

#include <jauauth/plugin.h>

/* Adds the finding, with its repairs, that explains the failed trial in `result`. */
void bubblewrap_closed(const struct jauauth_host *host, struct jauauth_call *call,
                       struct jauauth_probe *probe, const struct jauauth_run_result *result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a server, and the filter on it. */
#ifndef FIREJAIL_NETWORK_H
#define FIREJAIL_NETWORK_H

#include "context.h"

/* Reports what cannot be had. */
void firejail_network_check(struct firejail_context *context);

void firejail_network_arguments(const struct firejail_context *context, struct jauauth_step *step);

#endif

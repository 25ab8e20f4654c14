/* SPDX-License-Identifier: Apache-2.0 */
/* How the server's variables reach the container. */
#ifndef CONTAINER_ENVIRONMENT_H
#define CONTAINER_ENVIRONMENT_H

#include "setup.h"

/* Reports the variables that cannot be passed. */
void container_check_environment(struct container_context *context);

/* Adds the flags of `create` that pass all variables, and says so in the plan. No value stands on
 * the command line; one with several lines is in the environment of this one step. */
void container_add_environment(const struct container_context *context, struct jauauth_step *step,
                               struct jauauth_plan *plan);

#endif

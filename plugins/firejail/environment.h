/* SPDX-License-Identifier: Apache-2.0 */
/* How the variables of a server reach it: in a profile, or in firejail's own environment. */
#ifndef FIREJAIL_ENVIRONMENT_H
#define FIREJAIL_ENVIRONMENT_H

#include "sight.h"

/* Reports variables that cannot reach the server. */
void firejail_environment_check(struct firejail_context *context);

/* Adds the profile with the variables to the step, and names the way of each in the plan. */
void firejail_environment_add(const struct firejail_sight *sight, struct jauauth_plan *plan,
                              struct jauauth_step *step);

/* Adds the program that takes firejail's own variables away again, inside the sandbox. */
void firejail_environment_clean(const struct firejail_context *context, struct jauauth_step *step,
                                const char *cleaner);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `create`, and of the engine's client in every step. */
#ifndef CONTAINER_ARGUMENTS_H
#define CONTAINER_ARGUMENTS_H

#include "setup.h"

/* Begins a step of the engine's client: the variables of the host file and the flags that lead to
 * the engine. `kept`: what plan_keep() said of these flags; NULL: as the host file says now. */
struct jauauth_step *container_step(const struct container_context *context,
                                    struct jauauth_plan *plan, uint32_t phase, const char *name,
                                    const char *program, const struct jauauth_pair *const *kept);

/* One word of the engine's command line before the subcommand, from the host file or as kept. */
struct container_lead {
  const char *option; /* of the host file, and key of plan_keep() */
  const char *flag;
};

/* The flags that lead to the engine; ends with an empty one. */
const struct container_lead *container_leads(void);

/* All flags of `create`, the image and the command mark. */
void container_add_create(const struct container_setup *setup, struct jauauth_step *step,
                          struct jauauth_plan *plan);

#endif

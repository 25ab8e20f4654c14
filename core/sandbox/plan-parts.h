/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of reading a plan, one file each. Internal. */
#ifndef JAUAUTH_SANDBOX_PLAN_PARTS_H
#define JAUAUTH_SANDBOX_PLAN_PARTS_H

#include "core/sandbox/plan-read.h"
#include "core/sandbox/plan.h"

/* All return 0, or -1 with *error; what was stored before stays in the plan for plan_free(). */

/* Command, variables and limits of the request; the command's path from the message. */
int plan_read_request(json_t *message, json_t *request, struct plan *plan, struct error **error);

/* How the variables travel. After plan_read_request(). */
int plan_read_variables(json_t *list, struct plan *plan, struct error **error);

int plan_read_steps(json_t *list, struct plan *plan, struct error **error);

/* How the server's process is found; after the steps. */
int plan_read_locate(json_t *locate, struct plan *plan, struct error **error);
int plan_read_stops(json_t *list, struct plan *plan, struct error **error);
int plan_read_limits(json_t *list, struct plan *plan, struct error **error);

/* [["key", "value"], …] */
int plan_read_pairs(json_t *list, const struct plan_place *place, size_t most,
                    struct plan_pair **pairs, size_t *count, struct error **error);
int plan_read_weakenings(json_t *list, struct plan *plan, struct error **error);

/* What only the whole plan shows; see plan_parse(). */
int plan_check(const struct plan *plan, struct error **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured, kept as long as nothing that it depends on has changed. */
#ifndef JAUAUTH_SANDBOX_MEASURE_RESULTS_H
#define JAUAUTH_SANDBOX_MEASURE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/sandbox/plan.h"

enum { RESULTS_DIGEST = 65 }; /* bytes of a digest as text, with the NUL */

/* What a measurement depends on beside the plan. All borrowed. */
struct results_machine {
  const char *plugin_file;
  json_t *probe; /* the engine's file and version are in it; may be NULL */
  uid_t user;    /* the account of the plan, and that of the server */
  uid_t server_user;
};

/* The digest of: the plugin's file, the engine's file and version, kernel, boot id, accounts, and
 * the version of this program. */
void results_machine_digest(const struct results_machine *machine, char digest[RESULTS_DIGEST]);

/* The digest of that and of the plan without its instance id, secrets and command. False when out
 * of memory. */
bool results_plan_digest(const struct plan *plan, const char *machine, char digest[RESULTS_DIGEST]);

/*
 * The folder "measured" of the state directory has a file for each server and each strategy.
 * `kind` is "server" or "strategy". A result is kept with both digests, and is returned as a new
 * reference where those that are given (NULL: any) are the same. What cannot be read or written is
 * none.
 */
json_t *results_load(const char *state_directory, const char *kind, const char *name,
                     const char *machine, const char *plan);
void results_store(const char *state_directory, const char *kind, const char *name,
                   const char *machine, const char *plan, json_t *result);

#endif

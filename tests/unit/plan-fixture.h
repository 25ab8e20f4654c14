/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for tests, and a process that can tell whether anything of them is left. */
#ifndef JAUAUTH_TESTS_PLAN_FIXTURE_H
#define JAUAUTH_TESTS_PLAN_FIXTURE_H

#include "core/sandbox/plan.h"

#include <stdbool.h>
#include <stdint.h>

enum { PATIENCE = 30 * 1000 }; /* milliseconds before a test gives up; never a measurement */

/* JSON from a text that may use ' instead of ". */
json_t *fixture_json(const char *text);

/* What a worker would say, and the request that it answers; both for the test to change. */
struct draft {
  json_t *message;
  json_t *request;
};

/* Adds the command mark when it stands among the arguments. */
#define DRAFT_COMMAND "<command>"

/* Own tree, no step; the command is `command` and what follows up to NULL. */
struct draft draft_new(const char *command, ...) __attribute__((sentinel));

/* The same with a front that is the command itself. */
struct draft draft_bare(const char *command, ...) __attribute__((sentinel));

/* Adds a step with its arguments up to NULL, and PATH in its environment; `program` may be NULL.
 * Returns it, borrowed. */
json_t *draft_step(struct draft *draft, const char *phase, const char *name, const char *program,
                   ...) __attribute__((sentinel));

/* Adds a variable of the server; by "front" also to the first step. */
void draft_variable(struct draft *draft, const char *name, const char *value, const char *way);

/* Adds what a step finds as its next descriptor: a "status", a "gate", or a file with bytes. */
void draft_descriptor(json_t *step, const char *kind);
void draft_file(json_t *step, const char *description, const void *bytes, size_t length,
                bool secret);

/* Sets a member of the message from the text of fixture_json(). */
void draft_set(struct draft *draft, const char *member, const char *text);

/* Sets a limit of the request and the plan's verdict. */
void draft_limit(struct draft *draft, const char *limit, int64_t value, bool strict,
                 const char *verdict);

/* Reads it. On failure returns NULL with *error. The draft stays as it is. */
struct plan *draft_try(const struct draft *draft, struct error **error);
void draft_free(struct draft *draft);

/* Reads a draft that must be right, and frees it. The caller frees the plan. */
struct plan *draft_plan(struct draft *draft);

/* Path of the keeper of this build. */
const char *fixture_keeper(void);

/* Makes this process the one that orphans come to. */
void fixture_adopt_orphans(void);

/* Reaps until this process has no child, at most PATIENCE; false: something is left. */
bool fixture_nothing_left(void);

int64_t fixture_now(void);
void fixture_sleep(int milliseconds);

/* Whether this test runs in a sanitized build. */
bool fixture_sanitized(void);

#endif

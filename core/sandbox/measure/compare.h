/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what holds of a canary's run holds of the server's: the comparison of their plans. */
#ifndef JAUAUTH_SANDBOX_MEASURE_COMPARE_H
#define JAUAUTH_SANDBOX_MEASURE_COMPARE_H

#include "core/base/error.h"
#include "core/sandbox/plan.h"

/*
 * Compares the plan of a server with the plan for a canary, made by the same `spawn` for the same
 * instance. They may differ in the server's command, and in words that show the canary's file and
 * nothing else: in arguments, in the words of a file (which NUL or line feed end) and in facts,
 * each word with the canary's path, and where it is no flag itself the one flag in front of it.
 * Anything else would be a sandbox made for the canary: an ERROR_SANDBOX with the code
 * "plans-differ" that names the place.
 */
int measure_compare(const struct plan *own, const struct plan *canary, const char *program,
                    struct error **error);

#endif

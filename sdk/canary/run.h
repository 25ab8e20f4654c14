/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt in its own child: time limit, answer, and the end of everything of it. Internal. */
#ifndef JAUAUTH_CANARY_RUN_H
#define JAUAUTH_CANARY_RUN_H

#include "sdk/canary/attempt.h"
#include "sdk/canary/request.h"

/* The fields of an answer without its number, and LF; room for the longest. */
struct run_answer {
  char line[CANARY_LINE_MAX];
};

/* Makes the attempt. Cannot fail, since that is an answer too. */
void run_attempt(const struct request_attempt *asked, const char *descriptors,
                 struct run_answer *answer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The attempts of a measurement: what the canary is asked for each property, and how its answers
 * are judged. */
#ifndef JAUAUTH_SANDBOX_MEASURE_ATTEMPTS_H
#define JAUAUTH_SANDBOX_MEASURE_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/sandbox/measure/decoys.h"
#include "core/sandbox/measure/property.h"
#include "core/sandbox/plan.h"

/* What attempts are made of. All borrowed. */
struct attempts_settings {
  const struct decoys *decoys;
  const struct plan *plan;
  json_t *request;              /* of the server */
  json_t *engine_sockets;       /* array of paths */
  const char *configuration[4]; /* the host file and the servers file; ends with NULL */
  pid_t target;                 /* a process of the account outside */
};

/* How the text of a value is judged. */
enum attempt_rule {
  RULE_VERDICT, /* the canary says "open" or "held" itself */
  RULE_MADE,    /* likewise, but what was made counts only where it is seen outside */
  RULE_EXACTLY, /* held when the value is `expected` */
  RULE_NAMES,   /* held when each name is one of the words in `expected` */
  RULE_COUNT,   /* held when the number is at most `bound` */
  RULE_LESS,    /* held when the number is less than `bound` */
  RULE_SHARE    /* held when the second number is at most `bound` thousandths of the first */
};

struct attempt {
  unsigned number; /* from 1 on */
  enum property property;
  char *line; /* name and arguments, tabs between; owned */
  enum attempt_rule rule;
  char *expected; /* owned, or NULL */
  uint64_t bound;
  const char *made; /* RULE_MADE: what is to be looked for outside; borrowed */
  bool seen;        /* and whether it was there */
};

struct attempts {
  struct attempt *list;
  size_t count;
  size_t first_limit; /* index of the first attempt on a limit: those need a run of their own */
  char *untried[PROPERTY_COUNT]; /* why a property has no attempt; owned, or NULL */
  bool failed;                   /* out of memory */
};

/* -1 when out of memory. Ends with attempts_free(). */
int attempts_make(const struct attempts_settings *settings, struct attempts *attempts,
                  struct error **error);
void attempts_free(struct attempts *attempts);

/* Lines for the canary, of the attempts on limits or of all others. */
void attempts_append(const struct attempts *attempts, bool limits, struct buffer *out);

/* While the canary still holds what it has made: looks which files are there. */
void attempts_look(struct attempts *attempts);

enum outcome {
  OUTCOME_HELD,
  OUTCOME_OPEN,
  OUTCOME_UNPROVEN, /* the control did not succeed either */
  OUTCOME_MISSING   /* no answer from inside, or one that says nothing */
};

/* From both answers (NULL: there was none). */
enum outcome attempt_judge(const struct attempt *attempt, const char *control, const char *inside);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the canary is asked to try: its input, read and checked before anything is done. Internal.
 */
#ifndef JAUAUTH_CANARY_REQUEST_H
#define JAUAUTH_CANARY_REQUEST_H

#include "sdk/canary/canary.h"

#include <stddef.h>

enum { REQUEST_ARGUMENTS_MAX = 2 };

struct request_attempt {
  unsigned number;
  const char *name;
  const char *arguments[REQUEST_ARGUMENTS_MAX];
  unsigned count; /* may be more than are kept: then it is the number of arguments all the same */
};

struct request {
  const char *random;
  struct request_attempt attempts[CANARY_ATTEMPTS_MAX];
  unsigned count;
};

/* The length of the input up to the end of the line `go`, 0: it is not there yet. */
size_t request_length(const char *text, size_t length);

/*
 * Takes the input apart, up to its line `go`, in place: `request` points into `text`. Returns NULL,
 * or a sentence that says what is wrong with it.
 */
const char *request_parse(struct request *request, char *text, size_t length);

#endif

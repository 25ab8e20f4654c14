/* SPDX-License-Identifier: Apache-2.0 */
/* Where the checks say what is wrong: all of it for `validate`, the first for `spawn`. */
#ifndef BUBBLEWRAP_REPORT_H
#define BUBBLEWRAP_REPORT_H

#include <jauauth/plugin.h>

/* One call of a verb: what every part needs. */
struct bubblewrap_context {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  const struct jauauth_request *request;
  struct jauauth_problems *problems; /* NULL in `spawn` */
  struct jauauth_error *error;       /* used in `spawn` only */
  unsigned count;                    /* problems so far */
};

/*
 * Reports one problem. `code` is the stable code of spawn's error, `option` a member of the request
 * with an index behind "/" when it is a list; `text` says what is wrong and why, `hint` what to do.
 */
void bubblewrap_problem(struct bubblewrap_context *context, const char *code, const char *option,
                        const char *text, const char *hint);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of one call of `validate` or `spawn` needs, and where problems are told. */
#ifndef FIREJAIL_CONTEXT_H
#define FIREJAIL_CONTEXT_H

#include <jauauth/plugin.h>
#include <stdbool.h>

/* A list of texts in the arena. */
struct firejail_word {
  struct firejail_word *next;
  const char *text;
};

struct firejail_context {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  const struct jauauth_request *request;
  const struct jauauth_options *options;
  struct jauauth_problems *problems; /* NULL in `spawn` */
  struct jauauth_error *error;       /* used in `spawn` only */
  unsigned count;                    /* problems so far */
};

/* Reports one problem: all of them for `validate`, the first for `spawn`. */
void firejail_problem(struct firejail_context *context, const char *code, const char *option,
                      const char *text, const char *hint);

/* Appends a text, which must live as long as the call. */
void firejail_append(const struct firejail_context *context, struct firejail_word **list,
                     const char *text);

/* The value of a variable of the request, NULL when it has none of that name. */
const char *firejail_variable(const struct jauauth_request *request, const char *name);

/* inspect_path() that does not mind a missing file. */
bool firejail_look(const struct firejail_context *context, const char *path,
                   struct jauauth_path *info);

/* The home of the account as firejail sees it, NULL where there is no such folder. */
const char *firejail_home(const struct firejail_context *context);

#endif

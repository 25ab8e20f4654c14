/* SPDX-License-Identifier: Apache-2.0 */
/* How plan_explain() and plan_explain_json() keep values out of what they print. Internal. */
#ifndef JAUAUTH_SANDBOX_EXPLAIN_H
#define JAUAUTH_SANDBOX_EXPLAIN_H

#include "core/base/buffer.h"
#include "core/sandbox/plan.h"

/*
 * Finds the first value of a variable in a text from *at on, and moves *at there. Of several that
 * begin at one place the longest counts. A value of less than four bytes is only found where no
 * letter or digit is next to it; values that the host made are not looked for. NULL: none is left.
 */
const struct plan_variable *explain_find_value(const struct plan *plan, const char *text,
                                               size_t length, size_t *at);

/* Appends text for JSON or a comment: values as "$NAME". */
void explain_append_masked(struct buffer *out, const struct plan *plan, const char *text,
                           size_t length);

/* Appends the name by which the script knows a variable's value: its own, where a shell takes it.
 */
void explain_append_name(struct buffer *out, const struct plan *plan,
                         const struct plan_variable *variable);

/* Appends one word of a shell that stands for the text. */
void explain_append_word(struct buffer *out, const struct plan *plan, const char *text);

/* Appends a printf command that prints the bytes. */
void explain_append_printf(struct buffer *out, const struct plan *plan, const char *bytes,
                           size_t length);

/* Appends text as one line of a comment. */
void explain_append_comment(struct buffer *out, const struct plan *plan, const char *text);

/* explain-run.c: appends the command of a step, for the script. */
void explain_append_step(struct buffer *out, const struct plan *plan, const struct plan_step *step);

#endif

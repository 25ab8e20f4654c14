/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of a plugin as text that is read and compared by lines. */
#ifndef JAUAUTH_TESTING_CANONICAL_H
#define JAUAUTH_TESTING_CANONICAL_H

#include <jansson.h>

#include "core/base/buffer.h"

/*
 * Appends a plan (the message that plan_parse() reads): one word of an argument list a line. A file
 * that is text is shown in full, with a line for each NUL where it has some; one that is neither is
 * shown as its description only, since it differs between versions of the library that made it.
 */
void canonical_plan(struct buffer *out, json_t *plan);

/* Appends the answers of probe, validate and diagnose: members one a line, lists one entry a line.
 */
void canonical_answer(struct buffer *out, json_t *answer);

#endif

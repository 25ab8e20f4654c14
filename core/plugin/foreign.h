/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what a worker says like anything that comes from outside. */
#ifndef JAUAUTH_PLUGIN_FOREIGN_H
#define JAUAUTH_PLUGIN_FOREIGN_H

#include <stdbool.h>

#include <jansson.h>

#include "core/base/error.h"

/* Reads one message: valid JSON as json_scan() has it, no name twice, and no more values than a
 * plan can need. NULL when it is anything else, or when out of memory; else the caller's reference.
 */
json_t *foreign_load(const char *text, size_t length);

/* Whether a text is a stable code: 1 to 64 of [a-z0-9-]. */
bool foreign_is_code(const char *text);

/* Makes a real error of {"kind","code","errnum","text","hint"}: texts bounded, control characters
 * escaped. False when it is malformed; *error is untouched then. */
bool foreign_error(json_t *object, struct error **error);

/*
 * Checks the answer of a verb ("describe", "probe", "validate", "diagnose") against the form that
 * core/plugin/registry.h gives: known members of the right type, known words, bounded lists.
 * Control characters in its texts are escaped in place. Plans are left to plan_parse(). -1 and an
 * ERROR_SANDBOX "plugin-bad-answer" that names the member.
 */
int foreign_check(const char *verb, json_t *answer, struct error **error);

#endif

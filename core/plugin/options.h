/* SPDX-License-Identifier: Apache-2.0 */
/* The strategy's options of one server: checked and typed by the plugin's option table. */
#ifndef JAUAUTH_PLUGIN_OPTIONS_H
#define JAUAUTH_PLUGIN_OPTIONS_H

#include <jansson.h>

#include "core/base/error.h"

/*
 * `description` is the answer of registry_describe(). `given` is the strategy's object of the
 * servers file; NULL and null count as {}. All are borrowed.
 *
 * *options becomes the typed options that core/plugin/request.h describes (the caller's, also when
 * there are problems). Options with a meaning are moved into `request`, which must hold only what
 * the user wrote at this server so far: a default is filled in after this, and a limit that is
 * there but not "strict" counts as one. A value that is there and differs is a problem; the same
 * value twice is none. Mounts are appended in the order of the table, each with its "place" (such
 * as "ro_binds/0"), but not those that are there already; one target with two sources is a problem.
 *
 * Every problem goes into the array `problems` as {"pointer", "text", "hint"}: the JSON pointer is
 * relative to `given` ("" is the object itself), the hint may be absent. A value of a SECRET option
 * is never shown. Returns -1 and *error only when out of memory.
 */
int options_apply(json_t *description, json_t *given, json_t *request, json_t **options,
                  json_t *problems, struct error **error);

/* The same for the options that stand in the host file. `given` is the plugin's group there. */
int options_apply_host(json_t *description, json_t *given, json_t **options, json_t *problems,
                       struct error **error);

#endif

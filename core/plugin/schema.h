/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON Schema of a strategy's options, made from the plugin's option table. */
#ifndef JAUAUTH_PLUGIN_SCHEMA_H
#define JAUAUTH_PLUGIN_SCHEMA_H

#include <jansson.h>

/* `description` is the answer of registry_describe(). It accepts what options_apply() does, but for
 * what only several settings together show. The caller's reference; NULL when out of memory. */
json_t *plugin_options_schema(json_t *description);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON Schema of a strategy's options, made from the plugin's option table. */
#include "core/plugin/schema.h"

#include <stdbool.h>
#include <string.h>

#include <jauauth/plugin.h>

#include "core/base/buffer.h"
#include "core/config/limit.h"
#include "core/config/schema.h"
#include "core/plugin/table.h"

/* By JAUAUTH_TYPE_…, as core/plugin/options_typed.c reads them. */
static const char *const schemas[] = {
    [JAUAUTH_TYPE_BOOLEAN] = SCHEMA_BOOLEAN,
    [JAUAUTH_TYPE_INTEGER] = "{\"type\":\"integer\"}",
    [JAUAUTH_TYPE_TEXT] = SCHEMA_ANY_TEXT,
    [JAUAUTH_TYPE_PATH] = SCHEMA_OPTION_PATH,
    [JAUAUTH_TYPE_SIZE] = SCHEMA_SIZE,
    [JAUAUTH_TYPE_CPUS] = SCHEMA_CPUS,
    [JAUAUTH_TYPE_TEXT_LIST] = SCHEMA_LIST(SCHEMA_ANY_TEXT),
    [JAUAUTH_TYPE_PATH_LIST] = SCHEMA_LIST(SCHEMA_OPTION_PATH),
    [JAUAUTH_TYPE_PAIR_LIST] = SCHEMA_LIST("{\"type\":\"array\",\"items\":" SCHEMA_OPTION_PATH
                                           ",\"minItems\":2,\"maxItems\":2}"),
    [JAUAUTH_TYPE_NETWORK] = SCHEMA_NETWORK,
    [JAUAUTH_TYPE_TEXT_MAP] = "{\"type\":\"object\",\"additionalProperties\":" SCHEMA_ANY_TEXT "}"};

static const char *text_of(json_t *entry, const char *name)
{
  const char *text = json_string_value(json_object_get(entry, name));
  return text != NULL ? text : "";
}

/* An option that is another spelling of a limit or of the mounts obeys the rules of these. */
static json_t *schema_of_type(json_t *entry)
{
  uint32_t type = table_type_from_word(text_of(entry, "type"));
  switch (table_means_from_word(text_of(entry, "means"))) {
  case JAUAUTH_MEANS_MEMORY_LIMIT:
    return schema_of_limit(CONFIG_MEMORY);
  case JAUAUTH_MEANS_CPU_LIMIT:
    return schema_of_limit(CONFIG_CPU);
  case JAUAUTH_MEANS_PIDS_LIMIT:
    return schema_of_limit(CONFIG_PIDS);
  case JAUAUTH_MEANS_MOUNTS:
    return schema_parse(SCHEMA_MOUNTS);
  default:
    return type < sizeof schemas / sizeof schemas[0] && schemas[type] != NULL
               ? schema_parse(schemas[type])
               : json_object();
  }
}

/* The default of a table is a text for manuals; only what it is for sure becomes a value. */
static void set_default(json_t *schema, json_t *entry)
{
  const char *text = text_of(entry, "default");
  const char *type = json_string_value(json_object_get(schema, "type"));
  json_t *value = NULL;
  if (*text == '\0' || type == NULL)
    return;
  if (strcmp(type, "string") == 0)
    value = json_string(text);
  else
    value = json_loads(text, JSON_DECODE_ANY, NULL);
  bool fits = json_is_string(value) || (json_is_boolean(value) && strcmp(type, "boolean") == 0) ||
              (json_is_integer(value) && strcmp(type, "integer") == 0);
  if (fits)
    json_object_set(schema, "default", value);
  json_decref(value);
}

static json_t *schema_of_option(json_t *entry)
{
  json_t *schema = schema_of_type(entry);
  CLEANUP_BUFFER struct buffer help = {0};
  buffer_append_text(&help, text_of(entry, "help"));
  if (json_is_true(json_object_get(entry, "weakens")))
    buffer_append_text(&help, " (weakens the sandbox)");
  set_default(schema, entry);
  if (json_object_get(entry, "minimum") != NULL && json_object_get(schema, "minimum") == NULL) {
    json_object_set(schema, "minimum", json_object_get(entry, "minimum"));
    json_object_set(schema, "maximum", json_object_get(entry, "maximum"));
  }
  if (json_is_true(json_object_get(entry, "secret")))
    json_object_set_new(schema, "writeOnly", json_true());
  return schema_describe(schema, help.data);
}

json_t *plugin_options_schema(json_t *description)
{
  json_t *properties = json_object();
  json_t *required = json_array();
  size_t index;
  json_t *entry;
  json_array_foreach (json_object_get(description, "options"), index, entry) {
    if (json_is_true(json_object_get(entry, "host")))
      continue;
    json_object_set_new(properties, text_of(entry, "name"), schema_of_option(entry));
    if (json_is_true(json_object_get(entry, "required")))
      json_array_append(required, json_object_get(entry, "name"));
  }
  json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                             "additionalProperties", 0);
  if (json_array_size(required) > 0)
    json_object_set(schema, "required", required);
  json_decref(required);
  return schema;
}

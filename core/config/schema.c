/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON Schema of the servers file, made from the tables by which it is read. */
#include "core/config/schema.h"

#include <string.h>

#include "core/config/server_read.h"

json_t *schema_parse(const char *text)
{
  return json_loads(text, 0, NULL);
}

json_t *schema_describe(json_t *schema, const char *help)
{
  if (json_object_get(schema, "$ref") != NULL)
    schema = json_pack("{s:[o]}", "allOf", schema);
  if (help != NULL)
    json_object_set_new(schema, "description", json_string(help));
  return schema;
}

json_t *schema_of_limit(enum config_limit_name name)
{
  const struct config_limit_kind *kind = &config_limit_kinds[name];
  json_t *schema = schema_parse(kind->size         ? SCHEMA_SIZE
                                : kind->digits > 0 ? SCHEMA_CPUS
                                                   : SCHEMA_WHOLE);
  double scale = 1;
  for (unsigned digit = 0; digit < kind->digits; digit++)
    scale *= 10;
  json_object_set_new(schema, "minimum",
                      kind->digits > 0 ? json_real((double)kind->minimum / scale)
                                       : json_integer((json_int_t)kind->minimum));
  json_object_set_new(schema, "maximum",
                      kind->digits > 0 ? json_real((double)kind->maximum / scale)
                                       : json_integer((json_int_t)kind->maximum));
  return schema;
}

static json_t *schema_of_key(const struct config_key *key)
{
  for (enum config_limit_name name = 0; name < CONFIG_LIMITS; name++) {
    if (strcmp(config_limit_kinds[name].key, key->name) == 0)
      return schema_describe(schema_of_limit(name), key->help);
  }
  return schema_describe(key->schema != NULL ? schema_parse(key->schema) : json_object(),
                         key->help);
}

/* An object that is read by a table. `without` (or NULL) is a key that does not stand there. */
static json_t *schema_of_keys(const struct config_key *keys, const char *without)
{
  json_t *properties = json_object();
  json_t *required = json_array();
  for (; keys->name != NULL; keys++) {
    if (keys->read == NULL || (without != NULL && strcmp(keys->name, without) == 0))
      continue;
    json_object_set_new(properties, keys->name, schema_of_key(keys));
    if (keys->required)
      json_array_append_new(required, json_string(keys->name));
  }
  json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                             "additionalProperties", 0);
  if (json_array_size(required) > 0)
    json_object_set(schema, "required", required);
  json_decref(required);
  return schema;
}

static json_t *schema_of_strategy(json_t *strategies)
{
  json_t *bare = json_array(); /* names that may stand alone */
  json_t *whole = json_object();
  const char *name;
  json_t *strategy;
  json_object_foreach (strategies, name, strategy) {
    if (!json_is_true(json_object_get(strategy, "required")))
      json_array_append_new(bare, json_string(name));
    json_object_set_new(whole, name,
                        schema_describe(json_deep_copy(json_object_get(strategy, "options")),
                                        json_string_value(json_object_get(strategy, "summary"))));
  }
  json_t *object = json_pack("{s:s, s:o, s:b, s:i, s:i}", "type", "object", "properties", whole,
                             "additionalProperties", 0, "minProperties", 1, "maxProperties", 1);
  if (json_array_size(bare) > 0)
    return json_pack("{s:[{s:o}, o]}", "anyOf", "enum", bare, object);
  json_decref(bare); /* an empty "enum" is no schema */
  return object;
}

static json_t *schema_of_limit_keys(void)
{
  json_t *keys = json_array();
  for (size_t i = 0; i < CONFIG_LIMITS; i++)
    json_array_append_new(keys, json_string(config_limit_kinds[i].key));
  return json_pack("{s:o}", "enum", keys);
}

json_t *config_schema(json_t *strategies)
{
  json_t *schema = schema_of_keys(servers_file_keys, NULL);
  json_t *definitions = json_pack(
      "{s:o, s:o, s:o, s:o, s:o}", "server", schema_of_keys(server_keys, NULL), "namedServer",
      schema_of_keys(server_keys, "id"), "sandbox", schema_of_keys(sandbox_keys, NULL), "strategy",
      schema_of_strategy(strategies), "limit", schema_of_limit_keys());
  json_t *whole = json_pack("{s:s, s:s}", "$schema", "http://json-schema.org/draft-07/schema#",
                            "title", "The servers file of jauauth");
  json_t *shapes = json_pack("[{s:[s]}, {s:[s]}]", "required", "servers", "required", "mcpServers");
  bool made = json_object_update(whole, schema) == 0 &&
              json_object_set_new(whole, "oneOf", shapes) == 0 &&
              json_object_set_new(whole, "definitions", definitions) == 0;
  json_decref(schema);
  if (made)
    return whole;
  json_decref(whole);
  return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON Schema of the servers file, made from the tables by which it is read. */
#ifndef JAUAUTH_CONFIG_SCHEMA_H
#define JAUAUTH_CONFIG_SCHEMA_H

#include <jansson.h>

#include "core/config/limit.h"

/*
 * Schemas of values, as JSON text, for the tables of keys. They follow draft 07, which editors
 * know. What a schema cannot say (that ids differ, that a variable is set) only the reader finds.
 */
#define SCHEMA_PATTERN(pattern) "{\"type\":\"string\",\"pattern\":\"" pattern "\"}"
#define SCHEMA_LIST(element)    "{\"type\":\"array\",\"items\":" element "}"

#define SCHEMA_BOOLEAN  "{\"type\":\"boolean\"}"
#define SCHEMA_ANY_TEXT "{\"type\":\"string\"}"
#define SCHEMA_TEXT     "{\"type\":\"string\",\"minLength\":1}"
#define SCHEMA_TEXTS    SCHEMA_LIST(SCHEMA_TEXT)
#define SCHEMA_NOTHING  "{\"not\":{}}"
#define SCHEMA_KEPT     "{\"type\":[\"object\",\"array\"]}"

/* An absolute path without "." and ".." between its slashes, and not "/" itself. */
#define SCHEMA_PATH  SCHEMA_PATTERN("^(?!.*/\\\\.{1,2}(/|$))/+[^/]")
#define SCHEMA_PATHS SCHEMA_LIST(SCHEMA_PATH)

/* An absolute path of an option, which the plugin judges further. */
#define SCHEMA_OPTION_PATH SCHEMA_PATTERN("^/")

#define SCHEMA_ID_PATTERN "^[A-Za-z][A-Za-z0-9_-]{0,39}$"
#define SCHEMA_ID         SCHEMA_PATTERN(SCHEMA_ID_PATTERN)

#define SCHEMA_VARIABLE_PATTERN "^[!-<>-~]{1,1023}$"
#define SCHEMA_NAMES                                                                               \
  "{\"type\":\"array\",\"maxItems\":1000,\"items\":" SCHEMA_PATTERN(SCHEMA_VARIABLE_PATTERN) "}"
#define SCHEMA_VARIABLES                                                                           \
  "{\"type\":\"object\",\"maxProperties\":1000,\"propertyNames\":{\"pattern\":"                    \
  "\"" SCHEMA_VARIABLE_PATTERN "\"},\"additionalProperties\":" SCHEMA_ANY_TEXT "}"
#define SCHEMA_ARGUMENTS "{\"type\":\"array\",\"maxItems\":1000,\"items\":" SCHEMA_ANY_TEXT "}"
#define SCHEMA_PREPARE   "{\"type\":\"array\",\"minItems\":1,\"items\":" SCHEMA_TEXT "}"

#define SCHEMA_TIMEOUT   "{\"type\":\"integer\",\"minimum\":1,\"maximum\":86400000}"
#define SCHEMA_IDLE_STOP "{\"type\":\"integer\",\"minimum\":0,\"maximum\":86400000}"
#define SCHEMA_START     "{\"enum\":[\"eager\",\"lazy\"]}"
#define SCHEMA_TYPE      "{\"enum\":[\"stdio\"]}"
#define SCHEMA_HOME      "{\"enum\":[\"empty\",\"keep\"],\"default\":\"empty\"}"

#define SCHEMA_NETWORK                                                                             \
  "{\"type\":[\"boolean\",\"string\"],\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$\"}"
/* As text_parse_size() and text_parse_decimal() read them; a range is added where there is one. */
#define SCHEMA_SIZE                                                                                \
  "{\"type\":[\"integer\",\"string\"],\"minimum\":0,"                                              \
  "\"pattern\":\"^[0-9]+(\\\\.[0-9]+)?( ?([bB]|[kKmMgGtT]([iI]?[bB])?))?$\"}"
#define SCHEMA_CPUS                                                                                \
  "{\"type\":[\"number\",\"string\"],\"minimum\":0,\"maximum\":1024,"                              \
  "\"pattern\":\"^([0-9]+|[0-9]*\\\\.[0-9]{1,3}0*)$\"}"
#define SCHEMA_WHOLE "{\"type\":[\"integer\",\"string\"],\"pattern\":\"^[0-9]+$\"}"

#define SCHEMA_MOUNT_PART "/+[^/:][^:]*"
#define SCHEMA_MOUNTS                                                                              \
  "{\"type\":\"array\",\"maxItems\":256,\"items\":" SCHEMA_PATTERN(                                \
      "^(?!.*/\\\\.{1,2}(/|:|$))" SCHEMA_MOUNT_PART ":" SCHEMA_MOUNT_PART "(:(ro|rw))?$") "}"
#define SCHEMA_PROPERTIES SCHEMA_LIST(SCHEMA_PATTERN("^[a-z][a-z0-9-]{0,63}$"))
#define SCHEMA_LIMIT_KEYS SCHEMA_LIST("{\"$ref\":\"#/definitions/limit\"}")

#define SCHEMA_SERVERS                                                                             \
  "{\"type\":\"array\",\"maxItems\":1000,\"items\":{\"$ref\":\"#/definitions/server\"}}"
#define SCHEMA_NAMED_SERVERS                                                                       \
  "{\"type\":\"object\",\"maxProperties\":1000,\"propertyNames\":{\"pattern\":"                    \
  "\"" SCHEMA_ID_PATTERN "\"},\"additionalProperties\":{\"$ref\":\"#/definitions/namedServer\"}}"
#define SCHEMA_SANDBOX  "{\"$ref\":\"#/definitions/sandbox\"}"
#define SCHEMA_STRATEGY "{\"$ref\":\"#/definitions/strategy\"}"

/* The text of a schema as JSON; the caller's reference. NULL when out of memory. */
json_t *schema_parse(const char *text);

/* Sets "description", also where the schema is a reference, beside which draft 07 looks at nothing
 * else. Takes and returns the reference. */
json_t *schema_describe(json_t *schema, const char *help);

/* What may be written for a limit. */
json_t *schema_of_limit(enum config_limit_name name);

/*
 * The whole schema. `strategies` is an object of the installed strategies by name, each {"options":
 * the schema of its options, "summary", "required": whether it has options that are needed}; it is
 * borrowed. The caller owns the reference; NULL when out of memory.
 */
json_t *config_schema(json_t *strategies);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One value of an option, by the type that the table declares. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jauauth/plugin.h>

#include "core/base/buffer.h"
#include "core/base/text.h"
#include "core/config/limit.h"
#include "core/plugin/options_reading.h"

static const char *const expected[] = {
    [JAUAUTH_TYPE_BOOLEAN] = "true or false",
    [JAUAUTH_TYPE_INTEGER] = "a whole number",
    [JAUAUTH_TYPE_TEXT] = "a text",
    [JAUAUTH_TYPE_PATH] = "an absolute path",
    [JAUAUTH_TYPE_SIZE] = "a size such as \"256m\", or a whole number of bytes",
    [JAUAUTH_TYPE_CPUS] = "a number of processors such as 0.5 or \"0.5\"",
    [JAUAUTH_TYPE_TEXT_LIST] = "a list of texts such as [\"a\", \"b\"]",
    [JAUAUTH_TYPE_PATH_LIST] = "a list of absolute paths such as [\"/srv/data\"]",
    [JAUAUTH_TYPE_PAIR_LIST] =
        "a list of pairs [path of the host, path inside] such as [[\"/srv/data\", \"/data\"]]",
    [JAUAUTH_TYPE_NETWORK] = "true, false or the name of a network",
    [JAUAUTH_TYPE_TEXT_MAP] = "names with a text each"};

static const char *found(const json_t *value)
{
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    return "an object";
  case JSON_ARRAY:
    return "a list";
  case JSON_STRING:
    return "a text";
  case JSON_INTEGER:
  case JSON_REAL:
    return "a number";
  case JSON_NULL:
    return "null";
  default:
    return "true or false";
  }
}

static json_t *wrong(struct options_reading *reading, int index, const char *wanted,
                     const json_t *value)
{
  options_problem(reading, index, NULL, "\"%s\" must be %s, not %s", reading->name, wanted,
                  found(value));
  return NULL;
}

/* Reports what a reader of text said, unless that shows a secret. */
static json_t *refuse(struct options_reading *reading, const struct error *error)
{
  if (reading->secret || error == NULL)
    options_problem(reading, OPTIONS_NO_INDEX, NULL, "\"%s\" must be %s", reading->name,
                    expected[reading->type]);
  else
    options_problem(reading, OPTIONS_NO_INDEX, error->hint, "\"%s\": %s", reading->name,
                    error->message);
  return NULL;
}

static json_t *typed_integer(struct options_reading *reading, json_t *value)
{
  if (!json_is_integer(value))
    return wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  json_int_t number = json_integer_value(value);
  json_t *minimum = json_object_get(reading->entry, "minimum");
  json_t *maximum = json_object_get(reading->entry, "maximum");
  if (minimum != NULL && maximum != NULL &&
      (number < json_integer_value(minimum) || number > json_integer_value(maximum))) {
    options_problem(reading, OPTIONS_NO_INDEX, NULL,
                    "\"%s\" must be a whole number from %" JSON_INTEGER_FORMAT
                    " to %" JSON_INTEGER_FORMAT,
                    reading->name, json_integer_value(minimum), json_integer_value(maximum));
    return NULL;
  }
  return json_incref(value);
}

/* A limit of the request has bounds of its own, the same wherever it is written. */
static int limit_of(uint32_t means)
{
  switch (means) {
  case JAUAUTH_MEANS_MEMORY_LIMIT:
    return CONFIG_MEMORY;
  case JAUAUTH_MEANS_CPU_LIMIT:
    return CONFIG_CPU;
  case JAUAUTH_MEANS_PIDS_LIMIT:
    return CONFIG_PIDS;
  default:
    return -1;
  }
}

static json_t *typed_limit(struct options_reading *reading, json_t *value, int limit)
{
  enum config_limit_name name = (enum config_limit_name)limit;
  CLEANUP_ERROR struct error *error = NULL;
  uint64_t number = 0;
  int outcome = -1;
  if (json_is_string(value))
    outcome = config_limit_from_text(name, json_string_value(value), &number, &error);
  else if (json_is_integer(value))
    outcome = config_limit_from_integer(name, json_integer_value(value), &number, &error);
  else if (json_is_real(value))
    outcome = config_limit_from_fraction(name, json_real_value(value), &number, &error);
  else
    return wrong(reading, OPTIONS_NO_INDEX, config_limit_kinds[name].expected, value);
  return outcome == 0 ? json_integer((json_int_t)number) : refuse(reading, error);
}

static json_t *typed_size(struct options_reading *reading, json_t *value)
{
  CLEANUP_ERROR struct error *error = NULL;
  uint64_t size = 0;
  if (json_is_integer(value) && json_integer_value(value) >= 0)
    return json_incref(value);
  if (!json_is_string(value))
    return wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  if (text_parse_size(json_string_value(value), &size, &error) != 0 || size > INT64_MAX)
    return refuse(reading, error);
  return json_integer((json_int_t)size);
}

enum { CPUS_MAX = 1024000 /* thousandths */ };

static json_t *typed_cpus(struct options_reading *reading, json_t *value)
{
  CLEANUP_ERROR struct error *error = NULL;
  int64_t thousandths = 0;
  if (json_is_string(value)) {
    if (text_parse_decimal(json_string_value(value), 3, 0, CPUS_MAX, &thousandths, &error) != 0)
      return refuse(reading, error);
    return json_integer(thousandths);
  }
  if (!json_is_number(value))
    return wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  double number = json_number_value(value) * 1000;
  if (!(number >= 0 && number <= CPUS_MAX))
    return refuse(reading, NULL);
  json_int_t whole = (json_int_t)(number + 0.5);
  double rest = number - (double)whole;
  if (rest > 1e-6 || rest < -1e-6)
    return refuse(reading, NULL);
  return json_integer(whole);
}

/* A path of the host or inside; `what` names it. */
static bool is_path(struct options_reading *reading, int index, const char *what,
                    const json_t *value)
{
  const char *path = json_string_value(value);
  if (path != NULL && path[0] == '/')
    return true;
  if (path == NULL)
    wrong(reading, index, what, value);
  else
    options_problem(reading, index,
                    path[0] == '~' || path[0] == '$'
                        ? "write the whole path: neither ~ nor $ is replaced in it"
                        : "write the whole path, from / on",
                    "\"%s\" must be %s", reading->name, what);
  return false;
}

static bool is_pair(struct options_reading *reading, int index, const json_t *value)
{
  if (json_array_size(value) != 2) {
    options_problem(reading, index, "write [\"/path/of/the/host\", \"/path/inside\"]",
                    "each entry of \"%s\" must be a pair of paths", reading->name);
    return false;
  }
  return is_path(reading, index, "a pair of absolute paths", json_array_get(value, 0)) &&
         is_path(reading, index, "a pair of absolute paths", json_array_get(value, 1));
}

static bool is_element(struct options_reading *reading, int index, const json_t *value)
{
  switch (reading->type) {
  case JAUAUTH_TYPE_PATH_LIST:
    return is_path(reading, index, "a list of absolute paths", value);
  case JAUAUTH_TYPE_PAIR_LIST:
    return is_pair(reading, index, value);
  default:
    if (!json_is_string(value))
      wrong(reading, index, expected[reading->type], value);
    return json_is_string(value);
  }
}

/* All wrong elements are reported. */
static json_t *typed_list(struct options_reading *reading, json_t *value)
{
  if (!json_is_array(value))
    return wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  bool right = true;
  for (size_t i = 0; i < json_array_size(value); i++)
    right &= is_element(reading, (int)i, json_array_get(value, i));
  return right ? json_incref(value) : NULL;
}

static json_t *typed_network(struct options_reading *reading, json_t *value)
{
  if (json_is_boolean(value))
    return json_incref(value);
  const char *name = json_string_value(value);
  if (name == NULL)
    return wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  if (!config_is_network_name(name)) {
    options_problem(reading, OPTIONS_NO_INDEX, "true opens the network, false closes it",
                    "the value of \"%s\" cannot be the name of a network", reading->name);
    return NULL;
  }
  return strcmp(name, "none") == 0 ? json_false() : json_incref(value);
}

/* A list of pairs, in the order of the file. */
static json_t *typed_map(struct options_reading *reading, json_t *value)
{
  if (!json_is_object(value))
    return wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  json_t *pairs = json_array();
  const char *name;
  json_t *text;
  json_object_foreach (value, name, text) {
    if (!json_is_string(text)) {
      json_decref(pairs);
      return wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], text);
    }
    reading->failed |= json_array_append_new(pairs, json_pack("[s, O]", name, text)) != 0;
  }
  return pairs;
}

json_t *options_typed(struct options_reading *reading, json_t *value)
{
  int limit = limit_of(reading->means);
  if (limit >= 0)
    return typed_limit(reading, value, limit);
  switch (reading->type) {
  case JAUAUTH_TYPE_BOOLEAN:
    return json_is_boolean(value)
               ? json_incref(value)
               : wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  case JAUAUTH_TYPE_INTEGER:
    return typed_integer(reading, value);
  case JAUAUTH_TYPE_TEXT:
    return json_is_string(value) ? json_incref(value)
                                 : wrong(reading, OPTIONS_NO_INDEX, expected[reading->type], value);
  case JAUAUTH_TYPE_PATH:
    return is_path(reading, OPTIONS_NO_INDEX, expected[reading->type], value) ? json_incref(value)
                                                                              : NULL;
  case JAUAUTH_TYPE_SIZE:
    return typed_size(reading, value);
  case JAUAUTH_TYPE_CPUS:
    return typed_cpus(reading, value);
  case JAUAUTH_TYPE_NETWORK:
    return typed_network(reading, value);
  case JAUAUTH_TYPE_TEXT_MAP:
    return typed_map(reading, value);
  default:
    return typed_list(reading, value);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin is and takes, as JSON. */
#include "core/plugin/loader.h"
#include "core/plugin/table.h"

#include <stdio.h>

/* False when the text is not UTF-8 or there is no memory; an absent text is left out. */
static bool set_text(json_t *object, const char *key, const char *text)
{
  return text == NULL || json_object_set_new(object, key, json_string(text)) == 0;
}

static bool set_flag(json_t *object, const char *key, bool value)
{
  return json_object_set_new(object, key, json_boolean(value)) == 0;
}

static json_t *describe_option(const struct jauauth_option *option)
{
  json_t *object = json_object();
  bool done = set_text(object, "name", option->name) && set_text(object, "help", option->help) &&
              set_text(object, "type", table_type_word(option->type)) &&
              set_text(object, "default", option->default_value) &&
              set_text(object, "since", option->since) &&
              set_text(object, "means", table_means_word(option->means)) &&
              set_flag(object, "required", (option->flags & JAUAUTH_OPTION_REQUIRED) != 0) &&
              set_flag(object, "secret", (option->flags & JAUAUTH_OPTION_SECRET) != 0) &&
              set_flag(object, "weakens", (option->flags & JAUAUTH_OPTION_WEAKENS) != 0) &&
              set_flag(object, "host", (option->flags & JAUAUTH_OPTION_HOST) != 0);
  if (done && (option->minimum != 0 || option->maximum != 0))
    done = json_object_set_new(object, "minimum", json_integer(option->minimum)) == 0 &&
           json_object_set_new(object, "maximum", json_integer(option->maximum)) == 0;
  if (done)
    return object;
  json_decref(object);
  return NULL;
}

static json_t *describe_options(const struct loader_plugin *plugin)
{
  json_t *array = json_array();
  for (size_t i = 0; i < plugin->option_count; i++)
    if (json_array_append_new(array, describe_option(&plugin->options[i])) != 0) {
      json_decref(array);
      return NULL;
    }
  return array;
}

static json_t *describe_front_programs(const struct jauauth_plugin *table)
{
  json_t *array = json_array();
  const char *const *name = table->front_programs;
  for (; name != NULL && *name != NULL; name++)
    if (json_array_append_new(array, json_string(*name)) != 0) {
      json_decref(array);
      return NULL;
    }
  return array;
}

json_t *loader_describe(const struct loader_plugin *plugin, struct error **error)
{
  const struct jauauth_plugin *table = &plugin->table;
  const char *account = table->account == JAUAUTH_ACCOUNT_CALLER ? "caller" : "unprivileged";
  char abi[32];
  snprintf(abi, sizeof abi, "%d.%lu", JAUAUTH_ABI_MAJOR, (unsigned long)table->abi_minor);
  json_t *object = json_object();
  if (set_text(object, "name", table->name) && set_text(object, "version", table->version) &&
      set_text(object, "summary", table->summary) && set_text(object, "account", account) &&
      set_text(object, "abi", abi) &&
      json_object_set_new(object, "options", describe_options(plugin)) == 0 &&
      json_object_set_new(object, "front_programs", describe_front_programs(table)) == 0 &&
      set_flag(object, "diagnose", table->diagnose != NULL))
    return object;
  json_decref(object);
  error_make_code(error, ERROR_SANDBOX, "plugin-bad-text", "a text of its table is not UTF-8");
  return NULL;
}

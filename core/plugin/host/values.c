/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a server, as a plugin reads them. */
#include "core/plugin/host/call.h"

#include <string.h>

/* The value, or NULL when it was left out or the name is not in the table, which is a fault. */
static json_t *find(const struct jauauth_options *options, const char *where, const char *name)
{
  const struct jauauth_option *table = options->call->settings->plugin->options;
  for (; name != NULL && table != NULL && table->name != NULL; table++)
    if (strcmp(table->name, name) == 0)
      return json_object_get((table->flags & JAUAUTH_OPTION_HOST) != 0
                                 ? options->call->host_options.values
                                 : options->values,
                             name);
  host_fault(options->call, "%s asks for \"%s\", which is not in the option table", where,
             name == NULL ? "NULL" : name);
  return NULL;
}

static void wrong_type(const struct jauauth_options *options, const char *where, const char *name)
{
  host_fault(options->call, "%s does not fit the type of the option \"%s\"", where, name);
}

const struct jauauth_options *host_host_options(struct jauauth_call *call)
{
  return &call->host_options;
}

int32_t host_option_given(const struct jauauth_options *options, const char *name)
{
  return find(options, "option_given", name) != NULL;
}

int64_t host_option_integer(const struct jauauth_options *options, const char *name,
                            int64_t fallback)
{
  json_t *value = find(options, "option_integer", name);
  if (value == NULL)
    return fallback;
  if (json_is_boolean(value))
    return json_is_true(value);
  if (json_is_integer(value))
    return json_integer_value(value);
  wrong_type(options, "option_integer", name);
  return fallback;
}

const char *host_option_text(const struct jauauth_options *options, const char *name,
                             const char *fallback)
{
  json_t *value = find(options, "option_text", name);
  if (value == NULL)
    return fallback;
  if (json_is_string(value))
    return json_string_value(value);
  wrong_type(options, "option_text", name);
  return fallback;
}

/* Stores the texts of an entry, one or a pair, and returns how many; 0 for anything else. */
static size_t store_entry(json_t *entry, const char **out)
{
  if (json_is_string(entry)) {
    out[0] = json_string_value(entry);
    return 1;
  }
  if (json_array_size(entry) != 2 || !json_is_string(json_array_get(entry, 0)) ||
      !json_is_string(json_array_get(entry, 1)))
    return 0;
  out[0] = json_string_value(json_array_get(entry, 0));
  out[1] = json_string_value(json_array_get(entry, 1));
  return 2;
}

const char *const *host_option_list(const struct jauauth_options *options, const char *name)
{
  json_t *value = find(options, "option_list", name);
  if (value != NULL && !json_is_array(value))
    wrong_type(options, "option_list", name);
  size_t count = json_array_size(value);
  const char **list = host_allocate(options->call, (2 * count + 1) * sizeof *list);
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    size_t stored = store_entry(json_array_get(value, i), list + used);
    if (stored == 0)
      wrong_type(options, "option_list", name);
    used += stored;
  }
  return list;
}

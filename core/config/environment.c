/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a server: "env" with its variables replaced, and "env_passthrough". */
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/server_read.h"

#include <string.h>

static struct config_variable *find(const struct server_config *server, const char *name)
{
  for (size_t i = 0; i < server->environment_count; i++) {
    if (strcmp(server->environment[i].name, name) == 0)
      return &server->environment[i];
  }
  return NULL;
}

static bool is_allowed(const struct servers_settings *settings, const char *name)
{
  return config_texts_have((char *const *)settings->allowed_variables, name);
}

static void unknown_variable(struct config_reader *reader, const struct server_reading *reading,
                             const char *name, const char *self)
{
  const struct servers_settings *settings = reading->settings;
  bool itself = self != NULL && strcmp(self, name) == 0;
  bool set = config_environment_value(settings->environment, name) != NULL;
  CLEANUP_BUFFER struct buffer hint = {0};
  char shown[CONFIG_SHOWN_MAX + 4];
  config_shown(name, shown);
  if (is_allowed(settings, name))
    buffer_append_format(&hint, "set %s in the environment of jauauth", shown);
  else if (itself)
    buffer_append_format(&hint,
                         "to pass on the variable of jauauth's own environment, write \"sandbox\": "
                         "{\"env_passthrough\": [\"%s\"]}, or add \"%s\" to \"environment\" in the "
                         "host file",
                         shown, shown);
  else
    buffer_append_format(&hint, "%sadd \"%s\" to \"environment\" in the host file",
                         set ? "" : "set it in the environment of jauauth and ", shown);
  if (!itself)
    buffer_append_text(&hint, "; or give it a value in \"env\"; a \"$\" itself is written \"$$\"");
  config_reader_error(reader, hint.data,
                      set && !is_allowed(settings, name)
                          ? "the host file does not allow the variable \"%s\" here"
                          : "the variable \"%s\" is not set",
                      shown);
}

void config_report_expansion(struct config_reader *reader, const struct server_reading *reading,
                             enum config_expansion result, const char *name, const char *self)
{
  switch (result) {
  case CONFIG_EXPANDED:
    break;
  case CONFIG_EXPAND_UNKNOWN:
    unknown_variable(reader, reading, name, self);
    break;
  case CONFIG_EXPAND_SYNTAX:
    config_reader_error(reader,
                        "write ${NAME}: letters, digits and \"_\" only, no default value and no "
                        "prefix; a \"$\" itself is written \"$$\"",
                        "\"${%s}\" is not the name of a variable", name);
    break;
  case CONFIG_EXPAND_LONG:
    config_reader_error(reader, NULL, "this text is longer than %d bytes, which no program can get",
                        CONFIG_VALUE_MAX);
    break;
  case CONFIG_EXPAND_MEMORY:
    reader->problems->failed = true;
    break;
  }
}

/* Where the replacing of variables in "env" stands. */
enum progress { PENDING, ACTIVE, DONE, FAILED };

struct expansion {
  struct config_reader *reader;
  struct server_reading *reading;
  size_t base;             /* length of the pointer of "env" */
  size_t self;             /* index of the variable that is being replaced */
  enum progress *progress; /* of each variable of "env" */
  bool told;               /* the reason why a look-up failed was reported already */
};

static void resolve(struct expansion *expansion, size_t index);

/* From `env`, then from what the host file allows. A variable's own name in its value is the
 * router's, or it could have no meaning. */
static const char *look_up(void *data, const char *name)
{
  struct expansion *expansion = data;
  const struct server_config *server = expansion->reading->server;
  const struct servers_settings *settings = expansion->reading->settings;
  const struct config_variable *variable = find(server, name);
  size_t index = variable == NULL ? 0 : (size_t)(variable - server->environment);
  if (variable == NULL && server_package_variable(expansion->reading, name) != NULL)
    return server_package_variable(expansion->reading, name);
  if (variable == NULL || index == expansion->self)
    return is_allowed(settings, name) ? config_environment_value(settings->environment, name)
                                      : NULL;
  if (expansion->progress[index] == PENDING)
    resolve(expansion, index);
  if (expansion->progress[index] == ACTIVE) {
    char shown[CONFIG_SHOWN_MAX + 4];
    config_reader_leave(expansion->reader, expansion->base);
    config_reader_enter(expansion->reader, server->environment[expansion->self].name);
    config_reader_error(expansion->reader, NULL, "the variable leads back to itself through \"%s\"",
                        config_shown(name, shown));
  }
  if (expansion->progress[index] == DONE)
    return variable->value;
  expansion->told = true;
  return NULL;
}

/* Replaces the variables in the value of one. Everything that it names is replaced before. */
static void resolve(struct expansion *expansion, size_t index)
{
  struct config_reader *reader = expansion->reader;
  struct config_variable *variable = &expansion->reading->server->environment[index];
  CLEANUP_BUFFER struct buffer value = {0};
  CLEANUP_BUFFER struct buffer name = {0};
  size_t outer = expansion->self;
  expansion->self = index;
  expansion->told = false;
  expansion->progress[index] = ACTIVE;
  enum config_expansion result =
      config_expand(variable->value, look_up, expansion,
                    CONFIG_VALUE_MAX - strlen(variable->name) - 1, &value, &name, NULL);
  expansion->progress[index] = result == CONFIG_EXPANDED ? DONE : FAILED;
  expansion->self = outer;
  if (result == CONFIG_EXPANDED) {
    free(variable->value);
    variable->value = buffer_steal(&value);
    reader->problems->failed |= variable->value == NULL;
    return;
  }
  if (result == CONFIG_EXPAND_UNKNOWN && expansion->told)
    return;
  config_reader_leave(reader, expansion->base);
  config_reader_enter(reader, variable->name);
  config_report_expansion(reader, expansion->reading, result, name.data, variable->name);
}

/* Whether a name can be passed on by every way that leads into a sandbox. */
static bool check_name(struct config_reader *reader, const char *name)
{
  bool good = name[0] != '\0' && strlen(name) < 1024;
  for (const char *at = name; good && *at != '\0'; at++)
    good = *at > ' ' && *at < 0x7F && *at != '=';
  char shown[CONFIG_SHOWN_MAX + 4];
  if (!good)
    config_reader_error(reader, NULL,
                        "\"%s\" cannot be the name of a variable: it may have no \"=\", no space "
                        "and nothing but ASCII",
                        config_shown(name, shown));
  return good;
}

static bool add(struct config_reader *reader, struct server_config *server, const char *name,
                const char *value, bool passed)
{
  struct config_variable *grown =
      reallocarray(server->environment, server->environment_count + 1, sizeof *server->environment);
  if (grown != NULL)
    server->environment = grown;
  struct config_variable variable = {
      .name = strdup(name), .value = strdup(value), .passed = passed};
  if (grown == NULL || variable.name == NULL || variable.value == NULL) {
    free(variable.name);
    free(variable.value);
    reader->problems->failed = true;
    return false;
  }
  server->environment[server->environment_count++] = variable;
  return true;
}

static void read_variable(struct config_reader *reader, struct server_config *server,
                          const char *name, const json_t *value)
{
  if (!check_name(reader, name))
    return;
  if (!json_is_string(value))
    /* The value is not shown: it is a secret even when it is of the wrong type. */
    config_reader_expected(reader, value, "a text in double quotes, also for a number");
  else
    add(reader, server, name, json_string_value(value), false);
}

/* Replaces the variables in all values; the reader stands at "env". */
static void expand_variables(struct config_reader *reader, struct server_reading *reading)
{
  size_t count = reading->server->environment_count;
  struct expansion expansion = {.reader = reader,
                                .reading = reading,
                                .base = reader->pointer.length,
                                .self = SIZE_MAX,
                                .progress = calloc(count + 1, sizeof *expansion.progress)};
  reader->problems->failed |= expansion.progress == NULL;
  for (size_t i = 0; expansion.progress != NULL && i < count; i++) {
    if (expansion.progress[i] == PENDING)
      resolve(&expansion, i);
    config_reader_leave(reader, expansion.base);
  }
  /* What failed has been reported and must not look like a value. */
  for (size_t i = 0; expansion.progress != NULL && i < count; i++) {
    if (expansion.progress[i] == FAILED) {
      free(reading->server->environment[i].value);
      reading->server->environment[i].value = NULL;
    }
  }
  free(expansion.progress);
}

static void read_variables(struct config_reader *reader, struct server_reading *reading)
{
  json_t *environment = reading->environment;
  if (!json_is_object(environment)) {
    config_reader_expected(reader, environment, "an object such as {\"NAME\": \"value\"}");
    return;
  }
  if (json_object_size(environment) > CONFIG_LIST_MAX) {
    config_reader_error(reader, NULL, "a server can have %d variables", CONFIG_LIST_MAX);
    return;
  }
  const char *name;
  json_t *value;
  json_object_foreach (environment, name, value) {
    size_t before = config_reader_enter(reader, name);
    read_variable(reader, reading->server, name, value);
    config_reader_leave(reader, before);
  }
  expand_variables(reader, reading);
}

static void pass_variable(struct config_reader *reader, struct server_reading *reading,
                          const json_t *element)
{
  CLEANUP_FREE char *name = NULL;
  if (!config_reader_text(reader, element, &name) || !check_name(reader, name))
    return;
  char shown[CONFIG_SHOWN_MAX + 4];
  config_shown(name, shown);
  const struct config_variable *there = find(reading->server, name);
  const char *value = config_environment_value(reading->settings->environment, name);
  if (there != NULL && !there->passed)
    config_reader_warn(reader, "remove one of the two",
                       "\"%s\" stands in \"env\" too, which counts", shown);
  else if (value == NULL)
    config_reader_warn(reader, NULL,
                       "the variable \"%s\" is not set where jauauth runs, so that there is "
                       "nothing to pass on",
                       shown);
  else if (there == NULL)
    add(reader, reading->server, name, value, true);
}

static void read_passthrough(struct config_reader *reader, struct server_reading *reading)
{
  json_t *list = reading->passthrough;
  if (!json_is_array(list)) {
    config_reader_expected(reader, list, "a list of names of variables such as [\"LANG\"]");
    return;
  }
  if (json_array_size(list) > CONFIG_LIST_MAX) {
    config_reader_error(reader, NULL, "a server can have %d variables", CONFIG_LIST_MAX);
    return;
  }
  for (size_t i = 0; i < json_array_size(list); i++) {
    size_t before = config_reader_enter_element(reader, i);
    pass_variable(reader, reading, json_array_get(list, i));
    config_reader_leave(reader, before);
  }
}

void server_read_environment(struct config_reader *reader, struct server_reading *reading)
{
  if (reading->environment != NULL) {
    size_t before = config_reader_enter(reader, "env");
    read_variables(reader, reading);
    config_reader_leave(reader, before);
  }
  if (reading->passthrough != NULL) {
    size_t before = config_reader_enter(reader, "sandbox");
    size_t below = config_reader_enter(reader, "env_passthrough");
    read_passthrough(reader, reading);
    config_reader_leave(reader, below);
    config_reader_leave(reader, before);
  }
}

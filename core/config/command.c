/* SPDX-License-Identifier: Apache-2.0 */
/* "command" and "args" of a server, with variables replaced. */
#include "core/base/cleanup.h"
#include "core/config/server_read.h"

#include <string.h>

struct argument_look_up {
  const struct server_reading *reading;
  bool told;
  bool failed; /* out of memory */
};

/* Remembers what an argument was given from outside of the file, because it is not to be shown. */
static bool remember(struct server_config *server, const char *name, const char *value)
{
  for (size_t i = 0; i < server->expanded_count; i++)
    if (strcmp(server->expanded[i].name, name) == 0)
      return true;
  struct config_variable *grown =
      reallocarray(server->expanded, server->expanded_count + 1, sizeof *server->expanded);
  if (grown == NULL)
    return false;
  server->expanded = grown;
  struct config_variable variable = {.name = strdup(name), .value = strdup(value), .passed = true};
  if (variable.name == NULL || variable.value == NULL) {
    free(variable.name);
    free(variable.value);
    return false;
  }
  server->expanded[server->expanded_count++] = variable;
  return true;
}

const char *server_package_variable(const struct server_reading *reading, const char *name)
{
  bool it = reading->prepare != NULL && strcmp(name, CONFIG_PACKAGE_VARIABLE) == 0;
  return it ? "${" CONFIG_PACKAGE_VARIABLE "}" : NULL;
}

static const char *look_up(void *data, const char *name)
{
  struct argument_look_up *look = data;
  struct server_config *server = look->reading->server;
  const struct servers_settings *settings = look->reading->settings;
  for (size_t i = 0; i < server->environment_count; i++) {
    const struct config_variable *variable = &server->environment[i];
    if (variable->passed || strcmp(variable->name, name) != 0)
      continue;
    look->told = variable->value == NULL;
    return variable->value;
  }
  if (server_package_variable(look->reading, name) != NULL)
    return server_package_variable(look->reading, name);
  const char *value = config_texts_have((char *const *)settings->allowed_variables, name)
                          ? config_environment_value(settings->environment, name)
                          : NULL;
  look->failed |= value != NULL && !remember(server, name, value);
  return value;
}

static char *expand(struct config_reader *reader, const struct server_reading *reading,
                    const char *text)
{
  CLEANUP_BUFFER struct buffer out = {0};
  CLEANUP_BUFFER struct buffer name = {0};
  struct argument_look_up look = {.reading = reading};
  enum config_expansion result =
      config_expand(text, look_up, &look, CONFIG_VALUE_MAX, &out, &name, NULL);
  reader->problems->failed |= look.failed;
  if (result == CONFIG_EXPANDED)
    return buffer_steal(&out);
  if (result != CONFIG_EXPAND_UNKNOWN || !look.told)
    config_report_expansion(reader, reading, result, name.data, NULL);
  return NULL;
}

/* Takes the program as it stands: which program runs must be seen in the file. */
static bool take_program(struct config_reader *reader, const struct server_reading *reading)
{
  struct server_config *server = reading->server;
  CLEANUP_FREE char *program = NULL;
  if (!config_reader_text(reader, reading->command, &program))
    return false;
  static const char installed[] = "${" CONFIG_PACKAGE_VARIABLE "}/";
  bool prepared =
      reading->prepare != NULL && strncmp(program, installed, sizeof installed - 1) == 0;
  if (strchr(program, '/') != NULL && program[0] != '/' && !prepared) {
    config_reader_error(reader,
                        "write the name of a program that is found in PATH, or its whole "
                        "path; \"~\" and variables are not replaced here",
                        "\"command\" must be a program's name or an absolute path");
    return false;
  }
  if (strchr(program, ' ') != NULL && reading->arguments == NULL)
    config_reader_warn(reader, "write the program in \"command\" and each argument in \"args\"",
                       "\"command\" is the program alone, and this one has a space in its name");
  else if (program[0] == '$' && !prepared)
    config_reader_warn(reader, "variables are replaced in \"args\" and \"env\" only",
                       "no program has a \"$\" in front of its name");
  server->command[0] = strdup(program);
  server->command_written[0] = steal_pointer(program);
  return true;
}

static void read_argument(struct config_reader *reader, const struct server_reading *reading,
                          const json_t *value, size_t place)
{
  struct server_config *server = reading->server;
  if (!json_is_string(value)) {
    config_reader_expected(reader, value, "a text in double quotes, also for a number");
    return;
  }
  server->command[place] = expand(reader, reading, json_string_value(value));
  server->command_written[place] = strdup(json_string_value(value));
}

static bool arguments_fit(struct config_reader *reader, const json_t *arguments)
{
  if (arguments == NULL)
    return true;
  size_t before = config_reader_enter(reader, "args");
  bool fit = json_is_array(arguments) && json_array_size(arguments) <= CONFIG_LIST_MAX;
  if (!json_is_array(arguments))
    config_reader_expected(reader, arguments, "a list of texts such as [\"server.js\"]");
  else if (!fit)
    config_reader_error(reader, NULL, "a command can have %d arguments", CONFIG_LIST_MAX);
  config_reader_leave(reader, before);
  return fit;
}

static void read_prepare(struct config_reader *reader, struct server_reading *reading)
{
  struct server_config *server = reading->server;
  size_t before = config_reader_enter(reader, "prepare");
  bool good = config_reader_texts(reader, reading->prepare,
                                  "a command such as [\"npm\", \"ci\"]: its program and arguments",
                                  NULL, &server->prepare_written);
  size_t count = 0;
  while (good && server->prepare_written[count] != NULL)
    count++;
  if (good && count == 0)
    config_reader_error(reader, NULL, "\"prepare\" names no program");
  server->prepare = good && count > 0 ? calloc(count + 1, sizeof *server->prepare) : NULL;
  for (size_t i = 0; server->prepare != NULL && i < count; i++) {
    server->prepare[i] = expand(reader, reading, server->prepare_written[i]);
    if (server->prepare[i] == NULL)
      break; /* it was reported */
  }
  config_reader_leave(reader, before);
}

void server_read_command(struct config_reader *reader, struct server_reading *reading)
{
  struct server_config *server = reading->server;
  if (reading->prepare != NULL)
    read_prepare(reader, reading);
  size_t count =
      arguments_fit(reader, reading->arguments) ? json_array_size(reading->arguments) : 0;
  server->command = calloc(count + 2, sizeof *server->command);
  server->command_written = calloc(count + 2, sizeof *server->command_written);
  if (server->command == NULL || server->command_written == NULL) {
    reader->problems->failed = true;
    return;
  }
  size_t taken = 0;
  if (reading->command != NULL) {
    size_t before = config_reader_enter(reader, "command");
    taken += take_program(reader, reading);
    config_reader_leave(reader, before);
  } else if (!reading->remote) {
    config_reader_error(reader, "name the program that is the server, as in \"command\": \"node\"",
                        "the server has no \"command\"");
  }
  size_t before = config_reader_enter(reader, "args");
  for (size_t i = 0; i < count; i++) {
    size_t element = config_reader_enter_element(reader, i);
    read_argument(reader, reading, json_array_get(reading->arguments, i), taken);
    /* Both lists or none: where one could not be had, an error was reported. */
    if (server->command[taken] != NULL && server->command_written[taken] != NULL) {
      taken++;
    } else {
      free(server->command[taken]);
      free(server->command_written[taken]);
      server->command[taken] = server->command_written[taken] = NULL;
    }
    config_reader_leave(reader, element);
  }
  config_reader_leave(reader, before);
}

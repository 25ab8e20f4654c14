/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a servers file that need to know which plugins there are. */
#include "core/config/check.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/package_runner.h"
#include "core/config/request.h"

#include <string.h>

bool config_check_strategy(struct servers_config *servers, size_t server, const char *const *names,
                           struct config_problems *problems)
{
  const char *strategy = servers->servers[server].sandbox.strategy;
  size_t count = 0;
  /* One that cannot be used was reported when the file was read. */
  if (strategy == NULL)
    return false;
  for (; names[count] != NULL; count++) {
    if (strcmp(names[count], strategy) == 0)
      return true;
  }
  CLEANUP_BUFFER struct buffer hint = {0};
  const char *near = text_suggest(strategy, names, count);
  if (near != NULL)
    buffer_append_format(&hint, "did you mean \"%s\"?", near);
  else
    buffer_append_format(&hint,
                         "install it (packages call it jauauth-plugin-%s), or choose one that "
                         "`jauauth plugins list` shows",
                         strategy);
  servers_config_problem(servers, server, CONFIG_WARNING, problems, "/sandbox/strategy", hint.data,
                         "the server cannot start here: no plugin has the strategy \"%s\"",
                         strategy);
  return false;
}

bool config_check_front(struct servers_config *servers, size_t server,
                        const struct config_front *fronts, size_t count, bool contained,
                        struct config_problems *problems)
{
  const struct server_config *checked = &servers->servers[server];
  const char *program = checked->command == NULL ? NULL : checked->command[0];
  if (program == NULL)
    return false;
  const char *slash = strrchr(program, '/');
  const char *name = slash == NULL ? program : slash + 1;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(fronts[i].program, name) != 0)
      continue;
    CLEANUP_BUFFER struct buffer hint = {0};
    buffer_append_format(&hint,
                         "write the program that it runs as \"command\", and \"sandbox\": "
                         "{\"strategy\": {\"%s\": {…}}}; jauauth then starts the engine itself",
                         fronts[i].strategy);
    servers_config_problem(servers, server, contained ? CONFIG_ERROR : CONFIG_WARNING, problems,
                           "/command", hint.data,
                           contained ? "\"%s\" starts a sandbox itself, which cannot work inside "
                                       "another sandbox"
                                     : "\"%s\" starts a sandbox of its own, of which jauauth knows "
                                       "nothing",
                           name);
    return true;
  }
  return false;
}

/* Where a member of the request stands below a server. */
static const char *place_of_member(const char *name, size_t length)
{
  static const struct {
    const char *member;
    const char *place;
  } places[] = {{"command", "/command"},
                {"environment", "/env"},
                {"mounts", "/sandbox/mounts"},
                {"network", "/sandbox/network"},
                {"home", "/sandbox/home"},
                {"work_directory", "/sandbox/work_dir"},
                {"temporary_directory", "/sandbox/temp_dir"}};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    if (strlen(places[i].member) == length && strncmp(places[i].member, name, length) == 0)
      return places[i].place;
  }
  return NULL;
}

/* Appends the place of one finding, relative to the server. */
static void append_place(const struct server_config *server, json_t *finding, struct buffer *below)
{
  const char *options = server->sandbox.options_pointer + strlen(server->pointer);
  const char *pointer = json_string_value(json_object_get(finding, "pointer"));
  const char *option = json_string_value(json_object_get(finding, "option"));
  size_t length = option == NULL ? 0 : strcspn(option, "/");
  CLEANUP_BUFFER struct buffer name = {0};
  buffer_append(&name, option != NULL ? option : "", length);
  bool known = name.data != NULL && json_object_get(server->sandbox.options, name.data) != NULL;
  const char *place = known || option == NULL ? NULL : place_of_member(option, length);
  if (place != NULL)
    buffer_append_format(below, "%s%s", place, option + length);
  else if (known)
    buffer_append_format(below, "%s/%s", options, option);
  else
    buffer_append_format(below, "%s%s", options, pointer != NULL ? pointer : "");
}

void config_check_report(struct servers_config *servers, size_t server,
                         enum config_severity severity, json_t *found,
                         struct config_problems *problems)
{
  size_t index;
  json_t *finding;
  json_array_foreach (found, index, finding) {
    const char *text = json_string_value(json_object_get(finding, "text"));
    CLEANUP_BUFFER struct buffer below = {0};
    append_place(&servers->servers[server], finding, &below);
    bool at_key = json_is_true(json_object_get(finding, "at_key"));
    (at_key ? servers_config_key_problem : servers_config_problem)(
        servers, server, severity, problems, below.data != NULL ? below.data : "",
        json_string_value(json_object_get(finding, "hint")), "%s", text != NULL ? text : "");
  }
}

void config_check_runner(struct servers_config *servers, size_t server, json_t *request,
                         struct config_problems *problems)
{
  char **command = servers->servers[server].command_written;
  CLEANUP_ERROR struct error *error = NULL;
  if (command == NULL || servers->servers[server].prepare != NULL ||
      package_runner_check((const char *const *)command, config_request_has_network(request),
                           servers->servers[server].id, &error) == 0)
    return;
  servers_config_problem(servers, server, CONFIG_WARNING, problems, "/command", error->hint, "%s",
                         error->message);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth plugins list` and `plugins show`: what is installed, and whether it works here. */
#include "core/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/columns.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"

struct plugin {
  const char *name;
  json_t *description; /* NULL: could not be loaded */
  json_t *probe;       /* NULL: could not be asked */
  struct error *error;
  size_t *waiting;
};

static void described(void *data, json_t *answer, const struct error *error)
{
  struct plugin *plugin = data;
  plugin->description = json_incref(answer);
  if (plugin->error == NULL)
    plugin->error = error_copy(error);
  --*plugin->waiting;
}

static const char *state_of(const struct plugin *plugin)
{
  const char *state = json_string_value(json_object_get(plugin->probe, "state"));
  return state != NULL ? state : "";
}

/* On a terminal each answer is shown as it arrives, above the table of all. */
static void probed(void *data, json_t *answer, const struct error *error)
{
  struct plugin *plugin = data;
  plugin->probe = json_incref(answer);
  if (plugin->error == NULL)
    plugin->error = error_copy(error);
  --*plugin->waiting;
  if (isatty(STDERR_FILENO) && *plugin->waiting > 0)
    fprintf(stderr, "%s: %s\n", plugin->name, plugin->error != NULL ? "broken" : state_of(plugin));
}

/* Asks all plugins at once, or the one of this name. The caller frees the list. */
static struct plugin *ask(struct gateway *gateway, const char *only, size_t *count)
{
  const char *const *names = registry_names(gateway->registry);
  size_t all = 0;
  while (names[all] != NULL)
    all++;
  struct plugin *plugins = calloc(all + 1, sizeof *plugins);
  size_t waiting = 0;
  *count = 0;
  for (size_t i = 0; plugins != NULL && i < all; i++) {
    if (only != NULL && strcmp(only, names[i]) != 0)
      continue;
    struct plugin *plugin = &plugins[(*count)++];
    *plugin = (struct plugin){.name = names[i], .waiting = &waiting};
    waiting += 2;
    registry_describe(gateway->registry, names[i], described, plugin);
    registry_probe(gateway->registry, names[i], probed, plugin);
  }
  while (waiting > 0)
    uv_run(&gateway->loop, UV_RUN_ONCE);
  return plugins;
}

static void free_plugins(struct plugin *plugins, size_t count)
{
  for (size_t i = 0; plugins != NULL && i < count; i++) {
    json_decref(plugins[i].description);
    json_decref(plugins[i].probe);
    error_free(&plugins[i].error);
  }
  free(plugins);
}

static const char *text_of(json_t *object, const char *name)
{
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL ? text : "";
}

/* --- list ------------------------------------------------------------------------------------- */

static void append_first_finding(struct buffer *out, const struct plugin *plugin)
{
  const struct error *error = plugin->error;
  if (error != NULL)
    buffer_append_format(out, error->hint != NULL ? "%s (%s)" : "%s", error->message, error->hint);
  else
    buffer_append_text(
        out, text_of(json_array_get(json_object_get(plugin->probe, "findings"), 0), "text"));
}

static json_t *plugin_json(struct gateway *gateway, const struct plugin *plugin)
{
  return json_pack("{s:s, s:s?, s:O?, s:O?, s:o*}", "name", plugin->name, "file",
                   registry_file(gateway->registry, plugin->name), "description",
                   plugin->description, "probe", plugin->probe, "error",
                   plugin->error == NULL
                       ? NULL
                       : json_pack("{s:s?, s:s, s:s?}", "code", plugin->error->code, "text",
                                   plugin->error->message, "hint", plugin->error->hint));
}

static int print_list(struct gateway *gateway, const struct plugin *plugins, size_t count,
                      struct error **error)
{
  if (gateway->line->json) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
      json_array_append_new(list, plugin_json(gateway, &plugins[i]));
    return output_json(json_pack("{s:o}", "plugins", list), error);
  }
  CLEANUP_COLUMNS struct columns columns = {0};
  columns_row(&columns, 5, (const char *[]){"PLUGIN", "VERSION", "STATE", "ENGINE", "FOUND"});
  for (size_t i = 0; i < count; i++) {
    json_t *probe = plugins[i].probe;
    CLEANUP_BUFFER struct buffer found = {0};
    append_first_finding(&found, &plugins[i]);
    const char *state = plugins[i].error != NULL ? "broken" : text_of(probe, "state");
    columns_row(&columns, 5,
                (const char *[]){plugins[i].name, text_of(plugins[i].description, "version"), state,
                                 text_of(json_object_get(probe, "engine"), "version"), found.data});
  }
  CLEANUP_BUFFER struct buffer text = {0};
  if (!columns_append(&columns, columns_colour(STDOUT_FILENO), &text))
    return error_memory(error);
  return output_text(&text, error);
}

int command_plugins_list(const struct command_line *line, const char *const *arguments,
                         struct error **error)
{
  (void)arguments;
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  size_t count = 0;
  struct plugin *plugins = ask(&gateway, NULL, &count);
  int answer = plugins != NULL ? print_list(&gateway, plugins, count, error) : error_memory(error);
  free_plugins(plugins, count);
  gateway_close(&gateway);
  return answer;
}

/* --- show ------------------------------------------------------------------------------------- */

static void append_line(struct buffer *out, const char *label, const char *text)
{
  if (*text == '\0')
    return;
  buffer_append_format(out, "%-12s", label);
  text_escape_controls(out, text, strlen(text));
  buffer_append_byte(out, '\n');
}

static void append_options(struct buffer *out, json_t *description)
{
  json_t *options = json_object_get(description, "options");
  if (json_array_size(options) == 0) {
    append_line(out, "options", "none");
    return;
  }
  buffer_append_text(out, "\noptions\n");
  size_t index;
  json_t *option;
  json_array_foreach (options, index, option) {
    const char *fallback = text_of(option, "default");
    buffer_append_format(out, "  %s (%s%s%s%s%s%s)\n      ", text_of(option, "name"),
                         text_of(option, "type"),
                         json_is_true(json_object_get(option, "host")) ? ", of the host file" : "",
                         json_is_true(json_object_get(option, "required")) ? ", required" : "",
                         json_is_true(json_object_get(option, "weakens")) ? ", weakens" : "",
                         *fallback != '\0' ? ", default " : "", fallback);
    text_escape_controls(out, text_of(option, "help"), strlen(text_of(option, "help")));
    buffer_append_byte(out, '\n');
  }
}

static void append_findings(struct buffer *out, json_t *probe)
{
  size_t index;
  json_t *finding;
  json_array_foreach (json_object_get(probe, "findings"), index, finding) {
    buffer_append_format(out, "\n%s: ", text_of(finding, "severity"));
    text_escape_controls(out, text_of(finding, "text"), strlen(text_of(finding, "text")));
    buffer_append_byte(out, '\n');
    const char *platform;
    json_t *repair;
    json_object_foreach (json_object_get(finding, "repair"), platform, repair) {
      const char *text = json_string_value(repair);
      buffer_append_format(out, "  %-8s", platform);
      text_escape_controls(out, text, strlen(text));
      buffer_append_byte(out, '\n');
    }
  }
  json_array_foreach (json_object_get(probe, "weak_versions"), index, finding) {
    buffer_append_format(out,
                         "\nknown-weak version: %s, fixed in %s: ", text_of(finding, "identifier"),
                         text_of(finding, "fixed_in"));
    text_escape_controls(out, text_of(finding, "text"), strlen(text_of(finding, "text")));
    buffer_append_byte(out, '\n');
  }
}

static void append_claims(struct buffer *out, json_t *probe)
{
  size_t index;
  json_t *claim;
  CLEANUP_BUFFER struct buffer list = {0};
  json_array_foreach (json_object_get(probe, "claims"), index, claim) {
    buffer_append_format(&list, "%s%s", index > 0 ? " " : "", json_string_value(claim));
  }
  append_line(out, "claims", list.length > 0 ? list.data : "nothing");
}

static int print_plugin(struct gateway *gateway, const struct plugin *plugin, struct error **error)
{
  if (gateway->line->json)
    return output_json(plugin_json(gateway, plugin), error);
  CLEANUP_BUFFER struct buffer text = {0};
  const char *file = registry_file(gateway->registry, plugin->name);
  append_line(&text, "plugin", plugin->name);
  append_line(&text, "summary", text_of(plugin->description, "summary"));
  append_line(&text, "version", text_of(plugin->description, "version"));
  append_line(&text, "ABI", text_of(plugin->description, "abi"));
  append_line(&text, "file", file != NULL ? file : "");
  append_line(&text, "account", text_of(plugin->description, "account"));
  append_line(&text, "state", text_of(plugin->probe, "state"));
  append_line(&text, "engine", text_of(json_object_get(plugin->probe, "engine"), "path"));
  append_line(&text, "", text_of(json_object_get(plugin->probe, "engine"), "version"));
  append_claims(&text, plugin->probe);
  append_options(&text, plugin->description);
  append_findings(&text, plugin->probe);
  return output_text(&text, error);
}

static int show(struct gateway *gateway, const char *name, struct error **error)
{
  size_t count = 0;
  struct plugin *plugins = ask(gateway, name, &count);
  int answer = -1;
  if (plugins == NULL) {
    error_memory(error);
  } else if (count == 0) {
    const char *const *names = registry_names(gateway->registry);
    while (names[count] != NULL)
      count++;
    const char *near = text_suggest(name, names, count);
    error_make(error, ERROR_FAILED, 0, "there is no plugin \"%s\"", name);
    if (near != NULL)
      error_hint(error, "did you mean \"%s\"?", near);
    else
      error_hint(error,
                 "packages call it jauauth-plugin-%s; `jauauth plugins list` shows what is "
                 "installed",
                 name);
    count = 0;
  } else if (plugins[0].error != NULL && !gateway->line->json) {
    *error = error_copy(plugins[0].error);
  } else {
    answer = print_plugin(gateway, &plugins[0], error);
  }
  free_plugins(plugins, count);
  return answer;
}

int command_plugins_show(const struct command_line *line, const char *const *arguments,
                         struct error **error)
{
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  int answer = show(&gateway, arguments[0], error);
  gateway_close(&gateway);
  return answer;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth init`: a first host file and servers file where jauauth looks for them. */
#include "core/cli/commands.h"

#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/output.h"
#include "core/config/file.h"
#include "core/config/host_file.h"
#include "core/config/paths.h"
#include "core/config/servers_file.h"

/* One of the two files: where it is now, and what was done for that. */
struct first_file {
  const char *kind;
  const char *what;
  const char *path;
  bool written;
};

/* What may be done now, as commands and what they are for. */
static const struct {
  const char *command;
  const char *text;
} next_steps[] = {
    {"jauauth plugins list", "which sandboxes work on this machine"},
    {"jauauth config import FILE", "take over the servers of another client's file"},
    {"jauauth config check", "judge both files, and what would stop a server here"},
    {"jauauth tools", "start the servers and list their tools"},
};

/* The file that is used already stays, wherever it is: a new one in front of it would hide it. */
static int make(struct first_file *file, const struct config_places *places,
                const struct buffer *text, struct error **error)
{
  bool there = false;
  for (size_t i = 0; i < places->count; i++)
    there = there || places->places[i].exists;
  file->path = there ? places->found : places->places[0].path;
  if (there)
    return 0;
  if (config_file_write(file->path, text, false, error) != 0)
    return -1;
  file->written = true;
  /* It is no good where it would not be believed. */
  CLEANUP_BUFFER struct buffer read = {0};
  return config_file_load(file->path, &read, error);
}

static int make_both(const struct config_paths *paths, struct first_file *host,
                     struct first_file *servers, struct error **error)
{
  CLEANUP_BUFFER struct buffer template = {0};
  CLEANUP_BUFFER struct buffer empty = {0};
  host_config_append_template(&template);
  buffer_append_text(&empty, servers_config_empty);
  if (make(host, &paths->host, &template, error) != 0)
    return -1;
  return make(servers, &paths->servers, &empty, error);
}

static json_t *file_json(const struct first_file *file)
{
  CLEANUP_BUFFER struct buffer path = {0};
  text_escape_controls(&path, file->path, strlen(file->path));
  return json_pack("{s:s, s:s, s:b}", "kind", file->kind, "path", path.data, "written",
                   (int)file->written);
}

static json_t *as_json(const struct first_file *host, const struct first_file *servers)
{
  json_t *steps = json_array();
  for (size_t i = 0; i < sizeof next_steps / sizeof next_steps[0]; i++)
    json_array_append_new(steps, json_pack("{s:s, s:s}", "command", next_steps[i].command, "text",
                                           next_steps[i].text));
  return json_pack("{s:[o, o], s:o}", "files", file_json(host), file_json(servers), "next", steps);
}

static void append_file(struct buffer *out, const struct first_file *file)
{
  buffer_append_text(out, file->written ? "wrote " : "kept  ");
  text_escape_controls(out, file->path, strlen(file->path));
  buffer_append_format(out, "  (%s)\n", file->written ? file->what : "there is one already");
}

static void append_steps(struct buffer *out)
{
  buffer_append_text(out, "\nnext:\n");
  for (size_t i = 0; i < sizeof next_steps / sizeof next_steps[0]; i++)
    buffer_append_format(out, "  %-28s %s\n", next_steps[i].command, next_steps[i].text);
  buffer_append_text(out,
                     "\nA server is added to the servers file like this (jauauth-servers(5)):\n");
  for (const char *line = servers_config_smallest; *line != '\0';) {
    size_t length = strcspn(line, "\n") + 1;
    buffer_append_text(out, "  ");
    buffer_append(out, line, length);
    line += length;
  }
}

int command_init(const struct command_line *line, const char *const *arguments,
                 struct error **error)
{
  (void)arguments;
  struct config_paths_settings settings = {
      .host_option = line->config,
      .servers_option = line->servers,
      .environment = (const char *const *)environ,
      .user = geteuid(),
  };
  CLEANUP_CONFIG_PATHS struct config_paths paths = {0};
  struct first_file host = {.kind = "host", .what = "host file, every setting as a comment"};
  struct first_file servers = {.kind = "servers", .what = "servers file, without a server yet"};
  if (config_paths_find(&settings, &paths, error) != 0)
    return -1;
  int result = make_both(&paths, &host, &servers, error);
  if (result == 0 && line->json)
    return output_json(as_json(&host, &servers), error);
  CLEANUP_BUFFER struct buffer text = {0};
  if (host.path != NULL && !line->json && (result == 0 || host.written))
    append_file(&text, &host);
  if (servers.path != NULL && !line->json && (result == 0 || servers.written))
    append_file(&text, &servers);
  if (result == 0)
    append_steps(&text);
  return output_text(&text, result == 0 ? error : NULL) == 0 ? result : -1;
}

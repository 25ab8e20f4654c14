/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth config import`: shows, and with --write does, what takes over another client's file. */
#include "core/cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/diff.h"
#include "core/base/text.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/config/file.h"
#include "core/config/import.h"
#include "core/config/variable.h"
#include "core/os/trust.h"

/* What the plugins say about one strategy. */
struct strategy {
  const char *name;
  json_t *description; /* NULL: could not be asked */
  json_t *probe;
  size_t *waiting;
};

struct import {
  struct gateway *gateway;
  const char *file;   /* that is taken over */
  const char *target; /* servers file */
  struct strategy *strategies;
  size_t strategy_count;
  struct config_front *fronts;
  size_t front_count;
  struct buffer source;
  struct buffer old; /* the target as it is; empty: there is none */
  struct buffer new;
  bool existing;
  char *backup; /* where the old one is kept; NULL: it was not written */
  json_t *report;
  struct config_problems problems;        /* of the file */
  struct config_problems target_problems; /* of the target as it is */
  struct config_problems later;           /* of the target as it would be: what is left to do */
};

/* --- What works here ----------------------------------------------------------------------------
 */

static void described(void *data, json_t *answer, const struct error *error)
{
  (void)error;
  struct strategy *strategy = data;
  strategy->description = json_incref(answer);
  --*strategy->waiting;
}

static void probed(void *data, json_t *answer, const struct error *error)
{
  (void)error;
  struct strategy *strategy = data;
  strategy->probe = json_incref(answer);
  --*strategy->waiting;
}

static int ask(struct import *import, struct error **error)
{
  struct registry *registry = import->gateway->registry;
  const char *const *names = registry_names(registry);
  size_t waiting = 0;
  size_t count = 0;
  while (names[count] != NULL)
    count++;
  import->strategies = calloc(count + 1, sizeof *import->strategies);
  if (import->strategies == NULL)
    return error_memory(error);
  import->strategy_count = count;
  for (size_t i = 0; i < count; i++) {
    import->strategies[i] = (struct strategy){.name = names[i], .waiting = &waiting};
    waiting += 2;
    registry_describe(registry, names[i], described, &import->strategies[i]);
    registry_probe(registry, names[i], probed, &import->strategies[i]);
  }
  while (waiting > 0)
    uv_run(&import->gateway->loop, UV_RUN_ONCE);
  return 0;
}

static int collect_fronts(struct import *import, struct error **error)
{
  for (size_t i = 0; i < import->strategy_count; i++) {
    json_t *programs = json_object_get(import->strategies[i].description, "front_programs");
    size_t index;
    json_t *program;
    json_array_foreach (programs, index, program) {
      struct config_front *grown =
          reallocarray(import->fronts, import->front_count + 1, sizeof *import->fronts);
      if (grown == NULL)
        return error_memory(error);
      import->fronts = grown;
      grown[import->front_count++] =
          (struct config_front){json_string_value(program), import->strategies[i].name};
    }
  }
  return 0;
}

/* Whether it needs an image and nothing else, as what runs containers does. */
static bool runs_images(const struct strategy *strategy)
{
  bool image = false;
  size_t index;
  json_t *option;
  json_array_foreach (json_object_get(strategy->description, "options"), index, option) {
    const char *name = json_string_value(json_object_get(option, "name"));
    if (!json_is_true(json_object_get(option, "required")))
      continue;
    if (name == NULL || strcmp(name, "image") != 0)
      return false;
    image = true;
  }
  return image;
}

/* Of those that work here the one in which the probe has found least amiss. */
static const char *find_container(const struct import *import)
{
  const struct strategy *best = NULL;
  size_t least = 0;
  for (size_t i = 0; i < import->strategy_count; i++) {
    const struct strategy *strategy = &import->strategies[i];
    const char *state = json_string_value(json_object_get(strategy->probe, "state"));
    size_t findings = json_array_size(json_object_get(strategy->probe, "findings"));
    if (state == NULL || strcmp(state, "unavailable") == 0 || !runs_images(strategy))
      continue;
    if (best == NULL || findings < least) {
      best = strategy;
      least = findings;
    }
  }
  return best != NULL ? best->name : NULL;
}

/* --- Reading ------------------------------------------------------------------------------------
 */

static int find_target(struct import *import, struct error **error)
{
  const struct config_places *places = &import->gateway->paths.servers;
  import->target = import->gateway->line->to;
  if (import->target == NULL)
    import->target = places->found != NULL ? places->found : places->places[0].path;
  if (config_file_load(import->target, &import->old, error) == 0) {
    import->existing = true;
    return 0;
  }
  if ((*error)->errnum != ENOENT)
    return -1;
  error_free(error);
  return 0;
}

static int refuse(struct import *import, struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  config_problems_append_text(&import->problems, &text);
  config_problems_append_text(&import->target_problems, &text);
  if (text.length > 0)
    fwrite(text.data, 1, text.length, stderr);
  bool source = import->problems.errors > 0;
  return error_make(error, ERROR_CONFIG, 0,
                    source ? "%s cannot be taken over" : "%s cannot be used",
                    source ? import->file : import->target);
}

static int read_all(struct import *import, struct error **error)
{
  struct import_settings settings = {
      .default_strategy = import->gateway->host->default_strategy,
      .home = config_environment_value((const char *const *)environ, "HOME"),
  };
  config_problems_name(&import->problems, import->file);
  if (config_file_read(import->file, &import->source, error) != 0 ||
      find_target(import, error) != 0 || ask(import, error) != 0 ||
      collect_fronts(import, error) != 0)
    return -1;
  config_problems_name(&import->target_problems, import->target);
  settings.container = find_container(import);
  settings.fronts = import->fronts;
  settings.front_count = import->front_count;
  const char *slash = strrchr(import->file, '/');
  if (config_import(&settings, slash != NULL ? slash + 1 : import->file, &import->source,
                    &import->old, &import->problems, &import->target_problems, &import->new,
                    &import->report, error) != 0)
    return *error != NULL ? -1 : refuse(import, error);
  struct servers_settings reading = {
      .default_strategy = import->gateway->host->default_strategy,
      .allowed_variables = (const char *const *)import->gateway->host->environment,
      .environment = (const char *const *)environ,
  };
  config_problems_name(&import->later, import->target);
  CLEANUP_SERVERS_CONFIG struct servers_config *servers =
      servers_config_parse(import->new.data, import->new.length, &reading, &import->later);
  if (servers == NULL)
    return error_make(error, ERROR_FAILED, 0, "what would be written cannot be read again");
  return 0;
}

/* --- Writing ------------------------------------------------------------------------------------
 */

/* Keeps the old file under a name that nothing has. */
static int keep_old(struct import *import, struct error **error)
{
  for (unsigned number = 1; number < 1000; number++) {
    char suffix[16] = "";
    if (number > 1)
      snprintf(suffix, sizeof suffix, ".%u", number);
    free(import->backup);
    if (asprintf(&import->backup, "%s.bak%s", import->target, suffix) < 0) {
      import->backup = NULL;
      return error_memory(error);
    }
    if (config_file_write(import->backup, &import->old, false, error) == 0)
      return 0;
    if ((*error)->errnum != EEXIST)
      break;
    error_free(error);
  }
  free(import->backup);
  import->backup = NULL;
  if (*error == NULL)
    return error_make(error, ERROR_CONFIG, 0, "there are too many backups of %s", import->target);
  return error_wrap(error, "no backup");
}

static bool changes(const struct import *import)
{
  return import->old.length != import->new.length ||
         memcmp(import->old.data, import->new.data, import->new.length) != 0;
}

static int write_target(struct import *import, struct error **error)
{
  if (!changes(import))
    return 0;
  if (import->existing && keep_old(import, error) != 0)
    return -1;
  if (config_file_write(import->target, &import->new, import->existing, error) != 0)
    return -1;
  /* It is no good where it would not be believed. */
  CLEANUP_BUFFER struct buffer read = {0};
  return config_file_load(import->target, &read, error);
}

/* --- Showing ------------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *object, const char *name)
{
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL ? text : "";
}

/* The difference with secrets masked in both; the text ends with a line feed or is empty. */
static void append_diff(const struct import *import, struct buffer *out)
{
  CLEANUP_BUFFER struct buffer old = {0};
  CLEANUP_BUFFER struct buffer new = {0};
  buffer_append_text(&old, "");
  config_import_mask(import->old.data != NULL ? import->old.data : "", import->old.length, &old);
  config_import_mask(import->new.data, import->new.length, &new);
  out->failed |= old.failed || new.failed;
  if (!out->failed)
    diff_append(out, import->existing ? import->target : "/dev/null", import->target, old.data,
                new.data);
}

/* The last problem that matters to the user is told; a file that others can write may be theirs. */
static bool is_trusted(const struct import *import)
{
  CLEANUP_ERROR struct error *error = NULL;
  struct trust_owners owners;
  if (trust_owners_find(&owners, &error) != 0)
    return false;
  CLEANUP_CLOSE int file = trust_open(&owners, import->file, NULL, &error);
  return file >= 0;
}

static void append_fields(struct buffer *out, json_t *fields, const char *indent)
{
  size_t index;
  json_t *field;
  json_array_foreach (fields, index, field) {
    buffer_append_format(out, "%s%s: %s", indent, text_of(field, "field"), text_of(field, "went"));
    if (strcmp(text_of(field, "went"), "kept") == 0)
      buffer_append_text(out, " in \"imported\"");
    buffer_append_format(out, "%s%s\n", *text_of(field, "text") != '\0' ? "; " : "",
                         text_of(field, "text"));
  }
}

static void append_server(struct buffer *out, json_t *server)
{
  const char *result = text_of(server, "result");
  bool taken = strcmp(result, "taken") == 0;
  buffer_append_format(out, "\n%s: %s", text_of(server, "name"),
                       taken                          ? "taken over"
                       : strcmp(result, "aside") == 0 ? "kept aside in \"imported\""
                                                      : "left out");
  buffer_append_format(out, "%s%s\n", *text_of(server, "text") != '\0' ? "; " : "",
                       text_of(server, "text"));
  size_t index;
  json_t *reason;
  json_t *sandbox = json_object_get(server, "sandbox");
  CLEANUP_FREE char *text = sandbox != NULL ? json_dumps(sandbox, 0) : NULL;
  if (text != NULL)
    buffer_append_format(out, "  sandbox: %s\n", text);
  json_array_foreach (json_object_get(server, "reasons"), index, reason)
    buffer_append_format(out, "    %s\n", json_string_value(reason));
  append_fields(out, taken ? json_object_get(server, "fields") : NULL, "  ");
}

static void append_report(const struct import *import, struct buffer *out)
{
  size_t index;
  json_t *each;
  buffer_append_format(out, "%s -> %s\n", import->file, import->target);
  json_array_foreach (json_object_get(import->report, "notes"), index, each)
    buffer_append_format(out, "note: %s\n", json_string_value(each));
  if (!is_trusted(import))
    buffer_append_text(out, "note: others could have written the file: look at what it starts\n");
  append_fields(out, json_object_get(import->report, "fields"), "");
  json_array_foreach (json_object_get(import->report, "servers"), index, each)
    append_server(out, each);
}

/* Appends lines of foreign words so that they cannot steer a terminal. */
static void append_safely(struct buffer *out, const struct buffer *text)
{
  out->failed |= text->failed;
  for (size_t at = 0; at < text->length;) {
    const char *end = memchr(text->data + at, '\n', text->length - at);
    size_t length = end != NULL ? (size_t)(end - text->data) - at : text->length - at;
    text_escape_controls(out, text->data + at, length);
    buffer_append_byte(out, '\n');
    at += length + 1;
  }
}

static int print_text(const struct import *import, struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_BUFFER struct buffer safe = {0};
  append_report(import, &text);
  buffer_append_byte(&text, '\n');
  append_diff(import, &text);
  if (import->later.count > 0) {
    buffer_append_text(&text, "\nleft to do, in the file as it then is:\n");
    config_problems_append_text(&import->later, &text);
  }
  if (!changes(import))
    buffer_append_text(&text, "there is nothing new to write\n");
  else if (!import->gateway->line->write)
    buffer_append_text(&text, "\nnothing was written: add --write to do so\n");
  else
    buffer_append_format(&text, "\nwrote %s%s%s\nnext: jauauth config check\n", import->target,
                         import->backup != NULL ? ", and kept the old one as " : "",
                         import->backup != NULL ? import->backup : "");
  append_safely(&safe, &text);
  return output_text(&safe, error);
}

static int print_json(struct import *import, struct error **error)
{
  CLEANUP_BUFFER struct buffer diff = {0};
  buffer_append_text(&diff, "");
  append_diff(import, &diff);
  json_t *answer =
      json_pack("{s:s, s:s, s:b, s:s?, s:b, s:s, s:o}", "file", import->file, "target",
                import->target, "written", import->gateway->line->write && changes(import),
                "backup", import->backup, "trusted", (int)is_trusted(import), "diff", diff.data,
                "problems", config_problems_json(&import->later));
  if (answer != NULL && json_object_update(answer, import->report) != 0) {
    json_decref(answer);
    answer = NULL;
  }
  return output_json(answer, error);
}

static int run(struct import *import, struct error **error)
{
  if (read_all(import, error) != 0)
    return -1;
  if (import->gateway->line->write && write_target(import, error) != 0)
    return -1;
  return import->gateway->line->json ? print_json(import, error) : print_text(import, error);
}

static void free_import(struct import *import)
{
  for (size_t i = 0; i < import->strategy_count; i++) {
    json_decref(import->strategies[i].description);
    json_decref(import->strategies[i].probe);
  }
  free(import->strategies);
  free(import->fronts);
  buffer_free(&import->source);
  buffer_free(&import->old);
  buffer_free(&import->new);
  free(import->backup);
  json_decref(import->report);
  config_problems_free(&import->problems);
  config_problems_free(&import->target_problems);
  config_problems_free(&import->later);
}

int command_config_import(const struct command_line *line, const char *const *arguments,
                          struct error **error)
{
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  struct import import = {.gateway = &gateway, .file = arguments[0]};
  int answer = run(&import, error);
  free_import(&import);
  gateway_close(&gateway);
  return answer;
}

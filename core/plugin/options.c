/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the option table and the object of the servers file side by side. */
#include "core/plugin/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/plugin/options_reading.h"
#include "core/plugin/table.h"

/* Appends a name as one step of a JSON pointer (RFC 6901). */
static void append_step(struct buffer *out, const char *name)
{
  buffer_append_byte(out, '/');
  for (const char *at = name; *at != '\0'; at++)
    if (*at == '~')
      buffer_append_text(out, "~0");
    else if (*at == '/')
      buffer_append_text(out, "~1");
    else
      buffer_append_byte(out, *at);
}

static void add_problem(struct options_reading *reading, const char *pointer, const char *text,
                        const char *hint)
{
  json_t *problem = json_pack("{s:s, s:s, s:s*}", "pointer", pointer, "text", text, "hint", hint);
  if (reading->entry == NULL && reading->name != NULL)
    json_object_set_new(problem, "at_key", json_true());
  reading->failed |= json_array_append_new(reading->problems, problem) != 0;
}

void options_problem(struct options_reading *reading, int index, const char *hint,
                     const char *format, ...)
{
  CLEANUP_BUFFER struct buffer pointer = {0};
  if (reading->name != NULL)
    append_step(&pointer, reading->name);
  if (index != OPTIONS_NO_INDEX)
    buffer_append_format(&pointer, "/%d", index);
  va_list arguments;
  va_start(arguments, format);
  char *text = NULL;
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0 || pointer.failed) {
    reading->failed = true;
    return;
  }
  add_problem(reading, pointer.data == NULL ? "" : pointer.data, text, hint);
  free(text);
}

/* Whether an entry belongs to the file that is being read. */
static bool is_ours(const struct options_reading *reading, json_t *entry)
{
  return json_is_true(json_object_get(entry, "host")) == reading->host;
}

static json_t *find_entry(json_t *table, const char *name)
{
  size_t index;
  json_t *entry;
  json_array_foreach (table, index, entry) {
    const char *known = json_string_value(json_object_get(entry, "name"));
    if (known != NULL && strcmp(known, name) == 0)
      return entry;
  }
  return NULL;
}

/* "did you mean", or all that there are. */
static void hint_known(const struct options_reading *reading, struct buffer *hint, json_t *table,
                       const char *unknown)
{
  const char *names[TABLE_OPTIONS_MAX];
  size_t count = 0;
  size_t index;
  json_t *entry;
  json_array_foreach (table, index, entry) {
    if (count < TABLE_OPTIONS_MAX && is_ours(reading, entry))
      names[count++] = json_string_value(json_object_get(entry, "name"));
  }
  const char *near = text_suggest(unknown, names, count);
  if (near != NULL) {
    buffer_append_format(hint, "did you mean \"%s\"?", near);
    return;
  }
  buffer_append_text(hint, count == 0 ? "this strategy has no options" : "the options are ");
  for (size_t i = 0; i < count; i++)
    buffer_append_format(hint, "%s%s", i == 0 ? "" : ", ", names[i]);
}

static void report_unknown(struct options_reading *reading, json_t *table, json_t *given)
{
  const char *name;
  json_t *value;
  json_object_foreach (given, name, value) {
    json_t *entry = find_entry(table, name);
    if (entry != NULL && is_ours(reading, entry))
      continue;
    CLEANUP_BUFFER struct buffer shown = {0};
    CLEANUP_BUFFER struct buffer hint = {0};
    text_escape_controls(&shown, name, strnlen(name, 64));
    reading->name = name;
    if (entry != NULL) {
      options_problem(reading, OPTIONS_NO_INDEX, NULL,
                      reading->host ? "\"%s\" is an option of a server, in the servers file"
                                    : "\"%s\" is for the administrator, in the host file",
                      name);
      continue;
    }
    hint_known(reading, &hint, table, name);
    options_problem(reading, OPTIONS_NO_INDEX, hint.data, "the strategy has no option \"%s\"",
                    shown.data == NULL ? "" : shown.data);
  }
}

static void report_missing(struct options_reading *reading)
{
  const char *help = json_string_value(json_object_get(reading->entry, "help"));
  CLEANUP_BUFFER struct buffer hint = {0};
  if (help != NULL && help[0] != '\0')
    buffer_append_format(&hint, "%s: %s", reading->name, help);
  const char *name = reading->name;
  reading->name = NULL;
  options_problem(reading, OPTIONS_NO_INDEX, hint.data, "the option \"%s\" is needed", name);
}

static void read_option(struct options_reading *reading, json_t *given, json_t *options)
{
  json_t *entry = reading->entry;
  if (!is_ours(reading, entry))
    return;
  reading->name = json_string_value(json_object_get(entry, "name"));
  reading->type = table_type_from_word(json_string_value(json_object_get(entry, "type")));
  reading->means = table_means_from_word(json_string_value(json_object_get(entry, "means")));
  reading->secret = json_is_true(json_object_get(entry, "secret"));
  json_t *value = json_object_get(given, reading->name);
  if (value == NULL) {
    if (json_is_true(json_object_get(entry, "required")))
      report_missing(reading);
    return;
  }
  json_t *typed = options_typed(reading, value);
  if (typed != NULL && reading->means != JAUAUTH_MEANS_NOTHING)
    options_move(reading, typed);
  else if (typed != NULL)
    reading->failed |= json_object_set(options, reading->name, typed) != 0;
  json_decref(typed);
}

static int apply(struct options_reading start, json_t *description, json_t *given, json_t **options,
                 struct error **error)
{
  json_t *table = json_object_get(description, "options");
  struct options_reading reading = start;
  *options = json_object();
  if (*options == NULL)
    return error_memory(error);
  if (given != NULL && !json_is_object(given) && !json_is_null(given))
    options_problem(&reading, OPTIONS_NO_INDEX, "write {\"option\": value, …}, or {}",
                    "the options of a strategy must be an object");
  report_unknown(&reading, table, given);
  for (size_t i = 0; i < json_array_size(table); i++) {
    reading.entry = json_array_get(table, i);
    read_option(&reading, given, *options);
  }
  if (!reading.failed)
    return 0;
  json_decref(*options);
  *options = NULL;
  return error_memory(error);
}

int options_apply(json_t *description, json_t *given, json_t *request, json_t **options,
                  json_t *problems, struct error **error)
{
  struct options_reading reading = {.request = request, .problems = problems};
  return apply(reading, description, given, options, error);
}

int options_apply_host(json_t *description, json_t *given, json_t **options, json_t *problems,
                       struct error **error)
{
  struct options_reading reading = {.problems = problems, .host = true};
  return apply(reading, description, given, options, error);
}

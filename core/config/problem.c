/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a configuration file. */
#include "core/config/problem.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void config_problems_name(struct config_problems *problems, const char *file)
{
  free(problems->file);
  problems->file = strdup(file);
  if (problems->file == NULL)
    problems->failed = true;
}

static char *copy(struct config_problems *problems, const char *text)
{
  char *copied = text == NULL ? NULL : strdup(text);
  if (text != NULL && copied == NULL)
    problems->failed = true;
  return copied;
}

static bool is_behind(const struct config_problem *one, const struct config_problem *other)
{
  return one->line != other->line ? one->line > other->line : one->column > other->column;
}

/* Makes room behind all that stand at the same place or before it; NULL when there is none. */
static struct config_problem *make_room(struct config_problems *problems,
                                        const struct config_problem *place)
{
  if (problems->count == CONFIG_PROBLEMS_MAX)
    return NULL;
  if (problems->count == problems->capacity) {
    size_t capacity = problems->capacity == 0 ? 8 : problems->capacity * 2;
    struct config_problem *items = reallocarray(problems->items, capacity, sizeof *items);
    if (items == NULL) {
      problems->failed = true;
      return NULL;
    }
    problems->items = items;
    problems->capacity = capacity;
  }
  size_t at = problems->count++;
  for (; at > 0 && is_behind(&problems->items[at - 1], place); at--)
    problems->items[at] = problems->items[at - 1];
  return &problems->items[at];
}

void config_problems_add(struct config_problems *problems, const struct config_problem *place,
                         const char *format, ...)
{
  if (place->severity == CONFIG_ERROR) {
    problems->errors++;
    if (place->server == CONFIG_WHOLE_FILE)
      problems->stopped = true;
  } else if (place->severity == CONFIG_WARNING) {
    problems->warnings++;
  } else {
    problems->notes++;
  }
  struct config_problem *problem = make_room(problems, place);
  if (problem == NULL)
    return;
  *problem = *place;
  problem->server_id = copy(problems, place->server_id);
  problem->pointer = copy(problems, place->pointer);
  problem->hint = copy(problems, place->hint);
  problem->text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&problem->text, format, arguments) < 0) {
    problem->text = NULL;
    problems->failed = true;
  }
  va_end(arguments);
}

bool config_problems_stop(const struct config_problems *problems, bool strict)
{
  return problems->failed || problems->stopped ||
         (strict && (problems->errors > 0 || problems->warnings > 0));
}

static const char *severity_word(enum config_severity severity)
{
  static const char *const words[] = {
      [CONFIG_ERROR] = "error", [CONFIG_WARNING] = "warning", [CONFIG_NOTE] = "note"};
  return words[severity];
}

static void append_escaped(struct buffer *out, const char *text)
{
  text_escape_controls(out, text, strlen(text));
}

static void append_hint(struct buffer *out, const char *hint)
{
  buffer_append_text(out, "    hint: ");
  for (const char *end; (end = strchr(hint, '\n')) != NULL; hint = end + 1) {
    text_escape_controls(out, hint, (size_t)(end - hint));
    buffer_append_text(out, "\n    ");
  }
  append_escaped(out, hint);
  buffer_append_byte(out, '\n');
}

static void append_place(struct buffer *out, const char *file, const struct config_problem *problem)
{
  if (file != NULL) {
    append_escaped(out, file);
    buffer_append_byte(out, ':');
  }
  if (problem->line > 0)
    buffer_append_format(out, "%zu:", problem->line);
  if (problem->line > 0 && problem->column > 0)
    buffer_append_format(out, "%zu:", problem->column);
  if (file != NULL || problem->line > 0)
    buffer_append_byte(out, ' ');
}

void config_problems_append_text(const struct config_problems *problems, struct buffer *out)
{
  for (size_t i = 0; i < problems->count; i++) {
    const struct config_problem *problem = &problems->items[i];
    append_place(out, problems->file, problem);
    buffer_append_format(out, "%s: ", severity_word(problem->severity));
    append_escaped(out, problem->text != NULL ? problem->text : "out of memory");
    if (problem->pointer != NULL && problem->pointer[0] != '\0') {
      buffer_append_text(out, " (at ");
      append_escaped(out, problem->pointer);
      buffer_append_byte(out, ')');
    }
    buffer_append_byte(out, '\n');
    if (problem->hint != NULL)
      append_hint(out, problem->hint);
  }
  size_t all = problems->errors + problems->warnings + problems->notes;
  if (all > problems->count)
    buffer_append_format(out, "and %zu more\n", all - problems->count);
}

/* A member of text; what is not UTF-8 (a file's name can be) is escaped. False: out of memory. */
static bool set_text(json_t *object, const char *name, const char *text)
{
  if (text == NULL)
    return true;
  if (text_is_utf8(text, strlen(text)))
    return json_object_set_new(object, name, json_string(text)) == 0;
  CLEANUP_BUFFER struct buffer escaped = {0};
  append_escaped(&escaped, text);
  return !escaped.failed && json_object_set_new(object, name, json_string(escaped.data)) == 0;
}

static bool set_number(json_t *object, const char *name, size_t number)
{
  return number == 0 || json_object_set_new(object, name, json_integer((json_int_t)number)) == 0;
}

json_t *config_problems_json(const struct config_problems *problems)
{
  json_t *array = json_array();
  for (size_t i = 0; array != NULL && i < problems->count; i++) {
    const struct config_problem *problem = &problems->items[i];
    json_t *object = json_object();
    bool good = object != NULL && set_text(object, "file", problems->file) &&
                set_text(object, "severity", severity_word(problem->severity)) &&
                set_text(object, "server", problem->server_id) &&
                set_text(object, "pointer", problem->pointer) &&
                set_number(object, "line", problem->line) &&
                set_number(object, "column", problem->column) &&
                set_text(object, "text", problem->text) && set_text(object, "hint", problem->hint);
    if (!good) {
      json_decref(object);
      json_decref(array);
      return NULL;
    }
    if (json_array_append_new(array, object) != 0) {
      json_decref(array);
      return NULL;
    }
  }
  return array;
}

void config_problems_free(struct config_problems *problems)
{
  for (size_t i = 0; i < problems->count; i++) {
    free(problems->items[i].server_id);
    free(problems->items[i].pointer);
    free(problems->items[i].text);
    free(problems->items[i].hint);
  }
  free(problems->items);
  free(problems->file);
  *problems = (struct config_problems){0};
}

const char *config_shown(const char *text, char out[CONFIG_SHOWN_MAX + 4])
{
  size_t length = strnlen(text, CONFIG_SHOWN_MAX + 1);
  bool cut = length > CONFIG_SHOWN_MAX;
  if (cut)
    length = CONFIG_SHOWN_MAX;
  while (cut && length > 0 && ((unsigned char)text[length] & 0xC0U) == 0x80)
    length--;
  memcpy(out, text, length);
  out[length] = '\0';
  if (cut)
    memcpy(out + length, "…", sizeof "…");
  return out;
}

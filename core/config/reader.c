/* SPDX-License-Identifier: Apache-2.0 */
/* Reads members of a JSON tree into C and reports what is wrong at its place in the text. */
#include "core/config/reader.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/json/place.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t config_reader_enter(struct config_reader *reader, const char *name)
{
  size_t before = reader->pointer.length;
  buffer_append_byte(&reader->pointer, '/');
  for (; *name != '\0'; name++) {
    if (*name == '~')
      buffer_append_text(&reader->pointer, "~0");
    else if (*name == '/')
      buffer_append_text(&reader->pointer, "~1");
    else
      buffer_append_byte(&reader->pointer, *name);
  }
  return before;
}

size_t config_reader_enter_element(struct config_reader *reader, size_t index)
{
  size_t before = reader->pointer.length;
  buffer_append_format(&reader->pointer, "/%zu", index);
  return before;
}

void config_reader_leave(struct config_reader *reader, size_t before)
{
  if (before < reader->pointer.length) {
    reader->pointer.length = before;
    reader->pointer.data[before] = '\0';
  }
}

static void report(struct config_reader *reader, enum config_severity severity, bool key,
                   const char *hint, const char *format, va_list arguments)
{
  if (severity == CONFIG_ERROR && reader->broken != NULL)
    *reader->broken = true;
  if (reader->pointer.failed)
    reader->problems->failed = true;
  const char *pointer = reader->pointer.data != NULL ? reader->pointer.data : "";
  struct json_position position = {0};
  /* Looking for a place reads the text from its start: not for what will not be shown. */
  if (reader->problems->count < CONFIG_PROBLEMS_MAX)
    json_place(reader->text, reader->length, pointer, key, &position);
  CLEANUP_FREE char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0) {
    text = NULL;
    reader->problems->failed = true;
  }
  struct config_problem place = {.severity = severity,
                                 .server = reader->server,
                                 .server_id = (char *)reader->server_id,
                                 .pointer = (char *)pointer,
                                 .line = position.line,
                                 .column = position.column,
                                 .hint = (char *)hint};
  config_problems_add(reader->problems, &place, "%s", text != NULL ? text : "");
}

void config_reader_error(struct config_reader *reader, const char *hint, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  report(reader, CONFIG_ERROR, false, hint, format, arguments);
  va_end(arguments);
}

void config_reader_warn(struct config_reader *reader, const char *hint, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  report(reader, CONFIG_WARNING, false, hint, format, arguments);
  va_end(arguments);
}

void config_reader_key_error(struct config_reader *reader, const char *hint, const char *format,
                             ...)
{
  va_list arguments;
  va_start(arguments, format);
  report(reader, CONFIG_ERROR, true, hint, format, arguments);
  va_end(arguments);
}

static const char *type_word(const json_t *value)
{
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    return "an object";
  case JSON_ARRAY:
    return "a list";
  case JSON_STRING:
    return "a text";
  case JSON_INTEGER:
    return "a whole number";
  case JSON_REAL:
    return "a number with a fraction";
  case JSON_TRUE:
    return "true";
  case JSON_FALSE:
    return "false";
  case JSON_NULL:
    return "null";
  }
  return "something else";
}

void config_reader_expected(struct config_reader *reader, const json_t *value, const char *what)
{
  config_reader_error(reader, NULL, "expected %s, found %s", what, type_word(value));
}

static void unknown_key(struct config_reader *reader, const char *name,
                        const struct config_key *keys)
{
  enum { NAMES_MAX = 48 };
  const char *names[NAMES_MAX] = {0};
  size_t count = 0;
  CLEANUP_BUFFER struct buffer hint = {0};
  for (; keys->name != NULL && count < NAMES_MAX; keys++) {
    if (keys->read != NULL)
      names[count++] = keys->name;
  }
  const char *near = text_suggest(name, names, count);
  if (near != NULL)
    buffer_append_format(&hint, "did you mean \"%s\"?", near);
  else
    buffer_append_text(&hint, "known here are: ");
  for (size_t i = 0; near == NULL && i < count; i++)
    buffer_append_format(&hint, "%s%s", i > 0 ? ", " : "", names[i]);
  char shown[CONFIG_SHOWN_MAX + 4];
  config_reader_key_error(reader, hint.data, "unknown key \"%s\"", config_shown(name, shown));
}

static void read_member(struct config_reader *reader, const char *name, json_t *value,
                        const struct config_key *keys, void *target)
{
  const struct config_key *key = keys;
  while (key->name != NULL && strcmp(key->name, name) != 0)
    key++;
  if (key->name == NULL)
    unknown_key(reader, name, keys);
  else if (key->read == NULL)
    config_reader_key_error(reader, key->hint, "%s", key->refused);
  else
    key->read(reader, value, target);
}

bool config_reader_object(struct config_reader *reader, json_t *value, const char *what,
                          const struct config_key *keys, void *target)
{
  if (!json_is_object(value)) {
    config_reader_expected(reader, value, what);
    return false;
  }
  const char *name;
  json_t *member;
  json_object_foreach (value, name, member) {
    size_t before = config_reader_enter(reader, name);
    read_member(reader, name, member, keys, target);
    config_reader_leave(reader, before);
  }
  return true;
}

bool config_reader_boolean(struct config_reader *reader, const json_t *value, bool *out)
{
  if (!json_is_boolean(value)) {
    config_reader_expected(reader, value, "true or false");
    return false;
  }
  *out = json_is_true(value);
  return true;
}

bool config_reader_text(struct config_reader *reader, const json_t *value, char **out)
{
  if (!json_is_string(value)) {
    config_reader_expected(reader, value, "a text in double quotes");
    return false;
  }
  if (json_string_length(value) == 0) {
    config_reader_error(reader, NULL, "this text must not be empty");
    return false;
  }
  free(*out);
  *out = strdup(json_string_value(value));
  if (*out == NULL)
    reader->problems->failed = true;
  return *out != NULL;
}

bool config_reader_integer(struct config_reader *reader, const json_t *value, int64_t min,
                           int64_t max, const char *unit, int64_t *out)
{
  if (!json_is_integer(value)) {
    CLEANUP_BUFFER struct buffer what = {0};
    buffer_append_format(&what, "a whole number of %s", unit);
    config_reader_expected(reader, value, what.data != NULL ? what.data : unit);
    return false;
  }
  int64_t number = json_integer_value(value);
  if (number < min || number > max) {
    config_reader_error(reader, NULL, "%lld is outside the range from %lld to %lld %s",
                        (long long)number, (long long)min, (long long)max, unit);
    return false;
  }
  *out = number;
  return true;
}

bool config_reader_texts(struct config_reader *reader, const json_t *value, const char *what,
                         config_check_text *check, char ***out)
{
  if (!json_is_array(value)) {
    config_reader_expected(reader, value, what);
    return false;
  }
  size_t count = 0;
  char **texts = calloc(json_array_size(value) + 1, sizeof *texts);
  if (texts == NULL) {
    reader->problems->failed = true;
    return false;
  }
  for (size_t i = 0; i < json_array_size(value); i++) {
    size_t before = config_reader_enter_element(reader, i);
    if (config_reader_text(reader, json_array_get(value, i), &texts[count]) &&
        (check == NULL || check(reader, texts[count])))
      count++;
    config_reader_leave(reader, before);
  }
  /* The last one may have been refused after it was copied. */
  free(texts[count]);
  texts[count] = NULL;
  config_texts_free(out);
  *out = texts;
  return true;
}

void config_reader_ignore(struct config_reader *reader, json_t *value, void *target)
{
  (void)target;
  if (!json_is_object(value) && !json_is_array(value))
    config_reader_expected(reader, value, "an object or a list");
}

void config_texts_free(char ***texts)
{
  for (char **text = *texts; text != NULL && *text != NULL; text++)
    free(*text);
  free(*texts);
  *texts = NULL;
}

bool config_texts_have(char *const *texts, const char *text)
{
  for (; texts != NULL && *texts != NULL; texts++) {
    if (strcmp(*texts, text) == 0)
      return true;
  }
  return false;
}

/* Whether one of the parts between slashes is "." or "..". */
static bool has_dots(const char *path)
{
  for (const char *part = path; part != NULL; part = strchr(part, '/')) {
    part += *part == '/';
    size_t length = strcspn(part, "/");
    if ((length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.'))
      return true;
  }
  return false;
}

bool config_reader_path(struct config_reader *reader, const char *path, const char *what)
{
  char shown[CONFIG_SHOWN_MAX + 4];
  const char *hint = NULL;
  if (path[0] == '~')
    hint = "\"~\" is replaced by shells only; write the whole path";
  else if (strchr(path, '$') != NULL)
    hint = "variables are replaced in \"args\" and \"env\" only; write the whole path";
  if (path[0] != '/')
    config_reader_error(reader, hint, "%s must be an absolute path, found \"%s\"", what,
                        config_shown(path, shown));
  else if (path[strspn(path, "/")] == '\0')
    config_reader_error(reader, NULL, "%s must not be \"/\"", what);
  else if (has_dots(path))
    config_reader_error(reader, NULL, "%s must not have \".\" or \"..\" between its slashes", what);
  else if (strlen(path) >= PATH_MAX)
    config_reader_error(reader, NULL, "%s is longer than %d bytes", what, PATH_MAX - 1);
  else
    return true;
  return false;
}

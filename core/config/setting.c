/* SPDX-License-Identifier: Apache-2.0 */
/* Reads libconfig's settings into C and reports what is wrong at its line. */
#include "core/config/setting.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append_path(const config_setting_t *setting, struct buffer *path)
{
  if (setting == NULL || config_setting_is_root(setting))
    return;
  append_path(config_setting_parent(setting), path);
  if (config_setting_name(setting) == NULL)
    buffer_append_format(path, "[%d]", config_setting_index(setting));
  else
    buffer_append_format(path, "%s%s", path->length > 0 ? "." : "", config_setting_name(setting));
}

void setting_error(struct config_problems *problems, const config_setting_t *setting,
                   const char *hint, const char *format, ...)
{
  CLEANUP_BUFFER struct buffer path = {0};
  append_path(setting, &path);
  CLEANUP_FREE char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  va_end(arguments);
  problems->failed |= path.failed || text == NULL;
  struct config_problem place = {.severity = CONFIG_ERROR,
                                 .server = CONFIG_WHOLE_FILE,
                                 .pointer = path.data,
                                 .line = config_setting_source_line(setting),
                                 .hint = (char *)hint};
  config_problems_add(problems, &place, "%s", text != NULL ? text : "");
}

static const char *type_word(const config_setting_t *setting)
{
  switch (config_setting_type(setting)) {
  case CONFIG_TYPE_GROUP:
    return "a group";
  case CONFIG_TYPE_INT:
  case CONFIG_TYPE_INT64:
    return "a whole number";
  case CONFIG_TYPE_FLOAT:
    return "a number with a fraction";
  case CONFIG_TYPE_STRING:
    return "a text";
  case CONFIG_TYPE_BOOL:
    return "true or false";
  default:
    return "a list";
  }
}

void setting_expected(struct config_problems *problems, const config_setting_t *setting,
                      const char *what)
{
  setting_error(problems, setting, NULL, "expected %s, found %s", what, type_word(setting));
}

static void unknown_key(struct config_problems *problems, const config_setting_t *setting,
                        const struct setting_key *keys)
{
  enum { NAMES_MAX = 32 };
  const char *names[NAMES_MAX] = {0};
  size_t count = 0;
  CLEANUP_BUFFER struct buffer hint = {0};
  for (; keys->name != NULL && count < NAMES_MAX; keys++) {
    if (keys->read != NULL)
      names[count++] = keys->name;
  }
  const char *name = config_setting_name(setting);
  const char *near = text_suggest(name, names, count);
  buffer_append_text(&hint, near != NULL ? "did you mean \"" : "known here are: ");
  if (near != NULL)
    buffer_append_format(&hint, "%s\"?", near);
  for (size_t i = 0; near == NULL && i < count; i++)
    buffer_append_format(&hint, "%s%s", i > 0 ? ", " : "", names[i]);
  char shown[CONFIG_SHOWN_MAX + 4];
  setting_error(problems, setting, hint.data, "unknown key \"%s\"", config_shown(name, shown));
}

void setting_group(struct config_problems *problems, config_setting_t *group,
                   const struct setting_key *keys, void *target)
{
  if (!config_setting_is_group(group)) {
    setting_expected(problems, group, "a group such as { key = value; }");
    return;
  }
  for (int i = 0; i < config_setting_length(group); i++) {
    config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
    const struct setting_key *key = keys;
    while (key->name != NULL && strcmp(key->name, config_setting_name(setting)) != 0)
      key++;
    if (key->name == NULL)
      unknown_key(problems, setting, keys);
    else if (key->read == NULL)
      setting_error(problems, setting, NULL, "%s", key->refused);
    else
      key->read(problems, setting, target);
  }
}

bool setting_boolean(struct config_problems *problems, config_setting_t *setting, bool *out)
{
  if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
    setting_expected(problems, setting, "true or false");
    return false;
  }
  *out = config_setting_get_bool(setting) != 0;
  return true;
}

bool setting_text(struct config_problems *problems, const config_setting_t *setting, char **out)
{
  if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
    setting_expected(problems, setting, "a text in double quotes");
    return false;
  }
  const char *text = config_setting_get_string(setting);
  if (text[0] == '\0') {
    setting_error(problems, setting, NULL, "this text must not be empty");
    return false;
  }
  free(*out);
  *out = strdup(text);
  problems->failed |= *out == NULL;
  return *out != NULL;
}

bool setting_integer(struct config_problems *problems, config_setting_t *setting, int64_t min,
                     int64_t max, const char *unit, int64_t *out)
{
  int type = config_setting_type(setting);
  if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
    CLEANUP_BUFFER struct buffer what = {0};
    buffer_append_format(&what, "a whole number of %s", unit);
    setting_expected(problems, setting, what.data != NULL ? what.data : unit);
    return false;
  }
  int64_t number = config_setting_get_int64(setting);
  if (type == CONFIG_TYPE_INT)
    number = config_setting_get_int(setting);
  if (number < min || number > max) {
    setting_error(problems, setting, NULL, "%lld is outside the range from %lld to %lld %s",
                  (long long)number, (long long)min, (long long)max, unit);
    return false;
  }
  *out = number;
  return true;
}

bool setting_check_path(struct config_problems *problems, const config_setting_t *setting,
                        const char *path)
{
  if (path[0] == '/')
    return true;
  setting_error(problems, setting, path[0] == '~' ? "\"~\" is replaced by shells only" : NULL,
                "this must be an absolute path");
  return false;
}

bool setting_path(struct config_problems *problems, const config_setting_t *setting, char **out)
{
  char *path = NULL;
  bool good = setting_text(problems, setting, &path) && setting_check_path(problems, setting, path);
  if (!good) {
    free(path);
    return false;
  }
  free(*out);
  *out = path;
  return true;
}

bool setting_texts(struct config_problems *problems, config_setting_t *setting, const char *what,
                   setting_check *check, char ***out)
{
  bool alone = config_setting_type(setting) == CONFIG_TYPE_STRING;
  if (!alone && !config_setting_is_array(setting) && !config_setting_is_list(setting)) {
    setting_expected(problems, setting, what);
    return false;
  }
  size_t all = alone ? 1 : (size_t)config_setting_length(setting);
  size_t count = 0;
  char **texts = calloc(all + 1, sizeof *texts);
  if (texts == NULL) {
    problems->failed = true;
    return false;
  }
  for (size_t i = 0; i < all; i++) {
    config_setting_t *element = alone ? setting : config_setting_get_elem(setting, (unsigned)i);
    if (setting_text(problems, element, &texts[count]) &&
        (check == NULL || check(problems, element, texts[count])))
      count++;
  }
  /* The last one may have been refused after it was copied. */
  free(texts[count]);
  texts[count] = NULL;
  config_texts_free(out);
  *out = texts;
  return true;
}

static json_t *scalar_json(const config_setting_t *setting)
{
  switch (config_setting_type(setting)) {
  case CONFIG_TYPE_INT:
    return json_integer(config_setting_get_int(setting));
  case CONFIG_TYPE_INT64:
    return json_integer(config_setting_get_int64(setting));
  case CONFIG_TYPE_FLOAT:
    return json_real(config_setting_get_float(setting));
  case CONFIG_TYPE_BOOL:
    return json_boolean(config_setting_get_bool(setting));
  default:
    return json_string(config_setting_get_string(setting));
  }
}

json_t *setting_json(struct config_problems *problems, const config_setting_t *setting)
{
  bool group = config_setting_is_group(setting) == CONFIG_TRUE;
  bool scalar = config_setting_is_scalar(setting) == CONFIG_TRUE;
  json_t *made = scalar ? scalar_json(setting) : group ? json_object() : json_array();
  for (int i = 0; !scalar && i < config_setting_length(setting); i++) {
    const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
    json_t *value = setting_json(problems, element);
    problems->failed |= group ? json_object_set_new(made, config_setting_name(element), value) != 0
                              : json_array_append_new(made, value) != 0;
  }
  problems->failed |= made == NULL;
  return made;
}

/* Appends a comment, broken into lines; the lines after the first get `indent` spaces more. */
static void append_comment(struct buffer *out, const char *text, size_t indent)
{
  enum { COLUMNS = 78 };
  size_t column = 1;
  buffer_append_byte(out, '#');
  while (*text != '\0') {
    size_t length = strcspn(text, " ");
    if (column > 1 && column + 1 + length > COLUMNS) {
      buffer_append_format(out, "\n#%*s", (int)indent, "");
      column = 1 + indent;
    }
    buffer_append_byte(out, ' ');
    buffer_append(out, text, length);
    column += 1 + length;
    text += length + (text[length] == ' ');
  }
  buffer_append_byte(out, '\n');
}

static void append_group(const struct setting_key *key, struct buffer *out)
{
  for (const struct setting_key *inner = key->group; inner->name != NULL; inner++) {
    CLEANUP_BUFFER struct buffer line = {0};
    buffer_append_format(&line, "- %s: %s", inner->name, inner->help != NULL ? inner->help : "");
    append_comment(out, line.data != NULL ? line.data : "", 2);
  }
  buffer_append_format(out, "#%s = {\n", key->name);
  for (const struct setting_key *inner = key->group; inner->name != NULL; inner++) {
    if (inner->example != NULL)
      buffer_append_format(out, "#  %s = %s;\n", inner->name, inner->example);
  }
  buffer_append_text(out, "#};\n");
}

void setting_append_template(const struct setting_key *keys, struct buffer *out)
{
  for (; keys->name != NULL; keys++) {
    if (keys->help == NULL)
      continue;
    buffer_append_byte(out, '\n');
    append_comment(out, keys->help, 0);
    if (keys->group != NULL)
      append_group(keys, out);
    else if (keys->example != NULL)
      buffer_append_format(out, "#%s = %s;\n", keys->name, keys->example);
  }
}

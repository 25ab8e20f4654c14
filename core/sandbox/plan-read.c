/* SPDX-License-Identifier: Apache-2.0 */
/* Strict readers of a worker's message. */
#include "core/sandbox/plan-read.h"

#include "core/base/buffer.h"
#include "core/base/text.h"
#include "core/sandbox/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append_place(struct buffer *out, const struct plan_place *place)
{
  if (place == NULL)
    return;
  append_place(out, place->outer);
  if (out->length > 0)
    buffer_append_byte(out, '/');
  if (place->member != NULL)
    buffer_append_text(out, place->member);
  else
    buffer_append_format(out, "%zu", place->index);
}

int plan_refuse(struct error **error, const struct plan_place *place, const char *format, ...)
{
  CLEANUP_BUFFER struct buffer where = {0};
  CLEANUP_BUFFER struct buffer what = {0};
  append_place(&where, place);
  va_list arguments;
  va_start(arguments, format);
  char *text = NULL;
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0)
    return error_memory(error);
  text_escape_controls(&what, text, (size_t)length);
  free(text);
  if (where.failed || what.failed)
    return error_memory(error);
  if (where.length == 0)
    return error_make_code(error, ERROR_SANDBOX, "plan-refused", "the plan is refused: %s",
                           what.data);
  return error_make_code(error, ERROR_SANDBOX, "plan-refused", "the plan is refused at %s: %s",
                         where.data, what.data);
}

int plan_read_object(json_t *value, const struct plan_place *place, const char *const *known,
                     struct error **error)
{
  if (!json_is_object(value))
    return plan_refuse(error, place, "an object is needed");
  const char *key;
  json_t *member;
  json_object_foreach (value, key, member) {
    bool found = false;
    for (size_t i = 0; known[i] != NULL && !found; i++)
      found = strcmp(known[i], key) == 0;
    if (!found)
      return plan_refuse(error, place, "this host does not know the word \"%.64s\"", key);
  }
  return 0;
}

ptrdiff_t plan_read_list(json_t *value, const struct plan_place *place, size_t most,
                         struct error **error)
{
  if (value == NULL)
    return 0;
  if (!json_is_array(value))
    return plan_refuse(error, place, "a list is needed");
  size_t count = json_array_size(value);
  if (count > most)
    return plan_refuse(error, place, "%zu entries are more than %zu", count, most);
  return (ptrdiff_t)count;
}

int plan_read_text(json_t *value, const struct plan_place *place, bool empty, char **out,
                   struct error **error)
{
  if (!json_is_string(value))
    return plan_refuse(error, place, "a text is needed");
  size_t length = json_string_length(value);
  if (length == 0 && !empty)
    return plan_refuse(error, place, "the text is empty");
  if (length > PLAN_TEXT_MAX)
    return plan_refuse(error, place, "%zu bytes are more than %d", length, PLAN_TEXT_MAX);
  if (strlen(json_string_value(value)) != length)
    return plan_refuse(error, place, "the text holds a NUL byte");
  *out = strdup(json_string_value(value));
  return *out == NULL ? error_memory(error) : 0;
}

int plan_read_path(json_t *value, const struct plan_place *place, char **out, struct error **error)
{
  if (!json_is_string(value) || json_string_value(value)[0] != '/')
    return plan_refuse(error, place, "an absolute path is needed");
  return plan_read_text(value, place, false, out, error);
}

int plan_read_name(json_t *value, const struct plan_place *place, char **out, struct error **error)
{
  const char *name = json_is_string(value) ? json_string_value(value) : "";
  size_t length = strlen(name);
  if (length == 0 || length > 64 ||
      strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length ||
      json_string_length(value) != length)
    return plan_refuse(error, place, "a name of 1 to 64 of a-z, 0-9 and '-' is needed");
  return plan_read_text(value, place, false, out, error);
}

int plan_read_word(json_t *value, const struct plan_place *place, const char *const *words,
                   struct error **error)
{
  if (!json_is_string(value))
    return plan_refuse(error, place, "a word is needed");
  for (int i = 0; words[i] != NULL; i++)
    if (strcmp(words[i], json_string_value(value)) == 0)
      return i;
  return plan_refuse(error, place, "this host does not know the word \"%.64s\"",
                     json_string_value(value));
}

int plan_read_number(json_t *value, const struct plan_place *place, uint32_t least, uint32_t most,
                     uint32_t *out, struct error **error)
{
  json_int_t number = json_integer_value(value);
  if (value != NULL && !json_is_integer(value))
    return plan_refuse(error, place, "a whole number is needed");
  if (number < (json_int_t)least || number > (json_int_t)most)
    return plan_refuse(error, place, "a whole number from %u to %u is needed", (unsigned)least,
                       (unsigned)most);
  *out = (uint32_t)number;
  return 0;
}

int plan_read_boolean(json_t *value, const struct plan_place *place, bool *out,
                      struct error **error)
{
  if (value != NULL && !json_is_boolean(value))
    return plan_refuse(error, place, "true or false is needed");
  *out = json_is_true(value);
  return 0;
}

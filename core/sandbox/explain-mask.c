/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a plan without the values of the server's environment. */
#include "core/base/text.h"
#include "core/sandbox/explain.h"

#include <string.h>

enum { SHORT_VALUE = 4 };

static bool is_word(char byte)
{
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z');
}

static bool stands_alone(const char *text, size_t length, size_t at, size_t value_length)
{
  size_t end = at + value_length;
  return (at == 0 || !is_word(text[at - 1])) && (end == length || !is_word(text[end]));
}

const struct plan_variable *explain_find_value(const struct plan *plan, const char *text,
                                               size_t length, size_t *at)
{
  for (; *at < length; (*at)++) {
    const struct plan_variable *found = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < plan->variable_count + plan->hidden_count; i++) {
      const struct plan_variable *variable =
          i < plan->variable_count ? &plan->variables[i] : &plan->hidden[i - plan->variable_count];
      size_t value_length = strlen(variable->value);
      if (variable->host || value_length <= longest || value_length > length - *at ||
          memcmp(text + *at, variable->value, value_length) != 0 ||
          (value_length < SHORT_VALUE && !stands_alone(text, length, *at, value_length)))
        continue;
      found = variable;
      longest = value_length;
    }
    if (found != NULL)
      return found;
  }
  return NULL;
}

void explain_append_name(struct buffer *out, const struct plan *plan,
                         const struct plan_variable *variable)
{
  bool fits = !(variable->name[0] >= '0' && variable->name[0] <= '9');
  for (const char *at = variable->name; *at != '\0'; at++)
    fits = fits && (is_word(*at) || *at == '_');
  if (fits)
    buffer_append_text(out, variable->name);
  else
    buffer_append_format(out, "VALUE_%d", (int)(variable - plan->variables));
}

void explain_append_masked(struct buffer *out, const struct plan *plan, const char *text,
                           size_t length)
{
  size_t from = 0;
  size_t at = 0;
  const struct plan_variable *variable;
  while ((variable = explain_find_value(plan, text, length, &at)) != NULL) {
    buffer_append(out, text + from, at - from);
    buffer_append_byte(out, '$');
    explain_append_name(out, plan, variable);
    from = at += strlen(variable->value);
  }
  buffer_append(out, text + from, length - from);
}

void explain_append_comment(struct buffer *out, const struct plan *plan, const char *text)
{
  CLEANUP_BUFFER struct buffer masked = {0};
  explain_append_masked(&masked, plan, text, strlen(text));
  out->failed = out->failed || masked.failed;
  if (!masked.failed)
    text_escape_controls(out, masked.data, masked.length);
}

static bool is_plain(const char *text, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (!is_word(text[i]) && strchr("%+,-./:=@_", text[i]) == NULL)
      return false;
  return length > 0;
}

/* Appends text without values as part of a word; control characters do not reach a terminal. */
static void append_literal(struct buffer *out, const char *text, size_t length)
{
  if (length == 0)
    return;
  if (is_plain(text, length)) {
    buffer_append(out, text, length);
    return;
  }
  buffer_append_byte(out, '\'');
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte == '\'')
      buffer_append_text(out, "'\\''");
    else if ((byte < 0x20 && byte != '\n') || byte == 0x7f)
      buffer_append_format(out, "'\"$(printf '\\%03o')\"'", byte);
    else
      buffer_append_byte(out, text[i]);
  }
  buffer_append_byte(out, '\'');
}

static void append_variable(struct buffer *out, const struct plan *plan,
                            const struct plan_variable *variable)
{
  buffer_append_text(out, "\"$");
  explain_append_name(out, plan, variable);
  buffer_append_byte(out, '"');
}

void explain_append_word(struct buffer *out, const struct plan *plan, const char *text)
{
  size_t length = strlen(text);
  size_t from = 0;
  size_t at = 0;
  const struct plan_variable *variable;
  while ((variable = explain_find_value(plan, text, length, &at)) != NULL) {
    append_literal(out, text + from, at - from);
    append_variable(out, plan, variable);
    from = at += strlen(variable->value);
  }
  append_literal(out, text + from, length - from);
  if (length == 0)
    buffer_append_text(out, "''");
}

/* A format that begins with '-' would be taken for an option. */
static void append_format(struct buffer *out, const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '%')
      buffer_append_text(out, "%%");
    else if (byte == '\\')
      buffer_append_text(out, "\\\\");
    else if (byte < 0x20 || byte >= 0x7f || byte == '\'' || (byte == '-' && i == 0))
      buffer_append_format(out, "\\%03o", byte);
    else
      buffer_append_byte(out, bytes[i]);
  }
}

void explain_append_printf(struct buffer *out, const struct plan *plan, const char *bytes,
                           size_t length)
{
  CLEANUP_BUFFER struct buffer values = {0};
  size_t from = 0;
  size_t at = 0;
  const struct plan_variable *variable;
  buffer_append_text(out, "printf '");
  while ((variable = explain_find_value(plan, bytes, length, &at)) != NULL) {
    append_format(out, bytes + from, at - from);
    buffer_append_text(out, "%s");
    buffer_append_byte(&values, ' ');
    append_variable(&values, plan, variable);
    from = at += strlen(variable->value);
  }
  if (length > 0)
    append_format(out, bytes + from, length - from);
  buffer_append_byte(out, '\'');
  buffer_append(out, values.data, values.length);
  out->failed = out->failed || values.failed;
}

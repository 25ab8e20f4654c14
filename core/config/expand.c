/* SPDX-License-Identifier: Apache-2.0 */
/* $NAME and ${NAME} in a text. */
#include "core/config/expand.h"

#include "core/config/problem.h"

#include <string.h>

static bool is_letter(char byte)
{
  return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

size_t config_variable_length(const char *text)
{
  size_t length = 0;
  while (is_letter(text[length]) || (length > 0 && text[length] >= '0' && text[length] <= '9'))
    length++;
  return length;
}

static enum config_expansion append_variable(const char *start, size_t length,
                                             config_expand_lookup *lookup, void *data,
                                             struct buffer *out, struct buffer *name)
{
  buffer_clear(name);
  buffer_append(name, start, length);
  if (name->failed)
    return CONFIG_EXPAND_MEMORY;
  const char *value = lookup(data, name->data);
  if (value == NULL)
    return CONFIG_EXPAND_UNKNOWN;
  buffer_append_text(out, value);
  return CONFIG_EXPANDED;
}

static enum config_expansion refuse_braces(const char *inside, struct buffer *name)
{
  char shown[CONFIG_SHOWN_MAX + 4];
  const char *end = strchr(inside, '}');
  buffer_clear(name);
  buffer_append_text(name, config_shown(inside, shown));
  if (end != NULL && (size_t)(end - inside) < name->length) {
    name->length = (size_t)(end - inside);
    name->data[name->length] = '\0';
  }
  return name->failed ? CONFIG_EXPAND_MEMORY : CONFIG_EXPAND_SYNTAX;
}

enum config_expansion config_expand(const char *text, config_expand_lookup *lookup, void *data,
                                    size_t most, struct buffer *out, struct buffer *name,
                                    bool *used)
{
  if (used != NULL)
    *used = false;
  for (const char *dollar; (dollar = strchr(text, '$')) != NULL;) {
    buffer_append(out, text, (size_t)(dollar - text));
    text = dollar + 1;
    bool braces = *text == '{';
    size_t length = config_variable_length(text + braces);
    if (braces && (length == 0 || text[1 + length] != '}'))
      return refuse_braces(text + 1, name);
    if (length == 0) {
      buffer_append_byte(out, '$');
      text += *text == '$';
      continue;
    }
    enum config_expansion result = append_variable(text + braces, length, lookup, data, out, name);
    if (result != CONFIG_EXPANDED)
      return result;
    if (out->length > most)
      return CONFIG_EXPAND_LONG;
    if (used != NULL)
      *used = true;
    text += length + (braces ? 2 : 0);
  }
  buffer_append_text(out, text);
  if (out->failed)
    return CONFIG_EXPAND_MEMORY;
  return out->length > most ? CONFIG_EXPAND_LONG : CONFIG_EXPANDED;
}

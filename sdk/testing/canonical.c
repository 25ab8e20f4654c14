/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of a plugin as text that is read and compared by lines. */
#include "sdk/testing/canonical.h"

#include <sodium.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"

static void add_text(struct buffer *out, const char *text)
{
  text_escape_controls(out, text, strlen(text));
}

/* A value on one line; objects are for the callers. */
static void add_value(struct buffer *out, json_t *value)
{
  if (json_is_string(value)) {
    add_text(out, json_string_value(value));
    return;
  }
  CLEANUP_FREE char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
  buffer_append_text(out, text == NULL ? "?" : text);
}

/* "name: a b c", for an array of entries that are texts, pairs or objects. */
static void add_entry(struct buffer *out, const char *name, json_t *entry)
{
  buffer_append_format(out, "%s:", name);
  if (json_is_array(entry)) {
    size_t index;
    json_t *word;
    json_array_foreach (entry, index, word) {
      buffer_append_text(out, index == 0 ? " " : " = ");
      add_value(out, word);
    }
  } else if (json_is_object(entry)) {
    const char *key;
    json_t *value;
    json_object_foreach (entry, key, value) {
      buffer_append_format(out, "\n  %s: ", key);
      add_value(out, value);
    }
  } else {
    buffer_append_byte(out, ' ');
    add_value(out, entry);
  }
  buffer_append_byte(out, '\n');
}

void canonical_answer(struct buffer *out, json_t *answer)
{
  const char *name;
  json_t *value;
  json_object_foreach (answer, name, value) {
    if (!json_is_array(value)) {
      add_entry(out, name, value);
      continue;
    }
    size_t index;
    json_t *entry;
    json_array_foreach (value, index, entry)
      add_entry(out, name, entry);
  }
}

static bool is_readable(const unsigned char *bytes, size_t length)
{
  if (!text_is_utf8(bytes, length))
    return false;
  for (size_t i = 0; i < length; i++)
    if (bytes[i] < ' ' && bytes[i] != '\0' && bytes[i] != '\n' && bytes[i] != '\t')
      return false;
  return true;
}

/* Lines end at a NUL in a file that has one, else at a line feed. */
static void add_lines(struct buffer *out, const char *bytes, size_t length)
{
  char end = memchr(bytes, '\0', length) != NULL ? '\0' : '\n';
  for (size_t at = 0; at < length;) {
    const char *stop = memchr(bytes + at, end, length - at);
    size_t line = stop == NULL ? length - at : (size_t)(stop - bytes) - at;
    buffer_append_text(out, "    | ");
    text_escape_controls(out, bytes + at, line);
    buffer_append_text(out, stop == NULL ? " (no end)\n" : "\n");
    at += line + 1;
  }
}

static void add_file(struct buffer *out, json_t *file, size_t descriptor)
{
  const char *kind = json_string_value(json_object_get(file, "kind"));
  const char *base64 = json_string_value(json_object_get(file, "base64"));
  const char *description = json_string_value(json_object_get(file, "description"));
  buffer_append_format(out, "  %zu: %s%s", descriptor, kind,
                       json_is_true(json_object_get(file, "secret")) ? " (secret)" : "");
  if (description != NULL) {
    buffer_append_text(out, ", ");
    add_text(out, description);
  }
  buffer_append_byte(out, '\n');
  if (base64 == NULL)
    return;
  size_t size = strlen(base64);
  size_t length = 0;
  CLEANUP_BUFFER struct buffer content = {0};
  char *bytes = buffer_reserve(&content, size + 1);
  if (bytes == NULL || sodium_base642bin((unsigned char *)bytes, size + 1, base64, size, NULL,
                                         &length, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
    buffer_append_text(out, "    (not base64)\n");
  else if (is_readable((unsigned char *)bytes, length))
    add_lines(out, bytes, length);
  else
    buffer_append_text(out, "    (not text)\n");
}

static void add_step(struct buffer *out, json_t *step)
{
  size_t index;
  json_t *entry;
  json_t *program = json_object_get(step, "program");
  buffer_append_format(out, "step %s, ", json_string_value(json_object_get(step, "phase")));
  add_text(out, json_string_value(json_object_get(step, "name")));
  buffer_append_text(out, ": ");
  add_text(out, json_is_string(program) ? json_string_value(program) : "(the command)");
  buffer_append_byte(out, '\n');
  json_array_foreach (json_object_get(step, "arguments"), index, entry) {
    buffer_append_text(out, "  ");
    if (json_is_object(entry))
      buffer_append_text(out, "(the command)");
    else
      add_value(out, entry);
    buffer_append_byte(out, '\n');
  }
  json_array_foreach (json_object_get(step, "environment"), index, entry)
    add_entry(out, "  environment", entry);
  json_array_foreach (json_object_get(step, "files"), index, entry)
    add_file(out, entry, index + 3);
  const char *name;
  json_t *value;
  json_object_foreach (step, name, value) {
    if (strcmp(name, "time_limit") == 0 || strcmp(name, "capture") == 0 ||
        strcmp(name, "if_failed") == 0) {
      buffer_append_text(out, "  ");
      add_entry(out, name, value);
    }
  }
}

void canonical_plan(struct buffer *out, json_t *plan)
{
  static const char *const single[] = {"tree", "setuid_engine", "command_path", "locate"};
  static const char *const lists[] = {"variables", "limits", "stop", "keep", "weakens", "facts"};
  size_t index;
  json_t *entry;
  for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
    json_t *value = json_object_get(plan, single[i]);
    if (value != NULL && !json_is_false(value))
      add_entry(out, single[i], value);
  }
  json_array_foreach (json_object_get(plan, "steps"), index, entry)
    add_step(out, entry);
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    json_array_foreach (json_object_get(plan, lists[i]), index, entry)
      add_entry(out, lists[i], entry);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the golden tests: scenarios with their bases, and the expected texts. */
#include "sdk/testing/scenario.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"

/* `over` is laid over `under`: objects member by member, null removes, all else replaces. */
static void merge(json_t *under, json_t *over)
{
  const char *name;
  json_t *value;
  json_object_foreach (over, name, value) {
    json_t *old = json_object_get(under, name);
    if (json_is_null(value))
      json_object_del(under, name);
    else if (json_is_object(old) && json_is_object(value))
      merge(old, value);
    else
      json_object_set(under, name, value);
  }
}

static json_t *load_file(const char *directory, const char *name, struct error **error)
{
  CLEANUP_BUFFER struct buffer path = {0};
  json_error_t reason;
  buffer_append_format(&path, "%s/%s", directory, name);
  json_t *json = json_load_file(path.data, JSON_REJECT_DUPLICATES, &reason);
  if (json == NULL)
    error_make(error, ERROR_CONFIG, 0, "%s:%d: %s", path.data, reason.line, reason.text);
  return json;
}

json_t *scenario_load(const char *directory, const char *name, struct error **error)
{
  json_t *scenario = load_file(directory, name, error);
  json_t *bases = json_incref(json_object_get(scenario, "base"));
  CLEANUP_JSON json_t *list = json_is_array(bases) ? json_incref(bases) : json_pack("[O?]", bases);
  json_decref(bases);
  json_t *result = json_object();
  size_t index;
  json_t *base;
  json_array_foreach (list, index, base) {
    CLEANUP_JSON json_t *under =
        json_is_string(base) ? load_file(directory, json_string_value(base), error) : json_object();
    if (under == NULL) {
      json_decref(scenario);
      json_decref(result);
      return NULL;
    }
    merge(result, under);
  }
  if (scenario == NULL) {
    json_decref(result);
    return NULL;
  }
  merge(result, scenario);
  json_decref(scenario);
  return result;
}

int scenario_read_text(const char *file, struct buffer *out, struct error **error)
{
  CLEANUP_STREAM FILE *stream = fopen(file, "re");
  if (stream == NULL)
    return error_make(error, ERROR_FAILED, errno, "cannot read %s", file);
  char *room;
  size_t count;
  do {
    room = buffer_reserve(out, 4096);
    if (room == NULL)
      return error_memory(error);
    count = fread(room, 1, 4095, stream);
    out->length += count;
    room[count] = '\0';
  } while (count > 0);
  return ferror(stream) ? error_make(error, ERROR_FAILED, errno, "cannot read %s", file) : 0;
}

int scenario_write(const char *file, const struct buffer *text, struct error **error)
{
  FILE *stream = fopen(file, "we");
  if (stream == NULL)
    return error_make(error, ERROR_FAILED, errno, "cannot write %s", file);
  size_t count = fwrite(text->data, 1, text->length, stream);
  if (fclose(stream) != 0 || count != text->length)
    return error_make(error, ERROR_FAILED, errno, "cannot write %s", file);
  return 0;
}

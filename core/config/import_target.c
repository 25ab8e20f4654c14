/* SPDX-License-Identifier: Apache-2.0 */
/* Adds to a servers file and leaves every byte that is there as it is. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/config/import_parts.h"
#include "core/config/server_read.h"
#include "core/json/decode.h"
#include "core/json/indent.h"
#include "core/json/place.h"

static bool refuse(struct config_problems *problems, const char *pointer, const char *text,
                   const char *why)
{
  struct json_position position = {0};
  json_place(text, strlen(text), pointer, false, &position);
  struct config_problem place = {.severity = CONFIG_ERROR,
                                 .server = CONFIG_WHOLE_FILE,
                                 .pointer = (char *)pointer,
                                 .line = position.line,
                                 .column = position.column,
                                 .hint = (char *)"repair the file first; nothing was written"};
  config_problems_add(problems, &place, "%s", why);
  return false;
}

bool import_target_read(struct import_target *target, const struct buffer *text,
                        struct config_problems *problems)
{
  static const char byte_order_mark[] = "\xEF\xBB\xBF";
  bool marked = text->length >= 3 && memcmp(text->data, byte_order_mark, 3) == 0;
  *target =
      (struct import_target){.text = servers_config_empty, .length = strlen(servers_config_empty)};
  if (text->length > 0) {
    target->text = text->data + (marked ? 3 : 0);
    target->length = text->length - (marked ? 3 : 0);
  }
  bool twice = false;
  json_t *tree = servers_json_load(target->text, target->length, problems, &twice);
  if (tree == NULL)
    return false;
  json_decref(tree);
  if (twice)
    return refuse(problems, "", target->text, "a name stands twice in one of its objects");
  struct json_want root = {.path = ""};
  if (!json_scan(target->text, target->length, NULL, &root, 1, NULL) ||
      json_kind(root.value) != JSON_KIND_OBJECT)
    return refuse(problems, "", target->text, "this is no object with \"servers\" in it");
  target->root = root.value;
  target->named = !json_member(root.value, "servers", &target->servers) &&
                  json_member(root.value, "mcpServers", &target->servers);
  if (target->servers.at != NULL &&
      json_kind(target->servers) != (target->named ? JSON_KIND_OBJECT : JSON_KIND_ARRAY))
    return refuse(problems, target->named ? "/mcpServers" : "/servers", target->text,
                  target->named ? "\"mcpServers\" is no object" : "\"servers\" is no list");
  if (json_member(root.value, "imported", &target->imported) &&
      json_kind(target->imported) != JSON_KIND_ARRAY)
    return refuse(problems, "/imported", target->text, "\"imported\" is no list");
  return true;
}

bool import_target_has_server(const struct import_target *target, const char *id)
{
  struct json_slice value;
  struct json_slice element;
  if (target->named)
    return json_member(target->servers, id, &value);
  struct json_walk walk = json_walk(target->servers);
  while (json_array_next(&walk, &element)) {
    if (json_member(element, "id", &value) && json_string_equals(value, id))
      return true;
  }
  return false;
}

bool import_target_has_member(const struct import_target *target, const char *name)
{
  struct json_slice value;
  return json_member(target->root, name, &value);
}

/* Appends `,` behind what is there and a line feed with an indent. */
static void new_line(struct buffer *out, bool first, size_t depth)
{
  buffer_append_text(out, first ? "\n" : ",\n");
  for (size_t i = 0; i < depth; i++)
    buffer_append_text(out, "  ");
}

/* Appends JSON that is one line so far. */
static void append_pretty(struct buffer *out, const struct buffer *json, size_t depth)
{
  struct json_want whole = {.path = ""};
  if (json->data != NULL && json_scan(json->data, json->length, NULL, &whole, 1, NULL))
    json_append_indented(out, whole.value, depth);
  else
    out->failed = true;
}

void import_target_add(struct import_target *target, const char *id, const struct buffer *members)
{
  CLEANUP_BUFFER struct buffer entry = {0};
  CLEANUP_BUFFER struct buffer name = {0};
  json_string_append(&name, id, strlen(id));
  buffer_append_byte(&entry, '{');
  if (!target->named)
    buffer_append_format(&entry, "\"id\": %s%s", name.data, members->length > 0 ? ", " : "");
  buffer_append(&entry, members->data != NULL ? members->data : "", members->length);
  buffer_append_byte(&entry, '}');
  new_line(&target->added, target->added.length == 0, 2);
  if (target->named)
    buffer_append_format(&target->added, "%s: ", name.data);
  append_pretty(&target->added, &entry, 2);
  target->added.failed |= entry.failed || name.failed || members->failed;
}

/* What is put into the text, and in front of which byte of it. */
struct insertion {
  const char *at;
  const char *skipped; /* up to here the old text is white space that goes */
  struct buffer text;
};

/* Behind the last value inside of a list or an object; its opening bracket when there is none. */
static const char *last_end(struct json_slice value, bool *empty)
{
  struct json_walk walk = json_walk(value);
  struct json_slice key;
  struct json_slice element;
  const char *end = value.at + 1;
  *empty = true;
  while (json_kind(value) == JSON_KIND_OBJECT ? json_object_next(&walk, &key, &element)
                                              : json_array_next(&walk, &element)) {
    end = element.at + element.length;
    *empty = false;
  }
  return end;
}

/* Has `lines` (the first begins with a line feed) stand at the end of a list or an object. */
static void insert(struct insertion *insertion, struct json_slice value, const char *lines,
                   size_t depth)
{
  bool empty = true;
  const char *close = value.at + value.length - 1;
  insertion->at = last_end(value, &empty);
  insertion->skipped = insertion->at;
  buffer_append_text(&insertion->text, empty ? "" : ",");
  buffer_append_text(&insertion->text, lines);
  /* The bracket behind it gets a line of its own, unless it has one. */
  if (memchr(insertion->at, '\n', (size_t)(close - insertion->at)) == NULL) {
    insertion->skipped = close;
    new_line(&insertion->text, true, depth);
  }
}

static int by_place(const void *a, const void *b)
{
  const struct insertion *first = a;
  const struct insertion *second = b;
  return (first->at > second->at) - (first->at < second->at);
}

/* A member of the file: `"name": ` and a list or an object around `lines`. */
static void append_list(struct import_target *target, const char *name, const char *lines)
{
  new_line(&target->members, target->members.length == 0, 1);
  buffer_append_format(&target->members, "\"%s\": [%s", name, lines);
  new_line(&target->members, true, 1);
  buffer_append_byte(&target->members, ']');
}

/* Fills in what is inserted where; returns how many. */
static size_t plan(struct import_target *target, struct insertion insertions[3])
{
  size_t count = 0;
  CLEANUP_BUFFER struct buffer kept = {0};
  if (target->aside.length > 0) {
    new_line(&kept, true, 2);
    append_pretty(&kept, &target->aside, 2);
    target->aside.failed |= kept.failed;
  }
  if (target->added.length > 0 && target->servers.at != NULL)
    insert(&insertions[count++], target->servers, target->added.data, 1);
  else if (target->added.length > 0)
    append_list(target, "servers", target->added.data);
  if (kept.length > 0 && target->imported.at != NULL)
    insert(&insertions[count++], target->imported, kept.data, 1);
  else if (kept.length > 0)
    append_list(target, "imported", kept.data);
  if (target->members.length > 0)
    insert(&insertions[count++], target->root, target->members.data, 0);
  qsort(insertions, count, sizeof *insertions, by_place);
  return count;
}

void import_target_append(struct import_target *target, struct buffer *out)
{
  struct insertion insertions[3] = {0};
  size_t count = plan(target, insertions);
  const char *at = target->text;
  for (size_t i = 0; i < count; i++) {
    buffer_append(out, at, (size_t)(insertions[i].at - at));
    buffer_append(out, insertions[i].text.data, insertions[i].text.length);
    out->failed |= insertions[i].text.failed;
    at = insertions[i].skipped;
    buffer_free(&insertions[i].text);
  }
  buffer_append(out, at, (size_t)(target->text + target->length - at));
  out->failed |= target->added.failed || target->members.failed || target->aside.failed;
}

void import_target_free(struct import_target *target)
{
  buffer_free(&target->added);
  buffer_free(&target->members);
  buffer_free(&target->aside);
}

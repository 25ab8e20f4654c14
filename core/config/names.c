/* SPDX-License-Identifier: Apache-2.0 */
/* What stands twice in a servers file: names in an object, ids, names of tools to be. */
#include "core/base/cleanup.h"
#include "core/config/server_read.h"
#include "core/json/decode.h"
#include "core/json/place.h"
#include "core/json/scan.h"

#include <string.h>

struct duplicates {
  struct config_reader *reader;
  struct servers_config *servers;
  size_t server; /* that the value belongs to, or CONFIG_WHOLE_FILE */
};

static void report(struct duplicates *walk, const char *name, size_t first, size_t again)
{
  struct config_reader *reader = walk->reader;
  struct server_config *owner =
      walk->server < walk->servers->server_count ? &walk->servers->servers[walk->server] : NULL;
  struct json_position before = {0};
  struct json_position here = {0};
  if (reader->problems->count < CONFIG_PROBLEMS_MAX) {
    before = json_position(reader->text, reader->length, first);
    here = json_position(reader->text, reader->length, again);
  }
  if (owner != NULL)
    owner->broken = true;
  struct config_problem place = {.severity = CONFIG_ERROR,
                                 .server = owner != NULL ? walk->server : CONFIG_WHOLE_FILE,
                                 .server_id = owner != NULL ? owner->id : NULL,
                                 .pointer = reader->pointer.data,
                                 .line = here.line,
                                 .column = here.column,
                                 .hint = (char *)"remove one of the two"};
  char shown[CONFIG_SHOWN_MAX + 4];
  config_problems_add(reader->problems, &place,
                      "\"%s\" stands twice in one object: first in line %zu, column %zu",
                      config_shown(name, shown), before.line, before.column);
}

static void walk_value(struct duplicates *walk, struct json_slice value, unsigned depth);

static void walk_array(struct duplicates *walk, struct json_slice array, unsigned depth)
{
  struct json_walk elements = json_walk(array);
  struct json_slice element;
  /* The elements of "servers", which is one level below the top. */
  bool servers = depth == 1 && walk->reader->pointer.data != NULL &&
                 strcmp(walk->reader->pointer.data, "/servers") == 0;
  for (size_t i = 0; json_array_next(&elements, &element); i++) {
    size_t before = config_reader_enter_element(walk->reader, i);
    if (servers)
      walk->server = i;
    walk_value(walk, element, depth + 1);
    config_reader_leave(walk->reader, before);
  }
  if (servers)
    walk->server = CONFIG_WHOLE_FILE;
}

static void walk_object(struct duplicates *walk, struct json_slice object, unsigned depth)
{
  struct config_reader *reader = walk->reader;
  struct json_walk members = json_walk(object);
  struct json_slice key;
  struct json_slice value;
  bool servers = depth == 1 && reader->pointer.data != NULL &&
                 strcmp(reader->pointer.data, "/mcpServers") == 0;
  json_t *seen = json_object();
  CLEANUP_BUFFER struct buffer name = {0};
  reader->problems->failed |= seen == NULL;
  for (size_t i = 0; seen != NULL && json_object_next(&members, &key, &value);) {
    size_t offset = (size_t)(key.at - reader->text);
    buffer_clear(&name);
    buffer_append_text(&name, "");
    if (!json_string_decode(key, &name))
      break;
    size_t before = config_reader_enter(reader, name.data);
    json_t *first = json_object_get(seen, name.data);
    if (first != NULL)
      report(walk, name.data, (size_t)json_integer_value(first), offset);
    else if (json_object_set_new(seen, name.data, json_integer((json_int_t)offset)) != 0)
      reader->problems->failed = true;
    if (servers)
      walk->server = first != NULL ? CONFIG_WHOLE_FILE : i++;
    walk_value(walk, value, depth + 1);
    config_reader_leave(reader, before);
    if (servers)
      walk->server = CONFIG_WHOLE_FILE;
  }
  json_decref(seen);
}

/* Recursion is bounded by the depth that json_scan() accepts. */
static void walk_value(struct duplicates *walk, struct json_slice value, unsigned depth)
{
  if (json_kind(value) == JSON_KIND_OBJECT)
    walk_object(walk, value, depth);
  else if (json_kind(value) == JSON_KIND_ARRAY)
    walk_array(walk, value, depth);
}

void servers_report_duplicates(struct config_reader *reader, struct servers_config *servers)
{
  struct duplicates walk = {.reader = reader, .servers = servers, .server = CONFIG_WHOLE_FILE};
  struct json_slice root = {.at = reader->text, .length = reader->length};
  while (root.length > 0 && strchr(" \t\r\n", *root.at) != NULL) {
    root.at++;
    root.length--;
  }
  walk_value(&walk, root, 0);
}

static void stand_at(struct config_reader *reader, struct servers_config *servers, size_t server)
{
  struct server_config *there = &servers->servers[server];
  buffer_clear(&reader->pointer);
  buffer_append_text(&reader->pointer, there->pointer != NULL ? there->pointer : "");
  if (strncmp(there->pointer != NULL ? there->pointer : "", "/servers/", 9) == 0)
    config_reader_enter(reader, "id");
  reader->server = server;
  reader->server_id = there->id;
  reader->broken = &there->broken;
}

static void same_id(struct config_reader *reader, struct servers_config *servers, size_t first,
                    size_t again)
{
  struct json_position position = {0};
  stand_at(reader, servers, first);
  json_place(reader->text, reader->length, reader->pointer.data, false, &position);
  servers->servers[first].broken = true;
  stand_at(reader, servers, again);
  config_reader_error(reader, "give one of them another id",
                      "the id \"%s\" is taken by the server in line %zu; neither is started",
                      servers->servers[again].id, position.line);
}

/* Whether a tool of `longer` could be called what a tool of `shorter` is called: its id goes on
 * with the "_" that stands between an id and the name of a tool. */
static bool could_meet(const char *shorter, const char *longer)
{
  size_t length = strlen(shorter);
  return strncmp(shorter, longer, length) == 0 && longer[length] == '_';
}

void servers_check_ids(struct config_reader *reader, struct servers_config *servers)
{
  for (size_t i = 0; i < servers->server_count; i++) {
    const char *id = servers->servers[i].id;
    bool taken = false;
    bool met = false;
    for (size_t j = 0; id != NULL && j < servers->server_count; j++) {
      const char *other = servers->servers[j].id;
      if (other == NULL || j == i)
        continue;
      if (j < i && !taken && strcmp(id, other) == 0) {
        taken = true;
        same_id(reader, servers, j, i);
      }
      if (!met && could_meet(other, id)) {
        met = true;
        stand_at(reader, servers, i);
        config_reader_warn(reader, "write \"-\" in place of \"_\"",
                           "a tool of \"%s\" could get the same name as one of \"%s\"", id, other);
      }
    }
  }
  buffer_clear(&reader->pointer);
  reader->server = CONFIG_WHOLE_FILE;
  reader->server_id = NULL;
  reader->broken = NULL;
}

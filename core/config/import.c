/* SPDX-License-Identifier: Apache-2.0 */
/* Takes over the servers of another program's file into a servers file. */
#include "core/config/import.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/config/import_parts.h"
#include "core/config/server_read.h"
#include "core/json/comment.h"
#include "core/json/decode.h"
#include "core/json/place.h"

/* One file while it is taken over. */
struct importing {
  const struct import_settings *settings;
  const char *source_name;
  struct import_target target;
  struct buffer text; /* of the source, comments and mark taken away */
  json_t *ids;        /* object: those that were given, so that none is given twice */
  json_t *servers;    /* for the report */
  json_t *fields;
  json_t *notes;
  struct buffer aside; /* members of "servers" of what is kept for the file */
  struct buffer kept;  /* members of "keys" */
  bool failed;
};

/* Where a program keeps its servers. The first that is there names the shape. */
static const struct {
  const char *outer; /* NULL: at the top */
  const char *name;
  bool settings; /* the file has settings of the program, which are none of ours */
} shapes[] = {{NULL, "mcpServers", false},
              {NULL, "servers", false},
              {NULL, "context_servers", true},
              {"mcp", "servers", true}};

static void note(struct importing *importing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct importing *importing, const char *format, ...)
{
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  va_end(arguments);
  importing->failed |= json_array_append_new(importing->notes, json_string(text)) != 0;
  free(text);
}

/* --- The source ---------------------------------------------------------------------------------
 */

/* Takes away what JSON does not have, and says so. */
static void clean(struct importing *importing, const struct buffer *source)
{
  bool marked = source->length >= 3 && memcmp(source->data, "\xEF\xBB\xBF", 3) == 0;
  if (source->length > 0)
    buffer_append(&importing->text, source->data + (marked ? 3 : 0),
                  source->length - (marked ? 3 : 0));
  buffer_append_text(&importing->text, "");
  if (importing->text.failed)
    return;
  struct json_comments found = json_blank_comments(importing->text.data, importing->text.length);
  if (marked)
    note(importing, "the file begins with a byte order mark, which is left out");
  if (found.comments > 0)
    note(importing, "%zu comment%s not taken over, the first in line %zu: JSON has none",
         found.comments, found.comments == 1 ? " is" : "s are",
         json_position(importing->text.data, importing->text.length, found.first).line);
  if (found.commas > 0)
    note(importing, "%zu comma%s in front of a closing bracket left out", found.commas,
         found.commas == 1 ? " is" : "s are");
}

static bool refuse(struct config_problems *problems, const char *hint, const char *text)
{
  struct config_problem place = {.severity = CONFIG_ERROR,
                                 .server = CONFIG_WHOLE_FILE,
                                 .pointer = (char *)"",
                                 .line = 1,
                                 .column = 1,
                                 .hint = (char *)hint};
  config_problems_add(problems, &place, "%s", text);
  return false;
}

/* Whether the text is JSON without anything that would be lost or could not be written again. */
static bool read_source(struct importing *importing, struct config_problems *problems,
                        struct json_slice *root)
{
  const char *text = importing->text.data;
  size_t length = importing->text.length;
  bool twice = false;
  json_t *tree = servers_json_load(text, length, problems, &twice);
  if (tree == NULL)
    return false;
  json_decref(tree);
  if (twice) {
    /* Programs take the last; whether the user knows that he cannot be asked. */
    struct servers_config nobody = {0};
    struct config_reader reader = {
        .problems = problems, .text = text, .length = length, .server = CONFIG_WHOLE_FILE};
    servers_report_duplicates(&reader, &nobody);
    buffer_free(&reader.pointer);
    return false;
  }
  struct json_want whole = {.path = ""};
  if (!json_scan(text, length, NULL, &whole, 1, NULL) || json_kind(whole.value) != JSON_KIND_OBJECT)
    return refuse(problems, NULL, "this is no object with servers in it");
  *root = whole.value;
  return true;
}

/* --- Servers ------------------------------------------------------------------------------------
 */

/* An id that is usable and not taken yet, as near to the name as possible. */
static void choose_id(struct importing *importing, const char *name, char id[CONFIG_ID_MAX + 1])
{
  config_suggest_id(name, id);
  if (id[0] == '\0')
    snprintf(id, CONFIG_ID_MAX + 1, "server");
  char base[CONFIG_ID_MAX + 1];
  memcpy(base, id, sizeof base);
  base[CONFIG_ID_MAX - 5] = '\0'; /* room for a number */
  for (unsigned number = 2; json_object_get(importing->ids, id) != NULL ||
                            import_target_has_server(&importing->target, id);
       number++)
    snprintf(id, CONFIG_ID_MAX + 1, "%.35s-%u", base, number % 1000);
  importing->failed |= json_object_set_new(importing->ids, id, json_true()) != 0;
}

static void add_sandbox(struct import_server *server)
{
  CLEANUP_FREE char *text =
      server->sandbox != NULL ? json_dumps(server->sandbox, JSON_COMPACT) : NULL;
  if (text != NULL)
    import_append_member(&server->members, "sandbox", text, strlen(text));
  server->failed |= server->sandbox != NULL && text == NULL;
}

static void add_kept(struct import_server *server)
{
  CLEANUP_BUFFER struct buffer object = {0};
  if (server->kept.length == 0)
    return;
  buffer_append_format(&object, "{%s}", server->kept.data);
  server->failed |= object.failed;
  import_append_member(&server->members, "imported", object.data, object.length);
}

static void take(struct importing *importing, struct import_server *server, const char *id)
{
  struct json_slice directory;
  if (strcmp(id, server->name) != 0 && !server->named) {
    CLEANUP_BUFFER struct buffer name = {0};
    json_string_append(&name, server->name, strlen(server->name));
    import_append_member(&server->members, "name", name.data, name.length);
  }
  if (!server->boxed) {
    import_server_propose(server, id);
  } else if (server->directory != NULL && json_member(server->value, "cwd", &directory)) {
    import_append_member(&server->kept, "cwd", directory.at, directory.length);
    import_report_field(server->fields, "cwd", "kept",
                        "the server has a sandbox: write \"work_dir\" there, a path inside");
  }
  add_sandbox(server);
  add_kept(server);
  import_target_add(&importing->target, id, &server->members);
}

static void report_server(struct importing *importing, const struct import_server *server,
                          const char *id, const char *result, const char *text)
{
  json_t *entry = json_pack("{s:s, s:s?, s:s, s:s*, s:O*, s:O, s:O}", "name", server->name, "id",
                            id, "result", result, "text", text, "sandbox", server->sandbox,
                            "reasons", server->reasons, "fields", server->fields);
  importing->failed |= json_array_append_new(importing->servers, entry) != 0;
}

static void import_one(struct importing *importing, const char *name, struct json_slice value,
                       bool own)
{
  struct import_server server = {
      .settings = importing->settings, .value = value, .name = name, .own = own};
  char id[CONFIG_ID_MAX + 1];
  char renamed[128] = "";
  config_suggest_id(name, id);
  import_server_read(&server);
  if (server.aside != NULL) {
    import_append_member(&importing->aside, name, value.at, value.length);
    report_server(importing, &server, NULL, "aside", server.aside);
  } else if (import_target_has_server(&importing->target, id)) {
    report_server(importing, &server, id, "present",
                  "the servers file has one of this id, which stays as it is");
  } else {
    choose_id(importing, name, id);
    if (strcmp(id, name) != 0)
      snprintf(renamed, sizeof renamed,
               "its id is \"%s\", since the names of its tools begin with it", id);
    take(importing, &server, id);
    report_server(importing, &server, id, "taken", renamed[0] != '\0' ? renamed : NULL);
  }
  importing->failed |= server.failed;
  import_server_free(&server);
}

static void import_object(struct importing *importing, struct json_slice servers)
{
  struct json_walk walk = json_walk(servers);
  struct json_slice key;
  struct json_slice value;
  while (json_object_next(&walk, &key, &value)) {
    CLEANUP_BUFFER struct buffer name = {0};
    struct json_slice box;
    buffer_append_text(&name, "");
    if (json_string_decode(key, &name) && !name.failed)
      import_one(importing, name.data, value, json_member(value, "sandbox", &box));
    importing->failed |= name.failed;
  }
}

static void import_list(struct importing *importing, struct json_slice servers)
{
  struct json_walk walk = json_walk(servers);
  struct json_slice value;
  for (size_t i = 1; json_array_next(&walk, &value); i++) {
    CLEANUP_BUFFER struct buffer name = {0};
    struct json_slice id;
    buffer_append_text(&name, "");
    if (!json_member(value, "id", &id) && !json_member(value, "name", &id))
      id = (struct json_slice){0};
    if (!json_string_decode(id, &name) || name.length == 0)
      buffer_append_format(&name, "server-%zu", i);
    importing->failed |= name.failed;
    if (!name.failed)
      import_one(importing, name.data, value, true);
  }
}

/* Whether two servers of a list have one id, of which each would be the other's. */
static bool ids_differ(struct json_slice servers, struct config_problems *problems,
                       const char *text, size_t length)
{
  json_t *seen = json_object();
  struct json_walk walk = json_walk(servers);
  struct json_slice value;
  struct json_slice id;
  size_t before = problems->errors;
  while (json_kind(servers) == JSON_KIND_ARRAY && json_array_next(&walk, &value)) {
    CLEANUP_BUFFER struct buffer name = {0};
    if (!json_member(value, "id", &id) || !json_string_decode(id, &name) || name.data == NULL)
      continue;
    json_t *first = json_object_get(seen, name.data);
    if (first == NULL) {
      json_object_set_new(seen, name.data, json_integer(id.at - text));
      continue;
    }
    struct json_position place = json_position(text, length, (size_t)(id.at - text));
    struct json_position there = json_position(text, length, (size_t)json_integer_value(first));
    struct config_problem problem = {.severity = CONFIG_ERROR,
                                     .server = CONFIG_WHOLE_FILE,
                                     .line = place.line,
                                     .column = place.column,
                                     .hint = (char *)"give one of them another id"};
    char shown[CONFIG_SHOWN_MAX + 4];
    config_problems_add(problems, &problem,
                        "the id \"%s\" stands twice: first in line %zu, column %zu",
                        config_shown(name.data, shown), there.line, there.column);
  }
  json_decref(seen);
  return problems->errors == before;
}

/* --- The rest of the file -----------------------------------------------------------------------
 */

static void file_field(struct importing *importing, const char *name, struct json_slice value,
                       bool own, bool settings)
{
  static const char *const ours[] = {"timeout_ms", "cache_tools"};
  bool known = strcmp(name, ours[0]) == 0 || strcmp(name, ours[1]) == 0;
  if (strcmp(name, "$schema") == 0) {
    import_report_field(importing->fields, name, "left", "it is of the schema of that file");
  } else if (settings) {
    import_report_field(importing->fields, name, "left",
                        "a setting of the program, which stays in its file");
  } else if (own && known && !import_target_has_member(&importing->target, name)) {
    buffer_append_text(&importing->target.members,
                       importing->target.members.length > 0 ? ",\n  " : "\n  ");
    buffer_append_format(&importing->target.members, "\"%s\": ", name);
    buffer_append(&importing->target.members, value.at, value.length);
    import_report_field(importing->fields, name, "taken", NULL);
  } else {
    import_append_member(&importing->kept, name, value.at, value.length);
    import_report_field(importing->fields, name, "kept",
                        own && known ? "the servers file has its own" : "nothing of a server");
  }
}

static bool find_servers(struct json_slice root, size_t shape, struct json_slice *servers)
{
  struct json_slice outer = root;
  if (shapes[shape].outer != NULL && !json_member(root, shapes[shape].outer, &outer))
    return false;
  return json_member(outer, shapes[shape].name, servers) &&
         (json_kind(*servers) == JSON_KIND_OBJECT || json_kind(*servers) == JSON_KIND_ARRAY);
}

static void import_fields(struct importing *importing, struct json_slice root, bool own,
                          bool settings)
{
  struct json_walk walk = json_walk(root);
  struct json_slice key;
  struct json_slice value;
  while (json_object_next(&walk, &key, &value)) {
    bool holds = false;
    struct json_slice servers;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
      const char *name = shapes[i].outer != NULL ? shapes[i].outer : shapes[i].name;
      holds |= json_string_equals(key, name) && find_servers(root, i, &servers);
    }
    CLEANUP_BUFFER struct buffer name = {0};
    if (!holds && json_string_decode(key, &name) && name.data != NULL)
      file_field(importing, name.data, value, own, settings);
    importing->failed |= name.failed;
  }
}

/* What is kept for the file is one element of its "imported". */
static void add_aside(struct importing *importing)
{
  CLEANUP_BUFFER struct buffer members = {0};
  struct buffer *aside = &importing->target.aside;
  if (importing->aside.length == 0 && importing->kept.length == 0)
    return;
  CLEANUP_BUFFER struct buffer name = {0};
  json_string_append(&name, importing->source_name, strlen(importing->source_name));
  import_append_member(&members, "from", name.data, name.length);
  buffer_append_format(aside, "{%s", members.data);
  if (importing->aside.length > 0)
    buffer_append_format(aside, ", \"servers\": {%s}", importing->aside.data);
  if (importing->kept.length > 0)
    buffer_append_format(aside, ", \"keys\": {%s}", importing->kept.data);
  buffer_append_byte(aside, '}');
  importing->failed |= members.failed || name.failed;
}

/* False and a problem when there are no servers in it. */
static bool import_all(struct importing *importing, struct json_slice root,
                       struct config_problems *problems, const char **shape)
{
  bool own = false;
  bool settings = false;
  *shape = NULL;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    struct json_slice servers;
    if (!find_servers(root, i, &servers))
      continue;
    if (!ids_differ(servers, problems, importing->text.data, importing->text.length))
      return false;
    bool list = json_kind(servers) == JSON_KIND_ARRAY;
    if (list)
      import_list(importing, servers);
    else
      import_object(importing, servers);
    own |= list;
    settings |= shapes[i].settings;
    if (*shape == NULL)
      *shape = shapes[i].name;
  }
  if (*shape == NULL)
    return refuse(problems,
                  "known are \"mcpServers\", \"servers\", \"context_servers\" and \"mcp\" with "
                  "\"servers\" in it",
                  "there are no servers in this file");
  import_fields(importing, root, own, settings);
  add_aside(importing);
  return true;
}

static json_t *make_report(const struct importing *importing, const char *shape)
{
  return json_pack("{s:s, s:O, s:O, s:O}", "shape", shape, "notes", importing->notes, "servers",
                   importing->servers, "fields", importing->fields);
}

static void free_all(struct importing *importing)
{
  import_target_free(&importing->target);
  buffer_free(&importing->text);
  buffer_free(&importing->aside);
  buffer_free(&importing->kept);
  json_decref(importing->ids);
  json_decref(importing->servers);
  json_decref(importing->fields);
  json_decref(importing->notes);
}

int config_import(const struct import_settings *settings, const char *source_name,
                  const struct buffer *source, const struct buffer *target,
                  struct config_problems *problems, struct config_problems *target_problems,
                  struct buffer *out, json_t **report, struct error **error)
{
  struct importing importing = {.settings = settings,
                                .source_name = source_name,
                                .ids = json_object(),
                                .servers = json_array(),
                                .fields = json_array(),
                                .notes = json_array()};
  struct json_slice root;
  const char *shape = NULL;
  clean(&importing, source);
  bool right = !importing.text.failed && read_source(&importing, problems, &root);
  /* Both are read, so that all that is wrong is said. */
  right = import_target_read(&importing.target, target, target_problems) && right;
  right = right && import_all(&importing, root, problems, &shape);
  if (right) {
    import_target_append(&importing.target, out);
    *report = make_report(&importing, shape);
  }
  bool failed = importing.failed || importing.text.failed || problems->failed || out->failed ||
                importing.aside.failed || importing.kept.failed || (right && *report == NULL);
  free_all(&importing);
  if (failed)
    return error_memory(error);
  return right ? 0 : -1;
}

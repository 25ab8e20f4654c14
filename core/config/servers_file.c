/* SPDX-License-Identifier: Apache-2.0 */
/* The servers file: the text, what stands at its top, and its memory. */
#include "core/config/servers_file.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/file.h"
#include "core/config/schema.h"
#include "core/config/server_read.h"
#include "core/json/place.h"
#include "core/json/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char servers_config_smallest[] = "{\n"
                                       "  \"servers\": [\n"
                                       "    {\n"
                                       "      \"id\": \"files\",\n"
                                       "      \"command\": \"mcp-server-filesystem\",\n"
                                       "      \"args\": [\"/data\"],\n"
                                       "      \"sandbox\": {\"mounts\": [\"/srv/data:/data:ro\"]}\n"
                                       "    }\n"
                                       "  ]\n"
                                       "}\n";

const char servers_config_empty[] = "{\n"
                                    "  \"servers\": []\n"
                                    "}\n";

/* The state of reading one file. */
struct file_reading {
  struct config_reader *reader;
  const struct servers_settings *settings;
  struct servers_config *servers;
};

static void allocate_servers(struct file_reading *reading, size_t count)
{
  struct servers_config *servers = reading->servers;
  servers->servers = calloc(count + 1, sizeof *servers->servers);
  reading->reader->problems->failed |= servers->servers == NULL;
  servers->server_count = servers->servers == NULL ? 0 : count;
}

static bool count_fits(struct file_reading *reading, size_t count)
{
  if (count == 0)
    config_reader_warn(reading->reader, NULL, "there is no server in the list");
  /* Both shapes in one file are an error of their own; the first one is read. */
  if (reading->servers->servers != NULL)
    return false;
  if (count <= CONFIG_LIST_MAX)
    return true;
  config_reader_error(reading->reader, NULL, "a file can have %d servers", CONFIG_LIST_MAX);
  return false;
}

static void read_list(struct config_reader *reader, json_t *value, void *target)
{
  struct file_reading *reading = target;
  if (!json_is_array(value)) {
    config_reader_error(
        reader,
        json_is_object(value) ? "write [{\"id\": \"…\", …}], or call the key \"mcpServers\"" : NULL,
        "\"servers\" must be a list of servers");
    return;
  }
  size_t count = json_array_size(value);
  if (!count_fits(reading, count))
    return;
  allocate_servers(reading, count);
  for (size_t i = 0; i < reading->servers->server_count; i++) {
    size_t before = config_reader_enter_element(reader, i);
    reader->server = i;
    server_read(reader, json_array_get(value, i), NULL, reading->settings,
                &reading->servers->servers[i]);
    config_reader_leave(reader, before);
  }
  reader->server = CONFIG_WHOLE_FILE;
}

static void read_named(struct config_reader *reader, json_t *value, void *target)
{
  struct file_reading *reading = target;
  if (!json_is_object(value)) {
    config_reader_expected(reader, value, "an object such as {\"id\": {\"command\": \"…\"}}");
    return;
  }
  size_t count = json_object_size(value);
  if (!count_fits(reading, count))
    return;
  allocate_servers(reading, count);
  void *iterator = json_object_iter(value);
  for (size_t i = 0; i < reading->servers->server_count; i++) {
    const char *id = json_object_iter_key(iterator);
    size_t before = config_reader_enter(reader, id);
    reader->server = i;
    server_read(reader, json_object_iter_value(iterator), id, reading->settings,
                &reading->servers->servers[i]);
    config_reader_leave(reader, before);
    iterator = json_object_iter_next(value, iterator);
  }
  reader->server = CONFIG_WHOLE_FILE;
}

static void read_timeout(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_integer(reader, value, 1, CONFIG_TIMEOUT_MAX, "milliseconds",
                        &((struct file_reading *)target)->servers->timeout_ms);
}

static void read_cache_tools(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_boolean(reader, value, &((struct file_reading *)target)->servers->cache_tools);
}

/* Editors look here for the schema; it says nothing about the servers. */
static void read_schema(struct config_reader *reader, json_t *value, void *target)
{
  (void)target;
  if (!json_is_string(value))
    config_reader_expected(reader, value, "a text in double quotes");
}

const struct config_key servers_file_keys[] = {
    {.name = "servers",
     .read = read_list,
     .help = "The servers, in the order in which their tools are offered",
     .schema = SCHEMA_SERVERS},
    {.name = "mcpServers",
     .read = read_named,
     .help = "The same as an object of servers by id, as other clients write it",
     .schema = SCHEMA_NAMED_SERVERS},
    {.name = "timeout_ms",
     .read = read_timeout,
     .help = "Milliseconds that a call may take where its server does not say",
     .schema = SCHEMA_TIMEOUT},
    {.name = "cache_tools",
     .read = read_cache_tools,
     .help = "Keep the lists of tools between starts, and show them until a server has answered",
     .schema = SCHEMA_BOOLEAN},
    {.name = "$schema",
     .read = read_schema,
     .help = "Where the schema of this file is, for editors",
     .schema = SCHEMA_ANY_TEXT},
    {.name = "imported",
     .read = config_reader_ignore,
     .help = "What files of other programs had that means nothing here; it is not looked at",
     .schema = SCHEMA_KEPT},
    {0}};

static void syntax_problem(struct config_problems *problems, const char *text, size_t length,
                           size_t offset, const char *reason, const char *hint)
{
  struct json_position position = json_position(text, length, offset);
  struct config_problem place = {.severity = CONFIG_ERROR,
                                 .server = CONFIG_WHOLE_FILE,
                                 .line = position.line,
                                 .column = position.column,
                                 .hint = (char *)hint};
  config_problems_add(problems, &place, "this is not JSON: %s", reason);
}

static bool scan(const char *text, size_t length, struct config_problems *problems)
{
  struct json_fault fault;
  if (json_scan(text, length, NULL, NULL, 0, &fault))
    return true;
  bool sixteen =
      length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0);
  const char *foreign = json_foreign_sentence(json_foreign(text, length, fault.offset));
  const char *hint = NULL;
  if (sixteen)
    hint = "the file is UTF-16; save it as UTF-8";
  else if (length == 0)
    hint = "the file is empty; the smallest one is {\"servers\": []}";
  syntax_problem(problems, text, length, fault.offset, foreign != NULL ? foreign : fault.reason,
                 hint);
  return false;
}

json_t *servers_json_load(const char *text, size_t length, struct config_problems *problems,
                          bool *twice)
{
  json_error_t error;
  if (!scan(text, length, problems))
    return NULL;
  json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  *twice = root == NULL && json_error_code(&error) == json_error_duplicate_key;
  if (*twice)
    root = json_loadb(text, length, 0, &error);
  if (root != NULL)
    return root;
  size_t offset = error.position < 0 ? 0 : (size_t)error.position;
  switch (json_error_code(&error)) {
  case json_error_out_of_memory:
    problems->failed = true;
    break;
  case json_error_null_character:
  case json_error_null_byte_in_key:
    syntax_problem(problems, text, length, offset, "a text cannot hold the character \\u0000",
                   NULL);
    break;
  case json_error_numeric_overflow:
    syntax_problem(problems, text, length, offset, "this number is too large", NULL);
    break;
  default:
    syntax_problem(problems, text, length, offset, "a text has half of a surrogate pair in it",
                   NULL);
    break;
  }
  return NULL;
}

static void read_root(struct file_reading *reading, json_t *root)
{
  struct config_reader *reader = reading->reader;
  if (!config_reader_object(reader, root, "an object with \"servers\" in it", servers_file_keys,
                            reading))
    return;
  bool listed = json_object_get(root, "servers") != NULL;
  bool named = json_object_get(root, "mcpServers") != NULL;
  if (!listed && !named)
    config_reader_error(reader, servers_config_smallest, "there are no \"servers\" in this file");
  if (listed && named)
    config_reader_error(reader, "keep one of the two",
                        "\"servers\" and \"mcpServers\" cannot stand in one file");
}

/* Text and memory for it, without a byte order mark; NULL when out of memory. */
static struct servers_config *make(const char *text, size_t length,
                                   struct config_problems *problems)
{
  bool marked = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
  struct servers_config *servers = calloc(1, sizeof *servers);
  if (servers == NULL)
    return NULL;
  servers->timeout_ms = CONFIG_TIMEOUT_DEFAULT;
  servers->length = length - (marked ? 3 : 0);
  servers->text = malloc(servers->length + 1);
  if (servers->text == NULL) {
    free(servers);
    return NULL;
  }
  if (servers->length > 0)
    memcpy(servers->text, text + (marked ? 3 : 0), servers->length);
  servers->text[servers->length] = '\0';
  if (marked) {
    struct config_problem place = {
        .severity = CONFIG_WARNING, .server = CONFIG_WHOLE_FILE, .line = 1, .column = 1};
    place.hint = (char *)json_foreign_sentence(JSON_FOREIGN_BYTE_ORDER_MARK);
    config_problems_add(problems, &place, "the file begins with a byte order mark; it is skipped");
  }
  return servers;
}

/* False when nothing of it can be used. */
static bool read_text(struct servers_config *servers, const struct servers_settings *settings,
                      struct config_problems *problems)
{
  bool twice;
  json_t *root = servers_json_load(servers->text, servers->length, problems, &twice);
  if (root == NULL)
    return false;
  struct config_reader reader = {.problems = problems,
                                 .text = servers->text,
                                 .length = servers->length,
                                 .server = CONFIG_WHOLE_FILE};
  struct file_reading reading = {.reader = &reader, .settings = settings, .servers = servers};
  read_root(&reading, root);
  if (twice)
    servers_report_duplicates(&reader, servers);
  servers_check_ids(&reader, servers);
  bool object = json_is_object(root);
  json_decref(root);
  buffer_free(&reader.pointer);
  return object && !problems->failed;
}

struct servers_config *servers_config_parse(const char *text, size_t length,
                                            const struct servers_settings *settings,
                                            struct config_problems *problems)
{
  struct servers_config *servers = make(text, length, problems);
  if (servers == NULL)
    problems->failed = true;
  else if (!read_text(servers, settings, problems))
    servers_config_free(&servers);
  return servers;
}

struct servers_config *servers_config_load(const char *path,
                                           const struct servers_settings *settings,
                                           struct config_problems *problems)
{
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_ERROR struct error *error = NULL;
  config_problems_name(problems, path);
  if (config_file_load(path, &text, &error) == 0)
    return servers_config_parse(text.data, text.length, settings, problems);
  struct config_problem place = {
      .severity = CONFIG_ERROR, .server = CONFIG_WHOLE_FILE, .hint = error->hint};
  config_problems_add(problems, &place, "%s", error->message);
  return NULL;
}

/* `place` has the severity, the hint and the server; the rest is found here. */
static void add_problem(struct servers_config *servers, struct config_problems *problems,
                        struct config_problem *place, const char *below, bool key,
                        const char *format, va_list arguments)
{
  CLEANUP_BUFFER struct buffer pointer = {0};
  bool whole = place->server >= servers->server_count;
  struct server_config *owner = whole ? NULL : &servers->servers[place->server];
  buffer_append_format(&pointer, "%s%s", owner != NULL ? owner->pointer : "", below);
  CLEANUP_FREE char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  if (pointer.failed || text == NULL) {
    problems->failed = true;
    return;
  }
  struct json_position position = {0};
  json_place(servers->text, servers->length, pointer.data, key, &position);
  if (owner != NULL && place->severity == CONFIG_ERROR)
    owner->broken = true;
  place->server = owner != NULL ? place->server : CONFIG_WHOLE_FILE;
  place->server_id = owner != NULL ? owner->id : NULL;
  place->pointer = pointer.data;
  place->line = position.line;
  place->column = position.column;
  config_problems_add(problems, place, "%s", text);
}

void servers_config_problem(struct servers_config *servers, size_t server,
                            enum config_severity severity, struct config_problems *problems,
                            const char *below, const char *hint, const char *format, ...)
{
  struct config_problem place = {.severity = severity, .server = server, .hint = (char *)hint};
  va_list arguments;
  va_start(arguments, format);
  add_problem(servers, problems, &place, below, false, format, arguments);
  va_end(arguments);
}

void servers_config_key_problem(struct servers_config *servers, size_t server,
                                enum config_severity severity, struct config_problems *problems,
                                const char *below, const char *hint, const char *format, ...)
{
  struct config_problem place = {.severity = severity, .server = server, .hint = (char *)hint};
  va_list arguments;
  va_start(arguments, format);
  add_problem(servers, problems, &place, below, true, format, arguments);
  va_end(arguments);
}

size_t servers_config_find(const struct servers_config *servers, const char *id)
{
  for (size_t i = 0; i < servers->server_count; i++) {
    if (servers->servers[i].id != NULL && strcmp(servers->servers[i].id, id) == 0)
      return i;
  }
  return CONFIG_WHOLE_FILE;
}

void servers_config_free(struct servers_config **servers)
{
  if (*servers == NULL)
    return;
  for (size_t i = 0; i < (*servers)->server_count; i++)
    server_config_free(&(*servers)->servers[i]);
  free((*servers)->servers);
  free((*servers)->text);
  free(*servers);
  *servers = NULL;
}

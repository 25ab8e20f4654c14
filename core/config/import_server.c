/* SPDX-License-Identifier: Apache-2.0 */
/* Takes over one server of another program's file: each of its fields goes somewhere. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/config/expand.h"
#include "core/config/import_parts.h"
#include "core/config/server_read.h"
#include "core/json/decode.h"

void import_append_member(struct buffer *out, const char *name, const char *value, size_t length)
{
  buffer_append_text(out, out->length > 0 ? ", " : "");
  json_string_append(out, name, strlen(name));
  buffer_append_text(out, ": ");
  buffer_append(out, value, length);
}

void import_report_field(json_t *fields, const char *field, const char *went, const char *text)
{
  json_array_append_new(fields,
                        json_pack("{s:s, s:s, s:s*}", "field", field, "went", went, "text", text));
}

/* What a string stands for; NULL for anything else. The caller frees it. */
static char *decoded(struct json_slice slice)
{
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_text(&text, "");
  return json_string_decode(slice, &text) ? buffer_steal(&text) : NULL;
}

static void keep(struct import_server *server, const char *name, struct json_slice value,
                 const char *why)
{
  import_append_member(&server->kept, name, value.at, value.length);
  import_report_field(server->fields, name, "kept", why);
}

static void take(struct import_server *server, const char *name, struct json_slice value)
{
  import_append_member(&server->members, name, value.at, value.length);
}

/* --- Variables in texts -------------------------------------------------------------------------
 */

/* What other programs write between "${" and "}", and what that is here. */
static bool append_reference(struct import_server *server, const char *field, const char *inner,
                             size_t length, struct buffer *out)
{
  char name[128];
  snprintf(name, sizeof name, "%.*s", (int)(length < 127 ? length : 127), inner);
  CLEANUP_BUFFER struct buffer text = {0};
  if (strncmp(name, "env:", 4) == 0) {
    buffer_append_format(out, "${%s}", name + 4);
  } else if (strncmp(name, "input:", 6) == 0) {
    char *variable = name + 6;
    for (char *at = variable; *at != '\0'; at++)
      *at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
    buffer_append_format(out, "${%s}", variable);
    buffer_append_format(&text,
                         "asks nobody here: give %s to jauauth in its environment, and allow "
                         "it in \"environment\" of the host file",
                         variable);
    import_report_field(server->fields, field, "changed", text.data);
    return true;
  } else if (strcmp(name, "userHome") == 0) {
    buffer_append_text(out, "${HOME}");
  } else if (strcmp(name, "pathSeparator") == 0 || strcmp(name, "/") == 0) {
    buffer_append_byte(out, '/');
  } else {
    buffer_append_format(out, "${%.*s}", (int)length, inner);
    bool workspace = strncmp(name, "workspace", 9) == 0 || strncmp(name, "file", 4) == 0;
    if (workspace || name[config_variable_length(name)] != '\0') {
      buffer_append_format(&text, "\"${%s}\" has no meaning here: write what it stands for", name);
      import_report_field(server->fields, field, "taken", text.data);
    }
    return false;
  }
  buffer_append_format(&text, "\"${%s}\" is written in the way of this file", name);
  import_report_field(server->fields, field, "changed", text.data);
  return true;
}

/* Appends the text so that it means here what it did there, where only "${…}" was replaced. */
static void append_translated(struct import_server *server, const char *field, const char *text,
                              struct buffer *out)
{
  bool escaped = false;
  for (const char *at = text; *at != '\0'; at++) {
    const char *end = at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;
    if (server->own || at[0] != '$' || (at[1] == '{' && end == NULL)) {
      buffer_append_byte(out, *at);
    } else if (end != NULL) {
      append_reference(server, field, at + 2, (size_t)(end - at - 2), out);
      at = end;
    } else {
      bool means = at[1] == '$' || config_variable_length(at + 1) > 0;
      buffer_append_text(out, means ? "$$" : "$");
      escaped |= means;
    }
  }
  if (escaped)
    import_report_field(server->fields, field, "changed", "a \"$\" is written \"$$\" here");
}

/* A text, or a number or truth that is meant as one. False for anything else. */
static bool append_text(struct import_server *server, const char *field, struct json_slice value,
                        struct buffer *json, struct buffer *plain)
{
  enum json_kind kind = json_kind(value);
  CLEANUP_FREE char *text = decoded(value);
  if (text == NULL && (kind == JSON_KIND_INTEGER || kind == JSON_KIND_NUMBER ||
                       kind == JSON_KIND_TRUE || kind == JSON_KIND_FALSE)) {
    text = strndup(value.at, value.length);
    import_report_field(server->fields, field, "changed", "it is a text now");
  }
  if (text == NULL)
    return false;
  append_translated(server, field, text, plain);
  buffer_append_text(plain, "");
  if (plain->data != NULL && kind == JSON_KIND_STRING && strcmp(plain->data, text) == 0)
    buffer_append(json, value.at, value.length);
  else
    json_string_append(json, plain->data != NULL ? plain->data : "", plain->length);
  return true;
}

/* --- The fields of an entry ---------------------------------------------------------------------
 */

static void read_arguments(struct import_server *server, const char *name, struct json_slice value);
static void read_environment(struct import_server *server, const char *name,
                             struct json_slice value);

static void set_aside(struct import_server *server, const char *why)
{
  if (server->aside == NULL)
    server->aside = strdup(why);
  server->failed |= server->aside == NULL;
}

/* An object with "path", "args" and "env" was the way of an editor. */
static void read_nested(struct import_server *server, struct json_slice value)
{
  struct json_walk walk = json_walk(value);
  struct json_slice key;
  struct json_slice member;
  while (json_object_next(&walk, &key, &member)) {
    CLEANUP_FREE char *inner = decoded(key);
    CLEANUP_FREE char *program = decoded(member);
    char field[80];
    snprintf(field, sizeof field, "command.%.64s", inner != NULL ? inner : "");
    if (json_string_equals(key, "path") && program != NULL) {
      take(server, "command", member);
      json_array_insert_new(server->command, 0, json_string(program));
      import_report_field(server->fields, field, "changed", "it is \"command\" now");
    } else if (json_string_equals(key, "args")) {
      read_arguments(server, "args", member);
    } else if (json_string_equals(key, "env")) {
      read_environment(server, "env", member);
    } else {
      keep(server, field, member, "jauauth knows no such key");
    }
  }
}

static void read_command(struct import_server *server, const char *name, struct json_slice value)
{
  CLEANUP_FREE char *program = decoded(value);
  if (program != NULL) {
    take(server, name, value);
    json_array_insert_new(server->command, 0, json_string(program));
  } else if (json_kind(value) == JSON_KIND_OBJECT) {
    read_nested(server, value);
  } else {
    set_aside(server, "its \"command\" is no text");
  }
}

static void read_arguments(struct import_server *server, const char *name, struct json_slice value)
{
  if (json_kind(value) != JSON_KIND_ARRAY) {
    set_aside(server, "its \"args\" are no list");
    return;
  }
  CLEANUP_BUFFER struct buffer list = {0};
  struct json_walk walk = json_walk(value);
  struct json_slice element;
  buffer_append_byte(&list, '[');
  for (size_t i = 0; json_array_next(&walk, &element); i++) {
    CLEANUP_BUFFER struct buffer plain = {0};
    char field[32];
    snprintf(field, sizeof field, "args/%zu", i);
    buffer_append_text(&list, i > 0 ? ", " : "");
    if (!append_text(server, field, element, &list, &plain)) {
      set_aside(server, "one of its \"args\" is no text");
      return;
    }
    json_array_append_new(server->command, json_string(plain.data));
  }
  buffer_append_byte(&list, ']');
  server->failed |= list.failed;
  import_append_member(&server->members, name, list.data, list.length);
}

static void read_environment(struct import_server *server, const char *name,
                             struct json_slice value)
{
  if (json_kind(value) == JSON_KIND_NULL) {
    keep(server, name, value, "it names no variable");
    return;
  }
  if (json_kind(value) != JSON_KIND_OBJECT) {
    set_aside(server, "its \"env\" is no object");
    return;
  }
  CLEANUP_BUFFER struct buffer object = {0};
  struct json_walk walk = json_walk(value);
  struct json_slice key;
  struct json_slice member;
  while (json_object_next(&walk, &key, &member)) {
    CLEANUP_FREE char *variable = decoded(key);
    CLEANUP_BUFFER struct buffer plain = {0};
    CLEANUP_BUFFER struct buffer json = {0};
    CLEANUP_BUFFER struct buffer field = {0};
    buffer_append_format(&field, "env/%s", variable != NULL ? variable : "");
    if (variable == NULL || field.failed)
      server->failed = true;
    else if (!append_text(server, field.data, member, &json, &plain))
      keep(server, field.data, member, "a variable is a text; one that is not named is not there");
    else
      import_append_member(&object, variable, json.data, json.length);
    server->failed |= json.failed || plain.failed;
    json_array_append_new(server->variables, json_string(variable));
  }
  CLEANUP_BUFFER struct buffer whole = {0};
  buffer_append_format(&whole, "{%s}", object.data != NULL ? object.data : "");
  server->failed |= whole.failed || object.failed;
  import_append_member(&server->members, name, whole.data, whole.length);
}

static void read_name(struct import_server *server, const char *name, struct json_slice value)
{
  CLEANUP_FREE char *text = decoded(value);
  server->named = text != NULL && *text != '\0';
  if (server->named)
    take(server, name, value);
  else
    keep(server, name, value, "a name is a text");
}

static void read_sandbox(struct import_server *server, const char *name, struct json_slice value)
{
  server->boxed = true;
  take(server, name, value);
}

static void read_directory(struct import_server *server, const char *name, struct json_slice value)
{
  CLEANUP_FREE char *path = decoded(value);
  bool whole = path != NULL && path[0] == '/' && strpbrk(path, "$:") == NULL &&
               strstr(path, "/.") == NULL && !server->own && server->directory == NULL;
  if (!whole) {
    keep(server, name, value,
         "no plain absolute path: write \"work_dir\" of the sandbox, a path inside");
    return;
  }
  server->directory = steal_pointer(path);
}

static void read_type(struct import_server *server, const char *name, struct json_slice value)
{
  if (json_string_equals(value, "stdio"))
    take(server, name, value);
  else
    keep(server, name, value, "it says how another program reaches the server");
}

static const struct {
  const char *name;
  void (*read)(struct import_server *server, const char *name, struct json_slice value);
  const char *kept; /* why it has no meaning here */
} entry_keys[] = {
    {"command", read_command, NULL},
    {"args", read_arguments, NULL},
    {"env", read_environment, NULL},
    {"name", read_name, NULL},
    {"sandbox", read_sandbox, NULL},
    {"cwd", read_directory, NULL},
    {"type", read_type, NULL},
    {"envFile", NULL,
     "files of variables are not read: write what the server needs of it into \"env\""},
    {"url", NULL, "an address belongs to a server that is reached over a network"},
    {"disabled", NULL, "a server cannot be switched off by a key; this one is not"},
    {"enabled", NULL, "a server cannot be switched off by a key; this one is not"},
    {"source", NULL, "it says where another program has the entry from"},
    {"settings", NULL, "settings of another program"},
    {"dev", NULL, "settings of another program"},
    {"id", NULL, "the id is made of the name of the entry"},
};

/* Why a key is refused here, where the reader has a reason. NULL for one that it reads. */
static const char *reason_of(const struct config_key *key)
{
  return key->name == NULL ? "jauauth knows no such key" : key->refused;
}

static void read_field(struct import_server *server, const char *name, struct json_slice value)
{
  const struct config_key *known = server_keys;
  while (known->name != NULL && strcmp(known->name, name) != 0)
    known++;
  for (size_t i = 0; i < sizeof entry_keys / sizeof entry_keys[0]; i++) {
    if (strcmp(entry_keys[i].name, name) != 0)
      continue;
    if (server->own && strcmp(name, "id") == 0)
      return; /* the caller has it */
    if (entry_keys[i].read != NULL)
      entry_keys[i].read(server, name, value);
    else
      keep(server, name, value, entry_keys[i].kept);
    return;
  }
  const char *reason = reason_of(known);
  if (reason == NULL && server->own)
    take(server, name, value);
  else
    keep(server, name, value,
         reason != NULL ? reason
                        : "a key of jauauth that means another thing "
                          "in the files of others");
}

/* --- Entries that cannot be taken over ----------------------------------------------------------
 */

static bool has(struct json_slice entry, const char *name, struct json_slice *value)
{
  return json_member(entry, name, value);
}

/* Whether the entry names the way to a server that runs elsewhere. */
static bool is_remote(struct json_slice entry)
{
  static const char *const addresses[] = {"url", "serverUrl", "httpUrl", "uri"};
  static const char *const ways[] = {"type", "transport", "transportType"};
  static const char *const remote[] = {"http",           "sse", "streamable-http",
                                       "streamableHttp", "ws",  "websocket"};
  struct json_slice value;
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    for (size_t j = 0; has(entry, ways[i], &value) && j < sizeof remote / sizeof remote[0]; j++) {
      if (json_string_equals(value, remote[j]))
        return true;
    }
  }
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    if (!has(entry, "command", &value) && has(entry, addresses[i], &value))
      return true;
  }
  return false;
}

static const char *unfit(struct json_slice entry)
{
  struct json_slice value;
  if (json_kind(entry) != JSON_KIND_OBJECT)
    return "its entry is no object";
  if ((has(entry, "disabled", &value) && json_kind(value) == JSON_KIND_TRUE) ||
      (has(entry, "enabled", &value) && json_kind(value) == JSON_KIND_FALSE))
    return "it is switched off there, and nothing here is";
  if (is_remote(entry))
    return "it is reached over a network, which this version does not support";
  if (!has(entry, "command", &value))
    return "it names no \"command\"";
  return NULL;
}

/* A program that starts a sandbox itself cannot do so inside of another one. */
static void check_front(struct import_server *server)
{
  const char *program = json_string_value(json_array_get(server->command, 0));
  if (program == NULL) {
    set_aside(server, "it names no \"command\"");
    return;
  }
  const char *slash = strrchr(program, '/');
  const char *name = slash != NULL ? slash + 1 : program;
  for (size_t i = 0; i < server->settings->front_count; i++) {
    const struct config_front *front = &server->settings->fronts[i];
    if (strcmp(front->program, name) != 0 || server->boxed)
      continue;
    CLEANUP_BUFFER struct buffer why = {0};
    buffer_append_format(&why,
                         "\"%s\" starts a sandbox itself, which cannot work inside another one: "
                         "write the program that it runs as \"command\", and \"sandbox\": "
                         "{\"strategy\": {\"%s\": {…}}}",
                         name, front->strategy);
    set_aside(server, why.data != NULL ? why.data : "");
    return;
  }
}

void import_server_read(struct import_server *server)
{
  server->fields = json_array();
  server->reasons = json_array();
  server->command = json_array();
  server->variables = json_array();
  const char *why = unfit(server->value);
  if (why != NULL) {
    set_aside(server, why);
    return;
  }
  struct json_walk walk = json_walk(server->value);
  struct json_slice key;
  struct json_slice value;
  while (json_object_next(&walk, &key, &value)) {
    CLEANUP_FREE char *name = decoded(key);
    if (name != NULL)
      read_field(server, name, value);
    server->failed |= name == NULL;
  }
  check_front(server);
  server->failed |= server->members.failed || server->kept.failed || server->fields == NULL ||
                    server->reasons == NULL || server->command == NULL || server->variables == NULL;
}

void import_server_free(struct import_server *server)
{
  buffer_free(&server->members);
  buffer_free(&server->kept);
  json_decref(server->fields);
  json_decref(server->reasons);
  json_decref(server->command);
  json_decref(server->variables);
  json_decref(server->sandbox);
  free(server->directory);
  free(server->aside);
  *server = (struct import_server){0};
}

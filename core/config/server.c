/* SPDX-License-Identifier: Apache-2.0 */
/* One server as the servers file describes it: its memory, and the keys that stand at its top. */
#include "core/config/server.h"

#include "core/base/cleanup.h"
#include "core/config/schema.h"
#include "core/config/server_read.h"

#include <string.h>

static bool is_letter(char byte)
{
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_id_byte(char byte)
{
  return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

void config_suggest_id(const char *id, char out[CONFIG_ID_MAX + 1])
{
  size_t length = 0;
  for (; *id != '\0' && length < CONFIG_ID_MAX; id++) {
    if (is_id_byte(*id) && (length > 0 || is_letter(*id)))
      out[length++] = *id;
    else if (length > 0 && out[length - 1] != '-')
      out[length++] = '-';
  }
  while (length > 0 && out[length - 1] == '-')
    length--;
  out[length] = '\0';
}

void server_read_id(struct config_reader *reader, const char *id, struct server_config *server)
{
  const char *fault = NULL;
  size_t length = strlen(id);
  if (!is_letter(id[0]))
    fault = "must begin with a letter";
  for (size_t i = 0; fault == NULL && i < length; i++) {
    if (!is_id_byte(id[i]))
      fault = "may hold letters, digits, \"-\" and \"_\" only";
  }
  if (fault == NULL && length > CONFIG_ID_MAX)
    fault = "may be 40 characters long, or the names of its tools would be cut";
  if (fault == NULL) {
    server->id = strdup(id);
    reader->server_id = server->id;
    reader->problems->failed |= server->id == NULL;
    return;
  }
  char shown[CONFIG_SHOWN_MAX + 4];
  char suggested[CONFIG_ID_MAX + 1];
  config_suggest_id(id, suggested);
  CLEANUP_BUFFER struct buffer hint = {0};
  buffer_append_text(&hint, "the id begins the name of each of its tools");
  if (suggested[0] != '\0')
    buffer_append_format(&hint, "; a usable one is \"%s\"", suggested);
  config_reader_error(reader, hint.data, "the id \"%s\" cannot be used: it %s",
                      config_shown(id, shown), fault);
}

static void read_id(struct config_reader *reader, json_t *value, void *target)
{
  struct server_reading *reading = target;
  CLEANUP_FREE char *id = NULL;
  if (reading->named_by_key)
    config_reader_key_error(reader, "remove \"id\", or write the file with a \"servers\" list",
                            "in \"mcpServers\" the name of the member is the id");
  else if (config_reader_text(reader, value, &id))
    server_read_id(reader, id, reading->server);
}

static void read_name(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_text(reader, value, &((struct server_reading *)target)->server->name);
}

static void read_command(struct config_reader *reader, json_t *value, void *target)
{
  (void)reader;
  ((struct server_reading *)target)->command = value;
}

static void read_arguments(struct config_reader *reader, json_t *value, void *target)
{
  (void)reader;
  ((struct server_reading *)target)->arguments = value;
}

static void read_environment(struct config_reader *reader, json_t *value, void *target)
{
  (void)reader;
  ((struct server_reading *)target)->environment = value;
}

static void read_prepare(struct config_reader *reader, json_t *value, void *target)
{
  (void)reader;
  ((struct server_reading *)target)->prepare = value;
}

static void read_requires_auth(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_boolean(reader, value, &((struct server_reading *)target)->server->requires_auth);
}

static void read_allowed_users(struct config_reader *reader, json_t *value, void *target)
{
  struct server_config *server = ((struct server_reading *)target)->server;
  if (config_reader_texts(reader, value, "a list of user names", NULL, &server->allowed_users) &&
      server->allowed_users[0] == NULL)
    config_reader_warn(reader, "leave the key out to allow everybody",
                       "an empty list allows nobody: the server is never offered");
}

static void read_timeout(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_integer(reader, value, 1, CONFIG_TIMEOUT_MAX, "milliseconds",
                        &((struct server_reading *)target)->server->timeout_ms);
}

static void read_start(struct config_reader *reader, json_t *value, void *target)
{
  struct server_config *server = ((struct server_reading *)target)->server;
  CLEANUP_FREE char *word = NULL;
  if (!config_reader_text(reader, value, &word))
    return;
  if (strcmp(word, "lazy") == 0)
    server->start = CONFIG_START_LAZY;
  else if (strcmp(word, "eager") == 0)
    server->start = CONFIG_START_EAGER;
  else
    config_reader_error(reader, NULL,
                        "\"start\" must be \"eager\" (with the router) or \"lazy\" (by the first "
                        "call)");
}

static void read_idle_stop(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_integer(reader, value, 0, CONFIG_TIMEOUT_MAX, "milliseconds",
                        &((struct server_reading *)target)->server->idle_stop_ms);
}

static void read_run_as(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_text(reader, value, &((struct server_reading *)target)->server->run_as);
}

/* Other clients write how the server is reached; only this way has a meaning here. */
static void read_type(struct config_reader *reader, json_t *value, void *target)
{
  (void)target;
  CLEANUP_FREE char *type = NULL;
  if (config_reader_text(reader, value, &type) && strcmp(type, "stdio") != 0)
    config_reader_error(reader, "name the \"command\" of a server that talks over stdio",
                        "servers that are reached over a network are not supported");
}

static void refuse_url(struct config_reader *reader, json_t *value, void *target)
{
  (void)value;
  ((struct server_reading *)target)->remote = true;
  config_reader_key_error(reader, "name the \"command\" of a server that talks over stdio",
                          "servers that are reached over a network are not supported");
}

const struct config_key server_keys[] = {
    {.name = "id",
     .read = read_id,
     .help = "A short name, which begins the name of each tool of the server",
     .schema = SCHEMA_ID,
     .required = true},
    {.name = "name",
     .read = read_name,
     .help = "What the server is called towards people",
     .schema = SCHEMA_TEXT},
    {.name = "command",
     .read = read_command,
     .help = "The program: its name or its absolute path",
     .schema = SCHEMA_TEXT,
     .required = true},
    {.name = "args",
     .read = read_arguments,
     .help = "The arguments of the program; $NAME and ${NAME} are replaced, $$ is one dollar sign",
     .schema = SCHEMA_ARGUMENTS},
    {.name = "env",
     .read = read_environment,
     .help = "Variables of the server's environment, all of which are secrets",
     .schema = SCHEMA_VARIABLES},
    {.name = "prepare",
     .read = read_prepare,
     .help = "A command, its program and arguments, that installs once what the server needs",
     .schema = SCHEMA_PREPARE},
    {.name = "requires_auth",
     .read = read_requires_auth,
     .help = "Offer the server to known users only",
     .schema = SCHEMA_BOOLEAN},
    {.name = "allowed_users",
     .read = read_allowed_users,
     .help = "Users to whom the server exists",
     .schema = SCHEMA_TEXTS},
    {.name = "timeout_ms",
     .read = read_timeout,
     .help = "Milliseconds that a call may take",
     .schema = SCHEMA_TIMEOUT},
    {.name = "sandbox",
     .read = sandbox_read,
     .help = "How the server is confined",
     .schema = SCHEMA_SANDBOX},
    {.name = "start",
     .read = read_start,
     .help = "With the router, or by the first call",
     .schema = SCHEMA_START},
    {.name = "idle_stop_ms",
     .read = read_idle_stop,
     .help = "Milliseconds without a call after which the server is stopped; 0: never",
     .schema = SCHEMA_IDLE_STOP},
    {.name = "run_as",
     .read = read_run_as,
     .help = "The account of this server when root runs jauauth",
     .schema = SCHEMA_TEXT},
    {.name = "type", .read = read_type, .help = "How the server is reached", .schema = SCHEMA_TYPE},
    {.name = "url",
     .read = refuse_url,
     .help = "Servers that are reached over a network are not supported",
     .schema = SCHEMA_NOTHING},
    {.name = "imported",
     .read = config_reader_ignore,
     .help = "What the entry of another program had that means nothing here; it is not looked at",
     .schema = SCHEMA_KEPT},
    /* Keys of other programs and of later versions. To ignore one could start what the user had
     * switched off, or run it elsewhere than he thinks. */
    {.name = "headers", .refused = "\"headers\" belong to a server that is reached over a network"},
    {.name = "cwd",
     .refused = "\"cwd\" is not a key of this file",
     .hint = "write \"sandbox\": {\"work_dir\": \"/path/inside\"}"},
    {.name = "timeout",
     .refused = "\"timeout\" is not a key of this file: its unit would be a guess",
     .hint = "write \"timeout_ms\", in milliseconds"},
    {.name = "disabled",
     .refused = "a server cannot be disabled by a key",
     .hint = "remove the server from the file, or move it to another one"},
    {.name = "autoApprove",
     .refused = "which calls need a question is for the client to say",
     .hint = "remove \"autoApprove\""},
    {.name = "alwaysAllow",
     .refused = "which calls need a question is for the client to say",
     .hint = "remove \"alwaysAllow\""},
    {0}};

void server_read(struct config_reader *reader, json_t *value, const char *id,
                 const struct servers_settings *settings, struct server_config *server)
{
  struct server_reading reading = {
      .server = server, .settings = settings, .named_by_key = id != NULL};
  reader->broken = &server->broken;
  reader->server_id = NULL;
  server->idle_stop_ms = -1;
  server->pointer = strdup(reader->pointer.data != NULL ? reader->pointer.data : "");
  server->sandbox.options = json_object();
  if (server->pointer == NULL || server->sandbox.options == NULL)
    reader->problems->failed = true;
  if (id != NULL) {
    server_read_id(reader, id, server);
  } else if (json_is_object(value)) {
    /* First, so that whatever else is wrong is reported with the name of the server. */
    const char *early = json_string_value(json_object_get(value, "id"));
    reader->server_id = early;
  }
  if (config_reader_object(reader, value, "a server (an object)", server_keys, &reading)) {
    if (id == NULL && json_object_get(value, "id") == NULL)
      config_reader_error(reader, "add a short name, as in \"id\": \"files\"",
                          "the server has no \"id\"");
    server_read_environment(reader, &reading);
    server_read_command(reader, &reading);
    sandbox_read_defaults(reader, &reading);
  }
  reader->broken = NULL;
  reader->server_id = NULL;
}

bool server_config_allows(const struct server_config *server, const char *user)
{
  return server->allowed_users == NULL || config_texts_have(server->allowed_users, user);
}

static void free_sandbox(struct sandbox_config *sandbox)
{
  free(sandbox->strategy);
  json_decref(sandbox->options);
  free(sandbox->options_pointer);
  free(sandbox->network.name);
  for (size_t i = 0; i < sandbox->mount_count; i++) {
    free(sandbox->mounts[i].source);
    free(sandbox->mounts[i].target);
  }
  free(sandbox->mounts);
  free(sandbox->work_directory);
  free(sandbox->temporary_directory);
  config_texts_free(&sandbox->require);
  config_texts_free(&sandbox->accept_partial);
  config_texts_free(&sandbox->allow_swappable);
}

static void free_variables(struct config_variable *variables, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    free(variables[i].name);
    free(variables[i].value);
  }
  free(variables);
}

void server_config_free(struct server_config *server)
{
  free(server->id);
  free(server->name);
  free(server->pointer);
  config_texts_free(&server->command);
  config_texts_free(&server->command_written);
  config_texts_free(&server->prepare);
  config_texts_free(&server->prepare_written);
  free_variables(server->environment, server->environment_count);
  free_variables(server->expanded, server->expanded_count);
  free_sandbox(&server->sandbox);
  config_texts_free(&server->allowed_users);
  free(server->run_as);
  *server = (struct server_config){0};
}

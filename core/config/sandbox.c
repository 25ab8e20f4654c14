/* SPDX-License-Identifier: Apache-2.0 */
/* "sandbox" of a server: the strategy, and what every strategy understands. */
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/mount_text.h"
#include "core/config/schema.h"
#include "core/config/server_read.h"

#include <string.h>

enum { MOUNTS_MAX = 256 };

static struct sandbox_config *sandbox_of(void *target)
{
  return &((struct server_reading *)target)->server->sandbox;
}

/* [a-z][a-z0-9-]*, as plugins and their properties are called. */
static bool is_word(const char *text)
{
  size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
  return text[0] >= 'a' && text[0] <= 'z' && text[length] == '\0' && length <= 64;
}

static void copy_pointer(struct config_reader *reader, char **out)
{
  free(*out);
  *out = strdup(reader->pointer.data != NULL ? reader->pointer.data : "");
  reader->problems->failed |= *out == NULL;
}

static void take_strategy(struct config_reader *reader, const char *name, json_t *options,
                          struct sandbox_config *sandbox)
{
  char shown[CONFIG_SHOWN_MAX + 4];
  if (!is_word(name)) {
    config_reader_error(reader, "`jauauth plugins list` names the strategies",
                        "\"%s\" cannot be a strategy: a strategy's name is made of lower-case "
                        "letters, digits and \"-\"",
                        config_shown(name, shown));
    return;
  }
  sandbox->strategy = strdup(name);
  reader->problems->failed |= sandbox->strategy == NULL;
  copy_pointer(reader, &sandbox->options_pointer);
  if (options == NULL)
    return;
  if (!json_is_object(options)) {
    config_reader_expected(reader, options, "an object with the options of the strategy");
    return;
  }
  json_decref(sandbox->options);
  sandbox->options = json_incref(options);
}

static void read_strategy(struct config_reader *reader, json_t *value, void *target)
{
  struct sandbox_config *sandbox = sandbox_of(target);
  sandbox->strategy_given = true;
  if (json_is_string(value)) {
    take_strategy(reader, json_string_value(value), NULL, sandbox);
    return;
  }
  if (!json_is_object(value)) {
    config_reader_expected(reader, value,
                           "a strategy: its name, or an object with the name and the options, as "
                           "in {\"name\": {}}");
    return;
  }
  if (json_object_size(value) != 1) {
    config_reader_error(reader, "write {\"name\": {\"option\": …}}, with the options inside",
                        "the strategy must be an object with exactly one key, its name; this one "
                        "has %zu",
                        json_object_size(value));
    return;
  }
  const char *name = json_object_iter_key(json_object_iter(value));
  size_t before = config_reader_enter(reader, name);
  take_strategy(reader, name, json_object_get(value, name), sandbox);
  config_reader_leave(reader, before);
}

static void read_passthrough(struct config_reader *reader, json_t *value, void *target)
{
  (void)reader;
  ((struct server_reading *)target)->passthrough = value;
}

static void read_path_inside(struct config_reader *reader, json_t *value, const char *what,
                             char **out)
{
  CLEANUP_FREE char *path = NULL;
  if (!config_reader_text(reader, value, &path) || !config_reader_path(reader, path, what))
    return;
  free(*out);
  *out = steal_pointer(path);
}

static void read_work_directory(struct config_reader *reader, json_t *value, void *target)
{
  read_path_inside(reader, value, "\"work_dir\" (a path inside the sandbox)",
                   &sandbox_of(target)->work_directory);
}

static void read_temporary_directory(struct config_reader *reader, json_t *value, void *target)
{
  read_path_inside(reader, value, "\"temp_dir\" (a path inside the sandbox)",
                   &sandbox_of(target)->temporary_directory);
}

static void read_network(struct config_reader *reader, json_t *value, void *target)
{
  struct config_network *network = &sandbox_of(target)->network;
  if (json_is_boolean(value)) {
    network->kind = json_is_true(value) ? CONFIG_NETWORK_OPEN : CONFIG_NETWORK_NONE;
    return;
  }
  const char *name = json_string_value(value);
  char shown[CONFIG_SHOWN_MAX + 4];
  if (name == NULL) {
    config_reader_expected(reader, value, "true, false or the name of a network");
  } else if (!config_is_network_name(name)) {
    config_reader_error(reader, "true opens the network, false closes it",
                        "\"%s\" cannot be the name of a network", config_shown(name, shown));
  } else if (strcmp(name, "none") == 0) {
    network->kind = CONFIG_NETWORK_NONE;
  } else {
    network->kind = CONFIG_NETWORK_NAMED;
    network->name = strdup(name);
    reader->problems->failed |= network->name == NULL;
  }
}

static void read_limit(struct config_reader *reader, const json_t *value,
                       enum config_limit_name name, struct config_limit *limit)
{
  CLEANUP_ERROR struct error *error = NULL;
  int result;
  if (json_is_string(value)) {
    result = config_limit_from_text(name, json_string_value(value), &limit->value, &error);
  } else if (json_is_integer(value)) {
    result = config_limit_from_integer(name, json_integer_value(value), &limit->value, &error);
  } else if (json_is_real(value)) {
    result = config_limit_from_fraction(name, json_real_value(value), &limit->value, &error);
  } else {
    config_reader_expected(reader, value, config_limit_kinds[name].expected);
    return;
  }
  limit->given = result == 0;
  if (result != 0)
    config_reader_error(reader, error->hint, "%s", error->message);
}

static void read_memory(struct config_reader *reader, json_t *value, void *target)
{
  read_limit(reader, value, CONFIG_MEMORY, &sandbox_of(target)->limits[CONFIG_MEMORY]);
}

static void read_cpu(struct config_reader *reader, json_t *value, void *target)
{
  read_limit(reader, value, CONFIG_CPU, &sandbox_of(target)->limits[CONFIG_CPU]);
}

static void read_pids(struct config_reader *reader, json_t *value, void *target)
{
  read_limit(reader, value, CONFIG_PIDS, &sandbox_of(target)->limits[CONFIG_PIDS]);
}

static void read_open_files(struct config_reader *reader, json_t *value, void *target)
{
  read_limit(reader, value, CONFIG_OPEN_FILES, &sandbox_of(target)->limits[CONFIG_OPEN_FILES]);
}

static void read_file_size(struct config_reader *reader, json_t *value, void *target)
{
  read_limit(reader, value, CONFIG_FILE_SIZE, &sandbox_of(target)->limits[CONFIG_FILE_SIZE]);
}

static void read_home(struct config_reader *reader, json_t *value, void *target)
{
  CLEANUP_FREE char *word = NULL;
  if (!config_reader_text(reader, value, &word))
    return;
  if (strcmp(word, "keep") == 0)
    sandbox_of(target)->keep_home = true;
  else if (strcmp(word, "empty") == 0)
    sandbox_of(target)->keep_home = false;
  else
    config_reader_error(reader, NULL,
                        "\"home\" must be \"keep\" (a lasting home of its own) or \"empty\" (a new "
                        "one at each start)");
}

static bool check_property(struct config_reader *reader, const char *property)
{
  char shown[CONFIG_SHOWN_MAX + 4];
  if (is_word(property))
    return true;
  config_reader_error(reader, NULL,
                      "\"%s\" cannot be a property: the name of one is made of lower-case letters, "
                      "digits and \"-\"",
                      config_shown(property, shown));
  return false;
}

static void read_require(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_texts(reader, value, "a list of properties that the sandbox must have",
                      check_property, &sandbox_of(target)->require);
}

static bool check_limit_key(struct config_reader *reader, const char *key)
{
  const char *keys[CONFIG_LIMITS];
  for (size_t i = 0; i < CONFIG_LIMITS; i++) {
    keys[i] = config_limit_kinds[i].key;
    if (strcmp(key, keys[i]) == 0)
      return true;
  }
  CLEANUP_BUFFER struct buffer hint = {0};
  const char *near = text_suggest(key, keys, CONFIG_LIMITS);
  if (near != NULL)
    buffer_append_format(&hint, "did you mean \"%s\"?", near);
  else
    buffer_append_text(&hint, "the limits are memory_limit, cpu_limit, pids_limit, "
                              "open_files_limit and file_size_limit");
  char shown[CONFIG_SHOWN_MAX + 4];
  config_reader_error(reader, hint.data, "\"%s\" is not a limit", config_shown(key, shown));
  return false;
}

static void read_accept_partial(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_texts(reader, value, "a list of limits such as [\"memory_limit\"]", check_limit_key,
                      &sandbox_of(target)->accept_partial);
}

static bool check_source(struct config_reader *reader, const char *path)
{
  return config_reader_path(reader, path, "the source of a mount");
}

static void read_allow_swappable(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_texts(reader, value, "a list of paths of the host", check_source,
                      &sandbox_of(target)->allow_swappable);
}

/* Takes a mount's text apart; the text is changed. */
static bool take_mount(struct config_reader *reader, char *text, struct config_mount *mount)
{
  struct config_mount_text parts;
  const char *reason = config_mount_text(text, &parts);
  if (reason != NULL) {
    char shown[CONFIG_SHOWN_MAX + 4];
    CLEANUP_BUFFER struct buffer hint = {0};
    if (parts.target == NULL)
      buffer_append_format(&hint, "to show it under the same path, write \"%s:%s:ro\"",
                           config_shown(text, shown), shown);
    else
      buffer_append_format(&hint, "paths with a \":\" cannot be written here");
    config_reader_error(reader, hint.data, "%s", reason);
    return false;
  }
  if (!config_reader_path(reader, parts.source, "the host's part of a mount") ||
      !config_reader_path(reader, parts.target, "the inner part of a mount"))
    return false;
  mount->source = strdup(parts.source);
  mount->target = strdup(parts.target);
  mount->read_only = parts.read_only;
  bool copied = mount->source != NULL && mount->target != NULL;
  reader->problems->failed |= !copied;
  return copied;
}

static bool check_target(struct config_reader *reader, const struct sandbox_config *sandbox,
                         const struct config_mount *mount)
{
  for (size_t i = 0; i < sandbox->mount_count; i++) {
    const char *there = sandbox->mounts[i].target;
    if (there == NULL || strcmp(there, mount->target) != 0)
      continue;
    char shown[CONFIG_SHOWN_MAX + 4];
    config_reader_error(reader, NULL, "two mounts have the same place inside, \"%s\"",
                        config_shown(mount->target, shown));
    return false;
  }
  return true;
}

static void read_mount(struct config_reader *reader, const json_t *value,
                       struct sandbox_config *sandbox)
{
  CLEANUP_FREE char *text = NULL;
  struct config_mount mount = {0};
  if (config_reader_text(reader, value, &text) && take_mount(reader, text, &mount) &&
      check_target(reader, sandbox, &mount)) {
    sandbox->mounts[sandbox->mount_count++] = mount;
    return;
  }
  free(mount.source);
  free(mount.target);
}

static void read_mounts(struct config_reader *reader, json_t *value, void *target)
{
  struct sandbox_config *sandbox = sandbox_of(target);
  size_t count = json_array_size(value);
  if (!json_is_array(value)) {
    config_reader_expected(reader, value, "a list of mounts such as [\"/srv/data:/data:ro\"]");
    return;
  }
  if (count > MOUNTS_MAX) {
    config_reader_error(reader, NULL, "a server can have %d mounts", MOUNTS_MAX);
    return;
  }
  sandbox->mounts = calloc(count + 1, sizeof *sandbox->mounts);
  reader->problems->failed |= sandbox->mounts == NULL;
  for (size_t i = 0; sandbox->mounts != NULL && i < count; i++) {
    size_t before = config_reader_enter_element(reader, i);
    read_mount(reader, json_array_get(value, i), sandbox);
    config_reader_leave(reader, before);
  }
}

const struct config_key sandbox_keys[] = {
    {.name = "strategy",
     .read = read_strategy,
     .help = "The strategy: its name, or an object with the name and its options",
     .schema = SCHEMA_STRATEGY},
    {.name = "network",
     .read = read_network,
     .help = "true opens the network, false closes it; or the name of a network of the strategy",
     .schema = SCHEMA_NETWORK},
    {.name = "mounts",
     .read = read_mounts,
     .help = "What is shown of the host: HOST:INSIDE, read-only with :ro behind it",
     .schema = SCHEMA_MOUNTS},
    {.name = "memory_limit",
     .read = read_memory,
     .help = "Memory of all processes of the server together"},
    {.name = "cpu_limit", .read = read_cpu, .help = "Processors"},
    {.name = "pids_limit", .read = read_pids, .help = "Processes and threads"},
    {.name = "open_files_limit", .read = read_open_files, .help = "Open files of each process"},
    {.name = "file_size_limit",
     .read = read_file_size,
     .help = "The size of each file that is written"},
    {.name = "home",
     .read = read_home,
     .help = "A home that lasts, or a new one at each start",
     .schema = SCHEMA_HOME},
    {.name = "work_dir",
     .read = read_work_directory,
     .help = "The directory in which the server starts, a path inside",
     .schema = SCHEMA_PATH},
    {.name = "temp_dir",
     .read = read_temporary_directory,
     .help = "Its directory for temporary files, a path inside",
     .schema = SCHEMA_PATH},
    {.name = "env_passthrough",
     .read = read_passthrough,
     .help = "Variables that the server gets from the environment of jauauth",
     .schema = SCHEMA_NAMES},
    {.name = "require",
     .read = read_require,
     .help = "Properties that the sandbox must have, measured",
     .schema = SCHEMA_PROPERTIES},
    {.name = "accept_partial",
     .read = read_accept_partial,
     .help = "Limits that may be enforced in part or not at all",
     .schema = SCHEMA_LIMIT_KEYS},
    {.name = "allow_swappable",
     .read = read_allow_swappable,
     .help = "Sources of mounts that are accepted although another server could swap them",
     .schema = SCHEMA_PATHS},
    {0}};

void sandbox_read(struct config_reader *reader, json_t *value, void *target)
{
  config_reader_object(reader, value, "an object, as in {\"strategy\": …}", sandbox_keys, target);
}

void sandbox_read_defaults(struct config_reader *reader, struct server_reading *reading)
{
  struct sandbox_config *sandbox = &reading->server->sandbox;
  if (sandbox->strategy == NULL && !sandbox->strategy_given) {
    sandbox->strategy = strdup(reading->settings->default_strategy);
    reader->problems->failed |= sandbox->strategy == NULL;
  }
  if (sandbox->options_pointer != NULL)
    return;
  size_t before = config_reader_enter(reader, "sandbox");
  size_t below = config_reader_enter(reader, "strategy");
  copy_pointer(reader, &sandbox->options_pointer);
  config_reader_leave(reader, below);
  config_reader_leave(reader, before);
}

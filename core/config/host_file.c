/* SPDX-License-Identifier: Apache-2.0 */
/* The host file, jauauth.conf: what the administrator decides for all servers. */
#include "core/config/host_file.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/config/expand.h"
#include "core/config/file.h"
#include "core/config/reader.h"
#include "core/config/setting.h"
#include "core/paths.h"

#include <string.h>

static void read_plugin_directories(struct config_problems *problems, config_setting_t *setting,
                                    void *target)
{
  setting_texts(problems, setting, "a list of directories such as [\"/usr/lib/jauauth/plugins\"]",
                setting_check_path, &((struct host_config *)target)->plugin_directories);
}

static void read_default_strategy(struct config_problems *problems, config_setting_t *setting,
                                  void *target)
{
  setting_text(problems, setting, &((struct host_config *)target)->default_strategy);
}

static void read_control_groups(struct config_problems *problems, config_setting_t *setting,
                                void *target)
{
  setting_boolean(problems, setting, &((struct host_config *)target)->control_groups);
}

static void read_allow_unsandboxed(struct config_problems *problems, config_setting_t *setting,
                                   void *target)
{
  setting_boolean(problems, setting, &((struct host_config *)target)->allow_unsandboxed);
}

static void read_run_as(struct config_problems *problems, config_setting_t *setting, void *target)
{
  setting_text(problems, setting, &((struct host_config *)target)->run_as);
}

static void read_state_directory(struct config_problems *problems, config_setting_t *setting,
                                 void *target)
{
  setting_path(problems, setting, &((struct host_config *)target)->state_directory);
}

static void read_list_wait(struct config_problems *problems, config_setting_t *setting,
                           void *target)
{
  setting_integer(problems, setting, 0, HOST_LIST_WAIT_MAX, "milliseconds",
                  &((struct host_config *)target)->list_wait_ms);
}

static void read_start(struct config_problems *problems, config_setting_t *setting, void *target)
{
  CLEANUP_FREE char *word = NULL;
  if (!setting_text(problems, setting, &word))
    return;
  ((struct host_config *)target)->lazy = strcmp(word, "lazy") == 0;
  if (strcmp(word, "lazy") != 0 && strcmp(word, "eager") != 0)
    setting_error(problems, setting, NULL, "this must be \"eager\" or \"lazy\"");
}

static void read_idle_stop(struct config_problems *problems, config_setting_t *setting,
                           void *target)
{
  setting_integer(problems, setting, 0, HOST_IDLE_STOP_MAX, "milliseconds",
                  &((struct host_config *)target)->idle_stop_ms);
}

static void read_prepare(struct config_problems *problems, config_setting_t *setting, void *target)
{
  CLEANUP_FREE char *word = NULL;
  if (!setting_text(problems, setting, &word))
    return;
  /* "before-start" is how it was called when there was nothing but images to fetch. */
  bool automatic = strcmp(word, "auto") == 0 || strcmp(word, "before-start") == 0;
  ((struct host_config *)target)->prepare = automatic;
  if (!automatic && strcmp(word, "never") != 0)
    setting_error(problems, setting, NULL, "this must be \"never\" or \"auto\"");
}

static void read_message_limit(struct config_problems *problems, config_setting_t *setting,
                               void *target)
{
  struct host_config *host = target;
  uint64_t size = 0;
  int64_t number = 0;
  CLEANUP_ERROR struct error *error = NULL;
  if (config_setting_type(setting) == CONFIG_TYPE_STRING) {
    if (text_parse_size(config_setting_get_string(setting), &size, &error) != 0) {
      setting_error(problems, setting, NULL, "%s", error->message);
      return;
    }
  } else if (setting_integer(problems, setting, 0, INT64_MAX, "bytes, or a size such as \"16m\"",
                             &number)) {
    size = (uint64_t)number;
  } else {
    return;
  }
  if (size < HOST_MESSAGE_LIMIT_MIN || size > HOST_MESSAGE_LIMIT_MAX)
    setting_error(problems, setting, NULL, "this is outside the range from 64k to 1g");
  else
    host->message_limit = size;
}

static bool check_variable(struct config_problems *problems, const config_setting_t *setting,
                           const char *name)
{
  if (name[config_variable_length(name)] == '\0')
    return true;
  char shown[CONFIG_SHOWN_MAX + 4];
  setting_error(problems, setting, "write the name alone: letters, digits and \"_\"",
                "\"%s\" is not the name of a variable", config_shown(name, shown));
  return false;
}

static void read_environment(struct config_problems *problems, config_setting_t *setting,
                             void *target)
{
  setting_texts(problems, setting, "a list of names of variables such as [\"HOME\"]",
                check_variable, &((struct host_config *)target)->environment);
}

static void read_network(struct config_problems *problems, config_setting_t *setting, void *target)
{
  struct config_network *network = &((struct host_config *)target)->network;
  bool open = false;
  CLEANUP_FREE char *name = NULL;
  if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
    if (setting_boolean(problems, setting, &open))
      network->kind = open ? CONFIG_NETWORK_OPEN : CONFIG_NETWORK_NONE;
    return;
  }
  if (!setting_text(problems, setting, &name))
    return;
  if (!config_is_network_name(name)) {
    setting_error(problems, setting, NULL, "this cannot be the name of a network");
  } else if (strcmp(name, "none") == 0) {
    network->kind = CONFIG_NETWORK_NONE;
  } else {
    network->kind = CONFIG_NETWORK_NAMED;
    network->name = steal_pointer(name);
  }
}

static void read_limit(struct config_problems *problems, config_setting_t *setting, void *target)
{
  struct host_config *host = target;
  enum config_limit_name name = CONFIG_MEMORY;
  while (strcmp(config_limit_kinds[name].key, config_setting_name(setting)) != 0)
    name++;
  CLEANUP_ERROR struct error *error = NULL;
  uint64_t value = 0;
  int result;
  int64_t number = config_setting_type(setting) == CONFIG_TYPE_INT
                       ? config_setting_get_int(setting)
                       : config_setting_get_int64(setting);
  switch (config_setting_type(setting)) {
  case CONFIG_TYPE_STRING:
    result = config_limit_from_text(name, config_setting_get_string(setting), &value, &error);
    break;
  case CONFIG_TYPE_INT:
  case CONFIG_TYPE_INT64:
    /* Only here, where it is the administrator who says so: no limit. */
    result = number == 0 ? 0 : config_limit_from_integer(name, number, &value, &error);
    break;
  case CONFIG_TYPE_FLOAT:
    result = config_limit_from_fraction(name, config_setting_get_float(setting), &value, &error);
    break;
  default:
    setting_expected(problems, setting, config_limit_kinds[name].expected);
    return;
  }
  if (result != 0)
    setting_error(problems, setting, error->hint, "%s", error->message);
  else
    host->limits[name] = (struct config_limit){.given = true, .value = value};
}

static bool check_limit_key(struct config_problems *problems, const config_setting_t *setting,
                            const char *key)
{
  for (size_t i = 0; i < CONFIG_LIMITS; i++) {
    if (strcmp(key, config_limit_kinds[i].key) == 0)
      return true;
  }
  char shown[CONFIG_SHOWN_MAX + 4];
  setting_error(problems, setting, NULL, "\"%s\" is not a limit", config_shown(key, shown));
  return false;
}

static void read_accept_partial(struct config_problems *problems, config_setting_t *setting,
                                void *target)
{
  setting_texts(problems, setting, "a list of limits such as [\"memory_limit\"]", check_limit_key,
                &((struct host_config *)target)->accept_partial);
}

static const struct setting_key request_keys[] = {
    {.name = "network",
     .read = read_network,
     .help = "true opens the network of servers, false closes it; or the name of one.",
     .example = "false"},
    {.name = "memory_limit",
     .read = read_limit,
     .help = "memory of all processes of a server, such as \"512m\".",
     .example = "\"2g\""},
    {.name = "cpu_limit", .read = read_limit, .help = "processors, such as 0.5.", .example = "0"},
    {.name = "pids_limit", .read = read_limit, .help = "processes and threads.", .example = "256"},
    {.name = "open_files_limit",
     .read = read_limit,
     .help = "open files of each process.",
     .example = "1024"},
    {.name = "file_size_limit",
     .read = read_limit,
     .help = "the size of each file that is written.",
     .example = "\"1g\""},
    {.name = "accept_partial",
     .read = read_accept_partial,
     .help = "limits that may be enforced in part, such as \"memory_limit\".",
     .example = "[]"},
    {0}};

static void read_request(struct config_problems *problems, config_setting_t *setting, void *target)
{
  setting_group(problems, setting, request_keys, target);
}

/* Only the plugins know what may stand there. */
static void read_plugins(struct config_problems *problems, config_setting_t *setting, void *target)
{
  struct host_config *host = target;
  if (!config_setting_is_group(setting)) {
    setting_expected(problems, setting, "a group such as { NAME = { setting = value; }; }");
    return;
  }
  json_decref(host->plugins);
  host->plugins = setting_json(problems, setting);
}

static void read_log_level(struct config_problems *problems, config_setting_t *setting,
                           void *target)
{
  CLEANUP_FREE char *word = NULL;
  if (setting_text(problems, setting, &word) &&
      !log_parse_level(word, &((struct host_config *)target)->log_level))
    setting_error(problems, setting, NULL,
                  "the level must be \"error\", \"warning\", \"info\" or \"debug\"");
}

static void read_log_format(struct config_problems *problems, config_setting_t *setting,
                            void *target)
{
  CLEANUP_FREE char *word = NULL;
  if (setting_text(problems, setting, &word) &&
      !log_parse_format(word, &((struct host_config *)target)->log_format))
    setting_error(problems, setting, NULL, "the format must be \"text\" or \"json\"");
}

static const struct setting_key log_keys[] = {
    {.name = "level",
     .read = read_log_level,
     .help = "\"error\", \"warning\", \"info\" or \"debug\".",
     .example = "\"info\""},
    {.name = "format",
     .read = read_log_format,
     .help = "\"text\" or \"json\".",
     .example = "\"text\""},
    {0}};

static void read_log(struct config_problems *problems, config_setting_t *setting, void *target)
{
  setting_group(problems, setting, log_keys, target);
}

static const struct setting_key host_keys[] = {
    {.name = "plugin_directories",
     .read = read_plugin_directories,
     .help = "Where plugins are looked for, in place of the installed directory.",
     .example = "[\"" JAUAUTH_PLUGIN_DIR "\"]"},
    {.name = "default_strategy",
     .read = read_default_strategy,
     .help = "The strategy of servers that name none. `jauauth plugins list` shows which there are "
             "and whether they work here.",
     .example = "\"" JAUAUTH_DEFAULT_STRATEGY "\""},
    {.name = "control_groups",
     .read = read_control_groups,
     .help = "Whether a control group is made for each server where that is possible: its limits "
             "of memory, processors and processes then hold for all of its processes together.",
     .example = "true"},
    {.name = "allow_unsandboxed",
     .read = read_allow_unsandboxed,
     .help = "Whether servers may run under strategies that isolate nothing.",
     .example = "false"},
    {.name = "run_as",
     .read = read_run_as,
     .help = "The account under which root starts servers whose strategy is for ordinary users. It "
             "must exist when root runs jauauth, and must not be root.",
     .example = "\"" HOST_RUN_AS_DEFAULT "\""},
    {.name = "state_directory",
     .read = read_state_directory,
     .help = "Where kept homes, lists of tools and journals lie. Without this line it is the place "
             "that `jauauth config paths` prints; that of root is shown here.",
     .example = "\"" JAUAUTH_STATE_DIR "\""},
    {.name = "list_wait_ms",
     .read = read_list_wait,
     .help = "Milliseconds for which a list of tools waits for servers that are still starting.",
     .example = "10000"},
    {.name = "start",
     .read = read_start,
     .help = "Servers that do not say otherwise are started with the router (\"eager\"), or by "
             "their first call (\"lazy\").",
     .example = "\"eager\""},
    {.name = "idle_stop_ms",
     .read = read_idle_stop,
     .help =
         "Milliseconds after which such servers are stopped that nobody has called; 0 is never.",
     .example = "0"},
    {.name = "prepare",
     .read = read_prepare,
     .help = "Whether a start installs what a server needs once, such as a package or an image: "
             "\"auto\", or \"never\", where only `jauauth prepare` does so.",
     .example = "\"never\""},
    {.name = "message_limit",
     .read = read_message_limit,
     .help = "The size of one message in either direction, from \"64k\" to \"1g\".",
     .example = "\"16m\""},
    {.name = "environment",
     .read = read_environment,
     .help = "Variables of the environment of jauauth that ${NAME} in a servers file may name.",
     .example = "[\"HOME\", \"LANG\", \"USER\"]"},
    {.name = "request",
     .read = read_request,
     .help =
         "What servers get that do not say otherwise. A limit that stands here is strict: where it "
         "cannot be enforced whole, a server does not start, unless it stands in accept_partial "
         "too. The limits shown are applied anyway, as far as that is possible. 0 is no limit.",
     .group = request_keys},
    {.name = "plugins",
     .read = read_plugins,
     .help = "By the name of a plugin, what the administrator decides for all servers of that "
             "strategy. `jauauth plugins show NAME` lists these settings as \"of the host file\".",
     .example = "{}"},
    {.name = "log",
     .read = read_log,
     .help = "The log, which goes to standard error.",
     .group = log_keys},
    {.name = "listeners", .refused = "this version serves over stdio only and listens nowhere"},
    {.name = "authentication", .refused = "over stdio the user who started jauauth is the user"},
    {.name = "access", .refused = "who may use a server stands in its \"allowed_users\""},
    {0}};

/* One problem that belongs to no setting. */
static void file_problem(struct config_problems *problems, size_t line, const char *hint,
                         const char *text)
{
  struct config_problem place = {
      .severity = CONFIG_ERROR, .server = CONFIG_WHOLE_FILE, .line = line, .hint = (char *)hint};
  config_problems_add(problems, &place, "%s", text);
}

/* What libconfig would take, or take for something else. */
static bool text_is_fit(const char *text, size_t length, struct config_problems *problems)
{
  if (memchr(text, '\0', length) != NULL || !text_is_utf8(text, length)) {
    file_problem(problems, 0, "save it as UTF-8", "the file is not text in UTF-8");
    return false;
  }
  size_t line = 1;
  for (const char *at = text; at != NULL; line++) {
    at += strspn(at, " \t");
    if (strncmp(at, "@include", 8) == 0) {
      file_problem(problems, line, "put everything into one file",
                   "\"@include\" is not supported: the owner of that file would not be checked");
      return false;
    }
    at = strchr(at, '\n');
    if (at != NULL)
      at++;
  }
  return true;
}

static bool read_text(struct host_config *host, const char *text, struct config_problems *problems)
{
  config_t file;
  config_init(&file);
  if (config_read_string(&file, text) != CONFIG_TRUE) {
    bool twice = strstr(config_error_text(&file), "duplicate") != NULL;
    file_problem(problems, (size_t)config_error_line(&file),
                 twice ? "remove one of the two"
                       : "a setting is written name = value; and a text stands in double quotes",
                 config_error_text(&file));
  } else {
    setting_group(problems, config_root_setting(&file), host_keys, host);
  }
  config_destroy(&file);
  return problems->errors == 0 && !problems->failed;
}

static char **list_of(const char *const *texts)
{
  size_t count = 0;
  while (texts[count] != NULL)
    count++;
  char **list = calloc(count + 1, sizeof *list);
  for (size_t i = 0; list != NULL && i < count; i++) {
    list[i] = strdup(texts[i]);
    if (list[i] == NULL)
      config_texts_free(&list);
  }
  return list;
}

static struct host_config *make_defaults(void)
{
  static const char *const directories[] = {JAUAUTH_PLUGIN_DIR, NULL};
  static const char *const variables[] = {"HOME", "LANG", "USER", NULL};
  static const char *const nothing[] = {NULL};
  struct host_config *host = calloc(1, sizeof *host);
  if (host == NULL)
    return NULL;
  host->plugin_directories = list_of(directories);
  host->default_strategy = strdup(JAUAUTH_DEFAULT_STRATEGY);
  host->run_as = strdup(HOST_RUN_AS_DEFAULT);
  host->environment = list_of(variables);
  host->accept_partial = list_of(nothing);
  host->plugins = json_object();
  host->control_groups = true;
  host->list_wait_ms = HOST_LIST_WAIT_DEFAULT;
  host->message_limit = HOST_MESSAGE_LIMIT_DEFAULT;
  host->network.kind = CONFIG_NETWORK_NONE;
  host->log_level = LOG_LEVEL_INFO;
  host->log_format = LOG_FORMAT_TEXT;
  for (size_t i = 0; i < CONFIG_LIMITS; i++)
    host->limits[i].value = config_limit_kinds[i].built_in;
  if (host->plugin_directories == NULL || host->default_strategy == NULL || host->run_as == NULL ||
      host->environment == NULL || host->accept_partial == NULL || host->plugins == NULL)
    host_config_free(&host);
  return host;
}

struct host_config *host_config_parse(const char *text, size_t length,
                                      struct config_problems *problems)
{
  struct host_config *host = make_defaults();
  char *copied = strndup(text, length);
  if (host == NULL || copied == NULL)
    problems->failed = true;
  if (problems->failed || !text_is_fit(text, length, problems) ||
      !read_text(host, copied, problems))
    host_config_free(&host);
  free(copied);
  return host;
}

struct host_config *host_config_load(const char *path, struct config_problems *problems)
{
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_ERROR struct error *error = NULL;
  if (path == NULL)
    return host_config_parse("", 0, problems);
  config_problems_name(problems, path);
  if (config_file_load(path, &text, &error) == 0)
    return host_config_parse(text.data, text.length, problems);
  file_problem(problems, 0, error->hint, error->message);
  return NULL;
}

void host_config_free(struct host_config **host)
{
  if (*host == NULL)
    return;
  config_texts_free(&(*host)->plugin_directories);
  free((*host)->default_strategy);
  free((*host)->run_as);
  free((*host)->state_directory);
  config_texts_free(&(*host)->environment);
  config_texts_free(&(*host)->accept_partial);
  json_decref((*host)->plugins);
  free((*host)->network.name);
  free(*host);
  *host = NULL;
}

void host_config_append_template(struct buffer *out)
{
  buffer_append_text(
      out,
      "# The host file of jauauth, which decides for all servers: see jauauth-conf(5).\n"
      "#\n"
      "# Every setting that there is stands below with its default. To change one, take away the\n"
      "# \"#\" in front of it. `jauauth config check` says what is wrong with the file.\n");
  setting_append_template(host_keys, out);
}

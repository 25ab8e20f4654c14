/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the command line apart by one table of options. */
#include "core/cli/command.h"
#include "core/cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define OPTION(kind, member, name, argument, help)                                                 \
  {                                                                                                \
    name, argument, help, kind, offsetof(struct command_line, member)                              \
  }

const struct command_option command_options[] = {
    OPTION(OPTION_TEXT, config, "config", "FILE", "read this host file"),
    OPTION(OPTION_TEXT, servers, "servers", "FILE", "read this servers file"),
    OPTION(OPTION_FLAG, json, "json", NULL, "print JSON for programs"),
    OPTION(OPTION_FLAG, strict, "strict", NULL, "take warnings for errors"),
    OPTION(OPTION_FLAG, refresh, "refresh", NULL, "try the plugins anew, whatever was kept"),
    OPTION(OPTION_FLAG, watch, "watch", NULL, "with ps: print again every 2 seconds"),
    OPTION(OPTION_TEXT, to, "to", "FILE", "with config import: add to this servers file"),
    OPTION(OPTION_FLAG, write, "write", NULL, "with config import: do what is shown otherwise"),
    OPTION(OPTION_FLAG, update, "update", NULL, "with prepare: show and take newer packages"),
    OPTION(OPTION_FLAG, yes, "yes", NULL, "with prepare --update: take them without a question"),
    OPTION(OPTION_FLAG, stdio, "stdio", NULL, "serve one client over standard input and output"),
    OPTION(OPTION_FLAG, allow_unsandboxed, "allow-unsandboxed", NULL,
           "run servers whose strategy isolates nothing"),
    OPTION(OPTION_TEXT, log_level, "log-level", "LEVEL", "error, warning, info or debug"),
    OPTION(OPTION_TEXT, log_format, "log-format", "FORMAT", "text or json"),
    OPTION(OPTION_LIST, plugin_dirs, "plugin-dir", "DIR", "look for plugins here; may be repeated"),
    OPTION(OPTION_TEXT, keeper, "keeper", "FILE", "start servers with this keeper"),
    OPTION(OPTION_TEXT, canary, "canary", "FILE", "measure sandboxes with this canary"),
    OPTION(OPTION_LIST, strategies, "strategy", "NAME",
           "with verify: measure this strategy; may be repeated"),
    OPTION(OPTION_FLAG, help, "help", NULL, "print this text"),
    OPTION(OPTION_FLAG, version, "version", NULL, "print the version and what was built in"),
    {NULL, NULL, NULL, OPTION_FLAG, 0},
};

static const struct command_option *find_option(const char *name, size_t length)
{
  for (const struct command_option *option = command_options; option->name != NULL; option++)
    if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
      return option;
  return NULL;
}

static int unknown_option(const char *name, struct error **error)
{
  enum { MOST_OPTIONS = 32 };
  const char *known[MOST_OPTIONS];
  size_t count = 0;
  for (const struct command_option *option = command_options; option->name != NULL; option++)
    known[count++] = option->name;
  const char *near = text_suggest(name, known, count);
  error_make(error, ERROR_USAGE, 0, "there is no option --%s", name);
  if (near != NULL)
    return error_hint(error, "did you mean --%s?", near);
  return error_hint(error, "see jauauth --help");
}

static int append(const char ***list, const char *text, struct error **error)
{
  size_t count = 0;
  while (*list != NULL && (*list)[count] != NULL)
    count++;
  const char **grown = realloc(*list, (count + 2) * sizeof *grown);
  if (grown == NULL)
    return error_memory(error);
  grown[count] = text;
  grown[count + 1] = NULL;
  *list = grown;
  return 0;
}

static int set_option(struct command_line *line, const struct command_option *option,
                      const char *value, struct error **error)
{
  char *member = (char *)line + option->offset;
  if (option->kind == OPTION_FLAG) {
    if (value != NULL)
      return error_make(error, ERROR_USAGE, 0, "--%s takes no value", option->name);
    *(bool *)(void *)member = true;
    return 0;
  }
  if (value == NULL || *value == '\0')
    return error_make(error, ERROR_USAGE, 0, "--%s needs a value: --%s %s", option->name,
                      option->name, option->argument);
  if (option->kind == OPTION_LIST)
    return append((const char ***)(void *)member, value, error);
  const char **text = (const char **)(void *)member;
  if (*text != NULL)
    return error_make(error, ERROR_USAGE, 0, "--%s is given twice", option->name);
  *text = value;
  return 0;
}

/* Returns how many words of argv it took, -1 on an error. */
static int take_option(struct command_line *line, char **argv, struct error **error)
{
  const char *name = argv[0] + 2;
  const char *equals = strchr(name, '=');
  size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
  const struct command_option *option = find_option(name, length);
  if (option == NULL)
    return unknown_option(name, error);
  if (equals != NULL)
    return set_option(line, option, equals + 1, error) < 0 ? -1 : 1;
  bool takes_next = option->kind != OPTION_FLAG;
  if (set_option(line, option, takes_next ? argv[1] : NULL, error) < 0)
    return -1;
  return takes_next ? 2 : 1;
}

int command_line_parse(int argc, char **argv, struct command_line *line, struct error **error)
{
  *line = (struct command_line){.program = argc > 0 ? argv[0] : "jauauth"};
  bool options = true;
  for (int i = 1; i < argc;) {
    if (options && strcmp(argv[i], "--") == 0) {
      options = false;
      i++;
    } else if (options && strncmp(argv[i], "--", 2) == 0) {
      int taken = take_option(line, argv + i, error);
      if (taken < 0)
        return -1;
      i += taken;
    } else if (options && strcmp(argv[i], "-h") == 0) {
      line->help = true;
      i++;
    } else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
      error_make(error, ERROR_USAGE, 0, "there is no option %s", argv[i]);
      return error_hint(error, "options are written out: see jauauth --help");
    } else {
      if (append(&line->arguments, argv[i++], error) < 0)
        return -1;
      line->argument_count++;
    }
  }
  return 0;
}

void command_line_free(struct command_line *line)
{
  free(line->plugin_dirs);
  free(line->strategies);
  free(line->arguments);
  *line = (struct command_line){0};
}

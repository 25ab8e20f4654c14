/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be installed for a server, and by which commands. */
#include "core/package/install.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/package/lock.h"

enum { WORDS_MAX = 24, STEPS_MAX = 4 };

/*
 * Words of a command: "@D" begins a path in the directory, "@R" a program that stands beside the
 * runner, "@P" are the packages, "@O" the options that are passed on, "@Y" is the interpreter that
 * was asked for (with its option), "@I" the interpreter itself;
 * "@E" has env(1) put an interpreter that must be fetched into the directory too.
 */
struct step {
  const char *name;
  bool fresh;  /* run when the newest is installed */
  bool locked; /* run when what a lock names is */
  const char *words[WORDS_MAX];
};

/* No script of a package is run: neither of the one that is wanted nor of those that it needs. */
#define NPM_OPTIONS                                                                                \
  "--prefix", "@D", "--cache", "@D/.cache", "--ignore-scripts", "--no-global", "--no-audit",       \
      "--no-fund", "--no-update-notifier", "--omit=dev", "--loglevel=http"

static const struct step npm_steps[STEPS_MAX] = {
    {"npm install",
     true,
     false,
     {"@Rnpm", "install", NPM_OPTIONS, "--package-lock", "--save", "@O", "--", "@P"}},
    {"npm ci", false, true, {"@Rnpm", "ci", NPM_OPTIONS, "@O"}},
};

/* Wheels only: to build a package is to run its code. */
static const struct step uv_steps[STEPS_MAX] = {
    {"uv venv", true, true, {"@E", "@Ruv", "venv", "--cache-dir", "@D/.cache", "@Y", "@D/venv"}},
    {"uv pip compile",
     true,
     false,
     {"@Ruv", "pip", "compile", "--generate-hashes", "--only-binary", ":all:", "--cache-dir",
      "@D/.cache", "--python", "@D/venv/bin/python", "@O", "--output-file", "@D/requirements.txt",
      "@D/requirements.in"}},
    {"uv pip install",
     true,
     true,
     {"@Ruv", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--compile-bytecode",
      "--link-mode", "copy", "--cache-dir", "@D/.cache", "--python", "@D/venv/bin/python", "@O",
      "-r", "@D/requirements.txt"}},
};

#define PIP_OPTIONS                                                                                \
  "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--cache-dir", "@D/.cache"

static const struct step pip_steps[STEPS_MAX] = {
    {"python3 -m venv", true, true, {"@I", "-m", "venv", "@D/venv"}},
    {"pip install",
     true,
     false,
     {"@D/venv/bin/python", "-m", "pip", "install", PIP_OPTIONS, "--report", "@D/report.json", "@O",
      "-r", "@D/requirements.in"}},
    {"pip install",
     false,
     true,
     {"@D/venv/bin/python", "-m", "pip", "install", PIP_OPTIONS, "--require-hashes", "@O", "-r",
      "@D/requirements.txt"}},
};

static const struct step *const steps_of[] = {
    [PACKAGE_BY_HAND] = NULL,
    [PACKAGE_NPM] = npm_steps,
    [PACKAGE_UV] = uv_steps,
    [PACKAGE_PIP] = pip_steps,
};

/* --- What is asked ---------------------------------------------------------------------------- */

int package_of(const struct server_config *server, struct package *package, struct error **error)
{
  *package = (struct package){.server = server, .wanted = server->prepare != NULL};
  if (server->prepare != NULL || server->command == NULL)
    return 0;
  if (package_command_parse((const char *const *)server->command, &package->command, error) != 0)
    return -1;
  package->wanted = package->command.runner != NULL;
  return 0;
}

void package_free(struct package *package)
{
  package_command_free(&package->command);
}

static json_t *texts_json(char *const *texts)
{
  json_t *list = json_array();
  for (; texts != NULL && *texts != NULL; texts++)
    json_array_append_new(list, json_string(*texts));
  return list;
}

json_t *package_asked(const struct package *package)
{
  const struct server_config *server = package->server;
  const char *strategy = server->sandbox.strategy;
  if (server->prepare != NULL)
    return json_pack("{s:s, s:o}", "strategy", strategy, "prepare",
                     texts_json(server->prepare_written));
  /* As written: options may hold a password. */
  CLEANUP_PACKAGE_COMMAND struct package_command written = {0};
  if (package_command_parse((const char *const *)server->command_written, &written, NULL) != 0 ||
      written.runner == NULL)
    return NULL;
  return json_pack("{s:s, s:s, s:o, s:o, s:s*, s:s*}", "strategy", strategy, "runner",
                   written.runner->program, "packages", texts_json(written.packages), "options",
                   texts_json(written.options), "program", written.program, "python",
                   written.python);
}

/* --- The commands ----------------------------------------------------------------------------- */

static void append(json_t *list, const char *text)
{
  json_array_append_new(list, json_string(text));
}

static void append_joined(json_t *list, const char *before, size_t length, const char *behind)
{
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append(&text, before, length);
  buffer_append_text(&text, behind);
  append(list, text.failed ? NULL : text.data);
}

static void append_all(json_t *list, char *const *texts)
{
  for (; texts != NULL && *texts != NULL; texts++)
    append(list, *texts);
}

static void append_word(json_t *list, const struct package *package, const char *directory,
                        const char *word)
{
  const struct package_command *command = &package->command;
  const char *runner = package->server->command[command->place];
  const char *slash = strrchr(runner, '/');
  if (word[0] != '@')
    append(list, word);
  else if (word[1] == 'D')
    append_joined(list, directory, strlen(directory), word + 2);
  else if (word[1] == 'E') {
    append(list, "env");
    append_joined(list, "UV_PYTHON_INSTALL_DIR=", 22, directory);
  } else if (word[1] == 'R')
    append_joined(list, runner, slash != NULL ? (size_t)(slash + 1 - runner) : 0, word + 2);
  else if (word[1] == 'P')
    append_all(list, command->packages);
  else if (word[1] == 'O')
    append_all(list, command->options);
  else if (word[1] == 'I')
    append(list, command->python != NULL ? command->python : "python3");
  else if (command->python != NULL) {
    append(list, "--python");
    append(list, command->python);
  }
}

static json_t *custom_step(const struct package *package, const char *directory)
{
  json_t *list = json_array();
  for (char **word = package->server->prepare; *word != NULL; word++)
    json_array_append_new(list, package_expand(*word, directory));
  return list;
}

json_t *package_step(const struct package *package, size_t step, bool locked, const char *directory,
                     const char **name)
{
  if (package->server->prepare != NULL) {
    *name = package->server->prepare_written[0];
    return step == 0 ? custom_step(package, directory) : NULL;
  }
  const struct step *steps = steps_of[package->command.runner->installer];
  for (size_t i = 0; i < STEPS_MAX && steps[i].name != NULL; i++) {
    if (!(locked ? steps[i].locked : steps[i].fresh) || step-- > 0)
      continue;
    json_t *list = json_array();
    for (size_t j = 0; j < package->command.place; j++)
      append(list, package->server->command[j]); /* env(1) and its words */
    for (size_t j = 0; j < WORDS_MAX && steps[i].words[j] != NULL; j++)
      append_word(list, package, directory, steps[i].words[j]);
    *name = steps[i].name;
    return list;
  }
  return NULL;
}

json_t *package_files(const struct package *package, json_t *lock)
{
  if (lock != NULL)
    return json_incref(json_object_get(lock, "files"));
  if (package->command.runner == NULL || package->command.runner->installer == PACKAGE_NPM)
    return json_object();
  CLEANUP_BUFFER struct buffer lines = {0};
  for (char **name = package->command.packages; *name != NULL; name++)
    buffer_append_format(&lines, "%s\n", *name);
  return json_pack("{s:s}", "requirements.in", lines.failed ? NULL : lines.data);
}

/* --- The start -------------------------------------------------------------------------------- */

json_t *package_expand(const char *text, const char *directory)
{
  static const char mark[] = "${" PACKAGE_VARIABLE "}";
  CLEANUP_BUFFER struct buffer out = {0};
  buffer_append_text(&out, "");
  for (const char *at = strstr(text, mark); at != NULL; at = strstr(text, mark)) {
    buffer_append(&out, text, (size_t)(at - text));
    buffer_append_text(&out, directory);
    text = at + sizeof mark - 1;
  }
  buffer_append_text(&out, text);
  return out.failed ? NULL : json_string(out.data);
}

json_t *package_command_json(const struct package *package, json_t *lock, const char *directory)
{
  char *const *command = package->server->command;
  const char *program = lock_text(lock, "program");
  json_t *list = json_array();
  for (size_t i = 0; command[i] != NULL; i++) {
    if (program == NULL || i < package->command.place ||
        (i >= package->command.arguments && package->command.runner != NULL)) {
      json_array_append_new(list, package_expand(command[i], directory));
    } else if (i == package->command.place) {
      CLEANUP_BUFFER struct buffer path = {0};
      buffer_append_format(&path, "%s/%s", directory, program);
      append(list, path.data);
    }
  }
  return list;
}

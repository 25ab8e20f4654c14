/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a package runner, taken apart: which packages, which program, what for it. */
#include "core/config/package_command.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/config/problem.h"
#include "core/config/reader.h"

enum use {
  IGNORED, /* says how the runner works, not what it runs */
  PASSED,  /* the installer gets it too */
  PACKAGE, /* one more package; a program must be named then where `npx` is the runner */
  FROM,    /* the package that has the program */
  PYTHON
};

struct rule {
  const char *name;
  enum use use;
  bool value; /* it takes one: the next word, or what stands behind "=" */
};

static const struct rule npm_rules[] = {{"-y", IGNORED, false},
                                        {"--yes", IGNORED, false},
                                        {"-q", IGNORED, false},
                                        {"--quiet", IGNORED, false},
                                        {"-s", IGNORED, false},
                                        {"--silent", IGNORED, false},
                                        {"-d", IGNORED, false},
                                        {"--ignore-existing", IGNORED, false},
                                        {"--prefer-online", IGNORED, false},
                                        {"--prefer-offline", IGNORED, false},
                                        {"--cache", IGNORED, true},
                                        {"--prefix", IGNORED, true},
                                        {"--loglevel", IGNORED, true},
                                        {"-p", PACKAGE, true},
                                        {"--package", PACKAGE, true},
                                        {"--registry", PASSED, true},
                                        {"--userconfig", PASSED, true},
                                        {"--legacy-peer-deps", PASSED, false},
                                        {NULL, IGNORED, false}};

static const struct rule uv_rules[] = {{"-q", IGNORED, false},
                                       {"--quiet", IGNORED, false},
                                       {"-v", IGNORED, false},
                                       {"--verbose", IGNORED, false},
                                       {"-n", IGNORED, false},
                                       {"--no-cache", IGNORED, false},
                                       {"-U", IGNORED, false},
                                       {"--upgrade", IGNORED, false},
                                       {"--refresh", IGNORED, false},
                                       {"--isolated", IGNORED, false},
                                       {"--no-progress", IGNORED, false},
                                       {"--color", IGNORED, true},
                                       {"--cache-dir", IGNORED, true},
                                       {"--from", FROM, true},
                                       {"-w", PACKAGE, true},
                                       {"--with", PACKAGE, true},
                                       {"-p", PYTHON, true},
                                       {"--python", PYTHON, true},
                                       {"-i", PASSED, true},
                                       {"--index-url", PASSED, true},
                                       {"--extra-index-url", PASSED, true},
                                       {"--index", PASSED, true},
                                       {"--default-index", PASSED, true},
                                       {"-f", PASSED, true},
                                       {"--find-links", PASSED, true},
                                       {"--index-strategy", PASSED, true},
                                       {"--keyring-provider", PASSED, true},
                                       {"--prerelease", PASSED, true},
                                       {"--resolution", PASSED, true},
                                       {"--exclude-newer", PASSED, true},
                                       {"--allow-insecure-host", PASSED, true},
                                       {"--native-tls", PASSED, false},
                                       {NULL, IGNORED, false}};

static const struct rule pipx_rules[] = {
    {"-q", IGNORED, false},        {"--quiet", IGNORED, false},    {"-v", IGNORED, false},
    {"--verbose", IGNORED, false}, {"--no-cache", IGNORED, false}, {"--spec", FROM, true},
    {"--python", PYTHON, true},    {"-i", PASSED, true},           {"--index-url", PASSED, true},
    {NULL, IGNORED, false}};

static const struct rule *const rules_of[] = {
    [PACKAGE_BY_HAND] = NULL,
    [PACKAGE_NPM] = npm_rules,
    [PACKAGE_UV] = uv_rules,
    [PACKAGE_PIP] = pipx_rules,
};

static int append(char ***list, const char *text, size_t length, struct error **error)
{
  size_t count = 0;
  while (*list != NULL && (*list)[count] != NULL)
    count++;
  char **grown = reallocarray(*list, count + 2, sizeof *grown);
  if (grown == NULL)
    return error_memory(error);
  *list = grown;
  grown[count] = strndup(text, length);
  grown[count + 1] = NULL;
  return grown[count] == NULL ? error_memory(error) : 0;
}

static int copy(char **out, const char *text, struct error **error)
{
  free(*out);
  *out = strdup(text);
  return *out == NULL ? error_memory(error) : 0;
}

static const struct rule *find_rule(const struct rule *rules, const char *option, size_t length)
{
  for (; rules->name != NULL; rules++)
    if (strlen(rules->name) == length && strncmp(rules->name, option, length) == 0)
      return rules;
  return NULL;
}

static int refuse(const struct package_command *command, const char *fault, const char *word,
                  struct error **error)
{
  char shown[CONFIG_SHOWN_MAX + 4];
  error_make_code(error, ERROR_CONFIG, "package-command",
                  "what \"%s\" runs cannot be prepared: %s%s", command->runner->program, fault,
                  word != NULL ? config_shown(word, shown) : "");
  return error_hint(error, "say how it is installed with \"prepare\": [\"program\", …], and name "
                           "the installed program as \"command\"");
}

/* A package is a word of the installer's command line or a line of its file: never an option. */
static int take_package(struct package_command *out, const char *text, struct error **error)
{
  bool plain = text[0] != '-' && text[0] != '\0';
  for (const char *at = text; plain && *at != '\0'; at++)
    plain = (unsigned char)*at >= ' ' && *at != 0x7F;
  if (!plain)
    return refuse(out, "no package has the name ", text, error);
  return append(&out->packages, text, strlen(text), error);
}

/* "name@1.2" of Python's runners is "name==1.2"; "name@latest" is "name". */
static int take_python_package(struct package_command *out, const char *text, struct error **error)
{
  const char *at = strchr(text, '@');
  if (at == NULL || at[1] == ' ' || at == text || strchr(text, '/') != NULL)
    return take_package(out, text, error);
  CLEANUP_BUFFER struct buffer exact = {0};
  buffer_append(&exact, text, (size_t)(at - text));
  if (strcmp(at + 1, "latest") != 0)
    buffer_append_format(&exact, "==%s", at + 1);
  return exact.failed ? error_memory(error) : take_package(out, exact.data, error);
}

static int take_value(struct package_command *out, const struct rule *rule, const char *value,
                      struct error **error)
{
  bool python = out->runner->installer != PACKAGE_NPM;
  if (value == NULL && rule->use != PASSED)
    return 0;
  switch (rule->use) {
  case PASSED:
    if (append(&out->options, rule->name, strlen(rule->name), error) != 0)
      return -1;
    return value == NULL ? 0 : append(&out->options, value, strlen(value), error);
  case PACKAGE:
  case FROM:
    return (python ? take_python_package : take_package)(out, value, error);
  case PYTHON:
    return copy(&out->python, value, error);
  default:
    return 0;
  }
}

/* Takes one option; *index is that of the next word then. */
static int take_option(const char *const *command, size_t *index, struct package_command *out,
                       bool *named, struct error **error)
{
  const char *word = command[(*index)++];
  const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
  size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
  const struct rule *rule = find_rule(rules_of[out->runner->installer], word, length);
  if (rule == NULL || (equals != NULL && !rule->value))
    return refuse(out, "jauauth does not know its option ", word, error);
  const char *value = equals != NULL ? equals + 1 : NULL;
  if (rule->value && value == NULL)
    value = command[*index] != NULL ? command[(*index)++] : NULL;
  if (rule->value && value == NULL)
    return refuse(out, "a value is missing behind ", word, error);
  *named |= rule->use == FROM || (rule->use == PACKAGE && out->runner->installer == PACKAGE_NPM);
  return take_value(out, rule, value, error);
}

int package_command_parse(const char *const *command, struct package_command *out,
                          struct error **error)
{
  *out = (struct package_command){0};
  const struct package_runner *runner = package_runner_find(command, NULL);
  if (runner == NULL || runner->installer == PACKAGE_BY_HAND)
    return 0;
  out->runner = runner;
  out->place = package_runner_place(command);
  size_t index = package_runner_arguments(command, runner);
  bool named = false; /* an option says which package it is: what follows is the program */
  while (command[index] != NULL && command[index][0] == '-' && strcmp(command[index], "--") != 0)
    if (take_option(command, &index, out, &named, error) != 0)
      return -1;
  if (command[index] != NULL && strcmp(command[index], "--") == 0)
    index++;
  const char *word = command[index];
  if (word == NULL)
    return refuse(out, "it names no package", NULL, error);
  out->arguments = index + 1;
  if (named)
    return copy(&out->program, word, error);
  return runner->installer == PACKAGE_NPM ? take_package(out, word, error)
                                          : take_python_package(out, word, error);
}

void package_command_free(struct package_command *command)
{
  config_texts_free(&command->packages);
  config_texts_free(&command->options);
  free(command->program);
  free(command->python);
  *command = (struct package_command){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and runs a subcommand; prints help and errors. */
#include "core/cli/command.h"
#include "core/cli/options.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/text.h"

/* How many of the words of `line` make up the command's name; 0 when it is another command. */
static size_t name_words(const struct command *command, const struct command_line *line)
{
  const char *rest = command->name;
  size_t words = 0;
  while (*rest != '\0') {
    size_t length = strcspn(rest, " ");
    if (words >= line->argument_count || strlen(line->arguments[words]) != length ||
        memcmp(line->arguments[words], rest, length) != 0)
      return 0;
    words++;
    rest += length + (rest[length] == ' ');
  }
  return words;
}

static int unknown_command(const struct command_line *line, struct error **error)
{
  enum { MOST_COMMANDS = 64 };
  const char *names[MOST_COMMANDS];
  size_t count = 0;
  const char *first = line->arguments[0];
  size_t length = strlen(first);
  for (const struct command *command = command_table; command->name != NULL; command++) {
    names[count++] = command->name;
    if (strncmp(command->name, first, length) == 0 && command->name[length] == ' ') {
      error_make(error, ERROR_USAGE, 0, "'%s' needs one more word, such as '%s'", first,
                 command->name);
      return error_hint(error, "see jauauth --help");
    }
  }
  const char *near = text_suggest(first, names, count);
  error_make(error, ERROR_USAGE, 0, "there is no command '%s'", first);
  if (near != NULL)
    return error_hint(error, "did you mean 'jauauth %s'?", near);
  return error_hint(error, "see jauauth --help");
}

int command_run(const struct command_line *line, struct error **error)
{
  if (line->argument_count == 0) {
    error_make(error, ERROR_USAGE, 0, "a command is missing");
    return error_hint(error, "see jauauth --help");
  }
  for (const struct command *command = command_table; command->name != NULL; command++) {
    size_t words = name_words(command, line);
    if (words == 0)
      continue;
    size_t count = line->argument_count - words;
    if (count < command->least || count > command->most)
      return error_make(error, ERROR_USAGE, 0, "usage: jauauth %s %s", command->name,
                        command->arguments);
    return command->run(line, line->arguments + words, error);
  }
  return unknown_command(line, error);
}

void command_print_error(const struct error *error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_text(&text, "jauauth: ");
  text_escape_controls(&text, error->message, strlen(error->message));
  buffer_append_byte(&text, '\n');
  for (const char *line = error->hint; line != NULL;) {
    size_t length = strcspn(line, "\n");
    buffer_append_text(&text, "  ");
    text_escape_controls(&text, line, length);
    buffer_append_byte(&text, '\n');
    line = line[length] == '\n' ? line + length + 1 : NULL;
  }
  if (!text.failed)
    fwrite(text.data, 1, text.length, stderr);
}

void command_print_help(void *stream)
{
  FILE *out = stream;
  fputs("usage: jauauth [OPTION…] COMMAND [ARGUMENT…]\n\nCommands:\n", out);
  for (const struct command *command = command_table; command->name != NULL; command++) {
    char usage[64];
    snprintf(usage, sizeof usage, "%s %s", command->name, command->arguments);
    fprintf(out, "  %-28s %s\n", usage, command->summary);
  }
  fputs("\nOptions:\n", out);
  for (const struct command_option *option = command_options; option->name != NULL; option++) {
    char usage[64];
    snprintf(usage, sizeof usage, "--%s%s%s", option->name, option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    fprintf(out, "  %-28s %s\n", usage, option->help);
  }
  fputs("\nExit codes: 0 fine, 1 the answer is no, 2 usage, 3 configuration, 4 sandbox.\n"
        "Manual: jauauth(1).\n",
        out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a plan as a command of a shell script. */
#include "core/sandbox/explain.h"

#include <string.h>

enum { FIRST_DESCRIPTOR = 3 };

/* A step's name as part of a variable's name. */
static void append_identifier(struct buffer *out, const char *name)
{
  for (; *name != '\0'; name++)
    buffer_append_byte(out, *name == '-' ? '_' : *name);
}

/* What the step's files are made from, before it runs. */
static void append_files(struct buffer *out, const struct plan *plan, const struct plan_step *step)
{
  for (size_t i = 0; i < step->file_count; i++) {
    const struct plan_file *file = &step->files[i];
    int number = (int)i + FIRST_DESCRIPTOR;
    switch (file->kind) {
    case PLAN_GATE:
      buffer_append_text(out, "mkfifo \"$files/gate\"\n");
      break;
    case PLAN_STATUS:
      buffer_append_text(out, "mkfifo \"$files/status\"\n");
      buffer_append_format(out, "exec %d<>\"$files/status\"\n",
                           (int)step->file_count + FIRST_DESCRIPTOR);
      break;
    default:
      buffer_append_text(out, "# ");
      explain_append_comment(out, plan, file->description);
      buffer_append_byte(out, '\n');
      if (file->secret) {
        buffer_append_text(out, ": \"${FILE_");
        append_identifier(out, step->name);
        buffer_append_format(out, "_%d:?the path of such a file is needed}\"\n", number);
      } else {
        explain_append_printf(out, plan, file->bytes, file->length);
        buffer_append_format(out, " >\"$files/%s-%d\"\n", step->name, number);
      }
    }
  }
}

static void append_redirections(struct buffer *out, const struct plan_step *step)
{
  for (size_t i = 0; i < step->file_count; i++) {
    int number = (int)i + FIRST_DESCRIPTOR;
    const struct plan_file *file = &step->files[i];
    buffer_append_format(out, " \\\n  %d", number);
    if (file->kind == PLAN_GATE) {
      buffer_append_text(out, "<>\"$files/gate\"");
    } else if (file->kind == PLAN_STATUS) {
      buffer_append_format(out, ">\"$files/status\" %d<&-",
                           (int)step->file_count + FIRST_DESCRIPTOR);
    } else if (file->secret) {
      buffer_append_text(out, "<\"$FILE_");
      append_identifier(out, step->name);
      buffer_append_format(out, "_%d\"", number);
    } else {
      buffer_append_format(out, "<\"$files/%s-%d\"", step->name, number);
    }
  }
}

static void append_arguments(struct buffer *out, const struct plan *plan,
                             const struct plan_step *step)
{
  if (step->program != NULL) {
    buffer_append_text(out, " \\\n  ");
    explain_append_word(out, plan, step->program);
  }
  for (size_t i = 0; i < step->argument_count; i++) {
    if ((ptrdiff_t)i != step->command_mark) {
      buffer_append_byte(out, ' ');
      explain_append_word(out, plan, step->arguments[i]);
      continue;
    }
    buffer_append_text(out, " \\\n ");
    for (size_t j = 0; j < plan->command_count; j++) {
      buffer_append_byte(out, ' ');
      explain_append_word(out, plan, plan->command[j]);
    }
  }
}

/* The value of this entry, when it is one of the server's variables, whatever it is. */
static const struct plan_variable *as_variable(const struct plan *plan,
                                               const struct plan_pair *entry)
{
  for (size_t i = 0; i < plan->variable_count; i++)
    if (!plan->variables[i].host && strcmp(plan->variables[i].name, entry->key) == 0 &&
        strcmp(plan->variables[i].value, entry->value) == 0)
      return &plan->variables[i];
  return NULL;
}

static void append_limit(struct buffer *out, const struct plan *plan, enum plan_limit limit,
                         const char *option)
{
  unsigned long long value = plan->limits[limit].value;
  if (value != 0 && plan->tree == PLAN_TREE_OWN && plan->verdicts[limit].verdict != PLAN_BY_ENGINE)
    buffer_append_format(out, " --%s=%llu:%llu", option, value, value);
}

static void append_environment(struct buffer *out, const struct plan *plan,
                               const struct plan_step *step)
{
  buffer_append_text(out, "env -i");
  for (size_t i = 0; i < step->environment_count; i++) {
    const struct plan_pair *entry = &step->environment[i];
    const struct plan_variable *variable = as_variable(plan, entry);
    buffer_append_byte(out, ' ');
    explain_append_word(out, plan, entry->key);
    buffer_append_byte(out, '=');
    if (variable != NULL) {
      buffer_append_text(out, "\"$");
      explain_append_name(out, plan, variable);
      buffer_append_byte(out, '"');
    } else {
      explain_append_word(out, plan, entry->value);
    }
  }
}

void explain_append_step(struct buffer *out, const struct plan *plan, const struct plan_step *step)
{
  append_files(out, plan, step);
  buffer_append_text(out, "cd ");
  explain_append_word(out, plan, step->directory);
  buffer_append_text(out, "\nsetsid -w ");
  if (!plan->setuid_engine)
    buffer_append_text(out, "setpriv --no-new-privs ");
  buffer_append_text(out, "prlimit --core=0:0");
  if (step->phase == PLAN_FRONT) {
    append_limit(out, plan, PLAN_MEMORY, "data");
    append_limit(out, plan, PLAN_OPEN_FILES, "nofile");
    append_limit(out, plan, PLAN_FILE_SIZE, "fsize");
  }
  buffer_append_text(out, " \\\n  ");
  append_environment(out, plan, step);
  append_arguments(out, plan, step);
  append_redirections(out, step);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of one call of `validate` or `spawn` needs, and where problems are told. */
#include "context.h"

#include <string.h>

#include "verbs.h"

void firejail_problem(struct firejail_context *context, const char *code, const char *option,
                      const char *text, const char *hint)
{
  context->count++;
  if (context->problems != NULL)
    context->host->problem(context->problems, option, text, hint);
  else if (context->count == 1)
    context->host->error_set(context->error, code, 0, option, text, hint);
}

void firejail_append(const struct firejail_context *context, struct firejail_word **list,
                     const char *text)
{
  struct firejail_word *word = context->host->allocate(context->call, sizeof *word);
  word->text = text;
  while (*list != NULL)
    list = &(*list)->next;
  *list = word;
}

const char *firejail_variable(const struct jauauth_request *request, const char *name)
{
  for (size_t i = 0; request->environment[i] != NULL; i++)
    if (strcmp(request->environment[i]->name, name) == 0)
      return request->environment[i]->value;
  return NULL;
}

bool firejail_look(const struct firejail_context *context, const char *path,
                   struct jauauth_path *info)
{
  memset(info, 0, sizeof *info);
  info->struct_size = (uint32_t)sizeof *info;
  return context->host->inspect_path(context->call, path, info, NULL) == 0;
}

const char *firejail_home(const struct firejail_context *context)
{
  const char *home = context->host->probed(context->call, FIREJAIL_HOME);
  return home == NULL || home[0] != '/' ? NULL : home;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of a call needs: problems, copies, facts of the probe. */
#include <string.h>

#include "container.h"
#include "plugins/common/path.h"

void container_problem(struct container_context *context, const char *code, const char *option,
                       const char *text, const char *hint)
{
  context->count++;
  if (context->problems != NULL)
    context->host->problem(context->problems, option, text, hint);
  else if (context->count == 1)
    context->host->error_set(context->error, code, 0, option, text, hint);
}

const char *container_copy(const struct container_context *context, const char *text, size_t length)
{
  return plugin_copy(context->host, context->call, text, length);
}

bool container_probed_is(const struct container_context *context, const char *key,
                         const char *value)
{
  const char *told = context->host->probed(context->call, key);
  return told != NULL && strcmp(told, value) == 0;
}

bool container_rootless(const struct container_context *context)
{
  return container_probed_is(context, CONTAINER_ROOTLESS, "yes");
}

bool container_enforces(const struct container_context *context, const char *limit)
{
  const char *limits = context->host->probed(context->call, CONTAINER_LIMITS);
  return limits != NULL && strstr(limits, limit) != NULL;
}

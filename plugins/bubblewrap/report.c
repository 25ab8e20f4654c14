/* SPDX-License-Identifier: Apache-2.0 */
/* Where the checks say what is wrong: all of it for `validate`, the first for `spawn`. */
#include "report.h"

void bubblewrap_problem(struct bubblewrap_context *context, const char *code, const char *option,
                        const char *text, const char *hint)
{
  context->count++;
  if (context->problems != NULL)
    context->host->problem(context->problems, option, text, hint);
  else if (context->count == 1)
    context->host->error_set(context->error, code, 0, option, text, hint);
}

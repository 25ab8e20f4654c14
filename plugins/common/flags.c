/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of known flags of engines have in common. */
#include "plugins/common/flags.h"

#include <stddef.h>
#include <string.h>

bool plugin_flag_has_value(const char *values, const char *value)
{
  size_t length = strlen(value);
  if (length == 0 || strchr(value, '|') != NULL)
    return false;
  for (const char *at = values; (at = strstr(at, value)) != NULL; at++)
    if (at > values && at[-1] == '|' && at[length] == '|')
      return true;
  return false;
}

bool plugin_flag_is_allowed(const struct jauauth_host *host, struct jauauth_call *call,
                            const char *name, const char *whole)
{
  const char *const *allowed = host->option_list(host->host_options(call), "allow_flags");
  for (size_t i = 0; allowed[i] != NULL; i++)
    if (strcmp(allowed[i], whole) == 0 || (name != NULL && strcmp(allowed[i], name) == 0))
      return true;
  return false;
}

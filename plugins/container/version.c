/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of engines that are known to be weak. */
#include "version.h"

#include "plugins/common/version.h"

void container_weak_versions(const struct container_context *context, struct jauauth_probe *probe,
                             const char *version, const struct container_weak_version *rows,
                             size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (plugin_version_within(version, rows[i].first, rows[i].fixed_in))
      context->host->probe_weak_version(probe, rows[i].identifier, rows[i].text, rows[i].fixed_in);
}

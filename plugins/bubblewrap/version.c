/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the engine that are known to be weak. */
#include "version.h"

#include "plugins/common/version.h"

struct weak_version {
  const char *identifier;
  const char *first;
  const char *fixed_in;
  bool setuid_only;
  const char *text;
};

static const struct weak_version weak_versions[] = {
#define WEAK_VERSION(identifier, first, fixed_in, setuid_only, text)                               \
  {identifier, first, fixed_in, setuid_only, text},
#include "weak-versions.def"
#undef WEAK_VERSION
};

void bubblewrap_weak_versions(const struct jauauth_host *host, struct jauauth_probe *probe,
                              const char *version, bool setuid)
{
  for (size_t i = 0; i < sizeof weak_versions / sizeof weak_versions[0]; i++) {
    const struct weak_version *weak = &weak_versions[i];
    if ((setuid || !weak->setuid_only) &&
        plugin_version_within(version, weak->first, weak->fixed_in))
      host->probe_weak_version(probe, weak->identifier, weak->text, weak->fixed_in);
  }
}

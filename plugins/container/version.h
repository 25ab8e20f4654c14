/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of engines that are known to be weak. */
#ifndef CONTAINER_VERSION_H
#define CONTAINER_VERSION_H

#include "container.h"

struct container_weak_version {
  const char *identifier;
  const char *first;
  const char *fixed_in;
  const char *text;
};

/* Tells which rows cover this version. */
void container_weak_versions(const struct container_context *context, struct jauauth_probe *probe,
                             const char *version, const struct container_weak_version *rows,
                             size_t count);

#endif

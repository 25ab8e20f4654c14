/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of engines: reading and comparing. */
#ifndef CONTAINER_VERSION_H
#define CONTAINER_VERSION_H

#include "container.h"

struct container_weak_version {
  const char *identifier;
  const char *first;
  const char *fixed_in;
  const char *text;
};

/* Negative, 0 or positive as `left` is older than, the same as or newer than `right`: numbers
 * between dots, missing ones are 0. */
int container_version_compare(const char *left, const char *right);

/* Tells which rows cover this version. */
void container_weak_versions(const struct container_context *context, struct jauauth_probe *probe,
                             const char *version, const struct container_weak_version *rows,
                             size_t count);

#endif

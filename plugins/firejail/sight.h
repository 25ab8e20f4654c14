/* SPDX-License-Identifier: Apache-2.0 */
/* What a sandbox shows of the host: the paths that are asked for, and the folders that are emptied.
 */
#ifndef FIREJAIL_SIGHT_H
#define FIREJAIL_SIGHT_H

#include "context.h"

struct firejail_sight {
  struct firejail_context *context;
  const char *home;      /* path inside */
  const char *work;      /* path inside */
  bool home_shows_paths; /* a path asked for lies in the home of the account */
  bool other_home;       /* one lies in the home of another account */
};

/* Judges the mounts, the home, the work and the temporary directory of the request. */
void firejail_sight_prepare(struct firejail_sight *sight);

/* Adds the flags that make it so. */
void firejail_sight_arguments(const struct firejail_sight *sight, struct jauauth_step *step);

/* Whether a path of the host is there inside. Its links are not followed. */
bool firejail_sees(const struct firejail_sight *sight, const char *path);

#endif

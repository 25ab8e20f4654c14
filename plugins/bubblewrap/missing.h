/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the host that the sandbox does not show, and the mounts that would show them. */
#ifndef BUBBLEWRAP_MISSING_H
#define BUBBLEWRAP_MISSING_H

#include "layout.h"

struct bubblewrap_missing_file;

/* Zero-initialise but for `layout`. */
struct bubblewrap_missing {
  struct bubblewrap_layout *layout;
  struct bubblewrap_missing_file *first; /* in the order found */
};

/*
 * Notes what keeps `path`, an absolute path that the server will use, from being used inside: the
 * path itself, or the end of its links, is not shown. `option` is the member of the request that
 * names it and `role` says what it is ("the program"). A path that is not on the host is no matter.
 */
void bubblewrap_missing_note(struct bubblewrap_missing *missing, const char *option,
                             const char *role, const char *path);

/* Reports what was noted. */
void bubblewrap_missing_report(const struct bubblewrap_missing *missing);

/* The first folder above `path` that the account cannot enter, or NULL. */
const char *bubblewrap_closed_folder(const struct bubblewrap_context *context, const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The written form of a mount, "HOST:INSIDE[:ro|:rw]". */
#ifndef JAUAUTH_CORE_CONFIG_MOUNT_TEXT_H
#define JAUAUTH_CORE_CONFIG_MOUNT_TEXT_H

#include <stdbool.h>

/* Both point into the text that was taken apart. */
struct config_mount_text {
  const char *source;
  const char *target;
  bool read_only;
};

/*
 * Takes `text` apart; its colons become the ends of the parts. Returns NULL, or why it is no mount
 * (a constant text). Without a colon `target` is NULL and `text` is unchanged. What the paths are
 * is not judged.
 */
const char *config_mount_text(char *text, struct config_mount_text *out);

#endif

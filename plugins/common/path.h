/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as texts: tests and pieces that need no file system. */
#ifndef PLUGINS_COMMON_PATH_H
#define PLUGINS_COMMON_PATH_H

#include <jauauth/plugin.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether it is absolute and has no empty, "." or ".." component and no final slash; "/" is plain.
 */
bool plugin_path_is_plain(const char *path);

/* Whether `path` is `folder` itself or lies below it. Both are plain. */
bool plugin_path_within(const char *path, const char *folder);

/* Whether `path` lies below `folder` and is not `folder` itself. */
bool plugin_path_below(const char *path, const char *folder);

/* Number of components: 0 for "/". */
size_t plugin_path_depth(const char *path);

/* The last component; "" for "/". Points into `path`. */
const char *plugin_path_name(const char *path);

/* The folder that holds it, in the arena of the call; "/" for "/" and its entries. */
const char *plugin_path_parent(const struct jauauth_host *host, struct jauauth_call *call,
                               const char *path);

/* `path` joined with `rest`, which is relative; `path` may be "" for the root. In the arena. */
const char *plugin_path_join(const struct jauauth_host *host, struct jauauth_call *call,
                             const char *path, const char *rest);

/* A copy in the arena of the first `length` bytes of a text. */
char *plugin_copy(const struct jauauth_host *host, struct jauauth_call *call, const char *text,
                  size_t length);

#endif

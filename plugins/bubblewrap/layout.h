/* SPDX-License-Identifier: Apache-2.0 */
/* What a sandbox shows: a list of entries, and how a path inside is resolved through it. */
#ifndef BUBBLEWRAP_LAYOUT_H
#define BUBBLEWRAP_LAYOUT_H

#include <jauauth/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

enum bubblewrap_kind {
  BUBBLEWRAP_READ_ONLY = 1, /* a file or folder of the host */
  BUBBLEWRAP_WRITABLE,      /* the same, writable */
  BUBBLEWRAP_LINK,          /* a symbolic link; `source` is its text */
  BUBBLEWRAP_PRIVATE,       /* an empty folder in memory */
  BUBBLEWRAP_TEXT,          /* a small file of our own; `source` is its content */
  BUBBLEWRAP_ENGINE         /* made by the engine: /proc and /dev */
};

/* Who wants an entry. */
enum bubblewrap_owner {
  BUBBLEWRAP_PROGRAMS = 1, /* programs and libraries of the system: cannot be replaced */
  BUBBLEWRAP_SYSTEM,       /* other system files: a mount of the user takes their place */
  BUBBLEWRAP_ENGINE_OWN,   /* /proc and /dev */
  BUBBLEWRAP_HOME,
  BUBBLEWRAP_FOLDER, /* temporary and work directory */
  BUBBLEWRAP_USER    /* a mount of the request */
};

struct bubblewrap_entry {
  enum bubblewrap_kind kind;
  enum bubblewrap_owner owner;
  const char *target; /* plain path inside */
  const char *source; /* see `kind`; NULL for a private folder */
  const char *mode;   /* permissions of a private folder, octal */
  uint64_t size;      /* of a private folder, bytes */
  size_t index;       /* of a mount of the request: its place there */
};

struct bubblewrap_layout {
  struct bubblewrap_context *context;
  struct bubblewrap_entry *entries; /* no two of one target */
  size_t count;
  size_t capacity;
  const char *home; /* paths inside, plain */
  const char *temporary;
  const char *work;
};

/* Adds an entry (copied; its texts must live as long as the call). */
void bubblewrap_layout_add(struct bubblewrap_layout *layout, const struct bubblewrap_entry *entry);

/* Removes the system files at or below `target`. */
void bubblewrap_layout_replace(struct bubblewrap_layout *layout, const char *target);

/* Orders the entries so that each stands behind those that hold its target: by number of
 * components, what the system supplies first. */
void bubblewrap_layout_sort(struct bubblewrap_layout *layout);

/* The entry that decides about `path`: of those at or above it the deepest. NULL: only the empty
 * root. */
const struct bubblewrap_entry *bubblewrap_layout_cover(const struct bubblewrap_layout *layout,
                                                       const char *path);

enum bubblewrap_sight {
  BUBBLEWRAP_MISSING = 0, /* not there inside */
  BUBBLEWRAP_OWN,         /* there, and of the sandbox itself */
  BUBBLEWRAP_SHOWN        /* there, and a file or folder of the host */
};

struct bubblewrap_found {
  enum bubblewrap_sight sight;
  const char *inside;       /* the path with its links resolved; when missing, as far as it went */
  const char *host;         /* BUBBLEWRAP_SHOWN: the path on the host */
  struct jauauth_path info; /* BUBBLEWRAP_SHOWN: of that path */
};

/* Resolves an absolute path as the kernel will do inside, links included. */
void bubblewrap_resolve(const struct bubblewrap_layout *layout, const char *path,
                        struct bubblewrap_found *found);

/* inspect_path() that does not mind a missing file. */
bool bubblewrap_look(const struct bubblewrap_context *context, const char *path,
                     struct jauauth_path *info);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin files in the plugin directories. */
#ifndef JAUAUTH_PLUGIN_CATALOG_H
#define JAUAUTH_PLUGIN_CATALOG_H

#include <stddef.h>

#include "core/base/error.h"

struct catalog_entry {
  char *name;
  char *file;   /* DIRECTORY/NAME.so */
  char *second; /* the same name in another directory; NULL: none */
};

struct catalog {
  struct catalog_entry *entries; /* sorted by name */
  size_t count;
  const char **names; /* of the entries; ends with NULL */
};

/* Lists what is called NAME.so (table_is_name()) in the directories, which end with NULL. A
 * directory that does not exist, cannot be read or was listed before adds nothing. The files are
 * not looked at. -1 and *error when out of memory. Ends with catalog_free(). */
int catalog_read(struct catalog *catalog, const char *const *directories, struct error **error);

/* The entry of this name, or NULL. */
const struct catalog_entry *catalog_find(const struct catalog *catalog, const char *name);

void catalog_free(struct catalog *catalog);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Loads one plugin and checks everything about it that can be checked. Worker only. */
#ifndef JAUAUTH_PLUGIN_LOADER_H
#define JAUAUTH_PLUGIN_LOADER_H

#include <stddef.h>

#include <jansson.h>
#include <jauauth/plugin.h>

#include "core/base/error.h"
#include "core/os/trust.h"

/*
 * A plugin that passed every check. `table` is complete: what the plugin's own table is too short
 * for is zero; its options are a checked copy that ends with an empty entry, NULL when it has none.
 * The module stays in memory for the rest of the process, since reports of sanitizers and valgrind
 * lose their names otherwise and the worker ends after it anyway.
 */
struct loader_plugin {
  struct jauauth_plugin table;
  struct jauauth_option *options;
  size_t option_count;
};

/*
 * Where plugins come from. `find` returns the plugin's own table, or NULL and *error. It may run
 * code of the plugin (constructors).
 */
struct loader_source {
  const void *(*find)(const struct loader_source *source, const char *name, const char *file,
                      struct error **error);
};

/*
 * Plugins in files. The file must be trusted (core/os/trust.h), a shared object for this processor
 * that exports jauauth_plugin_v1 and nothing else, and loadable with RTLD_NOW and RTLD_LOCAL; see
 * dlopen(3). The constructors run after all that can be seen in the file has been checked.
 */
struct loader_files {
  struct loader_source source; /* LOADER_FILES */
  const struct trust_owners *owners;
};
const void *loader_find_file(const struct loader_source *source, const char *name, const char *file,
                             struct error **error);
#define LOADER_FILES                                                                               \
  {                                                                                                \
    loader_find_file                                                                               \
  }

/* Plugins that a static build has linked in, each entry symbol prefixed with its plugin's name. The
 * entries end with one whose name is NULL. `file` is not looked at. */
struct loader_preopened_entry {
  const char *name;
  const void *table;
};
struct loader_preopened {
  struct loader_source source; /* LOADER_PREOPENED */
  const struct loader_preopened_entry *entries;
};
const void *loader_find_preopened(const struct loader_source *source, const char *name,
                                  const char *file, struct error **error);
#define LOADER_PREOPENED                                                                           \
  {                                                                                                \
    loader_find_preopened                                                                          \
  }

/* Finds, checks and copies the plugin. -1 and an ERROR_SANDBOX or ERROR_CONFIG with a stable code
 * when it is refused; the text does not repeat name and file. The caller ends with loader_free().
 */
int loader_load(const struct loader_source *source, const char *name, const char *file,
                struct loader_plugin *plugin, struct error **error);

/* The checks of a table alone: sizes, versions, the name, required members, the option table. */
int loader_check(const void *table, const char *name, struct loader_plugin *plugin,
                 struct error **error);

void loader_free(struct loader_plugin *plugin);

/* What registry_describe() answers. The caller owns the reference. NULL and *error when a text of
 * the plugin is not UTF-8, or when out of memory. */
json_t *loader_describe(const struct loader_plugin *plugin, struct error **error);

#endif

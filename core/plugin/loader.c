/* SPDX-License-Identifier: Apache-2.0 */
/* Loads one plugin and checks everything about it that can be checked. */
#include "core/plugin/loader.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/plugin/elf.h"
#include "core/plugin/table.h"

#define TEXT_OF(macro)   TEXT_OF_2(macro)
#define TEXT_OF_2(macro) #macro
#define SYMBOL_NAME      TEXT_OF(JAUAUTH_PLUGIN_SYMBOL)

const void *loader_find_file(const struct loader_source *source, const char *name, const char *file,
                             struct error **error)
{
  (void)name;
  const struct loader_files *files = (const struct loader_files *)source;
  CLEANUP_FREE char *path = NULL;
  CLEANUP_CLOSE int descriptor = trust_open(files->owners, file, &path, error);
  if (descriptor < 0 || elf_check_exports(descriptor, SYMBOL_NAME, error) != 0)
    return NULL;
  /* By its path and not by /proc/self/fd: the dynamic linker knows objects by name, and a reused
   * number would give the wrong one. Only trusted users can change the file meanwhile. */
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void *table = handle == NULL ? NULL : dlsym(handle, SYMBOL_NAME);
  if (table != NULL)
    return table;
  const char *reason = dlerror();
  error_make_code(error, ERROR_SANDBOX, "plugin-cannot-load", "it cannot be loaded: %s",
                  reason == NULL ? "no reason was given" : reason);
  error_hint(error, "ldd -r FILE shows which library or function is missing");
  return NULL;
}

const void *loader_find_preopened(const struct loader_source *source, const char *name,
                                  const char *file, struct error **error)
{
  (void)file;
  const struct loader_preopened *preopened = (const struct loader_preopened *)source;
  for (const struct loader_preopened_entry *entry = preopened->entries; entry->name != NULL;
       entry++)
    if (strcmp(entry->name, name) == 0)
      return entry->table;
  error_make_code(error, ERROR_SANDBOX, "plugin-not-found", "it is not built into this program");
  return NULL;
}

/* The parts of the head that all versions have; a shorter table says nothing usable. */
static int copy_table(const void *table, struct jauauth_plugin *copy, struct error **error)
{
  uint32_t size;
  memcpy(&size, table, sizeof size);
  memset(copy, 0, sizeof *copy);
  if (size < offsetof(struct jauauth_plugin, options))
    return error_make_code(error, ERROR_SANDBOX, "plugin-short",
                           "its table has %lu bytes, too few to hold even its name",
                           (unsigned long)size);
  memcpy(copy, table, size < sizeof *copy ? size : sizeof *copy);
  if (copy->lowest_host_minor <= JAUAUTH_ABI_MINOR)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "plugin-needs-newer-host",
                  "it needs version %d.%lu of the plugin interface, and this jauauth has %d.%d",
                  JAUAUTH_ABI_MAJOR, (unsigned long)copy->lowest_host_minor, JAUAUTH_ABI_MAJOR,
                  JAUAUTH_ABI_MINOR);
  return error_hint(error, "install a newer jauauth, or an older version of the plugin");
}

static int check_name(const struct jauauth_plugin *table, const char *name, struct error **error)
{
  if (table->name == NULL)
    return error_make_code(error, ERROR_SANDBOX, "plugin-incomplete", "its table has no name");
  if (strcmp(table->name, name) == 0)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "plugin-wrong-name",
                  "its table says that it is the plugin \"%.64s\"", table->name);
  return error_hint(error, "a plugin's file is named after it: NAME.so");
}

static int check_members(const struct jauauth_plugin *table, struct error **error)
{
  const struct {
    const char *name;
    bool there;
  } members[] = {{"version", table->version != NULL}, {"summary", table->summary != NULL},
                 {"probe", table->probe != NULL},     {"validate", table->validate != NULL},
                 {"spawn", table->spawn != NULL},     {"teardown", table->teardown != NULL}};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
    if (!members[i].there)
      return error_make_code(error, ERROR_SANDBOX, "plugin-incomplete", "its table has no %s",
                             members[i].name);
  if (table->account != JAUAUTH_ACCOUNT_CALLER && table->account != JAUAUTH_ACCOUNT_UNPRIVILEGED)
    return error_make_code(error, ERROR_SANDBOX, "plugin-incomplete",
                           "its table says the account kind %lu, which this jauauth does not know",
                           (unsigned long)table->account);
  return 0;
}

int loader_check(const void *table, const char *name, struct loader_plugin *plugin,
                 struct error **error)
{
  memset(plugin, 0, sizeof *plugin);
  if (copy_table(table, &plugin->table, error) != 0 ||
      check_name(&plugin->table, name, error) != 0 || check_members(&plugin->table, error) != 0)
    return -1;
  if (table_copy_options(&plugin->table, &plugin->options, &plugin->option_count, error) != 0)
    return -1;
  plugin->table.options = plugin->options;
  plugin->table.option_size = sizeof(struct jauauth_option);
  return 0;
}

int loader_load(const struct loader_source *source, const char *name, const char *file,
                struct loader_plugin *plugin, struct error **error)
{
  memset(plugin, 0, sizeof *plugin);
  const void *table = source->find(source, name, file, error);
  return table == NULL ? -1 : loader_check(table, name, plugin, error);
}

void loader_free(struct loader_plugin *plugin)
{
  free(plugin->options);
  memset(plugin, 0, sizeof *plugin);
}

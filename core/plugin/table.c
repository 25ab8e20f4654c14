/* SPDX-License-Identifier: Apache-2.0 */
/* The option table of a plugin: its checks, and the words of its description. */
#include "core/plugin/table.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

static const char *const types[] = {
    [JAUAUTH_TYPE_BOOLEAN] = "boolean",     [JAUAUTH_TYPE_INTEGER] = "integer",
    [JAUAUTH_TYPE_TEXT] = "text",           [JAUAUTH_TYPE_PATH] = "path",
    [JAUAUTH_TYPE_SIZE] = "size",           [JAUAUTH_TYPE_CPUS] = "cpus",
    [JAUAUTH_TYPE_TEXT_LIST] = "text-list", [JAUAUTH_TYPE_PATH_LIST] = "path-list",
    [JAUAUTH_TYPE_PAIR_LIST] = "pair-list", [JAUAUTH_TYPE_NETWORK] = "network",
    [JAUAUTH_TYPE_TEXT_MAP] = "text-map"};

static const char *const meanings[] = {[JAUAUTH_MEANS_NETWORK] = "network",
                                       [JAUAUTH_MEANS_MEMORY_LIMIT] = "memory_limit",
                                       [JAUAUTH_MEANS_CPU_LIMIT] = "cpu_limit",
                                       [JAUAUTH_MEANS_PIDS_LIMIT] = "pids_limit",
                                       [JAUAUTH_MEANS_MOUNTS] = "mounts",
                                       [JAUAUTH_MEANS_MOUNTS_READ_ONLY] = "mounts_read_only",
                                       [JAUAUTH_MEANS_MOUNTS_WRITABLE] = "mounts_writable"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint32_t from_word(const char *const *words, size_t count, const char *word)
{
  for (size_t i = 1; word != NULL && i < count; i++)
    if (strcmp(words[i], word) == 0)
      return (uint32_t)i;
  return 0;
}

const char *table_type_word(uint32_t type)
{
  return type < COUNT(types) ? types[type] : NULL;
}

const char *table_means_word(uint32_t means)
{
  return means < COUNT(meanings) ? meanings[means] : NULL;
}

uint32_t table_type_from_word(const char *word)
{
  return from_word(types, COUNT(types), word);
}

uint32_t table_means_from_word(const char *word)
{
  return from_word(meanings, COUNT(meanings), word);
}

bool table_type_fits(uint32_t type, uint32_t means)
{
  switch (means) {
  case JAUAUTH_MEANS_NOTHING:
    return true;
  case JAUAUTH_MEANS_NETWORK:
    return type == JAUAUTH_TYPE_BOOLEAN || type == JAUAUTH_TYPE_NETWORK;
  case JAUAUTH_MEANS_MEMORY_LIMIT:
    return type == JAUAUTH_TYPE_SIZE;
  case JAUAUTH_MEANS_CPU_LIMIT:
    return type == JAUAUTH_TYPE_CPUS;
  case JAUAUTH_MEANS_PIDS_LIMIT:
    return type == JAUAUTH_TYPE_INTEGER;
  case JAUAUTH_MEANS_MOUNTS:
    return type == JAUAUTH_TYPE_TEXT_LIST;
  case JAUAUTH_MEANS_MOUNTS_READ_ONLY:
  case JAUAUTH_MEANS_MOUNTS_WRITABLE:
    return type == JAUAUTH_TYPE_PAIR_LIST || type == JAUAUTH_TYPE_PATH_LIST;
  default:
    return false;
  }
}

bool table_is_name(const char *text, char joiner)
{
  size_t length = strnlen(text, 65);
  if (length > 64 || text[0] < 'a' || text[0] > 'z')
    return false;
  for (size_t i = 1; i < length; i++)
    if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
        text[i] != joiner)
      return false;
  return true;
}

static int bad(struct error **error, const char *name, const char *why)
{
  return error_make_code(error, ERROR_SANDBOX, "plugin-bad-option", "its option \"%.64s\" %s", name,
                         why);
}

/* `before`: the entries that precede it. */
static int check(const struct jauauth_option *option, const struct jauauth_option *before,
                 size_t count, struct error **error)
{
  const uint32_t known = JAUAUTH_OPTION_REQUIRED | JAUAUTH_OPTION_SECRET | JAUAUTH_OPTION_WEAKENS |
                         JAUAUTH_OPTION_HOST;
  if (!table_is_name(option->name, '_'))
    return bad(error, option->name, "has a name that is not [a-z][a-z0-9_]* of at most 64 bytes");
  for (size_t i = 0; i < count; i++)
    if (strcmp(before[i].name, option->name) == 0)
      return bad(error, option->name, "is in its table twice");
  if (table_type_word(option->type) == NULL)
    return bad(error, option->name, "has a type that this jauauth does not know");
  if ((option->flags & ~known) != 0)
    return bad(error, option->name, "has a flag that this jauauth does not know");
  if (!table_type_fits(option->type, option->means))
    return bad(error, option->name, "has a meaning that is unknown or does not fit its type");
  if ((option->flags & JAUAUTH_OPTION_HOST) != 0 &&
      (option->means != JAUAUTH_MEANS_NOTHING || (option->flags & JAUAUTH_OPTION_REQUIRED) != 0))
    return bad(error, option->name, "is the host's, and is required or has a meaning all the same");
  if (option->minimum > option->maximum)
    return bad(error, option->name, "has a minimum above its maximum");
  if (option->type != JAUAUTH_TYPE_INTEGER && (option->minimum != 0 || option->maximum != 0))
    return bad(error, option->name, "has bounds, which only an INTEGER can have");
  if (option->help == NULL)
    return bad(error, option->name, "has no help");
  return 0;
}

int table_copy_options(const struct jauauth_plugin *plugin, struct jauauth_option **options,
                       size_t *count, struct error **error)
{
  *options = NULL;
  *count = 0;
  if (plugin->options == NULL)
    return 0;
  size_t stride = plugin->option_size;
  if (stride < offsetof(struct jauauth_option, reserved) || stride > 4096)
    return error_make_code(error, ERROR_SANDBOX, "plugin-bad-option",
                           "it says that an entry of its option table has %zu bytes", stride);
  CLEANUP_FREE struct jauauth_option *copy = calloc(TABLE_OPTIONS_MAX + 1, sizeof *copy);
  if (copy == NULL)
    return error_memory(error);
  size_t used = 0;
  for (const char *at = (const char *)plugin->options;; at += stride, used++) {
    const char *name;
    memcpy(&name, at + offsetof(struct jauauth_option, name), sizeof name);
    if (name == NULL)
      break;
    if (used == TABLE_OPTIONS_MAX)
      return error_make_code(error, ERROR_SANDBOX, "plugin-bad-option",
                             "its option table has no end within %d entries", TABLE_OPTIONS_MAX);
    memcpy(&copy[used], at, stride < sizeof copy[used] ? stride : sizeof copy[used]);
    if (check(&copy[used], copy, used, error) != 0)
      return -1;
  }
  *count = used;
  *options = steal_pointer(copy);
  return 0;
}

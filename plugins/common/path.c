/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as texts: tests and pieces that need no file system. */
#include "plugins/common/path.h"

#include <string.h>

bool plugin_path_is_plain(const char *path)
{
  if (path[0] != '/')
    return false;
  if (path[1] == '\0')
    return true;
  const char *at = path;
  while (*at == '/') {
    const char *name = at + 1;
    size_t length = strcspn(name, "/");
    if (length == 0 || (length == 1 && name[0] == '.') ||
        (length == 2 && name[0] == '.' && name[1] == '.'))
      return false;
    at = name + length;
  }
  return true;
}

bool plugin_path_below(const char *path, const char *folder)
{
  if (strcmp(folder, "/") == 0)
    return path[0] == '/' && path[1] != '\0';
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

bool plugin_path_within(const char *path, const char *folder)
{
  return strcmp(path, folder) == 0 || plugin_path_below(path, folder);
}

size_t plugin_path_depth(const char *path)
{
  size_t depth = 0;
  for (const char *at = path; *at != '\0'; at++)
    depth += *at == '/' && at[1] != '\0';
  return depth;
}

const char *plugin_path_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

char *plugin_copy(const struct jauauth_host *host, struct jauauth_call *call, const char *text,
                  size_t length)
{
  char *copy = host->allocate(call, length + 1);
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

const char *plugin_path_parent(const struct jauauth_host *host, struct jauauth_call *call,
                               const char *path)
{
  size_t length = (size_t)(plugin_path_name(path) - path);
  return length <= 1 ? "/" : plugin_copy(host, call, path, length - 1);
}

const char *plugin_path_join(const struct jauauth_host *host, struct jauauth_call *call,
                             const char *path, const char *rest)
{
  return host->format(call, "%s/%s", strcmp(path, "/") == 0 ? "" : path, rest);
}

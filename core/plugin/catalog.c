/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin files in the plugin directories. */
#include "core/plugin/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/plugin/table.h"

/* Returns the name in "NAME.so", which the caller frees, or NULL for any other file name. */
static char *name_of(const char *file)
{
  size_t length = strlen(file);
  if (length < 4 || strcmp(file + length - 3, ".so") != 0)
    return NULL;
  char *name = strndup(file, length - 3);
  if (name != NULL && table_is_name(name, '-'))
    return name;
  free(name);
  return NULL;
}

static int add(struct catalog *catalog, const char *directory, char *name, struct error **error)
{
  CLEANUP_FREE char *owned = name;
  CLEANUP_FREE char *file = NULL;
  /* The worker stands elsewhere. */
  CLEANUP_FREE char *here = directory[0] == '/' ? NULL : getcwd(NULL, 0);
  if (directory[0] != '/' && here == NULL)
    return error_make(error, ERROR_CONFIG, errno, "cannot find the working directory");
  if (asprintf(&file, "%s%s%s/%s.so", here == NULL ? "" : here, here == NULL ? "" : "/", directory,
               name) < 0) {
    file = NULL;
    return error_memory(error);
  }
  for (size_t i = 0; i < catalog->count; i++)
    if (strcmp(catalog->entries[i].name, name) == 0) {
      if (catalog->entries[i].second == NULL)
        catalog->entries[i].second = steal_pointer(file);
      return 0;
    }
  struct catalog_entry *grown =
      realloc(catalog->entries, (catalog->count + 1) * sizeof *catalog->entries);
  if (grown == NULL)
    return error_memory(error);
  catalog->entries = grown;
  grown[catalog->count++] =
      (struct catalog_entry){.name = steal_pointer(owned), .file = steal_pointer(file)};
  return 0;
}

/* Whether an earlier entry of the list is the same directory. */
static bool is_repeated(const char *const *directories, size_t index)
{
  struct stat mine;
  struct stat other;
  if (stat(directories[index], &mine) != 0)
    return true;
  for (size_t i = 0; i < index; i++)
    if (stat(directories[i], &other) == 0 && other.st_dev == mine.st_dev &&
        other.st_ino == mine.st_ino)
      return true;
  return false;
}

static int compare(const void *left, const void *right)
{
  return strcmp(((const struct catalog_entry *)left)->name,
                ((const struct catalog_entry *)right)->name);
}

static int read_directory(struct catalog *catalog, const char *path, struct error **error)
{
  CLEANUP_DIRECTORY DIR *directory = opendir(path);
  if (directory == NULL)
    return 0;
  for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    char *name = name_of(entry->d_name);
    if (name != NULL && add(catalog, path, name, error) != 0)
      return -1;
  }
  return 0;
}

int catalog_read(struct catalog *catalog, const char *const *directories, struct error **error)
{
  memset(catalog, 0, sizeof *catalog);
  for (size_t i = 0; directories[i] != NULL; i++)
    if (!is_repeated(directories, i) && read_directory(catalog, directories[i], error) != 0)
      return -1;
  if (catalog->count > 0)
    qsort(catalog->entries, catalog->count, sizeof *catalog->entries, compare);
  catalog->names = calloc(catalog->count + 1, sizeof *catalog->names);
  if (catalog->names == NULL)
    return error_memory(error);
  for (size_t i = 0; i < catalog->count; i++)
    catalog->names[i] = catalog->entries[i].name;
  return 0;
}

const struct catalog_entry *catalog_find(const struct catalog *catalog, const char *name)
{
  for (size_t i = 0; i < catalog->count; i++)
    if (strcmp(catalog->entries[i].name, name) == 0)
      return &catalog->entries[i];
  return NULL;
}

void catalog_free(struct catalog *catalog)
{
  for (size_t i = 0; i < catalog->count; i++) {
    free(catalog->entries[i].name);
    free(catalog->entries[i].file);
    free(catalog->entries[i].second);
  }
  free(catalog->entries);
  free((void *)catalog->names);
  memset(catalog, 0, sizeof *catalog);
}

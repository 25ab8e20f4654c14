/* SPDX-License-Identifier: Apache-2.0 */
/* The real machine as this process's account sees it. */
#include "core/plugin/world.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"

enum { INTERPRETER_LINE = 256 };

char *world_closed_directory(const char *path)
{
  CLEANUP_FREE char *part = strdup(path);
  if (part == NULL)
    return NULL;
  for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (faccessat(AT_FDCWD, part, X_OK, AT_EACCESS) != 0 && errno == EACCES)
      return steal_pointer(part);
    *slash = '/';
  }
  return NULL;
}

const char *world_account(void)
{
  static char number[16];
  const struct passwd *entry = getpwuid(geteuid());
  if (entry != NULL)
    return entry->pw_name;
  snprintf(number, sizeof number, "%u", (unsigned)geteuid());
  return number;
}

static int unreachable(const char *path, int errnum, struct error **error)
{
  CLEANUP_FREE char *closed = errnum == EACCES ? world_closed_directory(path) : NULL;
  if (closed != NULL)
    error_make_code(error, ERROR_SANDBOX, "path-unreachable",
                    "%s cannot be reached: the account %s may not enter %s", path, world_account(),
                    closed);
  else
    error_make_code(error, ERROR_SANDBOX, "path-unreachable", "%s cannot be looked at: %s", path,
                    strerror(errnum));
  if (error != NULL && *error != NULL)
    (*error)->errnum = errnum;
  return -1;
}

/* Whether a path is a regular file that the account may execute. */
static bool is_program(const char *path)
{
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
         faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

static int not_found(const char *name, const char *search, const char *closed, struct error **error)
{
  if (closed != NULL)
    error_make_code(error, ERROR_SANDBOX, "program-not-found",
                    "the program %s was not found; the account %s may not enter %s", name,
                    world_account(), closed);
  else if (search != NULL)
    error_make_code(error, ERROR_SANDBOX, "program-not-found", "the program %s was not found in %s",
                    name, search);
  else
    error_make_code(error, ERROR_SANDBOX, "program-not-found", "%s is no program that can be run",
                    name);
  if (error != NULL && *error != NULL)
    (*error)->errnum = closed != NULL ? EACCES : ENOENT;
  return -1;
}

static int find_program(void *data, const char *name, const char *search, char **found,
                        struct error **error)
{
  (void)data;
  CLEANUP_FREE char *closed = NULL;
  if (strchr(name, '/') != NULL) {
    if (name[0] == '/' && is_program(name)) {
      *found = strdup(name);
      return *found == NULL ? error_memory(error) : 0;
    }
    closed = world_closed_directory(name);
    return not_found(name, NULL, closed, error);
  }
  const char *list = search == NULL ? WORLD_SEARCH : search;
  for (const char *at = list; *at != '\0';) {
    size_t length = strcspn(at, ":");
    CLEANUP_BUFFER struct buffer candidate = {0};
    buffer_append(&candidate, at, length);
    buffer_append_format(&candidate, "/%s", name);
    at += length + (at[length] == ':');
    if (candidate.failed)
      return error_memory(error);
    if (candidate.data[0] != '/' || length == 0)
      continue;
    if (is_program(candidate.data)) {
      *found = buffer_steal(&candidate);
      return 0;
    }
    if (closed == NULL)
      closed = world_closed_directory(candidate.data);
  }
  return not_found(name, list, closed, error);
}

/* The first word behind "#!", or NULL. */
static char *read_interpreter(const char *path)
{
  CLEANUP_CLOSE int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  char line[INTERPRETER_LINE + 1];
  ssize_t length = file < 0 ? -1 : read(file, line, INTERPRETER_LINE);
  if (length < 3 || line[0] != '#' || line[1] != '!')
    return NULL;
  line[length] = '\0';
  char *start = line + 2 + strspn(line + 2, " \t");
  start[strcspn(start, " \t\r\n")] = '\0';
  return start[0] == '/' ? strdup(start) : NULL;
}

static uint32_t type_of(mode_t mode)
{
  switch (mode & S_IFMT) {
  case S_IFREG:
    return JAUAUTH_PATH_REGULAR;
  case S_IFDIR:
    return JAUAUTH_PATH_DIRECTORY;
  case S_IFLNK:
    return JAUAUTH_PATH_LINK;
  case S_IFSOCK:
    return JAUAUTH_PATH_SOCKET;
  default:
    return JAUAUTH_PATH_OTHER;
  }
}

static int inspect_path(void *data, const char *path, struct host_path *result,
                        struct error **error)
{
  (void)data;
  struct stat status;
  if (lstat(path, &status) != 0)
    return unreachable(path, errno, error);
  *result = (struct host_path){
      .type = type_of(status.st_mode),
      .mode = status.st_mode & 07777,
      .user = status.st_uid,
      .group = status.st_gid,
      .readable = faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0,
      .writable = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0,
      .executable = faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0,
      .size = (uint64_t)status.st_size,
  };
  if (S_ISLNK(status.st_mode)) {
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target);
    if (length < 0)
      return unreachable(path, errno, error);
    result->link = strndup(target, (size_t)length);
    if (result->link == NULL)
      return error_memory(error);
    if (stat(path, &status) != 0)
      return 0;
  }
  if (S_ISREG(status.st_mode) && result->readable)
    result->interpreter = read_interpreter(path);
  return 0;
}

static int real_path(void *data, const char *path, char **real, struct error **error)
{
  (void)data;
  *real = realpath(path, NULL);
  return *real == NULL ? unreachable(path, errno, error) : 0;
}

const struct host_world world_real = {.find_program = find_program,
                                      .inspect_path = inspect_path,
                                      .real_path = real_path,
                                      .run = world_run};

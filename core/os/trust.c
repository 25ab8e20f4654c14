/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a file that only trusted users can have written or put there. */
#include "core/os/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"

int trust_owners_find(struct trust_owners *owners, struct error **error)
{
  struct stat status;
  if (stat("/proc/self/exe", &status) != 0)
    return error_make(error, ERROR_FAILED, errno, "cannot find out who owns this program");
  owners->users[0] = 0;
  owners->users[1] = getuid();
  owners->users[2] = status.st_uid;
  owners->count = 3;
  return 0;
}

bool trust_owners_have(const struct trust_owners *owners, uid_t user)
{
  for (size_t i = 0; i < owners->count; i++)
    if (owners->users[i] == user)
      return true;
  return false;
}

/* The path as a word of a shell command. */
static void append_shell_word(struct buffer *out, const char *path)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "/._-+,:@%";
  if (path[strspn(path, plain)] == '\0') {
    buffer_append_text(out, path);
    return;
  }
  CLEANUP_BUFFER struct buffer shown = {0};
  text_escape_controls(&shown, path, strlen(path));
  buffer_append_byte(out, '\'');
  for (const char *at = shown.data; at != NULL && *at != '\0'; at++) {
    if (*at == '\'')
      buffer_append_text(out, "'\\''");
    else
      buffer_append_byte(out, *at);
  }
  buffer_append_byte(out, '\'');
}

/* Removes the last component, if there is one. */
static void drop_last(struct buffer *path)
{
  while (path->length > 0 && path->data[path->length - 1] != '/')
    path->length--;
  if (path->length > 0)
    path->length--;
  path->data[path->length] = '\0';
}

/* The absolute path without empty, "." and ".." components, without a final slash. */
static int normalize(const char *path, struct buffer *out, struct error **error)
{
  CLEANUP_FREE char *directory = NULL;
  if (path[0] != '/') {
    directory = getcwd(NULL, 0);
    if (directory == NULL)
      return error_make(error, ERROR_CONFIG, errno, "cannot find the working directory");
  }
  CLEANUP_BUFFER struct buffer whole = {0};
  buffer_append_format(&whole, "%s/%s", directory == NULL ? "" : directory, path);
  if (whole.failed)
    return error_memory(error);
  buffer_append(out, "", 0);
  for (const char *at = whole.data; *at != '\0';) {
    size_t length = strcspn(at, "/");
    if (length == 2 && at[0] == '.' && at[1] == '.')
      drop_last(out);
    else if (length > 1 || (length == 1 && at[0] != '.')) {
      buffer_append_byte(out, '/');
      buffer_append(out, at, length);
    }
    at += length + (at[length] == '/');
  }
  return out->failed ? error_memory(error) : 0;
}

static int refuse_owner(const struct trust_owners *owners, const char *path, uid_t owner,
                        struct error **error)
{
  CLEANUP_BUFFER struct buffer shown = {0};
  text_escape_controls(&shown, path, strlen(path));
  error_make_code(error, ERROR_CONFIG, "not-trusted",
                  "%s belongs to user %lu, who is neither root, nor the user who runs jauauth, nor "
                  "the owner of its program",
                  shown.data, (unsigned long)owner);
  CLEANUP_BUFFER struct buffer word = {0};
  append_shell_word(&word, path);
  uid_t wanted = owners->count > 1 ? owners->users[1] : 0;
  return error_hint(error, "chown %lu %s", (unsigned long)wanted, word.data);
}

static int refuse_mode(const char *path, mode_t mode, struct error **error)
{
  bool group = (mode & S_IWGRP) != 0;
  bool others = (mode & S_IWOTH) != 0;
  CLEANUP_BUFFER struct buffer shown = {0};
  text_escape_controls(&shown, path, strlen(path));
  error_make_code(error, ERROR_CONFIG, "not-trusted", "%s can be written by %s", shown.data,
                  others ? "everyone" : "its group");
  CLEANUP_BUFFER struct buffer word = {0};
  append_shell_word(&word, path);
  return error_hint(error, "chmod %s-w %s", group && others ? "go" : group ? "g" : "o", word.data);
}

static int refuse_link(const char *path, const char *whole, struct error **error)
{
  CLEANUP_BUFFER struct buffer shown = {0};
  text_escape_controls(&shown, path, strlen(path));
  error_make_code(error, ERROR_CONFIG, "not-trusted",
                  "%s is a symbolic link, and none is followed on the way to a trusted file",
                  shown.data);
  CLEANUP_FREE char *real = realpath(whole, NULL);
  if (real == NULL)
    return error_hint(error, "put the file itself there");
  CLEANUP_BUFFER struct buffer word = {0};
  append_shell_word(&word, real);
  return error_hint(error, "name the file by its real path, %s", word.data);
}

/* `last` is set when the next component is the file itself. */
static int judge(const struct trust_owners *owners, const char *path, const struct stat *status,
                 bool last, struct error **error)
{
  if (!trust_owners_have(owners, status->st_uid))
    return refuse_owner(owners, path, status->st_uid, error);
  if ((status->st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return 0;
  bool sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;
  if (sticky && !last)
    return 0;
  if (!sticky)
    return refuse_mode(path, status->st_mode, error);
  CLEANUP_BUFFER struct buffer shown = {0};
  text_escape_controls(&shown, path, strlen(path));
  error_make_code(error, ERROR_CONFIG, "not-trusted",
                  "%s, where everyone can put files, holds a file that must be trusted",
                  shown.data);
  return error_hint(error, "move the file into a directory of its own");
}

static int unreachable(const char *path, int errnum, struct error **error)
{
  CLEANUP_BUFFER struct buffer shown = {0};
  text_escape_controls(&shown, path, strlen(path));
  return error_make(error, ERROR_CONFIG, errnum, "cannot open %s", shown.data);
}

/* Opens the directory or the file `name` of `directory`; `path` is where it stands. */
static int open_component(int directory, const char *name, bool is_file, const char *path,
                          const char *whole, struct stat *status, struct error **error)
{
  struct stat before;
  if (fstatat(directory, name, &before, AT_SYMLINK_NOFOLLOW) != 0)
    return unreachable(path, errno, error);
  if (S_ISLNK(before.st_mode))
    return refuse_link(path, whole, error);
  /* Opening a device or a FIFO can have effects, so the type is looked at first. */
  if (is_file ? !S_ISREG(before.st_mode) : !S_ISDIR(before.st_mode)) {
    CLEANUP_BUFFER struct buffer shown = {0};
    text_escape_controls(&shown, path, strlen(path));
    return error_make_code(error, ERROR_CONFIG, "not-trusted", "%s is no %s", shown.data,
                           is_file ? "regular file" : "directory");
  }
  int flags = O_NOFOLLOW | O_CLOEXEC;
  flags |= is_file ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
  CLEANUP_CLOSE int opened = openat(directory, name, flags);
  if (opened < 0)
    return unreachable(path, errno, error);
  if (fstat(opened, status) != 0)
    return unreachable(path, errno, error);
  if (is_file && !S_ISREG(status->st_mode))
    return unreachable(path, EAGAIN, error);
  return steal_descriptor(&opened);
}

/* Walks `path`, which is normalized. The text is cut at each component on the way and mended. */
static int walk(const struct trust_owners *owners, char *path, const char *whole,
                struct error **error)
{
  CLEANUP_CLOSE int directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  if (directory < 0 || fstat(directory, &status) != 0)
    return unreachable("/", errno, error);
  char *name = path + 1;
  char *slash = strchr(name, '/');
  if (judge(owners, "/", &status, slash == NULL, error) != 0)
    return -1;
  for (;;) {
    if (slash != NULL)
      *slash = '\0';
    CLEANUP_CLOSE int next =
        open_component(directory, name, slash == NULL, path, whole, &status, error);
    if (next < 0)
      return -1;
    char *after = slash == NULL ? NULL : strchr(slash + 1, '/');
    if (judge(owners, path, &status, after == NULL, error) != 0)
      return -1;
    if (slash == NULL)
      return steal_descriptor(&next);
    *slash = '/';
    name = slash + 1;
    slash = after;
    close(directory);
    directory = steal_descriptor(&next);
  }
}

int trust_open(const struct trust_owners *owners, const char *path, char **real,
               struct error **error)
{
  CLEANUP_BUFFER struct buffer normal = {0};
  if (normalize(path, &normal, error) != 0)
    return -1;
  if (normal.length == 0)
    return error_make_code(error, ERROR_CONFIG, "not-trusted", "/ is no regular file");
  CLEANUP_FREE char *steps = strdup(normal.data);
  if (steps == NULL)
    return error_memory(error);
  CLEANUP_CLOSE int file = walk(owners, steps, normal.data, error);
  if (file < 0)
    return -1;
  if (real != NULL) {
    *real = buffer_steal(&normal);
    if (*real == NULL)
      return error_memory(error);
  }
  return steal_descriptor(&file);
}

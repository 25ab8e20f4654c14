/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of journals, and who holds them. */
#include "core/sandbox/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <sodium.h>

#include "core/base/cleanup.h"
#include "core/os/folder.h"
#include "core/plugin/foreign.h"

#define FOLDER       "journal"
#define ROUTER_LOCK  ".router"
#define KEEPERS_LOCK ".keepers"
#define SERVERS_FILE ".servers"

enum { TRIES = 10, NAME_BYTES = 16 };

static bool is_name(const char *name)
{
  return strlen(name) == (size_t)2 * NAME_BYTES && strspn(name, "0123456789abcdef") == strlen(name);
}

static int set_path(const char *state_directory, struct journal *journal, struct error **error)
{
  if (asprintf(&journal->path, "%s/" FOLDER "/%s", state_directory, journal->name) >= 0)
    return 0;
  journal->path = NULL;
  return error_memory(error);
}

static int fail(const struct journal *journal, const char *what, struct error **error)
{
  return error_make(error, ERROR_FAILED, errno, "the journal %s %s", journal->path, what);
}

static struct journal unopened(void)
{
  return (struct journal){.root = -1, .directory = -1, .router = -1, .keepers = -1};
}

/* --- Lists of names -------------------------------------------------------------------------- */

void journal_names_free(char ***names)
{
  for (size_t i = 0; *names != NULL && (*names)[i] != NULL; i++)
    free((*names)[i]);
  free(*names);
  *names = NULL;
}

/* The names in a folder that `wanted` accepts, in any order. */
static char **list_names(int folder, bool (*wanted)(const char *name), struct error **error)
{
  CLEANUP_NAMES char **names = calloc(JOURNAL_ENTRIES_MAX + 1, sizeof *names);
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CLEANUP_DIRECTORY DIR *stream = copy < 0 ? NULL : fdopendir(copy);
  if (stream == NULL && copy >= 0)
    close(copy);
  if (stream == NULL || names == NULL) {
    error_make(error, ERROR_FAILED, errno, "the folder of the journals cannot be read");
    return NULL;
  }
  size_t count = 0;
  const struct dirent *entry;
  while (count < JOURNAL_ENTRIES_MAX && (entry = readdir(stream)) != NULL)
    if (wanted(entry->d_name) && (names[count++] = strdup(entry->d_name)) == NULL) {
      error_memory(error);
      return NULL;
    }
  return steal_pointer(names);
}

char **journal_names(const char *state_directory, struct error **error)
{
  CLEANUP_CLOSE int root = os_find_private_folder(state_directory, FOLDER);
  if (root >= 0)
    return list_names(root, is_name, error);
  char **none = errno == ENOENT ? calloc(1, sizeof *none) : NULL;
  if (none == NULL)
    error_make(error, ERROR_FAILED, errno, "the folder %s/" FOLDER " cannot be used",
               state_directory);
  return none;
}

char **journal_entries(const struct journal *journal, struct error **error)
{
  return list_names(journal->directory, foreign_is_code, error);
}

/* --- Making one ------------------------------------------------------------------------------ */

static int lock(int folder, const char *name, int flags, int operation)
{
  CLEANUP_CLOSE int file = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
  return file >= 0 && flock(file, operation | LOCK_NB) == 0 ? steal_descriptor(&file) : -1;
}

/* Whether the folder still has this very file: between its making and its locking somebody may have
 * taken it for one of a dead router. */
static bool is_there(const struct journal *journal)
{
  struct stat mine;
  struct stat there;
  return fstat(journal->router, &mine) == 0 &&
         fstatat(journal->directory, ROUTER_LOCK, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         mine.st_ino == there.st_ino && mine.st_dev == there.st_dev && mine.st_nlink == 1;
}

static bool try_to_make(struct journal *journal)
{
  unsigned char random[NAME_BYTES];
  randombytes_buf(random, sizeof random);
  sodium_bin2hex(journal->name, sizeof journal->name, random, sizeof random);
  if (mkdirat(journal->root, journal->name, 0700) != 0)
    return false;
  journal->directory =
      openat(journal->root, journal->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (journal->directory >= 0)
    journal->router = lock(journal->directory, ROUTER_LOCK, O_RDWR | O_CREAT | O_EXCL, LOCK_EX);
  if (journal->router >= 0)
    journal->keepers = lock(journal->directory, KEEPERS_LOCK, O_RDWR | O_CREAT | O_EXCL, LOCK_EX);
  return journal->keepers >= 0 && is_there(journal);
}

static void close_file(int *descriptor)
{
  if (*descriptor >= 0)
    close(*descriptor);
  *descriptor = -1;
}

static void close_parts(struct journal *journal)
{
  close_file(&journal->directory);
  close_file(&journal->router);
  close_file(&journal->keepers);
}

int journal_make(const char *state_directory, struct journal *journal, struct error **error)
{
  *journal = unopened();
  journal->holder = JOURNAL_OWN;
  journal->root = os_private_folder(state_directory, FOLDER);
  bool made = false;
  int saved = errno;
  for (int i = 0; journal->root >= 0 && !made && i < TRIES; i++) {
    close_parts(journal);
    made = try_to_make(journal);
    saved = errno;
  }
  if (made && set_path(state_directory, journal, error) == 0)
    return 0;
  journal_close(journal);
  return error_make(error, ERROR_FAILED, saved, "no journal can be made in %s/" FOLDER,
                    state_directory);
}

/* --- Those of others ------------------------------------------------------------------------- */

/* Finds out who holds it; with `take` this process does afterwards, if nobody did. */
static bool find_holder(struct journal *journal, bool take)
{
  int operation = take ? LOCK_EX : LOCK_SH;
  journal->router = lock(journal->directory, ROUTER_LOCK, O_RDWR, operation);
  if (journal->router < 0) {
    journal->holder = JOURNAL_LIVE;
    return errno == EWOULDBLOCK;
  }
  /* Its maker may have been killed before it made the second one. */
  journal->keepers =
      lock(journal->directory, KEEPERS_LOCK, O_RDWR | (take ? O_CREAT : 0), operation);
  journal->holder = journal->keepers >= 0 ? JOURNAL_DEAD : JOURNAL_BUSY;
  return journal->keepers >= 0 || errno == EWOULDBLOCK;
}

bool journal_open(const char *state_directory, const char *name, bool take, struct journal *journal,
                  struct error **error)
{
  *journal = unopened();
  snprintf(journal->name, sizeof journal->name, "%.32s", name);
  if (set_path(state_directory, journal, error) != 0)
    return false;
  journal->root = os_find_private_folder(state_directory, FOLDER);
  if (journal->root >= 0)
    journal->directory =
        openat(journal->root, journal->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  bool found = journal->directory >= 0 && fstat(journal->directory, &status) == 0;
  if (found && (status.st_uid != geteuid() || (status.st_mode & 077) != 0)) {
    errno = EPERM;
    found = false;
  }
  if (found && !find_holder(journal, take)) {
    found = false;
    /* Without locks it is one that is just being made, or whose maker was killed doing that. */
    if (take && errno == ENOENT)
      unlinkat(journal->root, journal->name, AT_REMOVEDIR);
  }
  if (!take) {
    int saved = errno;
    close_file(&journal->router);
    close_file(&journal->keepers);
    errno = saved;
  }
  if (found)
    return true;
  if (errno != ENOENT)
    fail(journal, "cannot be opened", error);
  journal->holder = JOURNAL_LIVE;
  journal_close(journal);
  return false;
}

/* --- What is in one -------------------------------------------------------------------------- */

bool journal_has(const struct journal *journal, const char *instance)
{
  return faccessat(journal->directory, instance, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool journal_read(const struct journal *journal, const char *instance, struct journal_entry *entry,
                  struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  *entry = (struct journal_entry){0};
  if (os_read_file(journal->directory, instance, JOURNAL_FILE_MAX, &text) == 0) {
    if (journal_entry_parse(text.data, text.length, instance, entry, error) == 0)
      return true;
  } else if (errno == ENOENT) {
    return false;
  } else {
    error_make_code(error, ERROR_FAILED, "journal-entry", "the entry %s cannot be read: %s",
                    instance, strerror(errno));
  }
  error_hint(error, "look whether something of it is left, then delete %s/%s", journal->path,
             instance);
  return false;
}

static int replace(const struct journal *journal, const char *name, const struct buffer *text,
                   struct error **error)
{
  errno = text->failed ? ENOMEM : EFBIG;
  if (!text->failed && text->length <= JOURNAL_FILE_MAX &&
      os_replace_file(journal->directory, name, text->data, text->length) == 0)
    return 0;
  return fail(journal, "cannot be written", error);
}

int journal_write(const struct journal *journal, const struct journal_entry *entry,
                  struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  journal_entry_append(entry, &text);
  return replace(journal, entry->instance, &text, error);
}

void journal_clear(const struct journal *journal, const char *instance)
{
  unlinkat(journal->directory, instance, 0);
}

json_t *journal_read_servers(const struct journal *journal)
{
  CLEANUP_BUFFER struct buffer text = {0};
  if (os_read_file(journal->directory, SERVERS_FILE, JOURNAL_SERVERS_MAX, &text) != 0)
    return NULL;
  json_t *servers = foreign_load(text.data, text.length);
  if (json_is_object(servers))
    return servers;
  json_decref(servers);
  return NULL;
}

int journal_write_servers(const struct journal *journal, json_t *servers, struct error **error)
{
  CLEANUP_FREE char *text = json_dumps(servers, JSON_COMPACT);
  if (text != NULL && os_replace_file(journal->directory, SERVERS_FILE, text, strlen(text)) == 0)
    return 0;
  return fail(journal, "cannot be written", error);
}

/* --- The end --------------------------------------------------------------------------------- */

static bool is_any(const char *name)
{
  return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void remove_folder(const struct journal *journal)
{
  CLEANUP_NAMES char **entries = journal_entries(journal, NULL);
  CLEANUP_NAMES char **names = list_names(journal->directory, is_any, NULL);
  if (entries == NULL || entries[0] != NULL)
    return;
  for (size_t i = 0; names != NULL && names[i] != NULL; i++)
    if (names[i][0] == '.')
      unlinkat(journal->directory, names[i], 0);
  unlinkat(journal->root, journal->name, AT_REMOVEDIR);
}

void journal_close(struct journal *journal)
{
  bool mine = journal->router >= 0 && journal->keepers >= 0;
  if (mine && (journal->holder == JOURNAL_OWN || journal->holder == JOURNAL_DEAD))
    remove_folder(journal);
  close_parts(journal);
  close_file(&journal->root);
  free(journal->path);
  *journal = unopened();
}

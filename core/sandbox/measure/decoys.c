/* SPDX-License-Identifier: Apache-2.0 */
/* Plants decoys, notes them, and takes them away. */
#include "core/sandbox/measure/decoys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/keyctl.h>
#include <sodium.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/os/folder.h"

#define FOLDER "measured"
#define RECORD "planted-"
#define NAME   ".jauauth-decoy-"

enum { RECORD_MAX = 65536, KEY_SECONDS = 600, BACKLOG = 64, COPY_MAX = 64 * 1024 * 1024 };

/* System folders in which nothing is planted. A file that a sandbox lets be made there is seen from
 * outside. */
static const char *const folders[] = {"/",        "/etc", "/usr", "/opt",     "/srv",
                                      "/var/tmp", "/run", "/dev", "/dev/shm", "/mnt"};

/* --- Taking away -------------------------------------------------------------------------------
 */

/* Only what has our name is ever removed, whatever a record says. */
static void remove_file(const char *path)
{
  const char *name = strrchr(path, '/');
  struct stat status;
  if (path[0] == '/' && name != NULL && strncmp(name + 1, NAME, strlen(NAME)) == 0 &&
      lstat(path, &status) == 0 && !S_ISDIR(status.st_mode))
    unlink(path);
}

static void remove_memory(int id)
{
  shmctl(id, IPC_RMID, NULL);
}

/* One line of a record. */
static void remove_noted(const char *line)
{
  if (strncmp(line, "file ", 5) == 0)
    remove_file(line + 5);
  else if (strncmp(line, "memory ", 7) == 0) {
    int id = shmget((key_t)strtol(line + 7, NULL, 10), 0, 0);
    struct shmid_ds status;
    if (id >= 0 && shmctl(id, IPC_STAT, &status) == 0 && status.shm_perm.cuid == geteuid())
      remove_memory(id);
  }
}

static void clear_record(int folder, const char *name)
{
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_CLOSE int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0 || flock(file, LOCK_EX | LOCK_NB) != 0)
    return;
  if (os_read_file(folder, name, RECORD_MAX, &text) == 0) {
    buffer_append_byte(&text, '\0');
    char *rest = text.failed ? NULL : text.data;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
      remove_noted(line);
  }
  unlinkat(folder, name, 0);
}

void decoys_clear(const char *state_directory)
{
  int folder = os_find_private_folder(state_directory, FOLDER);
  CLEANUP_DIRECTORY DIR *directory = folder >= 0 ? fdopendir(folder) : NULL;
  if (directory == NULL)
    return;
  struct dirent *entry;
  while ((entry = readdir(directory)) != NULL)
    if (strncmp(entry->d_name, RECORD, strlen(RECORD)) == 0)
      clear_record(folder, entry->d_name);
}

static void close_all(struct decoys *decoys)
{
  for (size_t i = 0; i < decoys->descriptor_count; i++)
    close(decoys->descriptors[i]);
  for (int i = 0; i < 2; i++)
    if (decoys->pipe[i] > 0)
      close(decoys->pipe[i]);
  if (decoys->lock > 0)
    close(decoys->lock);
  if (decoys->folder > 0)
    close(decoys->folder);
}

static void free_texts(struct decoys *decoys)
{
  for (int i = 0; i < DECOY_PLACES; i++) {
    free(decoys->files[i]);
    free(decoys->sockets[i]);
  }
  for (size_t i = 0; i < decoys->folder_count; i++) {
    free(decoys->folders[i]);
    free(decoys->made[i]);
  }
  free(decoys->marker);
  free(decoys->expected);
  free(decoys->abstract);
  free(decoys->setuid);
  free(decoys->key_name);
  free(decoys->record);
}

void decoys_remove(struct decoys *decoys)
{
  for (int i = 0; i < DECOY_PLACES; i++) {
    if (decoys->files[i] != NULL)
      remove_file(decoys->files[i]);
    if (decoys->sockets[i] != NULL)
      remove_file(decoys->sockets[i]);
  }
  for (size_t i = 0; i < decoys->folder_count; i++)
    remove_file(decoys->made[i]);
  if (decoys->setuid != NULL)
    remove_file(decoys->setuid);
  if (decoys->memory_key != 0)
    remove_memory(decoys->memory);
  if (decoys->key != 0)
    syscall(SYS_keyctl, KEYCTL_UNLINK, decoys->key, KEY_SPEC_SESSION_KEYRING);
  if (decoys->marker != NULL)
    unsetenv(decoys->marker);
  if (decoys->record != NULL)
    unlinkat(decoys->folder, decoys->record, 0);
  close_all(decoys);
  free_texts(decoys);
  *decoys = (struct decoys){0};
}

/* --- Names ---------------------------------------------------------------------------------------
 */

static char *join(const char *folder, const struct decoys *decoys, const char *ending)
{
  char *path = NULL;
  if (asprintf(&path, "%s/" NAME "%s%s", strcmp(folder, "/") == 0 ? "" : folder, decoys->random,
               ending) < 0)
    return NULL;
  return path;
}

static void add_folder(struct decoys *decoys, const char *folder)
{
  if (folder == NULL || decoys->folder_count == DECOY_FOLDERS_MAX)
    return;
  size_t at = decoys->folder_count++;
  decoys->folders[at] = strdup(folder);
  decoys->made[at] = join(folder, decoys, "-made");
}

/* A name of a planted thing holds no tab and no line feed, or it could not be asked for. */
static const char *usable(const char *folder)
{
  return folder != NULL && folder[0] == '/' && strpbrk(folder, "\t\n") == NULL ? folder : NULL;
}

static bool name_all(struct decoys *decoys, const struct decoys_settings *settings)
{
  const char *places[DECOY_PLACES] = {"/tmp", usable(settings->home),
                                      usable(settings->state_directory)};
  unsigned char random[16];
  randombytes_buf(random, sizeof random);
  sodium_bin2hex(decoys->random, sizeof decoys->random, random, sizeof random);
  decoys->memory_key = (int)(randombytes_random() & 0x7fffffff) | 1;
  bool good = asprintf(&decoys->marker, "JAUAUTH_DECOY_%s", decoys->random) > 0 &&
              asprintf(&decoys->expected, "decoy %s", decoys->random) > 0 &&
              asprintf(&decoys->abstract, "jauauth-decoy-%s", decoys->random) > 0 &&
              asprintf(&decoys->key_name, "jauauth-decoy-%s", decoys->random) > 0 &&
              asprintf(&decoys->record, RECORD "%s", decoys->random) > 0;
  for (int i = 0; i < DECOY_PLACES; i++) {
    if (places[i] == NULL)
      continue;
    decoys->files[i] = join(places[i], decoys, "");
    decoys->sockets[i] = join(places[i], decoys, "-socket");
    good = good && decoys->files[i] != NULL && decoys->sockets[i] != NULL;
    add_folder(decoys, places[i]);
  }
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
    add_folder(decoys, folders[i]);
  if (geteuid() == 0)
    decoys->setuid = join("/tmp", decoys, "-setuid");
  for (size_t i = 0; i < decoys->folder_count; i++)
    good = good && decoys->folders[i] != NULL && decoys->made[i] != NULL;
  return good && (geteuid() != 0 || decoys->setuid != NULL);
}

/* --- Noting ------------------------------------------------------------------------------------
 */

static void note(struct buffer *text, const char *path)
{
  if (path != NULL)
    buffer_append_format(text, "file %s\n", path);
}

static int write_record(struct decoys *decoys, const struct decoys_settings *settings,
                        struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  for (int i = 0; i < DECOY_PLACES; i++) {
    note(&text, decoys->files[i]);
    note(&text, decoys->sockets[i]);
  }
  for (size_t i = 0; i < decoys->folder_count; i++)
    note(&text, decoys->made[i]);
  note(&text, decoys->setuid);
  buffer_append_format(&text, "memory %d\n", decoys->memory_key);
  decoys->folder = os_private_folder(settings->state_directory, FOLDER);
  if (decoys->folder >= 0)
    decoys->lock = openat(decoys->folder, decoys->record,
                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (decoys->folder < 0 || decoys->lock < 0 || text.failed ||
      flock(decoys->lock, LOCK_EX | LOCK_NB) != 0 ||
      write(decoys->lock, text.data, text.length) != (ssize_t)text.length)
    return error_make(error, ERROR_FAILED, errno,
                      "what is planted cannot be noted in the state directory %s",
                      settings->state_directory);
  return 0;
}

/* --- Planting ------------------------------------------------------------------------------------
 */

static void forget(char **path)
{
  free(*path);
  *path = NULL;
}

/* The account of a canary may be another one, so that everyone may read and write it: it holds
 * nothing but a random word. */
static void plant_file(char **path, const char *content)
{
  if (*path == NULL)
    return;
  CLEANUP_CLOSE int file = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  size_t length = strlen(content);
  if (file < 0 || write(file, content, length) != (ssize_t)length || fchmod(file, 0666) != 0)
    forget(path);
}

static int listen_at(struct decoys *decoys, int family, const void *address, socklen_t length)
{
  CLEANUP_CLOSE int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0 || bind(listener, address, length) != 0 || listen(listener, BACKLOG) != 0)
    return -1;
  decoys->descriptors[decoys->descriptor_count++] = listener;
  return steal_descriptor(&listener);
}

static void plant_socket(struct decoys *decoys, char **path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (*path == NULL)
    return;
  if (strlen(*path) >= sizeof address.sun_path) {
    forget(path);
    return;
  }
  memcpy(address.sun_path, *path, strlen(*path));
  if (listen_at(decoys, AF_UNIX, &address, sizeof address) < 0)
    forget(path);
  else
    chmod(*path, 0666);
}

static void plant_network(struct decoys *decoys)
{
  struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_un abstract = {.sun_family = AF_UNIX};
  socklen_t length = sizeof loopback;
  int listener = listen_at(decoys, AF_INET, &loopback, sizeof loopback);
  if (listener >= 0 && getsockname(listener, (struct sockaddr *)&loopback, &length) == 0)
    decoys->port = ntohs(loopback.sin_port);
  size_t name = strlen(decoys->abstract);
  memcpy(abstract.sun_path + 1, decoys->abstract, name);
  if (listen_at(decoys, AF_UNIX, &abstract,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + name)) < 0)
    forget(&decoys->abstract);
  for (int i = 0; i < DECOY_PLACES; i++)
    plant_socket(decoys, &decoys->sockets[i]);
}

static void plant_setuid(struct decoys *decoys, const char *canary)
{
  if (decoys->setuid == NULL)
    return;
  CLEANUP_CLOSE int from = open(canary, O_RDONLY | O_CLOEXEC);
  CLEANUP_CLOSE int to =
      open(decoys->setuid, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700);
  ssize_t copied = 1;
  while (from >= 0 && to >= 0 && copied > 0)
    copied = copy_file_range(from, NULL, to, NULL, COPY_MAX, 0);
  char block[65536];
  while (from >= 0 && to >= 0 && copied < 0 && (copied = read(from, block, sizeof block)) > 0)
    copied = write(to, block, (size_t)copied) == copied ? -1 : 0;
  if (from < 0 || to < 0 || copied != 0 || fchmod(to, 04755) != 0) {
    remove_file(decoys->setuid);
    forget(&decoys->setuid);
  }
}

static void plant_memory(struct decoys *decoys)
{
  decoys->memory = shmget(decoys->memory_key, 1, IPC_CREAT | IPC_EXCL | 0666);
  if (decoys->memory < 0)
    decoys->memory_key = 0;
  decoys->key =
      syscall(SYS_add_key, "user", decoys->key_name, "decoy", (size_t)5, KEY_SPEC_SESSION_KEYRING);
  if (decoys->key < 0)
    decoys->key = 0;
  else
    syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, decoys->key, KEY_SECONDS);
}

int decoys_plant(struct decoys *decoys, const struct decoys_settings *settings,
                 struct error **error)
{
  *decoys = (struct decoys){.lock = -1, .folder = -1};
  if (!name_all(decoys, settings)) {
    free_texts(decoys);
    *decoys = (struct decoys){0};
    return error_memory(error);
  }
  if (write_record(decoys, settings, error) != 0) {
    decoys->memory_key = 0; /* nothing was planted */
    decoys_remove(decoys);
    return -1;
  }
  for (int i = 0; i < DECOY_PLACES; i++)
    plant_file(&decoys->files[i], decoys->expected);
  plant_network(decoys);
  plant_setuid(decoys, settings->canary);
  plant_memory(decoys);
  setenv(decoys->marker, "1", 1);
  if (pipe2(decoys->pipe, 0) != 0)
    decoys->pipe[0] = decoys->pipe[1] = -1;
  return 0;
}

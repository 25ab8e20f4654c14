/* SPDX-License-Identifier: Apache-2.0 */
/* Tools of a server kept between two starts: a file named by the digest of its command. */
#include "core/cli/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "core/base/cleanup.h"
#include "core/base/log.h"

enum { DIGEST = 16, CACHE_MAX = 16 * 1024 * 1024 };

static void digest_text(crypto_generichash_state *state, const char *text)
{
  crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

/* Another command, environment or strategy is another server: its tools may differ. Names of
 * variables count, and so do their values, which a digest does not give away. */
static void file_name(const struct server_config *server, char name[2 * DIGEST + 6])
{
  crypto_generichash_state state;
  unsigned char digest[DIGEST];
  crypto_generichash_init(&state, NULL, 0, DIGEST);
  digest_text(&state, server->id);
  digest_text(&state, server->sandbox.strategy);
  for (size_t i = 0; server->command[i] != NULL; i++)
    digest_text(&state, server->command[i]);
  for (size_t i = 0; i < server->environment_count; i++) {
    digest_text(&state, server->environment[i].name);
    digest_text(&state, server->environment[i].value);
  }
  crypto_generichash_final(&state, digest, DIGEST);
  sodium_bin2hex(name, 2 * DIGEST + 1, digest, DIGEST);
  memcpy(name + (ptrdiff_t)2 * DIGEST, ".json", 6);
}

/* The folder of the cache, made when it is missing. -1 with errno. */
static int open_folder(const struct gateway *gateway)
{
  CLEANUP_FREE char *path = NULL;
  if (asprintf(&path, "%s/cache", gateway->state_directory) < 0)
    return -1;
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0755); /* kept homes lie there too, and their accounts must get to them */
    *slash = '/';
  }
  mkdir(path, 0700);
  CLEANUP_CLOSE int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  if (folder < 0 || fstat(folder, &status) != 0)
    return -1;
  if (status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
    errno = EPERM;
    return -1;
  }
  return steal_descriptor(&folder);
}

static const struct server_config *find(const struct gateway *gateway, const char *server)
{
  size_t index = servers_config_find(gateway->servers, server);
  return index == CONFIG_WHOLE_FILE ? NULL : &gateway->servers->servers[index];
}

bool gateway_cache_load(void *data, const char *server, struct buffer *out)
{
  const struct gateway *gateway = data;
  char name[2 * DIGEST + 6];
  const struct server_config *config = find(gateway, server);
  CLEANUP_CLOSE int folder = config != NULL ? open_folder(gateway) : -1;
  if (folder < 0)
    return false;
  file_name(config, name);
  CLEANUP_CLOSE int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != geteuid() || status.st_size > CACHE_MAX)
    return false;
  char *space = buffer_reserve(out, (size_t)status.st_size);
  ssize_t count = space != NULL ? read(file, space, (size_t)status.st_size) : -1;
  if (count != status.st_size)
    return false;
  out->length += (size_t)count;
  out->data[out->length] = '\0';
  return true;
}

static bool write_all(int file, const char *bytes, size_t length)
{
  while (length > 0) {
    ssize_t count = write(file, bytes, length);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    bytes += count;
    length -= (size_t)count;
  }
  return true;
}

void gateway_cache_store(void *data, const char *server, const char *bytes, size_t length)
{
  const struct gateway *gateway = data;
  char name[2 * DIGEST + 6];
  char fresh[2 * DIGEST + 32];
  const struct server_config *config = find(gateway, server);
  CLEANUP_CLOSE int folder = config != NULL ? open_folder(gateway) : -1;
  if (folder < 0) {
    log_write(LOG_LEVEL_WARNING, server, "its tools are not kept: %s/cache: %s",
              gateway->state_directory, strerror(errno));
    return;
  }
  file_name(config, name);
  snprintf(fresh, sizeof fresh, "%s.%ld", name, (long)getpid());
  unlinkat(folder, fresh, 0);
  CLEANUP_CLOSE int file =
      openat(folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file >= 0 && write_all(file, bytes, length) && renameat(folder, fresh, folder, name) == 0)
    return;
  log_write(LOG_LEVEL_WARNING, server, "its tools are not kept: %s/cache/%s: %s",
            gateway->state_directory, name, strerror(errno));
  unlinkat(folder, fresh, 0);
}

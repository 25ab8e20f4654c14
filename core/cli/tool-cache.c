/* SPDX-License-Identifier: Apache-2.0 */
/* Tools of a server kept between two starts: a file named by the digest of its command. */
#include "core/cli/gateway.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/os/folder.h"

enum { DIGEST = 16 };

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
  CLEANUP_CLOSE int folder =
      config != NULL ? os_private_folder(gateway->state_directory, "cache") : -1;
  if (folder < 0)
    return false;
  file_name(config, name);
  return os_read_file(folder, name, ROUTER_CACHE_LIMIT, out) == 0;
}

void gateway_cache_store(void *data, const char *server, const char *bytes, size_t length)
{
  const struct gateway *gateway = data;
  char name[2 * DIGEST + 6];
  const struct server_config *config = find(gateway, server);
  CLEANUP_CLOSE int folder =
      config != NULL ? os_private_folder(gateway->state_directory, "cache") : -1;
  if (folder < 0) {
    log_write(LOG_LEVEL_WARNING, server, "its tools are not kept: %s/cache: %s",
              gateway->state_directory, strerror(errno));
    return;
  }
  file_name(config, name);
  if (os_replace_file(folder, name, bytes, length) != 0)
    log_write(LOG_LEVEL_WARNING, server, "its tools are not kept: %s/cache/%s: %s",
              gateway->state_directory, name, strerror(errno));
}

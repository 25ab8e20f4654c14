/* SPDX-License-Identifier: Apache-2.0 */
/* Whose processes the servers are, and the homes that are kept for them. */
#include "core/sandbox/launch-parts.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"

int launch_find_account(const char *name, struct launch_account *account, struct error **error)
{
  *account = (struct launch_account){.user = geteuid(), .group = getegid()};
  if (geteuid() != 0)
    return 0;
  struct passwd entry;
  struct passwd *found = NULL;
  char space[16384];
  int code = getpwnam_r(name, &entry, space, sizeof space, &found);
  if (found == NULL) {
    error_make(error, ERROR_SANDBOX, code,
               "servers of root run under the account \"%s\", and there is no such account", name);
    return error_hint(error,
                      "create it: useradd --system --user-group --no-create-home --home-dir "
                      "/nonexistent --shell /usr/sbin/nologin %s",
                      name);
  }
  if (entry.pw_uid == 0 || strlen(name) >= sizeof account->name)
    return error_make(error, ERROR_CONFIG, 0, "\"run_as\" must not name root (\"%s\")", name);
  account->user = entry.pw_uid;
  account->group = entry.pw_gid;
  snprintf(account->name, sizeof account->name, "%s", name);
  return 0;
}

static const char *run_as(const struct launch *launch, size_t server)
{
  const char *own = launch->settings.servers->servers[server].run_as;
  return own != NULL ? own : launch->settings.host->run_as;
}

static bool has_private_pids(const struct launch *launch, size_t server)
{
  size_t index;
  json_t *claim;
  json_array_foreach (launch_claims(launch, server), index, claim) {
    if (strcmp(json_string_value(claim), "private-pid-namespace") == 0)
      return true;
  }
  return false;
}

/* Servers that see each other's processes could signal each other under one account. */
static int check_shared(const struct launch *launch, size_t server, struct error **error)
{
  const struct servers_config *servers = launch->settings.servers;
  if (has_private_pids(launch, server) || launch->settings.measuring)
    return 0;
  for (size_t i = 0; i < servers->server_count; i++) {
    if (i == server || servers->servers[i].broken || servers->servers[i].id == NULL ||
        strcmp(run_as(launch, i), run_as(launch, server)) != 0)
      continue;
    error_make_code(error, ERROR_SANDBOX, "account-shared",
                    "it would share the account \"%s\" with the server \"%s\" and could signal "
                    "its processes",
                    run_as(launch, server), servers->servers[i].id);
    return error_hint(error, "give each such server a \"run_as\" account of its own");
  }
  return 0;
}

int launch_server_account(const struct launch *launch, size_t server,
                          struct launch_account *account, struct error **error)
{
  return launch_find_account(run_as(launch, server), account, error);
}

int launch_account(const struct launch *launch, size_t server, struct launch_account *account,
                   struct error **error)
{
  *account = (struct launch_account){.user = geteuid(), .group = getegid()};
  const struct launch_strategy *strategy = launch->servers[server].strategy;
  if (geteuid() != 0 || strategy == NULL)
    return 0;
  const char *kind = json_string_value(json_object_get(strategy->description, "account"));
  if (kind != NULL && strcmp(kind, "caller") == 0)
    return 0;
  if (launch_server_account(launch, server, account, error) != 0)
    return -1;
  return check_shared(launch, server, error);
}

/* Makes `name` in `directory` and gives it to the account; one that is there must be right. */
static int make_directory(int directory, const char *name, mode_t mode,
                          const struct launch_account *account, struct error **error)
{
  if (mkdirat(directory, name, mode) != 0 && errno != EEXIST)
    return error_make(error, ERROR_SANDBOX, errno, "cannot make the folder \"%s\"", name);
  CLEANUP_CLOSE int made = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  if (made < 0 || fstat(made, &status) != 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot open the folder \"%s\"", name);
  if (account == NULL || status.st_uid == account->user)
    return steal_descriptor(&made);
  if (status.st_uid != geteuid() || fchown(made, account->user, account->group) != 0)
    return error_make(error, ERROR_SANDBOX, 0, "the folder \"%s\" belongs to another account",
                      name);
  return steal_descriptor(&made);
}

int launch_make_home(const struct launch *launch, size_t server, struct error **error)
{
  const struct server_config *config = &launch->settings.servers->servers[server];
  struct launch_account account;
  /* What cannot start gets its own error, from its plan. */
  if (!config->sandbox.keep_home || config->broken || launch_blocked(launch, server) != NULL)
    return 0;
  if (launch_server_account(launch, server, &account, error) != 0)
    return -1;
  const char *state = launch->settings.state_directory;
  CLEANUP_CLOSE int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CLEANUP_FREE char *path = strdup(state);
  if (root < 0 || path == NULL)
    return error_memory(error);
  char *rest = path;
  for (char *part = strsep(&rest, "/"); part != NULL; part = strsep(&rest, "/")) {
    if (*part == '\0')
      continue;
    int next = openat(root, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (next < 0)
      next = make_directory(root, part, 0755, NULL, error);
    if (next < 0)
      return error_wrap(error, "the state directory %s", state);
    close(root);
    root = next;
  }
  CLEANUP_CLOSE int homes = make_directory(root, "homes", 0755, NULL, error);
  if (homes < 0)
    return error_wrap(error, "%s", state);
  CLEANUP_CLOSE int home = make_directory(homes, config->id, 0700, &account, error);
  return home < 0 ? error_wrap(error, "%s/homes", state) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Servers whose code was installed once: what was, and the requests to install and to start it. */
#include "core/sandbox/launch-parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/package/lock.h"

void launch_package_close(struct launch_package *found)
{
  package_free(&found->package);
  if (found->store.path != NULL)
    store_close(&found->store);
  json_decref(found->lock);
  found->lock = NULL;
}

/* Takes the lock if it was made for what is asked now. */
static int take_lock(struct launch_package *found, struct error **error)
{
  CLEANUP_ERROR struct error *failed = NULL;
  json_t *lock = lock_read(found->store.folder, &failed);
  if (failed != NULL) {
    if (error != NULL)
      *error = steal_pointer(failed);
    return -1;
  }
  json_t *asked = package_asked(&found->package);
  if (lock != NULL && json_equal(json_object_get(lock, "asked"), asked))
    found->lock = json_incref(lock);
  found->stale = lock != NULL && found->lock == NULL;
  json_decref(asked);
  json_decref(lock);
  return 0;
}

int launch_package_find(const struct launch *launch, size_t server, struct launch_package *found,
                        struct error **error)
{
  const struct server_config *config = &launch->settings.servers->servers[server];
  *found = (struct launch_package){.store = {-1, -1, NULL}};
  if (package_of(config, &found->package, error) != 0)
    return -1;
  const char *root = launch->settings.package_root;
  if (!found->package.wanted || root == NULL)
    return 0;
  if (store_find(root, config->id, &found->store, error) != 0)
    return -1;
  return found->store.folder < 0 ? 0 : take_lock(found, error);
}

bool launch_package_missing(const struct launch *launch, size_t server)
{
  CLEANUP_LAUNCH_PACKAGE struct launch_package found = {0};
  return launch_blocked(launch, server) == NULL && launch->servers[server].request != NULL &&
         launch_package_find(launch, server, &found, NULL) == 0 && found.package.wanted &&
         found.lock == NULL;
}

/* --- Requests --------------------------------------------------------------------------------- */

/* The environment with the folder in it. Where it stands in a value there was a "prepare". */
static json_t *with_directory(json_t *environment, const char *directory)
{
  json_t *list = json_array();
  size_t index;
  json_t *pair;
  json_array_foreach (environment, index, pair) {
    const char *value = json_string_value(json_array_get(pair, 1));
    json_array_append_new(list, json_pack("[O, o]", json_array_get(pair, 0),
                                          package_expand(value != NULL ? value : "", directory)));
  }
  json_array_append_new(list, json_pack("[s, s]", PACKAGE_VARIABLE, directory));
  return list;
}

/* What every request with a package has; NULL stands for memory that could not be had. */
static json_t *with_package(json_t *request, json_t *command, json_t *mounts, const char *directory,
                            bool read_only)
{
  json_t *copy = json_copy(request);
  json_t *made = json_copy(json_object_get(request, "host_variables"));
  json_t *mount = json_pack("{s:s, s:s, s:b, s:b}", "source", directory, "target", directory,
                            "read_only", (int)read_only, "host", 1);
  bool good = json_array_append_new(mounts, mount) == 0;
  good = json_array_append_new(made, json_string(PACKAGE_VARIABLE)) == 0 && good;
  json_t *environment = with_directory(json_object_get(request, "environment"), directory);
  good = json_object_set_new(copy, "mounts", mounts) == 0 && good;
  good = json_object_set_new(copy, "host_variables", made) == 0 && good;
  good = json_object_set_new(copy, "environment", environment) == 0 && good;
  good = json_object_set_new(copy, "command", command) == 0 && good;
  if (good)
    return copy;
  json_decref(copy);
  return NULL;
}

json_t *launch_package_request(json_t *request, const struct launch_package *found)
{
  CLEANUP_FREE char *directory = NULL;
  if (asprintf(&directory, "%s/%s", found->store.path, lock_text(found->lock, "directory")) < 0) {
    directory = NULL;
    return NULL;
  }
  return with_package(request, package_command_json(&found->package, found->lock, directory),
                      json_copy(json_object_get(request, "mounts")), directory, true);
}

json_t *launch_install_request(json_t *request, json_t *command, const char *directory)
{
  json_t *mounts = json_deep_copy(json_object_get(request, "mounts"));
  size_t index;
  json_t *mount;
  json_array_foreach (mounts, index, mount)
    json_object_set_new(mount, "read_only", json_true());
  json_t *copy = with_package(request, json_incref(command), mounts, directory, false);
  const char *network = json_string_value(json_object_get(copy, "network"));
  if (network != NULL && json_object_set_new(copy, "network", json_string("open")) != 0) {
    json_decref(copy);
    return NULL;
  }
  json_object_del(copy, "home");
  if (copy != NULL && json_object_set_new(copy, "work_directory", json_string(directory)) != 0) {
    json_decref(copy);
    return NULL;
  }
  return copy;
}

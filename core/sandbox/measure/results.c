/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of what a measurement depends on, and the files that keep results. */
#include "config.h"

#include "core/sandbox/measure/results.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <sodium.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/os/boot.h"
#include "core/os/folder.h"

enum { BYTES = 32, FILE_MOST = 1024 * 1024, NAME_BYTES = 8 };

static void add(crypto_generichash_state *state, const char *text)
{
  crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void finish(crypto_generichash_state *state, char digest[RESULTS_DIGEST])
{
  unsigned char bytes[BYTES];
  crypto_generichash_final(state, bytes, BYTES);
  sodium_bin2hex(digest, RESULTS_DIGEST, bytes, BYTES);
}

/* Which file is there, links followed. */
static void add_file(crypto_generichash_state *state, const char *path)
{
  struct stat status;
  char text[256] = "none";
  if (path == NULL)
    path = "";
  if (stat(path, &status) == 0)
    snprintf(text, sizeof text, "%llu %llu %o %lld %lld.%09ld %lld.%09ld",
             (unsigned long long)status.st_dev, (unsigned long long)status.st_ino, status.st_mode,
             (long long)status.st_size, (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
             (long long)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  add(state, path);
  add(state, text);
}

void results_machine_digest(const struct results_machine *machine, char digest[RESULTS_DIGEST])
{
  crypto_generichash_state state;
  struct utsname kernel = {0};
  char boot[OS_BOOT_ID];
  char accounts[64];
  json_t *engine = json_object_get(machine->probe, "engine");
  const char *version = json_string_value(json_object_get(engine, "version"));
  crypto_generichash_init(&state, NULL, 0, BYTES);
  uname(&kernel);
  os_boot_id(boot);
  snprintf(accounts, sizeof accounts, "%u %u", (unsigned)machine->user,
           (unsigned)machine->server_user);
  add(&state, PACKAGE_VERSION);
  add_file(&state, machine->plugin_file);
  add_file(&state, json_string_value(json_object_get(engine, "path")));
  add(&state, version != NULL ? version : "");
  add(&state, kernel.release);
  add(&state, kernel.version);
  add(&state, kernel.machine);
  add(&state, boot);
  add(&state, accounts);
  finish(&state, digest);
}

/* Lengths of secrets would make another digest of another secret. */
static void forget_lengths(json_t *plan)
{
  size_t i;
  size_t j;
  json_t *step;
  json_t *file;
  json_array_foreach (json_object_get(plan, "steps"), i, step) {
    json_array_foreach (json_object_get(step, "files"), j, file) {
      if (json_is_true(json_object_get(file, "secret")))
        json_object_del(file, "length");
    }
  }
}

static void add_without(crypto_generichash_state *state, const char *text, const char *instance)
{
  const char *found;
  while (instance != NULL && instance[0] != '\0' && (found = strstr(text, instance)) != NULL) {
    crypto_generichash_update(state, (const unsigned char *)text, (size_t)(found - text));
    text = found + strlen(instance);
  }
  add(state, text);
}

bool results_plan_digest(const struct plan *plan, const char *machine, char digest[RESULTS_DIGEST])
{
  crypto_generichash_state state;
  json_t *all = plan_explain_json(plan);
  json_object_del(all, "command");
  json_object_del(all, "instance");
  forget_lengths(all);
  CLEANUP_FREE char *text = all != NULL ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  json_decref(all);
  if (text == NULL)
    return false;
  crypto_generichash_init(&state, NULL, 0, BYTES);
  add(&state, machine);
  add_without(&state, text, plan->instance);
  finish(&state, digest);
  return true;
}

/* The id of a server is hashed, since it may be no name of a file. */
static void file_name(const char *kind, const char *name, char out[64])
{
  unsigned char bytes[BYTES];
  char hex[2 * NAME_BYTES + 1];
  crypto_generichash(bytes, BYTES, (const unsigned char *)name, strlen(name), NULL, 0);
  sodium_bin2hex(hex, sizeof hex, bytes, NAME_BYTES);
  snprintf(out, 64, "%.16s-%s.json", kind, hex);
}

static bool is(json_t *all, const char *member, const char *wanted)
{
  const char *found = json_string_value(json_object_get(all, member));
  return wanted == NULL || (found != NULL && strcmp(found, wanted) == 0);
}

json_t *results_load(const char *state_directory, const char *kind, const char *name,
                     const char *machine, const char *plan)
{
  char file[64];
  CLEANUP_BUFFER struct buffer text = {0};
  if (state_directory == NULL)
    return NULL;
  CLEANUP_CLOSE int folder = os_find_private_folder(state_directory, "measured");
  file_name(kind, name, file);
  if (folder < 0 || os_read_file(folder, file, FILE_MOST, &text) != 0 || text.failed)
    return NULL;
  json_t *all = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
  json_t *result = NULL;
  if (is(all, "name", name) && is(all, "machine", machine) && is(all, "plan", plan) &&
      json_is_array(json_object_get(json_object_get(all, "result"), "properties")))
    result = json_incref(json_object_get(all, "result"));
  json_decref(all);
  return result;
}

void results_store(const char *state_directory, const char *kind, const char *name,
                   const char *machine, const char *plan, json_t *result)
{
  char file[64];
  if (state_directory == NULL)
    return;
  CLEANUP_CLOSE int folder = os_private_folder(state_directory, "measured");
  file_name(kind, name, file);
  json_t *all = json_pack("{s:s, s:s, s:s, s:O}", "name", name, "machine", machine, "plan", plan,
                          "result", result);
  CLEANUP_FREE char *text = all != NULL ? json_dumps(all, JSON_COMPACT) : NULL;
  json_decref(all);
  if (folder >= 0 && text != NULL)
    os_replace_file(folder, file, text, strlen(text));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of probes, kept as long as nothing that they depend on has changed. */
#include "config.h"

#include "core/plugin/probe_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/os/boot.h"
#include "core/os/folder.h"

enum { DIGEST = 16, FILE_MOST = 1024 * 1024, CONTENT_MOST = 16 * 1024, GROUPS_MOST = 1024 };

/* What lies in /proc has no times that mean anything. */
static const char *const own_state[] = {
    "/proc/self/attr/current",
    "/proc/self/cgroup",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "/proc/sys/user/max_user_namespaces",
};
static const char *const namespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
static const char *const status_lines[] = {"CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:"};

static void add_text(crypto_generichash_state *state, const char *text)
{
  crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void finish(crypto_generichash_state *state, char hex[2 * DIGEST + 1])
{
  unsigned char digest[DIGEST];
  crypto_generichash_final(state, digest, DIGEST);
  sodium_bin2hex(hex, 2 * DIGEST + 1, digest, DIGEST);
}

/* The beginning of a file; empty when it cannot be read. */
static void read_start(const char *path, struct buffer *out)
{
  CLEANUP_CLOSE int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t length = 1;
  while (file >= 0 && length > 0 && out->length < CONTENT_MOST) {
    char *room = buffer_reserve(out, CONTENT_MOST);
    length = room == NULL ? -1 : read(file, room, CONTENT_MOST);
    if (length > 0)
      out->length += (size_t)length;
  }
  buffer_append_byte(out, '\0');
}

/* --- What a path is now ----------------------------------------------------------------------- */

static void add_content(crypto_generichash_state *state, const char *path)
{
  CLEANUP_BUFFER struct buffer content = {0};
  read_start(path, &content);
  if (content.data != NULL)
    add_text(state, content.data);
}

/* Which file is there, and in which state, links followed. *changed: when it last changed. */
static void identify(const char *path, char identity[2 * DIGEST + 1], int64_t *changed)
{
  struct stat status;
  char text[256];
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, DIGEST);
  *changed = 0;
  if (stat(path, &status) != 0) {
    snprintf(text, sizeof text, "none %d", errno);
  } else if (strncmp(path, "/proc/", 6) == 0) {
    snprintf(text, sizeof text, "content");
    add_content(&state, path);
  } else {
    snprintf(text, sizeof text, "%llu %llu %o %lld %lld.%09ld %lld.%09ld",
             (unsigned long long)status.st_dev, (unsigned long long)status.st_ino, status.st_mode,
             (long long)status.st_size, (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
             (long long)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
    *changed = status.st_ctim.tv_sec;
  }
  add_text(&state, text);
  finish(&state, identity);
}

/* --- What else it depends on ------------------------------------------------------------------ */

static void add_process(crypto_generichash_state *state)
{
  CLEANUP_BUFFER struct buffer status = {0};
  char path[64];
  char link[64];
  for (size_t i = 0; i < sizeof own_state / sizeof own_state[0]; i++)
    add_content(state, own_state[i]);
  for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++) {
    snprintf(path, sizeof path, "/proc/self/ns/%s", namespaces[i]);
    ssize_t length = readlink(path, link, sizeof link - 1);
    link[length < 0 ? 0 : length] = '\0';
    add_text(state, link);
  }
  read_start("/proc/self/status", &status);
  for (size_t i = 0; status.data != NULL && i < sizeof status_lines / sizeof status_lines[0]; i++) {
    const char *line = strstr(status.data, status_lines[i]);
    if (line != NULL)
      crypto_generichash_update(state, (const unsigned char *)line, strcspn(line, "\n"));
  }
}

static void add_account(crypto_generichash_state *state, const struct probe_subject *subject)
{
  gid_t groups[GROUPS_MOST];
  const uint32_t ids[] = {geteuid(), getegid(), subject->user, subject->group};
  int count = getgroups(GROUPS_MOST, groups);
  crypto_generichash_update(state, (const unsigned char *)ids, sizeof ids);
  if (count > 0)
    crypto_generichash_update(state, (const unsigned char *)groups,
                              (size_t)count * sizeof groups[0]);
}

static void make_context(const struct probe_subject *subject, char context[2 * DIGEST + 1])
{
  crypto_generichash_state state;
  char boot[OS_BOOT_ID];
  char identity[2 * DIGEST + 1];
  int64_t changed;
  CLEANUP_FREE char *options =
      subject->host_options != NULL
          ? json_dumps(subject->host_options, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
          : NULL;
  crypto_generichash_init(&state, NULL, 0, DIGEST);
  os_boot_id(boot);
  identify(subject->file, identity, &changed);
  add_text(&state, PACKAGE_VERSION);
  add_text(&state, boot);
  add_text(&state, subject->file);
  add_text(&state, identity);
  add_text(&state, options != NULL ? options : "");
  add_account(&state, subject);
  add_process(&state);
  finish(&state, context);
}

/* --- The file --------------------------------------------------------------------------------- */

static int open_folder(const struct probe_subject *subject)
{
  return subject->directory == NULL ? -1 : os_private_folder(subject->directory, "cache");
}

static void file_name(const struct probe_subject *subject, char name[80])
{
  snprintf(name, 80, "probe-%.40s-%u.json", subject->name, (unsigned)subject->user);
}

static bool still_watched(json_t *watched)
{
  const char *path;
  json_t *identity;
  if (!json_is_object(watched))
    return false;
  json_object_foreach (watched, path, identity) {
    char now[2 * DIGEST + 1];
    int64_t changed;
    identify(path, now, &changed);
    if (path[0] != '/' || !json_is_string(identity) ||
        strcmp(json_string_value(identity), now) != 0)
      return false;
  }
  return true;
}

json_t *probe_cache_load(const struct probe_subject *subject)
{
  char name[80];
  char context[2 * DIGEST + 1];
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_CLOSE int folder = open_folder(subject);
  file_name(subject, name);
  if (folder < 0 || os_read_file(folder, name, FILE_MOST, &text) != 0 || text.failed)
    return NULL;
  json_t *all = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
  const char *kept = json_string_value(json_object_get(all, "context"));
  json_t *answer = NULL;
  make_context(subject, context);
  if (kept != NULL && strcmp(kept, context) == 0 && still_watched(json_object_get(all, "watched")))
    answer = json_incref(json_object_get(all, "answer"));
  json_decref(all);
  return answer;
}

/* False when it has changed since the probe began, so that nobody knows what the probe saw. */
static bool watch(json_t *watched, const char *path, int64_t asked)
{
  char identity[2 * DIGEST + 1];
  int64_t changed;
  if (path == NULL)
    return true;
  identify(path, identity, &changed);
  /* Times of files lag behind the clock a little. */
  return changed < asked - 1 && json_object_set_new(watched, path, json_string(identity)) == 0;
}

void probe_cache_store(const struct probe_subject *subject, json_t *answer, int64_t asked)
{
  char name[80];
  char context[2 * DIGEST + 1];
  const char *state = json_string_value(json_object_get(answer, "state"));
  json_t *watched = json_object();
  size_t index;
  json_t *path;
  bool sure =
      state != NULL && strcmp(state, "available") == 0 &&
      watch(watched, json_string_value(json_object_get(json_object_get(answer, "engine"), "path")),
            asked);
  json_array_foreach (json_object_get(answer, "watched"), index, path)
    sure = sure && watch(watched, json_string_value(path), asked);
  make_context(subject, context);
  file_name(subject, name);
  json_t *all =
      json_pack("{s:s, s:o, s:O}", "context", context, "watched", watched, "answer", answer);
  CLEANUP_FREE char *text = sure && all != NULL ? json_dumps(all, JSON_COMPACT) : NULL;
  CLEANUP_CLOSE int folder = open_folder(subject);
  if (folder >= 0 && text != NULL)
    os_replace_file(folder, name, text, strlen(text));
  else if (folder >= 0)
    unlinkat(folder, name, 0);
  json_decref(all);
}

void probe_cache_forget(const struct probe_subject *subject)
{
  char name[80];
  CLEANUP_CLOSE int folder = open_folder(subject);
  file_name(subject, name);
  if (folder >= 0)
    unlinkat(folder, name, 0);
}

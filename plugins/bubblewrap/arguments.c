/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's arguments: from a layout to words, and from variables to words. */
#include "arguments.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "filter.h"
#include "plugins/common/path.h"
#include "system.h"
#include "verbs.h"

/* The root holds mount points and the small files of our own, and is made read-only. */
#define ROOT_SIZE   (UINT64_C(1) << 20)
#define SHARED_SIZE (UINT64_C(16) << 20)

static bool has(const struct bubblewrap_context *context, const char *feature)
{
  const char *value = context->host->probed(context->call, feature);
  return value != NULL && strcmp(value, "yes") == 0;
}

static void add_memory_folder(const struct bubblewrap_context *context,
                              struct bubblewrap_words *words, const char *target, const char *mode,
                              uint64_t size)
{
  if (has(context, BUBBLEWRAP_HAS_PERMS))
    bubblewrap_words_list(words, "--perms", mode, NULL);
  if (has(context, BUBBLEWRAP_HAS_SIZE))
    bubblewrap_words_number(words, "--size", size);
  bubblewrap_words_list(words, "--tmpfs", target, NULL);
}

/* A copy on the root, which is read-only in the end; the engine's --ro-bind-data would need a
 * mount for each. */
static void add_text(const struct bubblewrap_context *context, struct jauauth_step *step,
                     struct bubblewrap_words *words, const struct bubblewrap_entry *entry)
{
  int32_t descriptor = context->host->step_file(
      step, context->host->format(context->call, "%s inside", entry->target), entry->source,
      strlen(entry->source), 0);
  if (has(context, BUBBLEWRAP_HAS_PERMS))
    bubblewrap_words_list(words, "--perms", "0644", NULL);
  bubblewrap_words_number(words, "--file", (uint64_t)descriptor);
  bubblewrap_words_add(words, entry->target);
}

/* /proc/sys belongs to the kernel as a whole: for the user id of root parts of it are writable. */
static void add_engine(const struct bubblewrap_context *context, struct bubblewrap_words *words,
                       const char *target)
{
  if (strcmp(target, "/proc") == 0) {
    bubblewrap_words_list(words, "--proc", target, "--ro-bind", "/proc/sys", "/proc/sys", NULL);
    return;
  }
  bubblewrap_words_list(words, "--dev", target, NULL);
  add_memory_folder(context, words, "/dev/shm", "1777", SHARED_SIZE);
}

static void add_entry(const struct bubblewrap_context *context, struct jauauth_step *step,
                      struct bubblewrap_words *words, const struct bubblewrap_entry *entry)
{
  switch (entry->kind) {
  case BUBBLEWRAP_READ_ONLY:
    bubblewrap_words_list(words, "--ro-bind", entry->source, entry->target, NULL);
    break;
  case BUBBLEWRAP_WRITABLE:
    bubblewrap_words_list(words, "--bind", entry->source, entry->target, NULL);
    break;
  case BUBBLEWRAP_LINK:
    bubblewrap_words_list(words, "--symlink", entry->source, entry->target, NULL);
    break;
  case BUBBLEWRAP_PRIVATE:
    add_memory_folder(context, words, entry->target, entry->mode, entry->size);
    break;
  case BUBBLEWRAP_TEXT:
    add_text(context, step, words, entry);
    break;
  case BUBBLEWRAP_ENGINE:
    add_engine(context, words, entry->target);
    break;
  }
}

static int32_t filter_failed(const struct bubblewrap_context *context, int errnum)
{
  return context->host->error_set(context->error, "seccomp-filter", errnum, NULL,
                                  "the system call filter cannot be made", NULL);
}

/* libseccomp writes to a descriptor only, up to 2.5. */
static int32_t add_filter(const struct bubblewrap_context *context, struct jauauth_step *step,
                          struct bubblewrap_words *words)
{
  int descriptor = memfd_create("seccomp", MFD_CLOEXEC);
  if (descriptor < 0)
    return filter_failed(context, errno);
  struct stat status;
  int result = bubblewrap_filter_write(descriptor);
  char *bytes = NULL;
  if (result == 0 && fstat(descriptor, &status) < 0)
    result = -errno;
  if (result == 0) {
    bytes = context->host->allocate(context->call, (size_t)status.st_size);
    if (pread(descriptor, bytes, (size_t)status.st_size, 0) != status.st_size)
      result = -EIO;
  }
  close(descriptor);
  if (result != 0)
    return filter_failed(context, -result);
  int32_t seen = context->host->step_file(step, "the system call filter (BPF)", bytes,
                                          (size_t)status.st_size, 0);
  bubblewrap_words_number(words, "--seccomp", (uint64_t)seen);
  return 0;
}

int32_t bubblewrap_arguments(const struct bubblewrap_layout *layout, struct jauauth_step *step,
                             struct bubblewrap_words *words)
{
  const struct bubblewrap_context *context = layout->context;
  const struct jauauth_host *host = context->host;
  /* --unshare-all alone goes on without a user namespace where there is none. */
  bubblewrap_words_list(words, "--unshare-all", "--unshare-user", NULL);
  if (context->request->network == JAUAUTH_NETWORK_OPEN)
    bubblewrap_words_add(words, "--share-net");
  if (has(context, BUBBLEWRAP_HAS_DISABLE_USERNS))
    bubblewrap_words_add(words, "--disable-userns");
  bubblewrap_words_list(words, "--die-with-parent", "--new-session", "--cap-drop", "ALL",
                        "--hostname", BUBBLEWRAP_USER_NAME, NULL);
  bubblewrap_words_number(words, "--uid", BUBBLEWRAP_USER_ID);
  bubblewrap_words_number(words, "--gid", BUBBLEWRAP_USER_ID);
  if (add_filter(context, step, words) != 0)
    return -1;
  bubblewrap_words_number(words, "--json-status-fd", (uint64_t)host->step_status(step));
  bubblewrap_words_number(words, "--block-fd", (uint64_t)host->step_gate(step));

  add_memory_folder(context, words, "/", "0755", ROOT_SIZE);
  for (size_t i = 0; i < layout->count; i++)
    add_entry(context, step, words, &layout->entries[i]);
  bubblewrap_words_list(words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", layout->work,
                        NULL);
  return 0;
}

static void set(struct bubblewrap_words *words, const char *name, const char *value)
{
  bubblewrap_words_list(words, "--setenv", name, value, NULL);
}

void bubblewrap_environment(const struct bubblewrap_layout *layout, struct bubblewrap_words *words)
{
  const struct jauauth_request *request = layout->context->request;
  for (size_t i = 0; request->environment[i] != NULL; i++)
    set(words, request->environment[i]->name, request->environment[i]->value);
  if (bubblewrap_variable(request, "PATH") == NULL)
    set(words, "PATH", BUBBLEWRAP_DEFAULT_PATH);
  if (bubblewrap_variable(request, "HOME") == NULL)
    set(words, "HOME", layout->home);
  if (bubblewrap_variable(request, "LANG") == NULL)
    set(words, "LANG", "C.UTF-8");
  if (bubblewrap_variable(request, "TMPDIR") == NULL && strcmp(layout->temporary, "/tmp") != 0)
    set(words, "TMPDIR", layout->temporary);
}

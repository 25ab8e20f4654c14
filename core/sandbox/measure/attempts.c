/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the attempts of a measurement. */
#include "core/sandbox/measure/attempts.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core/base/text.h"

#define MEBIBYTE (UINT64_C(1) << 20)

enum {
  MOST_ATTEMPTS = 128,
  EXTRA_COUNT = 16,   /* beyond a limit of processes or descriptors */
  MOST_COUNT = 2048,  /* processes that are tried */
  TREE_PROCESSES = 4, /* that share the memory */
  CPU_MILLISECONDS = 1000,
  SHARE_MARGIN = 150,  /* thousandths of a processor beside the limit, and half of it again */
  DISK_MEBIBYTES = 192 /* written into the folder for temporary files */
};

static const uint64_t memory_most = 1024 * MEBIBYTE;
static const uint64_t memory_extra = 48 * MEBIBYTE;
static const uint64_t disk_reserve = 1024 * MEBIBYTE; /* that stays free on the host */

static const char *const devices[] = {"/dev/kmsg", "/dev/mem",     "/dev/fuse", "/dev/kvm",
                                      "/dev/sda",  "/dev/net/tun", "/dev/tty0", "/dev/vda"};
static const char *const kernel_files[] = {"/proc/sys/kernel/core_pattern",
                                           "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
                                           "/sys/kernel/mm/transparent_hugepage/enabled"};

static struct attempt *add(struct attempts *attempts, enum property property, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));

/* The answer is never NULL; what it is when memory ran out is not kept. */
static struct attempt *add(struct attempts *attempts, enum property property, const char *format,
                           ...)
{
  static struct attempt nowhere;
  va_list arguments;
  if (attempts->failed || attempts->count == MOST_ATTEMPTS)
    return &nowhere;
  struct attempt *attempt = &attempts->list[attempts->count++];
  attempt->number = (unsigned)attempts->count;
  attempt->property = property;
  va_start(arguments, format);
  if (vasprintf(&attempt->line, format, arguments) < 0) {
    attempt->line = NULL;
    attempts->failed = true;
  }
  va_end(arguments);
  return attempt;
}

static void expect(struct attempts *attempts, struct attempt *attempt, enum attempt_rule rule,
                   const char *expected)
{
  if (attempts->failed)
    return;
  attempt->rule = rule;
  attempt->expected = strdup(expected);
  attempts->failed = attempts->failed || attempt->expected == NULL;
}

static void bound(struct attempt *attempt, enum attempt_rule rule, uint64_t value)
{
  attempt->rule = rule;
  attempt->bound = value;
}

static void untried(struct attempts *attempts, enum property property, const char *text)
{
  attempts->untried[property] = strdup(text);
}

/* --- What lies around it -------------------------------------------------------------------------
 */

static void add_network(struct attempts *attempts, const struct attempts_settings *settings)
{
  const struct decoys *decoys = settings->decoys;
  size_t index;
  json_t *path;
  if (decoys->port != 0)
    add(attempts, PROPERTY_NO_NETWORK, "connect-tcp\t127.0.0.1\t%u", decoys->port);
  add(attempts, PROPERTY_NO_NETWORK, "route\t203.0.113.1"); /* for documentation: RFC 5737 */
  if (decoys->abstract != NULL)
    add(attempts, PROPERTY_NO_NETWORK, "connect-abstract\t%s", decoys->abstract);
  for (int i = 0; i < DECOY_PLACES; i++)
    if (decoys->sockets[i] != NULL)
      add(attempts, PROPERTY_NO_NETWORK, "connect-unix\t%s", decoys->sockets[i]);
  json_array_foreach (settings->engine_sockets, index, path)
    add(attempts, PROPERTY_NO_NETWORK, "connect-unix\t%s", json_string_value(path));
}

static void add_files(struct attempts *attempts, const struct attempts_settings *settings)
{
  static const enum property reads[DECOY_PLACES] = {
      [DECOY_TMP] = PROPERTY_PRIVATE_TMP,
      [DECOY_HOME] = PROPERTY_PRIVATE_HOME,
      [DECOY_STATE] = PROPERTY_PRIVATE_HOME,
  };
  const struct decoys *decoys = settings->decoys;
  for (int i = 0; i < DECOY_PLACES; i++) {
    if (decoys->files[i] == NULL)
      continue;
    add(attempts, reads[i], "read\t%s\t%s", decoys->files[i], decoys->expected);
    add(attempts, PROPERTY_READ_ONLY_ROOT, "write\t%s", decoys->files[i]);
  }
  for (size_t i = 0; i < decoys->folder_count; i++) {
    bool tmp = strcmp(decoys->folders[i], "/tmp") == 0;
    struct attempt *attempt = add(attempts, tmp ? PROPERTY_PRIVATE_TMP : PROPERTY_READ_ONLY_ROOT,
                                  "create\t%s", decoys->made[i]);
    attempt->rule = RULE_MADE;
    attempt->made = decoys->made[i];
  }
  for (size_t i = 0; i < sizeof kernel_files / sizeof kernel_files[0]; i++)
    add(attempts, PROPERTY_READ_ONLY_ROOT, "write\t%s", kernel_files[i]);
  for (const char *const *file = settings->configuration; *file != NULL; file++)
    add(attempts, PROPERTY_PRIVATE_CONFIGURATION, "read\t%s", *file);
  for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
    add(attempts, PROPERTY_PRIVATE_DEVICES, "device\t%s", devices[i]);
  if (decoys->setuid != NULL)
    add(attempts, PROPERTY_NO_NEW_PRIVILEGES, "execute-setuid\t%s", decoys->setuid);
}

static void add_processes(struct attempts *attempts, const struct attempts_settings *settings)
{
  const struct decoys *decoys = settings->decoys;
  int target = (int)settings->target;
  if (target > 0) {
    add(attempts, PROPERTY_PRIVATE_PIDS, "see\t%d", target);
    add(attempts, PROPERTY_PRIVATE_PIDS, "environ-of\t%d\t%s", target, decoys->marker);
    add(attempts, PROPERTY_NO_OUTWARD_SIGNALS, "signal\t%d", target);
    add(attempts, PROPERTY_NO_OUTWARD_SIGNALS, "trace\t%d", target);
    add(attempts, PROPERTY_NO_OUTWARD_SIGNALS, "memory-of\t%d", target);
  }
  add(attempts, PROPERTY_PRIVATE_PIDS, "see\t%d", (int)getpid());
  add(attempts, PROPERTY_CLEAN_ENVIRONMENT, "environ-of\t1\t%s", decoys->marker);
  if (decoys->memory_key != 0)
    add(attempts, PROPERTY_PRIVATE_IPC, "shm-key\t%d", decoys->memory_key);
}

/* --- What it is itself -------------------------------------------------------------------------
 */

/* The names of the request's variables, and the working directory that programs note. */
static void add_environment(struct attempts *attempts, const struct attempts_settings *settings)
{
  CLEANUP_BUFFER struct buffer names = {0};
  size_t index;
  json_t *pair;
  buffer_append_text(&names, "PWD");
  json_array_foreach (json_object_get(settings->request, "environment"), index, pair)
    buffer_append_format(&names, " %s", json_string_value(json_array_get(pair, 0)));
  add(attempts, PROPERTY_CLEAN_ENVIRONMENT, "variable\t%s", settings->decoys->marker);
  if (!names.failed)
    expect(attempts, add(attempts, PROPERTY_CLEAN_ENVIRONMENT, "environment"), RULE_NAMES,
           names.data);
  attempts->failed = attempts->failed || names.failed;
}

static void add_kernel(struct attempts *attempts, const struct decoys *decoys)
{
  static const char *const surfaces[] = {"mount",       "tiocsti",    "io-uring", "bpf",
                                         "userfaultfd", "perf-event", "key-add"};
  expect(attempts, add(attempts, PROPERTY_NO_CAPABILITIES, "capabilities"), RULE_EXACTLY,
         "0000000000000000 0000000000000000 0000000000000000");
  expect(attempts, add(attempts, PROPERTY_NO_NEW_PRIVILEGES, "no-new-privileges"), RULE_EXACTLY,
         "1");
  expect(attempts, add(attempts, PROPERTY_SECCOMP, "seccomp"), RULE_EXACTLY, "2");
  add(attempts, PROPERTY_NO_NESTED_NAMESPACES, "user-namespace");
  for (size_t i = 0; i < sizeof surfaces / sizeof surfaces[0]; i++)
    add(attempts, PROPERTY_REDUCED_KERNEL, "%s", surfaces[i]);
  if (decoys->key != 0)
    add(attempts, PROPERTY_REDUCED_KERNEL, "keyring\t%s", decoys->key_name);
  expect(attempts, add(attempts, PROPERTY_NO_INHERITED_DESCRIPTORS, "descriptors"), RULE_EXACTLY,
         "none");
}

/* --- Limits -------------------------------------------------------------------------------------
 */

static const char *temporary(const struct attempts_settings *settings)
{
  const char *path = json_string_value(json_object_get(settings->request, "temporary_directory"));
  return path != NULL ? path : "/tmp";
}

static void add_memory(struct attempts *attempts, uint64_t limit)
{
  struct sysinfo machine;
  uint64_t tried = limit + limit / 4 + memory_extra;
  if (limit > memory_most || sysinfo(&machine) != 0 ||
      tried > (uint64_t)machine.freeram * machine.mem_unit / 2) {
    untried(attempts, PROPERTY_MEMORY_LIMIT,
            "a limit of more than 1 GiB, or of half of the free memory, is not tried");
    return;
  }
  add(attempts, PROPERTY_MEMORY_LIMIT, "memory\t%llu", (unsigned long long)tried);
  add(attempts, PROPERTY_MEMORY_LIMIT, "memory-tree\t%llu\t%d", (unsigned long long)tried,
      TREE_PROCESSES);
}

static void add_counts(struct attempts *attempts, const struct plan *plan)
{
  uint64_t processes = plan->limits[PLAN_PIDS].value;
  uint64_t files = plan->limits[PLAN_OPEN_FILES].value;
  if (processes > MOST_COUNT)
    untried(attempts, PROPERTY_PIDS_LIMIT, "a limit of more than 2048 processes is not tried");
  else if (processes != 0)
    bound(add(attempts, PROPERTY_PIDS_LIMIT, "processes-limit\t%llu",
              (unsigned long long)processes + EXTRA_COUNT),
          RULE_COUNT, processes);
  if (files > 1000000)
    untried(attempts, PROPERTY_OPEN_FILES_LIMIT, "so high a limit is not tried");
  else if (files != 0)
    bound(add(attempts, PROPERTY_OPEN_FILES_LIMIT, "open-files\t%llu",
              (unsigned long long)files + EXTRA_COUNT),
          RULE_COUNT, files);
}

static void add_limits(struct attempts *attempts, const struct attempts_settings *settings)
{
  const struct plan *plan = settings->plan;
  uint64_t cpus = plan->limits[PLAN_CPU].value;
  uint64_t size = plan->limits[PLAN_FILE_SIZE].value;
  struct statvfs tmp;
  add_counts(attempts, plan);
  if (cpus != 0)
    bound(add(attempts, PROPERTY_CPU_LIMIT, "cpu\t%d\t%ld", CPU_MILLISECONDS,
              sysconf(_SC_NPROCESSORS_ONLN) < 8 ? sysconf(_SC_NPROCESSORS_ONLN) : 8),
          RULE_SHARE, cpus + cpus / 2 + SHARE_MARGIN);
  if (size != 0)
    add(attempts, PROPERTY_FILE_SIZE_LIMIT, "file-size\t%llu\t%s/.jauauth-size",
        (unsigned long long)size + 1, temporary(settings));
  if (statvfs("/tmp", &tmp) == 0 &&
      (uint64_t)tmp.f_bavail * tmp.f_frsize > disk_reserve + DISK_MEBIBYTES * MEBIBYTE)
    bound(add(attempts, PROPERTY_BOUNDED_TMP, "disk\t%llu\t/tmp",
              (unsigned long long)(DISK_MEBIBYTES * MEBIBYTE)),
          RULE_LESS, DISK_MEBIBYTES * MEBIBYTE);
  else
    untried(attempts, PROPERTY_BOUNDED_TMP, "the host's own /tmp has too little space to try it");
  if (plan->limits[PLAN_MEMORY].value != 0)
    add_memory(attempts, plan->limits[PLAN_MEMORY].value);
  for (int i = 0; i < PROPERTY_COUNT; i++)
    if (property_kinds[i].limit >= 0 && plan->limits[property_kinds[i].limit].value == 0)
      untried(attempts, (enum property)i, "there is no such limit");
}

/* --- All of them ---------------------------------------------------------------------------------
 */

int attempts_make(const struct attempts_settings *settings, struct attempts *attempts,
                  struct error **error)
{
  *attempts = (struct attempts){.list = calloc(MOST_ATTEMPTS, sizeof *attempts->list)};
  attempts->failed = attempts->list == NULL;
  bool remote = settings->plan->locate == PLAN_LOCATE_REMOTE;
  if (!remote) {
    add_network(attempts, settings);
    add_files(attempts, settings);
    add_processes(attempts, settings);
  }
  add_environment(attempts, settings);
  add_kernel(attempts, settings->decoys);
  attempts->first_limit = attempts->count;
  add_limits(attempts, settings);
  for (int i = 0; remote && i < PROPERTY_COUNT; i++)
    if (property_kinds[i].surroundings && attempts->untried[i] == NULL)
      untried(attempts, (enum property)i,
              "the server is on another machine, where nothing could be planted");
  if (!attempts->failed)
    return 0;
  attempts_free(attempts);
  return error_memory(error);
}

void attempts_free(struct attempts *attempts)
{
  for (size_t i = 0; i < attempts->count; i++) {
    free(attempts->list[i].line);
    free(attempts->list[i].expected);
  }
  for (int i = 0; i < PROPERTY_COUNT; i++)
    free(attempts->untried[i]);
  free(attempts->list);
  *attempts = (struct attempts){0};
}

void attempts_append(const struct attempts *attempts, bool limits, struct buffer *out)
{
  size_t from = limits ? attempts->first_limit : 0;
  size_t to = limits ? attempts->count : attempts->first_limit;
  for (size_t i = from; i < to; i++)
    buffer_append_format(out, "attempt\t%u\t%s\n", attempts->list[i].number,
                         attempts->list[i].line);
}

void attempts_look(struct attempts *attempts)
{
  for (size_t i = 0; i < attempts->count; i++)
    if (attempts->list[i].made != NULL)
      attempts->list[i].seen =
          faccessat(AT_FDCWD, attempts->list[i].made, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

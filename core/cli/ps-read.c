/* SPDX-License-Identifier: Apache-2.0 */
/* What the routers of this account run, and what is left over of dead ones. */
#include "core/cli/ps-read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/os/boot.h"
#include "core/os/cgroup.h"
#include "core/os/process.h"
#include "core/sandbox/journal.h"
#include "core/sandbox/sweep.h"

enum { CHILDREN_MAX = 1024, DEPTH_MAX = 64 };

void ps_rows_free(struct ps_rows *rows)
{
  for (size_t i = 0; i < rows->count; i++) {
    free(rows->rows[i].server);
    free(rows->rows[i].strategy);
    free(rows->rows[i].state);
    free(rows->rows[i].instance);
    free(rows->rows[i].reason);
    json_decref(rows->rows[i].limits);
  }
  free(rows->rows);
  *rows = (struct ps_rows){0};
}

static struct ps_row *add_row(struct ps_rows *rows)
{
  struct ps_row *grown = realloc(rows->rows, (rows->count + 1) * sizeof *grown);
  if (grown == NULL)
    return NULL;
  rows->rows = grown;
  rows->rows[rows->count] = (struct ps_row){.uptime = -1};
  return &rows->rows[rows->count++];
}

/* --- Memory and processor time --------------------------------------------------------------- */

/* Adds what a process and those below it use. */
static void add_tree(struct ps_row *row, pid_t pid, unsigned depth)
{
  struct os_process_state state;
  CLEANUP_FREE pid_t *children = calloc(CHILDREN_MAX, sizeof *children);
  if (children == NULL || depth == DEPTH_MAX || os_process_state(pid, &state) != 0)
    return;
  row->memory += state.pages * (uint64_t)sysconf(_SC_PAGESIZE);
  row->microseconds += state.ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
  ssize_t count = os_children(pid, children, CHILDREN_MAX);
  for (ssize_t i = 0; i < count; i++)
    add_tree(row, children[i], depth + 1);
}

/* A control group knows more than the sum of its processes: files in memory, and the peak. */
static void measure(struct ps_row *row)
{
  struct os_process_state state;
  struct os_cgroup_usage usage = {0};
  if (row->keeper <= 0 || os_process_state(row->keeper, &state) != 0 || state.parent != row->router)
    return;
  if (row->pid > 0)
    os_cgroup_usage(row->pid, &usage);
  if (row->own_tree) {
    row->measured = true;
    add_tree(row, row->keeper, 0); /* its time holds that of what has ended below it */
    row->memory -= state.pages * (uint64_t)sysconf(_SC_PAGESIZE);
  } else if (row->pid > 0) {
    row->measured = true;
    if (!usage.memory_known || !usage.time_known)
      add_tree(row, row->pid, 0);
  }
  if (usage.memory_known)
    row->memory = usage.memory;
  if (usage.time_known)
    row->microseconds = usage.microseconds;
  row->peak_known = usage.peak_known;
  row->peak = usage.peak;
}

/* --- Servers of routers that live ------------------------------------------------------------- */

static char *text_of(json_t *object, const char *name)
{
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL ? strdup(text) : NULL;
}

static int64_t number_of(json_t *object, const char *name)
{
  json_int_t number = json_integer_value(json_object_get(object, name));
  return number < 0 ? 0 : number;
}

static int add_servers(struct ps_rows *rows, json_t *published, struct error **error)
{
  size_t index;
  json_t *server;
  char boot[OS_BOOT_ID];
  int64_t now = (int64_t)os_since_boot();
  os_boot_id(boot);
  const char *theirs = json_string_value(json_object_get(published, "boot"));
  bool same_boot = theirs != NULL && strcmp(theirs, boot) == 0;
  json_array_foreach (json_object_get(published, "servers"), index, server) {
    struct ps_row *row = add_row(rows);
    if (row == NULL)
      return error_memory(error);
    row->server = text_of(server, "id");
    row->strategy = text_of(server, "strategy");
    row->state = text_of(server, "state");
    row->instance = text_of(server, "instance");
    row->reason = text_of(server, "reason");
    row->limits = json_incref(json_object_get(server, "limits"));
    row->router = (pid_t)number_of(published, "router");
    row->own_tree = json_is_true(json_object_get(server, "own_tree"));
    row->restarts = number_of(server, "restarts");
    if (!same_boot)
      continue;
    row->keeper = (pid_t)number_of(server, "keeper");
    row->pid = (pid_t)number_of(server, "pid");
    row->uptime = now - number_of(server, "since");
    measure(row);
  }
  return 0;
}

static bool is_running(json_t *published, const char *instance)
{
  size_t index;
  json_t *server;
  json_array_foreach (json_object_get(published, "servers"), index, server) {
    const char *running = json_string_value(json_object_get(server, "instance"));
    if (running != NULL && strcmp(running, instance) == 0)
      return true;
  }
  return false;
}

/* --- Left-overs ------------------------------------------------------------------------------ */

static char *sentence(const struct error *error)
{
  char *text = NULL;
  if (asprintf(&text, error->hint != NULL ? "%s (%s)" : "%s", error->message, error->hint) < 0)
    return NULL;
  return text;
}

static char *why_left(const struct journal *journal, const struct journal_entry *entry,
                      struct registry *registry)
{
  CLEANUP_ERROR struct error *error = NULL;
  char *text = NULL;
  if (journal->holder == JOURNAL_BUSY) {
    if (asprintf(&text, "its router has died; its keeper (process %ld) is removing it",
                 (long)entry->keeper.pid) < 0)
      return NULL;
    return text;
  }
  if (sweep_check_plugin(registry, entry->plugin, &error) != 0)
    return sentence(error);
  if (entry->reason != NULL)
    return strdup(entry->reason);
  return strdup(journal->holder == JOURNAL_LIVE
                    ? "it could not be removed"
                    : "its router has died (it is cleared by: jauauth reap)");
}

static int add_left_over(struct ps_rows *rows, const struct journal *journal, const char *instance,
                         struct registry *registry, pid_t router, struct error **error)
{
  CLEANUP_ERROR struct error *unreadable = NULL;
  CLEANUP_ENTRY struct journal_entry entry = {0};
  bool read = journal_read(journal, instance, &entry, &unreadable);
  if (!read && unreadable == NULL)
    return 0; /* it has just been removed */
  struct ps_row *row = add_row(rows);
  if (row == NULL)
    return error_memory(error);
  row->state = strdup("left-over");
  row->router = router;
  row->instance = strdup(instance);
  row->server = read ? strdup(entry.server) : NULL;
  row->strategy = read ? strdup(entry.plugin) : NULL;
  row->keeper = journal->holder == JOURNAL_BUSY ? entry.keeper.pid : 0;
  row->reason = read ? why_left(journal, &entry, registry) : sentence(unreadable);
  return 0;
}

/* Entries first, then what is published: an entry that is in neither by then is left over. */
static int add_journal(struct ps_rows *rows, const struct journal *journal,
                       struct registry *registry, struct error **error)
{
  CLEANUP_NAMES char **entries = journal_entries(journal, error);
  if (entries == NULL)
    return -1;
  json_t *published = journal->holder == JOURNAL_LIVE ? journal_read_servers(journal) : NULL;
  int answer = add_servers(rows, published, error);
  for (size_t i = 0; answer == 0 && entries[i] != NULL; i++)
    if (!is_running(published, entries[i]))
      answer = add_left_over(rows, journal, entries[i], registry,
                             (pid_t)number_of(published, "router"), error);
  json_decref(published);
  return answer;
}

int ps_read(const char *state_directory, struct registry *registry, struct ps_rows *rows,
            struct error **error)
{
  *rows = (struct ps_rows){0};
  CLEANUP_NAMES char **names = journal_names(state_directory, error);
  for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
    struct journal journal;
    CLEANUP_ERROR struct error *unreadable = NULL;
    if (journal_open(state_directory, names[i], false, &journal, &unreadable)) {
      int answer = add_journal(rows, &journal, registry, error);
      journal_close(&journal);
      if (answer != 0)
        return -1;
    } else if (unreadable != NULL) {
      struct ps_row *row = add_row(rows);
      if (row == NULL)
        return error_memory(error);
      row->state = strdup("left-over");
      row->reason = sentence(unreadable);
    }
  }
  return names == NULL ? -1 : 0;
}

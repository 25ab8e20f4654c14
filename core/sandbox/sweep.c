/* SPDX-License-Identifier: Apache-2.0 */
/* Clears what routers that have died, and this one, could not remove. */
#include "core/sandbox/sweep.h"

#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/os/boot.h"
#include "core/os/group.h"
#include "core/os/process.h"
#include "core/sandbox/instance.h"
#include "core/sandbox/plan.h"

enum { GROUP_MILLISECONDS = 1000 };

struct sweep {
  struct sweep_settings settings;
  sweep_each *each;
  sweep_done *done;
  void *data;
  uv_timer_t turn;
  bool stopping;
  size_t left;
  char **journals; /* names */
  size_t next_journal;
  struct journal other; /* the one under way, unless it is the own one */
  const struct journal *journal;
  char **entries;
  size_t next_entry;
  struct journal_entry entry; /* the one under way */
  gid_t group;                /* of its account */
};

/* --- One entry ------------------------------------------------------------------------------- */

static void on_turn(uv_timer_t *timer);

static const char *instance_of(const struct sweep *sweep)
{
  return sweep->entries[sweep->next_entry - 1];
}

/* Ends the entry under way; what stays is written down with the reason. */
static void conclude(struct sweep *sweep, const struct error *error)
{
  struct journal_entry *entry = &sweep->entry;
  bool read = entry->instance != NULL;
  if (error == NULL) {
    journal_clear(sweep->journal, entry->instance);
  } else {
    sweep->left++;
    if (read && sweep->journal->holder != JOURNAL_BUSY) {
      free(entry->reason);
      entry->reason = strdup(error->message);
      if (journal_has(sweep->journal, entry->instance))
        journal_write(sweep->journal, entry, NULL); /* the next sweep finds the same again */
    }
  }
  sweep->each(sweep->data, instance_of(sweep), read ? entry : NULL, error);
  journal_entry_free(entry);
  uv_timer_start(&sweep->turn, on_turn, 0, 0);
}

static void on_started(void *data, pid_t located)
{
  (void)data;
  (void)located;
}

static void on_ended(void *data, const struct instance_ending *ending, const struct error *error)
{
  (void)ending;
  conclude(data, error);
}

static void run(struct sweep *sweep, const struct plan *plan, struct error **error)
{
  static const struct instance_events events = {.started = on_started, .ended = on_ended};
  const struct journal_entry *entry = &sweep->entry;
  struct instance_settings settings = {
      .keeper_program = sweep->settings.keeper_program,
      .server = entry->server,
      .user = entry->user,
      .group = sweep->group,
      .user_name = entry->account[0] != '\0' ? entry->account : NULL,
      .start_milliseconds = PLAN_TIME_MAX, /* each step has its own limit */
      .entry = entry->instance,
      .journal = sweep->journal->directory,
      .lock = sweep->journal->keepers,
  };
  int input = -1;
  int output = -1;
  instance_start(sweep->settings.loop, plan, &settings, &events, sweep, &input, &output, error);
  if (input >= 0)
    close(input);
  if (output >= 0)
    close(output);
}

static void on_teardown(void *data, json_t *answer, const struct error *failure)
{
  struct sweep *sweep = data;
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_PLAN struct plan *plan = NULL;
  if (answer == NULL && sweep->stopping) { /* nobody waits for an answer any more */
    journal_entry_free(&sweep->entry);
    uv_timer_start(&sweep->turn, on_turn, 0, 0);
    return;
  }
  if (answer == NULL) {
    conclude(sweep, failure);
    return;
  }
  bool runs = plan_parse_teardown(answer, &plan, &error) == 0 && plan->step_count > 0;
  if (runs)
    run(sweep, plan, &error);
  if (!runs || error != NULL)
    conclude(sweep, error);
}

static void kill_process(const struct journal_process *recorded)
{
  struct os_process held = {.descriptor = -1};
  if (recorded->pid > 0 && os_process_hold(&held, recorded->pid) == 0 &&
      held.start == recorded->start)
    os_process_signal(&held, SIGKILL);
  os_process_release(&held);
}

/* With everything that is in them. */
static int remove_groups(const struct journal_entry *entry, struct error **error)
{
  size_t index;
  json_t *group;
  json_array_foreach (entry->groups, index, group)
    if (!os_group_remove(json_string_value(group), GROUP_MILLISECONDS))
      return error_make_code(error, ERROR_FAILED, "group-remains",
                             "the control group %s could not be removed", json_string_value(group));
  return 0;
}

/* The steps run under the account that the instance had; a name may mean another one by now. */
static int find_account(struct sweep *sweep, struct error **error)
{
  const struct journal_entry *entry = &sweep->entry;
  sweep->group = getegid();
  if (entry->account[0] == '\0' && entry->user == geteuid())
    return 0;
  const struct passwd *found = geteuid() == 0 ? getpwnam(entry->account) : NULL;
  if (found == NULL || found->pw_uid != entry->user || found->pw_uid == 0)
    return error_make_code(error, ERROR_FAILED, "account-gone",
                           "the account %s that it was started for is not there any more",
                           entry->account[0] != '\0' ? entry->account : "of another user");
  sweep->group = found->pw_gid;
  return 0;
}

int sweep_check_plugin(struct registry *registry, const char *plugin, struct error **error)
{
  if (registry_file(registry, plugin) != NULL)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "plugin-missing", "the plugin \"%s\" is not installed",
                  plugin);
  return error_hint(
      error, "install the package of the jauauth plugin \"%s\" again, then: jauauth reap", plugin);
}

static int check(struct sweep *sweep, struct error **error)
{
  const struct journal_entry *entry = &sweep->entry;
  char machine[OS_MACHINE_ID];
  if (sweep->journal->holder == JOURNAL_BUSY)
    return error_make_code(error, ERROR_FAILED, "keeper-busy",
                           "its router has died, and its keeper (process %ld) is still at work",
                           (long)entry->keeper.pid);
  os_machine_id(machine);
  if (strcmp(machine, entry->machine) != 0)
    return error_make_code(error, ERROR_FAILED, "other-machine",
                           "it was started on another machine (%s)", entry->machine);
  if (find_account(sweep, error) != 0)
    return -1;
  return sweep_check_plugin(sweep->settings.registry, entry->plugin, error);
}

static void handle(struct sweep *sweep)
{
  struct journal_entry *entry = &sweep->entry;
  CLEANUP_ERROR struct error *error = NULL;
  char boot[OS_BOOT_ID];
  if (!journal_read(sweep->journal, instance_of(sweep), entry, &error)) {
    if (error != NULL)
      conclude(sweep, error);
    else
      uv_timer_start(&sweep->turn, on_turn, 0, 0); /* its keeper has just finished */
    return;
  }
  if (check(sweep, &error) != 0) {
    conclude(sweep, error);
    return;
  }
  os_boot_id(boot);
  if (boot[0] != '\0' && strcmp(boot, entry->boot) == 0)
    kill_process(&entry->server_process);
  if (remove_groups(entry, &error) != 0) {
    conclude(sweep, error);
    return;
  }
  registry_teardown(sweep->settings.registry, entry->plugin, entry->instance, entry->keep,
                    on_teardown, sweep);
}

/* --- All of them ----------------------------------------------------------------------------- */

static bool is_for_us(const struct sweep *sweep, const char *instance)
{
  return sweep->journal != sweep->settings.own || !sweep->settings.runs(sweep->data, instance);
}

static void close_journal(struct sweep *sweep)
{
  journal_names_free(&sweep->entries);
  if (sweep->journal == &sweep->other)
    journal_close(&sweep->other);
  sweep->journal = NULL;
}

/* Goes to the next journal that is nobody's; false when there is none. */
static bool next_journal(struct sweep *sweep)
{
  close_journal(sweep);
  sweep->next_entry = 0;
  while (!sweep->stopping && sweep->journals[sweep->next_journal] != NULL) {
    CLEANUP_ERROR struct error *error = NULL;
    const char *name = sweep->journals[sweep->next_journal++];
    if (sweep->settings.own != NULL && strcmp(name, sweep->settings.own->name) == 0) {
      sweep->journal = sweep->settings.own;
    } else if (journal_open(sweep->settings.state_directory, name, true, &sweep->other, &error)) {
      sweep->journal = &sweep->other;
    } else if (error != NULL) {
      sweep->left++;
      sweep->each(sweep->data, name, NULL, error);
    }
    if (sweep->journal == NULL)
      continue;
    if (sweep->journal->holder != JOURNAL_LIVE)
      sweep->entries = journal_entries(sweep->journal, NULL);
    if (sweep->entries != NULL)
      return true;
    close_journal(sweep);
  }
  return false;
}

static void on_closed(uv_handle_t *handle)
{
  struct sweep *sweep = handle->data;
  sweep_done *done = sweep->done;
  void *data = sweep->data;
  size_t left = sweep->left;
  journal_names_free(&sweep->journals);
  free(sweep);
  done(data, left);
}

static void on_turn(uv_timer_t *timer)
{
  struct sweep *sweep = timer->data;
  do
    while (!sweep->stopping && sweep->entries != NULL && sweep->entries[sweep->next_entry] != NULL)
      if (is_for_us(sweep, sweep->entries[sweep->next_entry++])) {
        handle(sweep);
        return;
      }
  while (next_journal(sweep));
  uv_close((uv_handle_t *)timer, on_closed);
}

struct sweep *sweep_start(const struct sweep_settings *settings, sweep_each *each, sweep_done *done,
                          void *data, struct error **error)
{
  char **journals = journal_names(settings->state_directory, error);
  struct sweep *sweep = journals != NULL ? calloc(1, sizeof *sweep) : NULL;
  if (sweep == NULL) {
    journal_names_free(&journals);
    error_memory(error);
    return NULL;
  }
  *sweep = (struct sweep){
      .settings = *settings, .each = each, .done = done, .data = data, .journals = journals};
  uv_timer_init(settings->loop, &sweep->turn); /* it cannot fail */
  sweep->turn.data = sweep;
  uv_timer_start(&sweep->turn, on_turn, 0, 0);
  return sweep;
}

void sweep_stop(struct sweep *sweep)
{
  sweep->stopping = true;
}

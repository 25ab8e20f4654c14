/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of a journal, to and from its text. */
#include "core/sandbox/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/os/boot.h"
#include "core/os/group.h"
#include "core/os/process.h"
#include "core/plugin/foreign.h"

enum { TEXT_MAX = 4096 };

void journal_entry_free(struct journal_entry *entry)
{
  free(entry->instance);
  free(entry->server);
  free(entry->plugin);
  free(entry->account);
  json_decref(entry->keep);
  json_decref(entry->groups);
  free(entry->boot);
  free(entry->machine);
  free(entry->reason);
  *entry = (struct journal_entry){0};
}

/* A process that has ended already is none. */
static void stamp(struct journal_process *process)
{
  struct os_process_state state;
  if (process->pid > 0 && os_process_state(process->pid, &state) == 0)
    process->start = state.start;
  else
    process->pid = 0;
}

int journal_entry_stamp(struct journal_entry *entry, struct error **error)
{
  char boot[OS_BOOT_ID];
  char machine[OS_MACHINE_ID];
  os_boot_id(boot);
  os_machine_id(machine);
  stamp(&entry->keeper);
  stamp(&entry->server_process);
  free(entry->boot);
  free(entry->machine);
  entry->boot = strdup(boot);
  entry->machine = strdup(machine);
  return entry->boot == NULL || entry->machine == NULL ? error_memory(error) : 0;
}

/* --- Reading --------------------------------------------------------------------------------- */

static int refuse(struct error **error, const char *name, const char *what)
{
  return error_make_code(error, ERROR_FAILED, "journal-entry", "the entry %s is damaged: %s", name,
                         what);
}

/* A text without NUL, bounded. NULL where it is not. */
static char *take_text(json_t *object, const char *member)
{
  json_t *value = json_object_get(object, member);
  const char *text = json_string_value(value);
  if (text == NULL || json_string_length(value) != strlen(text) || strlen(text) > TEXT_MAX)
    return NULL;
  return strdup(text);
}

static bool take_process(json_t *object, const char *member, struct journal_process *process)
{
  json_t *value = json_object_get(object, member);
  if (value == NULL)
    return true;
  json_t *pid = json_object_get(value, "pid");
  json_t *start = json_object_get(value, "start");
  if (json_object_size(value) != 2 || !json_is_integer(pid) || !json_is_integer(start) ||
      json_integer_value(pid) <= 1 || json_integer_value(pid) > INT32_MAX ||
      json_integer_value(start) < 0)
    return false;
  process->pid = (pid_t)json_integer_value(pid);
  process->start = (uint64_t)json_integer_value(start);
  return true;
}

static bool are_texts(json_t *object)
{
  const char *key;
  json_t *value;
  if (!json_is_object(object))
    return false;
  json_object_foreach (object, key, value) {
    if (!json_is_string(value) || json_string_length(value) != strlen(json_string_value(value)))
      return false;
  }
  return true;
}

/* Whether these are control groups of this instance, and of no other: what they hold is killed. */
static bool are_groups(json_t *list, const char *instance)
{
  size_t index;
  json_t *group;
  json_array_foreach (list, index, group) {
    const char *path = json_string_value(group);
    if (path == NULL || json_string_length(group) != strlen(path) || !os_group_is_own(path) ||
        strcmp(strrchr(path, '/') + sizeof OS_GROUP_PREFIX, instance) != 0)
      return false;
  }
  return list == NULL || json_is_array(list);
}

/* A member that is not known says that another version wrote it, which is to clear it as well. */
static const char *unknown_member(json_t *object)
{
  static const char *const known[] = {"version", "instance", "server", "plugin",  "account",
                                      "user",    "keep",     "boot",   "machine", "keeper",
                                      "process", "reason",   "groups"};
  const char *key;
  json_t *value;
  json_object_foreach (object, key, value) {
    size_t i = 0;
    while (i < sizeof known / sizeof known[0] && strcmp(known[i], key) != 0)
      i++;
    if (i == sizeof known / sizeof known[0])
      return key;
  }
  return NULL;
}

static const char *take_members(json_t *object, struct journal_entry *entry)
{
  json_t *user = json_object_get(object, "user");
  if (json_integer_value(json_object_get(object, "version")) != 1 || unknown_member(object) != NULL)
    return "another version of jauauth has written it";
  if ((entry->instance = take_text(object, "instance")) == NULL)
    return "\"instance\" is no text";
  if ((entry->server = take_text(object, "server")) == NULL)
    return "\"server\" is no text";
  if ((entry->plugin = take_text(object, "plugin")) == NULL || !foreign_is_code(entry->plugin))
    return "\"plugin\" is no name of a plugin";
  if ((entry->account = take_text(object, "account")) == NULL)
    return "\"account\" is no text";
  if ((entry->boot = take_text(object, "boot")) == NULL)
    return "\"boot\" is no text";
  if ((entry->machine = take_text(object, "machine")) == NULL)
    return "\"machine\" is no text";
  if (json_object_get(object, "reason") != NULL &&
      (entry->reason = take_text(object, "reason")) == NULL)
    return "\"reason\" is no text";
  if (!json_is_integer(user) || json_integer_value(user) < 0 ||
      json_integer_value(user) >= UINT32_MAX)
    return "\"user\" is no number of an account";
  if (!are_texts(json_object_get(object, "keep")))
    return "\"keep\" is no object of texts";
  if (!take_process(object, "keeper", &entry->keeper) ||
      !take_process(object, "process", &entry->server_process))
    return "a process is not given by pid and start";
  if (!are_groups(json_object_get(object, "groups"), entry->instance))
    return "\"groups\" are not control groups of the instance";
  entry->groups = json_incref(json_object_get(object, "groups"));
  entry->user = (uid_t)json_integer_value(user);
  entry->keep = json_incref(json_object_get(object, "keep"));
  return NULL;
}

int journal_entry_parse(const char *text, size_t length, const char *name,
                        struct journal_entry *entry, struct error **error)
{
  *entry = (struct journal_entry){0};
  if (!foreign_is_code(name) || length > JOURNAL_FILE_MAX)
    return refuse(error, foreign_is_code(name) ? name : "with a wrong name", "it is too large");
  json_t *object = foreign_load(text, length);
  const char *fault = json_is_object(object) ? take_members(object, entry) : "it is no JSON object";
  if (fault == NULL && strcmp(entry->instance, name) != 0)
    fault = "it is about another instance";
  if (fault != NULL) {
    refuse(error, name, fault);
    journal_entry_free(entry);
  }
  json_decref(object);
  return fault == NULL ? 0 : -1;
}

/* --- Writing --------------------------------------------------------------------------------- */

static json_t *process_json(const struct journal_process *process)
{
  if (process->pid <= 0)
    return NULL;
  return json_pack("{s:I, s:I}", "pid", (json_int_t)process->pid, "start",
                   (json_int_t)process->start);
}

void journal_entry_append(const struct journal_entry *entry, struct buffer *out)
{
  json_t *object = json_pack(
      "{s:i, s:s, s:s, s:s, s:s, s:I, s:O, s:s, s:s, s:o*, s:o*, s:s*, s:O*}", "version", 1,
      "instance", entry->instance, "server", entry->server, "plugin", entry->plugin, "account",
      entry->account, "user", (json_int_t)entry->user, "keep", entry->keep, "boot", entry->boot,
      "machine", entry->machine, "keeper", process_json(&entry->keeper), "process",
      process_json(&entry->server_process), "reason", entry->reason, "groups", entry->groups);
  char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
  if (text != NULL)
    buffer_append_text(out, text);
  buffer_append_byte(out, '\n');
  out->failed = out->failed || text == NULL;
  free(text);
  json_decref(object);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth doctor`: what does not work on this machine, why, and the command that mends it. */
#include "core/cli/commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/cli/ps-read.h"

struct doctor {
  struct gateway gateway;
  json_t *found; /* [{"code","about","severity","text","repair"}] */
  bool broken;   /* something that is needed does not work */
};

/* One plugin that is being asked. */
struct patient {
  struct doctor *doctor;
  const char *name;
  size_t *waiting;
};

static const char *text_of(json_t *object, const char *name)
{
  return json_string_value(json_object_get(object, name));
}

/* `severity`: "error" is what does not work, "warning" what works in part, "info" what nobody needs
 * here. `repair` may be NULL. */
static void tell(struct doctor *doctor, const char *code, const char *about, const char *severity,
                 const char *text, const char *repair)
{
  doctor->broken |= strcmp(severity, "error") == 0;
  json_array_append_new(doctor->found,
                        json_pack("{s:s?, s:s, s:s, s:s?, s:s?}", "code", code, "about", about,
                                  "severity", severity, "text", text, "repair", repair));
}

static void tell_error(struct doctor *doctor, const char *code, const char *about,
                       const struct error *error)
{
  tell(doctor, error->code != NULL ? error->code : code, about, "error", error->message,
       error->hint);
}

/* --- Plugins and engines --------------------------------------------------------------------- */

/* The repair for the package manager that is here, else the one for any machine. */
static const char *repair_here(json_t *repairs)
{
  static const struct {
    const char *program;
    const char *platform;
  } managers[] = {{"/usr/bin/apt-get", "apt"},
                  {"/usr/bin/dnf", "dnf"},
                  {"/usr/bin/pacman", "pacman"},
                  {"/opt/homebrew/bin/brew", "brew"},
                  {"/usr/local/bin/brew", "brew"}};
  for (size_t i = 0; i < sizeof managers / sizeof managers[0]; i++) {
    const char *repair = text_of(repairs, managers[i].platform);
    if (repair != NULL && access(managers[i].program, X_OK) == 0)
      return repair;
  }
  return text_of(repairs, "any");
}

static bool is_needed(const struct gateway *gateway, const char *strategy)
{
  const struct servers_config *servers = gateway->servers;
  if (servers == NULL || servers->server_count == 0)
    return strcmp(gateway->host->default_strategy, strategy) == 0;
  for (size_t i = 0; i < servers->server_count; i++) {
    const char *used = servers->servers[i].sandbox.strategy;
    if (used != NULL && strcmp(used, strategy) == 0)
      return true;
  }
  return false;
}

static void probed(void *data, json_t *answer, const struct error *error)
{
  const struct patient *patient = data;
  struct doctor *doctor = patient->doctor;
  size_t index;
  json_t *finding;
  --*patient->waiting;
  if (answer == NULL) {
    tell_error(doctor, "plugin-broken", patient->name, error);
    return;
  }
  json_array_foreach (json_object_get(answer, "findings"), index, finding) {
    const char *severity = text_of(finding, "severity");
    if (strcmp(severity, "info") != 0)
      tell(doctor, text_of(finding, "code"), patient->name,
           is_needed(&doctor->gateway, patient->name) ? severity : "info", text_of(finding, "text"),
           repair_here(json_object_get(finding, "repair")));
  }
}

static int ask_plugins(struct doctor *doctor, struct error **error)
{
  struct gateway *gateway = &doctor->gateway;
  const char *const *names = registry_names(gateway->registry);
  size_t count = 0;
  while (names[count] != NULL)
    count++;
  CLEANUP_FREE struct patient *patients = calloc(count + 1, sizeof *patients);
  if (patients == NULL)
    return error_memory(error);
  size_t waiting = count;
  for (size_t i = 0; i < count; i++) {
    patients[i] = (struct patient){doctor, names[i], &waiting};
    registry_probe(gateway->registry, names[i], probed, &patients[i]);
  }
  while (waiting > 0)
    uv_run(&gateway->loop, UV_RUN_ONCE);
  if (count == 0)
    tell(doctor, "no-plugins", "plugins", "error", "no plugin is in any of the plugin directories",
         "name the directory with \"plugin_directories\" in the host file, or install a plugin");
  return 0;
}

/* --- The rest of the machine ------------------------------------------------------------------ */

static void look_at_program(struct doctor *doctor)
{
  struct gateway *gateway = &doctor->gateway;
  CLEANUP_ERROR struct error *keeper = NULL;
  CLEANUP_ERROR struct error *account = NULL;
  struct launch_account found;
  if (gateway_find_keeper(gateway, &keeper) != 0)
    tell_error(doctor, "keeper-unusable", "keeper", keeper);
  if (launch_find_account(gateway->host->run_as, &found, &account) != 0)
    tell_error(doctor, "account-missing", "account", account);
}

static int look_at_state(struct doctor *doctor, struct error **error)
{
  struct gateway *gateway = &doctor->gateway;
  const char *state = gateway->state_directory;
  CLEANUP_ERROR struct error *missing = NULL;
  if (gateway_need_state(gateway, &missing) != 0) {
    tell_error(doctor, "no-state-directory", "state", missing);
    return 0;
  }
  /* One that is not there yet is made by the first command that needs it. */
  if (access(state, W_OK | X_OK) != 0 && errno != ENOENT) {
    CLEANUP_BUFFER struct buffer text = {0};
    buffer_append_format(&text, "the state directory %s cannot be used: %s", state,
                         strerror(errno));
    tell(doctor, "state-directory", "state", "error", text.data,
         "let this account write it, or name another \"state_directory\" in the host file");
    return 0;
  }
  CLEANUP_ROWS struct ps_rows rows = {0};
  if (ps_read(state, gateway->registry, &rows, error) != 0)
    return -1;
  for (size_t i = 0; i < rows.count; i++) {
    const struct ps_row *row = &rows.rows[i];
    CLEANUP_BUFFER struct buffer text = {0};
    if (row->state == NULL || strcmp(row->state, "left-over") != 0)
      continue;
    buffer_append_format(&text, "a router that has died left %s%s%s",
                         row->instance != NULL ? row->instance : "an entry in its journal",
                         row->reason != NULL ? ": " : "", row->reason != NULL ? row->reason : "");
    tell(doctor, "left-over", "journal", "error", text.data, "jauauth reap");
  }
  return 0;
}

static int look_at_servers(struct doctor *doctor, struct error **error)
{
  struct gateway *gateway = &doctor->gateway;
  CLEANUP_ERROR struct error *missing = NULL;
  if (gateway_read_servers(gateway, NULL, &missing) != 0) {
    tell_error(doctor, "no-servers-file", "servers", missing);
    return 0;
  }
  return gateway->servers != NULL ? command_judge_servers(gateway, error) : 0;
}

/* Each with its place in the file; what is only good to know is left to `config check`. */
static void tell_servers(struct doctor *doctor)
{
  const struct config_problems *problems = &doctor->gateway.problems;
  for (size_t i = 0; i < problems->count; i++) {
    const struct config_problem *problem = &problems->items[i];
    CLEANUP_BUFFER struct buffer text = {0};
    if (problem->severity != CONFIG_ERROR && problem->severity != CONFIG_WARNING)
      continue;
    if (problem->line > 0)
      buffer_append_format(&text, "%s:%zu:%zu: ", problems->file, problem->line, problem->column);
    buffer_append_text(&text, problem->text);
    tell(doctor, problem->severity == CONFIG_ERROR ? "file-wrong" : "server-warning",
         problem->server_id != NULL ? problem->server_id : "servers", "error", text.data,
         problem->hint);
  }
}

/* --- The answer ------------------------------------------------------------------------------- */

static void append_escaped(struct buffer *out, const char *text)
{
  text_escape_controls(out, text, strlen(text));
}

/* The line feeds of a repair stay: it may hold a file to paste. */
static void append_lines(struct buffer *out, const char *text)
{
  for (;;) {
    size_t length = strcspn(text, "\n");
    text_escape_controls(out, text, length);
    buffer_append_byte(out, '\n');
    if (text[length] == '\0')
      return;
    text += length + 1;
    buffer_append_text(out, "    ");
  }
}

static int print(const struct doctor *doctor, bool json, struct error **error)
{
  if (json)
    return output_json(json_pack("{s:b, s:O}", "works", !doctor->broken, "problems", doctor->found),
                       error);
  CLEANUP_BUFFER struct buffer out = {0};
  size_t index;
  json_t *found;
  json_array_foreach (doctor->found, index, found) {
    const char *repair = text_of(found, "repair");
    buffer_append_format(&out, "%s: ", text_of(found, "severity"));
    append_escaped(&out, text_of(found, "about"));
    buffer_append_text(&out, ": ");
    append_escaped(&out, text_of(found, "text"));
    buffer_append_format(&out, " [%s]\n", text_of(found, "code"));
    if (repair != NULL) {
      buffer_append_text(&out, "  to mend it: ");
      append_lines(&out, repair);
    }
  }
  if (!doctor->broken)
    buffer_append_text(&out, "nothing that is needed here is broken\n");
  return output_text(&out, error);
}

static int examine(struct doctor *doctor, struct error **error)
{
  look_at_program(doctor);
  if (look_at_servers(doctor, error) != 0 || ask_plugins(doctor, error) != 0 ||
      look_at_state(doctor, error) != 0)
    return -1;
  tell_servers(doctor);
  return 0;
}

int command_doctor(const struct command_line *line, const char *const *arguments,
                   struct error **error)
{
  (void)arguments;
  struct command_line anew = *line;
  struct doctor doctor = {.found = json_array()};
  anew.refresh = true; /* a repair must be seen at once */
  bool opened = gateway_open(&doctor.gateway, &anew, error) == 0;
  if (!opened && (*error)->kind == ERROR_CONFIG) {
    /* What is wrong in it has been printed. */
    tell_error(&doctor, "host-file", "host file", *error);
    error_free(error);
  }
  int answer = -1;
  if (*error == NULL && (!opened || examine(&doctor, error) == 0) &&
      print(&doctor, line->json, error) == 0)
    answer = doctor.broken ? ERROR_FAILED : 0;
  if (opened)
    gateway_close(&doctor.gateway);
  json_decref(doctor.found);
  return answer;
}

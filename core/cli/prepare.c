/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth prepare [SERVER…]`: installs packages, runs the PREPARE steps of plans, shows both. */
#include "core/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/columns.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/cli/packaging.h"
#include "core/sandbox/instance.h"

struct prepare {
  struct gateway *gateway;
  struct columns columns;
  json_t *list;
  struct error *first; /* the first failure, whose kind becomes the exit code */
  bool left;           /* an update was shown and not taken */
};

/* One server while it is prepared. */
struct one {
  struct gateway *gateway;
  size_t server;
  const char *id;
  struct packaging *packaging;
  enum packaging_state state;
  struct plan *plan;
  struct error *error;
  bool done;
};

static void tell(const struct one *one, const char *text, size_t length)
{
  CLEANUP_BUFFER struct buffer line = {0};
  buffer_append_format(&line, "%s: ", one->id);
  text_escape_controls(&line, text, length);
  buffer_append_byte(&line, '\n');
  if (!line.failed)
    fwrite(line.data, 1, line.length, stderr);
}

static void on_said(void *data, const char *line, size_t length)
{
  tell(data, line, length);
}

static void wait_for(struct one *one)
{
  while (!one->done)
    uv_run(&one->gateway->loop, UV_RUN_ONCE);
  one->done = false;
}

/* --- Its package ------------------------------------------------------------------------------ */

static void on_packaged(void *data, enum packaging_state state, const struct error *error)
{
  struct one *one = data;
  one->state = state;
  one->error = error_copy(error);
  one->done = true;
  uv_stop(&one->gateway->loop); /* it came from a timer, behind which the loop would wait */
}

static void append_change(struct buffer *out, json_t *change)
{
  const char *name = json_string_value(json_object_get(change, "name"));
  const char *from = json_string_value(json_object_get(change, "from"));
  const char *to = json_string_value(json_object_get(change, "to"));
  const char *kind = json_string_value(json_object_get(change, "change"));
  if (strcmp(kind, "contents") == 0 && name == NULL)
    buffer_append_text(out, "! what it installs has other contents");
  else if (strcmp(kind, "contents") == 0)
    buffer_append_format(out, "! %s %s: other contents under the same version", name,
                         to != NULL ? to : "");
  else if (from == NULL)
    buffer_append_format(out, "+ %s %s", name, to != NULL ? to : "");
  else if (to == NULL)
    buffer_append_format(out, "- %s %s", name, from);
  else
    buffer_append_format(out, "  %s %s -> %s", name, from, to);
}

/* Shows what an update would change, and asks where somebody can answer. */
static bool is_wanted(const struct one *one)
{
  size_t index;
  json_t *change;
  json_array_foreach (packaging_difference(one->packaging), index, change) {
    CLEANUP_BUFFER struct buffer line = {0};
    append_change(&line, change);
    if (line.data != NULL)
      tell(one, line.data, line.length);
  }
  if (one->gateway->line->yes)
    return true;
  if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
    return false;
  fprintf(stderr, "%s: take this? [y/N] ", one->id);
  char answer[16] = "";
  return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Scripts of packages that were not run may be missed. */
static void tell_blocked(const struct one *one)
{
  size_t index;
  json_t *package;
  json_array_foreach (packaging_blocked(one->packaging), index, package) {
    CLEANUP_BUFFER struct buffer line = {0};
    buffer_append_format(&line,
                         "the install script of %s was not run; if the server does not work "
                         "without, install it with a \"prepare\" of your own",
                         json_string_value(package));
    if (line.data != NULL)
      tell(one, line.data, line.length);
  }
}

static void install(struct one *one)
{
  static const struct packaging_events events = {.said = on_said, .done = on_packaged};
  struct gateway *gateway = one->gateway;
  gateway_journal_state(gateway, one->server, "starting", NULL);
  one->packaging =
      packaging_start(gateway, one->server, gateway->line->update, &events, one, &one->error);
  if (one->packaging == NULL)
    one->state = PACKAGING_FAILED;
  else
    wait_for(one);
  if (one->state == PACKAGING_DIFFERS && is_wanted(one))
    one->state =
        packaging_take(one->packaging, &one->error) == 0 ? PACKAGING_INSTALLED : PACKAGING_FAILED;
  if (one->state == PACKAGING_INSTALLED)
    tell_blocked(one);
  gateway_journal_state(gateway, one->server, "stopped", NULL);
}

/* --- The steps of its plan -------------------------------------------------------------------- */

static void on_planned(void *data, struct plan *plan, const struct error *error)
{
  struct one *one = data;
  one->plan = plan;
  one->error = error_copy(error);
  one->done = true;
}

/* Nothing is let go where nothing but PREPARE steps is run. */
static void on_started(void *data, pid_t located)
{
  (void)data;
  (void)located;
}

static const char *strategy_of(const struct one *one)
{
  return launch_strategy_name(one->gateway->launch, one->server);
}

/* The plugin's sentence, where it has one, in place of what the keeper saw. */
static void on_diagnosed(void *data, json_t *answer, const struct error *error)
{
  struct one *one = data;
  (void)error; /* the plain sentence is there already */
  const char *text = json_string_value(json_object_get(answer, "text"));
  const char *hint = json_string_value(json_object_get(answer, "hint"));
  if (text != NULL) {
    error_free(&one->error);
    error_make_code(&one->error, ERROR_SANDBOX, json_string_value(json_object_get(answer, "code")),
                    "%s", text);
    if (hint != NULL)
      error_hint(&one->error, "%s", hint);
  }
  one->done = true;
}

static void on_ended(void *data, const struct instance_ending *ending, const struct error *error)
{
  struct one *one = data;
  struct registry *registry = one->gateway->registry;
  one->error = error_copy(error);
  one->done = error == NULL || error->code == NULL || strcmp(error->code, "start-failed") != 0;
  if (error != NULL)
    registry_doubt(registry, strategy_of(one));
  if (!one->done)
    registry_diagnose(registry, strategy_of(one), ending->ending, on_diagnosed, one);
}

static int run(struct one *one, struct error **error)
{
  static const struct instance_events events = {
      .started = on_started, .ended = on_ended, .said = on_said};
  struct launch_account account;
  if (launch_account(one->gateway->launch, one->server, &account, error) != 0)
    return -1;
  struct instance_settings settings = {
      .keeper_program = one->gateway->keeper,
      .server = one->id,
      .user = account.user,
      .group = account.group,
      .user_name = account.name[0] != '\0' ? account.name : NULL,
      .prepare = INSTANCE_PREPARE_ONLY,
  };
  CLEANUP_CLOSE int input = -1;
  CLEANUP_CLOSE int output = -1;
  if (instance_start(&one->gateway->loop, one->plan, &settings, &events, one, &input, &output,
                     error) == NULL)
    return -1;
  wait_for(one);
  return 0;
}

/* The names of the steps. */
static json_t *steps_of(const struct plan *plan)
{
  json_t *steps = json_array();
  for (size_t i = 0; plan != NULL && i < plan->step_count; i++)
    if (plan->steps[i].phase == PLAN_PREPARE)
      json_array_append_new(steps, json_string(plan->steps[i].name));
  return steps;
}

static void announce(const struct one *one, json_t *steps)
{
  CLEANUP_BUFFER struct buffer text = {0};
  size_t index;
  json_t *step;
  json_array_foreach (steps, index, step) {
    buffer_append_format(&text, "%s%s", index == 0 ? "runs " : ", then ", json_string_value(step));
  }
  if (text.data != NULL)
    tell(one, text.data, text.length);
}

/* --- One server ------------------------------------------------------------------------------- */

static const char *outcome_of(const struct one *one, json_t *steps)
{
  if (one->error != NULL)
    return "failed";
  if (one->state == PACKAGING_DIFFERS)
    return "update";
  if (one->state == PACKAGING_INSTALLED || json_array_size(steps) > 0)
    return "prepared";
  return one->state == PACKAGING_CURRENT ? "current" : "nothing-to-do";
}

static void append_reason(const struct one *one, struct buffer *text)
{
  const struct error *error = one->error;
  json_t *packages = packaging_packages(one->packaging);
  const char *program = packaging_program(one->packaging);
  size_t blocked = json_array_size(packaging_blocked(one->packaging));
  if (error != NULL)
    buffer_append_format(text, error->hint != NULL ? "%s (%s)" : "%s", error->message, error->hint);
  else if (one->state == PACKAGING_DIFFERS)
    buffer_append_text(text, "what is shown above was not taken; --yes takes it");
  else if (program != NULL)
    buffer_append_format(text, "%zu packages, runs %s", json_array_size(packages), program);
  if (error == NULL && blocked > 0)
    buffer_append_format(text, "; %zu install scripts were not run", blocked);
}

static json_t *package_json(const struct one *one)
{
  if (one->packaging == NULL || one->state == PACKAGING_NOTHING)
    return NULL;
  return json_pack("{s:s*, s:O*, s:O*, s:O*}", "program", packaging_program(one->packaging),
                   "packages", packaging_packages(one->packaging), "difference",
                   packaging_difference(one->packaging), "blocked_scripts",
                   packaging_blocked(one->packaging));
}

static void report(struct prepare *prepare, const struct one *one, json_t *steps)
{
  const struct error *error = one->error;
  CLEANUP_BUFFER struct buffer text = {0};
  const char *outcome = outcome_of(one, steps);
  append_reason(one, &text);
  columns_row(&prepare->columns, 3, (const char *[]){one->id, outcome, text.data});
  json_array_append_new(prepare->list,
                        json_pack("{s:s, s:s, s:O, s:o*, s:o*}", "id", one->id, "outcome", outcome,
                                  "steps", steps, "package", package_json(one), "error",
                                  error == NULL
                                      ? NULL
                                      : json_pack("{s:s?, s:s, s:s?}", "code", error->code, "text",
                                                  error->message, "hint", error->hint)));
  prepare->left |= error == NULL && one->state == PACKAGING_DIFFERS;
  if (prepare->first == NULL)
    prepare->first = error_copy(error);
}

static void prepare_one(struct prepare *prepare, size_t server)
{
  struct one one = {.gateway = prepare->gateway,
                    .server = server,
                    .id = prepare->gateway->servers->servers[server].id};
  if (launch_blocked(prepare->gateway->launch, server) == NULL)
    install(&one);
  if (one.error == NULL && one.state != PACKAGING_DIFFERS &&
      launch_make_home(prepare->gateway->launch, server, &one.error) == 0) {
    launch_plan(prepare->gateway->launch, server, on_planned, &one);
    wait_for(&one);
  }
  json_t *steps = steps_of(one.plan);
  if (json_array_size(steps) > 0) {
    announce(&one, steps);
    (void)run(&one, &one.error);
  }
  report(prepare, &one, steps);
  json_decref(steps);
  plan_free(&one.plan);
  packaging_free(one.packaging);
  error_free(&one.error);
}

/* --- The command ------------------------------------------------------------------------------ */

/* Marks the servers that are named, or all that this user may have. */
static int choose(const struct gateway *gateway, const char *const *names, bool *chosen,
                  struct error **error)
{
  for (size_t i = 0; names[0] == NULL && i < gateway->servers->server_count; i++)
    chosen[i] = gateway->servers->servers[i].id != NULL &&
                server_config_allows(&gateway->servers->servers[i], gateway->user);
  for (size_t i = 0; names[i] != NULL; i++) {
    size_t server = 0;
    if (gateway_find(gateway, names[i], &server, error) != 0)
      return -1;
    chosen[server] = true;
  }
  return 0;
}

static int print(struct prepare *prepare, struct error **error)
{
  CLEANUP_BUFFER struct buffer text = {0};
  if (prepare->gateway->line->json)
    return output_json(json_pack("{s:O}", "servers", prepare->list), error);
  if (!columns_append(&prepare->columns, columns_colour(STDOUT_FILENO), &text))
    return error_memory(error);
  return output_text(&text, error);
}

static int prepare_all(struct gateway *gateway, const char *const *names, struct error **error)
{
  if (gateway_need_servers(gateway, error) != 0)
    return -1;
  CLEANUP_FREE bool *chosen = calloc(gateway->servers->server_count + 1, sizeof *chosen);
  if (chosen == NULL)
    return error_memory(error);
  if (choose(gateway, names, chosen, error) != 0 || gateway_find_keeper(gateway, error) != 0 ||
      gateway_servers_new(gateway, error) != 0 || gateway_journal_open(gateway, error) != 0 ||
      gateway_prepare(gateway, true, error) != 0)
    return -1;
  struct prepare prepare = {.gateway = gateway, .list = json_array()};
  columns_row(&prepare.columns, 3, (const char *[]){"SERVER", "OUTCOME", "REASON"});
  for (size_t i = 0; i < gateway->servers->server_count; i++)
    if (chosen[i])
      prepare_one(&prepare, i);
  int answer = print(&prepare, error);
  if (answer == 0 && prepare.first != NULL)
    answer = error_exit_code(prepare.first);
  else if (answer == 0 && prepare.left)
    answer = 1;
  columns_free(&prepare.columns);
  json_decref(prepare.list);
  error_free(&prepare.first);
  return answer;
}

int command_prepare(const struct command_line *line, const char *const *arguments,
                    struct error **error)
{
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  int answer = prepare_all(&gateway, arguments, error);
  gateway_close(&gateway);
  return answer;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth prepare [SERVER…]`: runs the PREPARE steps of plans, and shows what they print. */
#include "core/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/columns.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/sandbox/instance.h"

struct prepare {
  struct gateway *gateway;
  struct columns columns;
  json_t *list;
  struct error *first; /* the first failure, whose kind becomes the exit code */
};

/* One server while it is prepared. */
struct one {
  const struct gateway *gateway;
  size_t server;
  const char *id;
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

/* --- One server ------------------------------------------------------------------------------- */

static void on_planned(void *data, struct plan *plan, const struct error *error)
{
  struct one *one = data;
  one->plan = plan;
  one->error = error_copy(error);
  one->done = true;
}

static void on_said(void *data, const char *line, size_t length)
{
  tell(data, line, length);
}

/* Nothing is let go where nothing but PREPARE steps is run. */
static void on_started(void *data, pid_t located)
{
  (void)data;
  (void)located;
}

static void on_ended(void *data, const struct instance_ending *ending, const struct error *error)
{
  struct one *one = data;
  (void)ending;
  one->error = error_copy(error);
  one->done = true;
}

static void wait_for(struct one *one)
{
  while (!one->done)
    uv_run((uv_loop_t *)&one->gateway->loop, UV_RUN_ONCE);
  one->done = false;
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
  if (instance_start((uv_loop_t *)&one->gateway->loop, one->plan, &settings, &events, one, &input,
                     &output, error) == NULL)
    return -1;
  wait_for(one);
  return 0;
}

/* The names of the steps; NULL when there is none. */
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

static void report(struct prepare *prepare, const struct one *one, json_t *steps)
{
  const struct error *error = one->error;
  CLEANUP_BUFFER struct buffer text = {0};
  const char *outcome = error != NULL                 ? "failed"
                        : json_array_size(steps) == 0 ? "nothing-to-do"
                                                      : "prepared";
  if (error != NULL)
    buffer_append_format(&text, error->hint != NULL ? "%s (%s)" : "%s", error->message,
                         error->hint);
  columns_row(&prepare->columns, 3, (const char *[]){one->id, outcome, text.data});
  json_array_append_new(
      prepare->list,
      json_pack("{s:s, s:s, s:O, s:o*}", "id", one->id, "outcome", outcome, "steps", steps, "error",
                error == NULL ? NULL
                              : json_pack("{s:s?, s:s, s:s?}", "code", error->code, "text",
                                          error->message, "hint", error->hint)));
  if (prepare->first == NULL)
    prepare->first = error_copy(error);
}

static void prepare_one(struct prepare *prepare, size_t server)
{
  struct one one = {.gateway = prepare->gateway,
                    .server = server,
                    .id = prepare->gateway->servers->servers[server].id};
  if (launch_make_home(prepare->gateway->launch, server, &one.error) == 0) {
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
      gateway_prepare(gateway, error) != 0)
    return -1;
  struct prepare prepare = {.gateway = gateway, .list = json_array()};
  columns_row(&prepare.columns, 3, (const char *[]){"SERVER", "OUTCOME", "REASON"});
  for (size_t i = 0; i < gateway->servers->server_count; i++)
    if (chosen[i])
      prepare_one(&prepare, i);
  int answer = print(&prepare, error);
  if (answer == 0 && prepare.first != NULL)
    answer = error_exit_code(prepare.first);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth verify`: what the sandboxes of servers, or strategies, really give. */
#include "core/cli/commands.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/cli/columns.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/cli/verify.h"

struct verify {
  struct gateway gateway;
  bool strategies; /* no servers of a file */
  uv_signal_t interrupts[2];
  int interrupted;
  const char *id; /* of the server that is measured */
  bool done;
  json_t *list;
  struct buffer text;
  bool weaker;
  struct error *first; /* the first server that could not be measured */
};

/* --- Strategies without servers ------------------------------------------------------------------
 */

/* A name, or what stands behind "strategy" in a servers file. */
static json_t *strategy_json(const char *text, struct error **error)
{
  json_t *value =
      text[0] == '{' ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_string(text);
  if (value == NULL)
    error_make(
        error, ERROR_USAGE, 0,
        "--strategy takes a name, or JSON as in a servers file: {\"name\": {\"option\": …}}");
  return value;
}

static const char *strategy_name(json_t *strategy)
{
  const char *key = json_object_iter_key(json_object_iter(strategy));
  return json_is_string(strategy) ? json_string_value(strategy) : key != NULL ? key : "";
}

/* A server with limits that are small enough to be tried. */
static json_t *strategy_server(json_t *strategy, size_t number)
{
  static const char *const accepted[] = {"memory_limit", "cpu_limit", "pids_limit",
                                         "open_files_limit", "file_size_limit"};
  char id[64];
  json_t *accept = json_array();
  for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
    json_array_append_new(accept, json_string(accepted[i]));
  snprintf(id, sizeof id, number == 0 ? "%.48s" : "%.48s-%zu", strategy_name(strategy), number + 1);
  return json_pack("{s:s, s:s, s:{s:o, s:s, s:s, s:i, s:i, s:s, s:o}}", "id", id, "command", "true",
                   "sandbox", "strategy", strategy, "memory_limit", "192m", "cpu_limit", "0.5",
                   "pids_limit", 64, "open_files_limit", 256, "file_size_limit", "16m",
                   "accept_partial", accept);
}

static int take_strategies(struct gateway *gateway, const char *const *names, struct error **error)
{
  json_t *servers = json_array();
  for (size_t i = 0; names[i] != NULL; i++) {
    size_t number = 0;
    for (size_t j = 0; j < i; j++)
      number += strcmp(names[j], names[i]) == 0;
    json_t *strategy = strategy_json(names[i], error);
    if (strategy == NULL) {
      json_decref(servers);
      return -1;
    }
    json_array_append_new(servers, strategy_server(strategy, number));
  }
  json_t *all = json_pack("{s:o}", "servers", servers);
  CLEANUP_FREE char *text = all != NULL ? json_dumps(all, JSON_COMPACT) : NULL;
  json_decref(all);
  return text != NULL ? gateway_take_servers(gateway, text, error) : error_memory(error);
}

/* --- One server ----------------------------------------------------------------------------------
 */

static void on_progress(void *data, const char *what)
{
  const struct verify *verify = data;
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "%s: %s\n", verify->id, what);
}

static void on_done(void *data, json_t *result, const struct plan *own, const struct error *error)
{
  struct verify *verify = data;
  bool weaker = false;
  struct gateway *gateway = &verify->gateway;
  size_t server = servers_config_find(gateway->servers, verify->id);
  struct verify_subject subject = {
      .server = &gateway->servers->servers[server],
      .plan = own,
      .claims = launch_claims(gateway->launch, server),
      .result = result,
      .error = error,
  };
  json_t *object = verify_object(&subject, &weaker);
  verify->weaker = verify->weaker || weaker;
  if (verify->first == NULL)
    verify->first = error_copy(error);
  if (verify->text.length > 0)
    buffer_append_byte(&verify->text, '\n');
  if (object == NULL || !verify_append(object, columns_colour(STDOUT_FILENO), &verify->text))
    verify->text.failed = true;
  json_array_append_new(verify->list, object);
  verify->done = true;
}

static void measure_server(struct verify *verify, size_t server)
{
  CLEANUP_ERROR struct error *error = NULL;
  struct gateway_measuring measuring = {
      .gateway = &verify->gateway,
      .server = server,
      .strategy = verify->strategies,
      .again = verify->gateway.line->refresh,
      .progress = on_progress,
      .done = on_done,
      .data = verify,
  };
  verify->id = verify->gateway.servers->servers[server].id;
  verify->done = false;
  if (launch_make_home(verify->gateway.launch, server, &error) != 0 ||
      gateway_measure(&measuring, &error) != 0)
    on_done(verify, NULL, NULL, error);
  while (!verify->done)
    uv_run(&verify->gateway.loop, UV_RUN_ONCE);
}

/* --- The command ---------------------------------------------------------------------------------
 */

static void on_interrupt(uv_signal_t *handle, int number)
{
  struct verify *verify = handle->data;
  verify->interrupted = number;
  if (verify->gateway.measure != NULL)
    measure_stop(verify->gateway.measure);
}

/* An interruption takes away what was planted. */
static void watch_interrupts(struct verify *verify)
{
  static const int numbers[] = {SIGINT, SIGTERM};
  for (size_t i = 0; i < 2; i++) {
    uv_signal_init(&verify->gateway.loop, &verify->interrupts[i]);
    verify->interrupts[i].data = verify;
    uv_signal_start(&verify->interrupts[i], on_interrupt, numbers[i]);
  }
}

static bool is_chosen(const struct verify *verify, size_t server, const char *const *names)
{
  const struct server_config *config = &verify->gateway.servers->servers[server];
  if (config->id == NULL)
    return false;
  for (size_t i = 0; names[i] != NULL; i++)
    if (strcmp(names[i], config->id) == 0)
      return true;
  return names[0] == NULL &&
         (verify->strategies || server_config_allows(config, verify->gateway.user));
}

static int find_subjects(struct verify *verify, const char *const *names, struct error **error)
{
  struct gateway *gateway = &verify->gateway;
  const char *const *strategies = gateway->line->strategies;
  if (strategies == NULL && names[0] == NULL && gateway->paths.servers.found == NULL)
    strategies = registry_names(gateway->registry);
  verify->strategies = strategies != NULL;
  if (verify->strategies && names[0] != NULL)
    return error_make(error, ERROR_USAGE, 0, "either servers or --strategy can be measured");
  gateway->measuring = true;
  if ((verify->strategies ? take_strategies(gateway, strategies, error)
                          : gateway_need_servers(gateway, error)) != 0)
    return -1;
  for (size_t i = 0; names[i] != NULL; i++) {
    size_t server;
    if (gateway_find(gateway, names[i], &server, error) != 0)
      return -1;
  }
  return 0;
}

static int print(struct verify *verify, struct error **error)
{
  if (verify->gateway.line->json)
    return output_json(json_pack("{s:O}", "servers", verify->list), error);
  if (verify->text.failed)
    return error_memory(error);
  return output_text(&verify->text, error);
}

static int measure_all(struct verify *verify, const char *const *names, struct error **error)
{
  struct gateway *gateway = &verify->gateway;
  if (find_subjects(verify, names, error) != 0 || gateway_find_keeper(gateway, error) != 0 ||
      gateway_find_canary(gateway, error) != 0 || gateway_prepare(gateway, true, error) != 0 ||
      gateway_journal_open(gateway, error) != 0)
    return -1;
  watch_interrupts(verify);
  for (size_t i = 0; i < gateway->servers->server_count && verify->interrupted == 0; i++)
    if (is_chosen(verify, i, names))
      measure_server(verify, i);
  for (size_t i = 0; i < 2; i++)
    uv_close((uv_handle_t *)&verify->interrupts[i], NULL);
  if (print(verify, error) != 0)
    return -1;
  if (verify->first != NULL)
    return error_exit_code(verify->first);
  return verify->weaker ? ERROR_FAILED : 0;
}

int command_verify(const struct command_line *line, const char *const *arguments,
                   struct error **error)
{
  struct verify verify = {.list = json_array()};
  if (gateway_open(&verify.gateway, line, error) != 0) {
    json_decref(verify.list);
    return -1;
  }
  int answer = measure_all(&verify, arguments, error);
  gateway_close(&verify.gateway);
  json_decref(verify.list);
  buffer_free(&verify.text);
  error_free(&verify.first);
  if (verify.interrupted != 0)
    raise(verify.interrupted);
  return answer;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth config check` and `config paths`. */
#include "core/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"

/* One check of a file: what is asked about each of its servers, and what is still unanswered. */
struct check {
  struct gateway *gateway;
  size_t waiting;
};

struct check_server {
  struct check *check;
  size_t server;
};

/* Those that stand against a start; notes do not. */
static size_t problems_of(const struct config_problems *problems, size_t server)
{
  size_t count = 0;
  for (size_t i = 0; i < problems->count; i++)
    count += problems->items[i].server == server && problems->items[i].severity != CONFIG_NOTE;
  return count;
}

static void validated(void *data)
{
  ((struct check *)data)->waiting--;
}

static void planned(void *data, struct plan *plan, const struct error *error)
{
  const struct check_server *asked = data;
  struct gateway *gateway = asked->check->gateway;
  asked->check->waiting--;
  if (plan == NULL)
    servers_config_problem(gateway->servers, asked->server, CONFIG_WARNING, &gateway->problems,
                           "/sandbox", error->hint, "%s", error->message);
  plan_free(&plan);
}

static void wait_for(struct check *check)
{
  while (check->waiting > 0)
    uv_run(&check->gateway->loop, UV_RUN_ONCE);
}

/* Whether a plan would say anything new, and can be made without making a home first. */
static bool is_worth_a_plan(const struct gateway *gateway, size_t server)
{
  const struct server_config *config = &gateway->servers->servers[server];
  return !config->broken && !config->sandbox.keep_home &&
         launch_blocked(gateway->launch, server) == NULL;
}

int command_judge_servers(struct gateway *gateway, struct error **error)
{
  size_t count = gateway->servers->server_count;
  struct check check = {.gateway = gateway};
  CLEANUP_FREE size_t *before = calloc(count + 1, sizeof *before);
  CLEANUP_FREE struct check_server *asked = calloc(count + 1, sizeof *asked);
  if (before == NULL || asked == NULL)
    return error_memory(error);
  if (gateway_prepare(gateway, error) != 0)
    return -1;
  check.waiting = count;
  for (size_t i = 0; i < count; i++) {
    before[i] = problems_of(&gateway->problems, i);
    launch_validate(gateway->launch, i, validated, &check);
  }
  wait_for(&check);
  for (size_t i = 0; i < count; i++) {
    if (!is_worth_a_plan(gateway, i) || problems_of(&gateway->problems, i) > before[i])
      continue;
    asked[i] = (struct check_server){&check, i};
    check.waiting++;
    launch_plan(gateway->launch, i, planned, &asked[i]);
  }
  wait_for(&check);
  return 0;
}

static int print(const struct gateway *gateway, bool right, struct error **error)
{
  if (gateway->line->json)
    return output_json(json_pack("{s:s?, s:b, s:o}", "file", gateway->problems.file, "right", right,
                                 "problems", config_problems_json(&gateway->problems)),
                       error);
  CLEANUP_BUFFER struct buffer text = {0};
  config_problems_append_text(&gateway->problems, &text);
  if (right)
    buffer_append_format(&text, "%s: %zu server%s, %zu warning%s\n", gateway->problems.file,
                         gateway->servers->server_count,
                         gateway->servers->server_count == 1 ? "" : "s", gateway->problems.warnings,
                         gateway->problems.warnings == 1 ? "" : "s");
  return output_text(&text, error);
}

static int check(struct gateway *gateway, const char *file, struct error **error)
{
  if (gateway_read_servers(gateway, file, error) != 0)
    return -1;
  if (gateway->servers != NULL && command_judge_servers(gateway, error) != 0)
    return -1;
  const struct config_problems *problems = &gateway->problems;
  bool right = gateway->servers != NULL && problems->errors == 0 && !problems->failed &&
               (!gateway->line->strict || problems->warnings == 0);
  if (print(gateway, right, error) != 0)
    return -1;
  return right ? 0 : ERROR_FAILED;
}

int command_config_check(const struct command_line *line, const char *const *arguments,
                         struct error **error)
{
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0) {
    if ((*error)->kind != ERROR_CONFIG)
      return -1;
    command_print_error(*error); /* a bad host file is an answer here, not a mishap */
    error_free(error);
    return ERROR_FAILED;
  }
  int code = check(&gateway, arguments[0], error);
  gateway_close(&gateway);
  return code;
}

int command_config_paths(const struct command_line *line, const char *const *arguments,
                         struct error **error)
{
  (void)arguments;
  struct config_paths_settings settings = {
      .host_option = line->config,
      .servers_option = line->servers,
      .environment = (const char *const *)environ,
      .user = geteuid(),
  };
  CLEANUP_CONFIG_PATHS struct config_paths paths = {0};
  if (config_paths_find(&settings, &paths, error) != 0)
    return -1;
  if (line->json)
    return output_json(config_paths_json(&paths), error);
  CLEANUP_BUFFER struct buffer text = {0};
  config_paths_append_text(&paths, &text);
  return output_text(&text, error);
}

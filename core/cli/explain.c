/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth explain SERVER`: the plan that would run, with secrets masked. */
#include "core/cli/commands.h"

#include "core/cli/gateway.h"
#include "core/cli/output.h"

struct explain {
  struct plan *plan;
  struct error *error;
  bool answered;
};

static void planned(void *data, struct plan *plan, const struct error *error)
{
  struct explain *explain = data;
  explain->plan = plan;
  explain->error = error_copy(error);
  explain->answered = true;
}

/* What the router's own environment has put into the arguments is a secret too. */
static int hide(struct plan *plan, const struct server_config *server, struct error **error)
{
  for (size_t i = 0; i < server->expanded_count; i++)
    if (plan_hide(plan, server->expanded[i].name, server->expanded[i].value, error) != 0)
      return -1;
  return 0;
}

static int print(const struct gateway *gateway, size_t server, const struct plan *plan,
                 struct error **error)
{
  if (gateway->line->json)
    return output_json(plan_explain_json(plan), error);
  CLEANUP_BUFFER struct buffer text = {0};
  if (plan_explain(plan, &text, error) != 0)
    return -1;
  if (!launch_contained(gateway->launch, server))
    buffer_append_format(
        &text,
        "# The strategy \"%s\" isolates nothing: this is a program of the same user, which can "
        "read\n# the user's files, end its keeper, and reach other processes.\n",
        gateway->servers->servers[server].sandbox.strategy);
  return output_text(&text, error);
}

static int explain_server(struct gateway *gateway, const char *id, struct error **error)
{
  size_t server = 0;
  if (gateway_need_servers(gateway, error) != 0 || gateway_find(gateway, id, &server, error) != 0 ||
      gateway_prepare(gateway, false, error) != 0)
    return -1;
  struct explain explain = {0};
  if (launch_make_home(gateway->launch, server, error) != 0)
    return -1;
  launch_plan(gateway->launch, server, planned, &explain);
  while (!explain.answered)
    uv_run(&gateway->loop, UV_RUN_ONCE);
  if (explain.plan == NULL) {
    *error = explain.error;
    return error_wrap(error, "the server \"%s\" cannot start", id);
  }
  int answer = hide(explain.plan, &gateway->servers->servers[server], error);
  if (answer == 0)
    answer = print(gateway, server, explain.plan, error);
  plan_free(&explain.plan);
  return answer;
}

int command_explain(const struct command_line *line, const char *const *arguments,
                    struct error **error)
{
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  int answer = explain_server(&gateway, arguments[0], error);
  gateway_close(&gateway);
  return answer;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth config schema`: the JSON Schema of the servers file, for editors. */
#include "core/cli/commands.h"

#include <stdio.h>

#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/config/schema.h"
#include "core/plugin/schema.h"

struct asked {
  json_t *strategies;
  const char *name;
  size_t *waiting;
};

static void described(void *data, json_t *answer, const struct error *error)
{
  struct asked *asked = data;
  --*asked->waiting;
  json_t *options;
  if (answer != NULL) {
    options = plugin_options_schema(answer);
  } else {
    /* It is installed, but what it takes is not known: the editor must not refuse anything. */
    command_print_error(error);
    options = json_pack("{s:s}", "type", "object");
  }
  int required = json_object_get(options, "required") != NULL;
  json_object_set_new(asked->strategies, asked->name,
                      json_pack("{s:o, s:b, s:O*}", "options", options, "required", required,
                                "summary", json_object_get(answer, "summary")));
}

/* Asks all plugins for their option tables. The caller's reference; NULL when out of memory. */
static json_t *ask(struct gateway *gateway)
{
  const char *const *names = registry_names(gateway->registry);
  size_t count = 0;
  while (names[count] != NULL)
    count++;
  json_t *strategies = json_object();
  struct asked *asked = calloc(count + 1, sizeof *asked);
  size_t waiting = 0;
  for (size_t i = 0; strategies != NULL && asked != NULL && i < count; i++) {
    asked[i] = (struct asked){strategies, names[i], &waiting};
    waiting++;
    /* In the order of the names, whoever answers first. */
    json_object_set_new(strategies, names[i], json_null());
    registry_describe(gateway->registry, names[i], described, &asked[i]);
  }
  while (waiting > 0)
    uv_run(&gateway->loop, UV_RUN_ONCE);
  free(asked);
  return strategies;
}

int command_config_schema(const struct command_line *line, const char *const *arguments,
                          struct error **error)
{
  (void)arguments;
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  json_t *strategies = ask(&gateway);
  int answer = output_json(strategies != NULL ? config_schema(strategies) : NULL, error);
  json_decref(strategies);
  gateway_close(&gateway);
  return answer;
}

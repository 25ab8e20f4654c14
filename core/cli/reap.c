/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth reap`: clears what dead routers have left, and says what it did. */
#include "core/cli/commands.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/cli/ps-read.h"

struct reap {
  struct gateway gateway;
  json_t *list; /* what was done, for --json */
  struct buffer text;
  size_t left;
  bool done;
};

/* One line of the answer; `why` is NULL when it is gone. */
static void tell(struct reap *reap, const char *instance, const char *server, const char *strategy,
                 const char *why, const char *hint)
{
  struct buffer *out = &reap->text;
  json_array_append_new(reap->list,
                        json_pack("{s:s?, s:s?, s:s?, s:s, s:s?, s:s?}", "instance", instance, "id",
                                  server, "strategy", strategy, "outcome",
                                  why == NULL ? "removed" : "stays", "reason", why, "hint", hint));
  buffer_append_text(out, why == NULL ? "removed  " : "stays    ");
  if (instance != NULL)
    text_escape_controls(out, instance, strlen(instance));
  if (server != NULL) {
    buffer_append_text(out, " of the server ");
    text_escape_controls(out, server, strlen(server));
  }
  const char *const more[] = {why, hint};
  for (size_t i = 0; i < 2 && more[i] != NULL; i++) {
    buffer_append_text(out, i == 0 ? ": " : "; ");
    text_escape_controls(out, more[i], strlen(more[i]));
  }
  buffer_append_byte(out, '\n');
}

static void on_each(void *data, const char *instance, const struct journal_entry *entry,
                    const struct error *error)
{
  tell(data, instance, entry != NULL ? entry->server : NULL, entry != NULL ? entry->plugin : NULL,
       error != NULL ? error->message : NULL, error != NULL ? error->hint : NULL);
}

static void on_done(void *data, size_t left)
{
  struct reap *reap = data;
  reap->left = left;
  reap->done = true;
}

static int sweep(struct reap *reap, struct error **error)
{
  struct gateway *gateway = &reap->gateway;
  struct sweep_settings settings = {
      .loop = &gateway->loop,
      .registry = gateway->registry,
      .keeper_program = gateway->keeper,
      .state_directory = gateway->state_directory,
  };
  if (sweep_start(&settings, on_each, on_done, reap, error) == NULL)
    return -1;
  while (!reap->done)
    uv_run(&gateway->loop, UV_RUN_ONCE);
  return 0;
}

/* A router that lives clears its own left-overs; they stay here all the same. */
static int name_others(struct reap *reap, struct error **error)
{
  CLEANUP_ROWS struct ps_rows rows = {0};
  const struct gateway *gateway = &reap->gateway;
  if (ps_read(gateway->state_directory, gateway->registry, &rows, error) != 0)
    return -1;
  for (size_t i = 0; i < rows.count; i++) {
    const struct ps_row *row = &rows.rows[i];
    if (row->router == 0 || row->state == NULL || strcmp(row->state, "left-over") != 0)
      continue;
    tell(reap, row->instance, row->server, row->strategy, row->reason,
         "its router lives and tries again every 30 seconds");
    reap->left++;
  }
  return 0;
}

static int print(struct reap *reap, struct error **error)
{
  if (reap->gateway.line->json)
    return output_json(
        json_pack("{s:O, s:I}", "entries", reap->list, "left", (json_int_t)reap->left), error);
  if (reap->text.length == 0)
    buffer_append_text(&reap->text, "nothing is left over\n");
  return output_text(&reap->text, error);
}

int command_reap(const struct command_line *line, const char *const *arguments,
                 struct error **error)
{
  (void)arguments;
  struct reap reap = {.list = json_array()};
  int answer = -1;
  if (gateway_open(&reap.gateway, line, error) == 0) {
    if (gateway_need_state(&reap.gateway, error) == 0 &&
        gateway_find_keeper(&reap.gateway, error) == 0 && sweep(&reap, error) == 0 &&
        name_others(&reap, error) == 0 && print(&reap, error) == 0)
      answer = reap.left > 0 ? ERROR_FAILED : 0;
    gateway_close(&reap.gateway);
  }
  json_decref(reap.list);
  buffer_free(&reap.text);
  return answer;
}

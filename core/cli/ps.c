/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth ps`: what runs, what it uses, and what is left over. */
#include "core/cli/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/columns.h"
#include "core/cli/gateway.h"
#include "core/cli/output.h"
#include "core/cli/ps-read.h"

enum { WATCH_SECONDS = 2, CELL = 32, MEBIBYTE = 1024 * 1024 };

/* --- As JSON --------------------------------------------------------------------------------- */

static json_t *number_or_null(bool known, int64_t number)
{
  return known ? json_integer(number) : json_null();
}

/* The share of one processor since its start, in tenths of a percent: cputime over time, as in
 * ps(1). -1: not known. */
static int64_t share_of(const struct ps_row *row)
{
  return row->measured && row->uptime > 0 ? (int64_t)row->microseconds / row->uptime : -1;
}

static json_t *row_json(const struct ps_row *row)
{
  int64_t share = share_of(row);
  return json_pack(
      "{s:s?, s:s?, s:s?, s:o, s:s?, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:O?, s:s?}", "id",
      row->server, "strategy", row->strategy, "state", row->state, "pid",
      number_or_null(row->pid > 0, row->pid), "instance", row->instance, "keeper",
      number_or_null(row->keeper > 0, row->keeper), "router",
      number_or_null(row->router > 0, row->router), "uptime_seconds",
      number_or_null(row->uptime >= 0, row->uptime / 1000), "restarts", (json_int_t)row->restarts,
      "memory_bytes", number_or_null(row->measured, (int64_t)row->memory), "memory_peak_bytes",
      number_or_null(row->peak_known, (int64_t)row->peak), "cpu_seconds",
      row->measured ? json_real((double)row->microseconds / 1e6) : json_null(), "cpu_percent",
      share >= 0 ? json_real((double)share / 10) : json_null(), "limits", row->limits, "reason",
      row->reason);
}

static int print_json(const struct ps_rows *rows, struct error **error)
{
  json_t *list = json_array();
  for (size_t i = 0; i < rows->count; i++)
    json_array_append_new(list, row_json(&rows->rows[i]));
  return output_json(json_pack("{s:o}", "servers", list), error);
}

/* --- For people ------------------------------------------------------------------------------ */

static void format_uptime(char cell[CELL], int64_t milliseconds)
{
  int64_t seconds = milliseconds / 1000;
  if (milliseconds < 0)
    snprintf(cell, CELL, "-");
  else if (seconds < 60)
    snprintf(cell, CELL, "%" PRId64 "s", seconds);
  else if (seconds < 3600)
    snprintf(cell, CELL, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
  else if (seconds < (int64_t)24 * 3600)
    snprintf(cell, CELL, "%" PRId64 "h%02" PRId64 "m", seconds / 3600, seconds / 60 % 60);
  else
    snprintf(cell, CELL, "%" PRId64 "d%02" PRId64 "h", seconds / (int64_t)(24 * 3600),
             seconds / 3600 % 24);
}

/* Tenths of a unit with the unit behind it. */
static void format_tenths(char cell[CELL], bool known, uint64_t tenths, const char *unit)
{
  if (known)
    snprintf(cell, CELL, "%" PRIu64 ".%" PRIu64 "%s", tenths / 10, tenths % 10, unit);
  else
    snprintf(cell, CELL, "-");
}

static const char *text_in(json_t *object, const char *name)
{
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL ? text : "?";
}

/* By whom its limits are enforced: "cgroup,rlimit". */
static void format_limits(char cell[CELL], json_t *limits)
{
  static const char *const words[] = {"engine", "cgroup", "rlimit", "partial", "none"};
  cell[0] = '\0';
  for (size_t word = 0; word < sizeof words / sizeof words[0]; word++) {
    size_t index;
    json_t *limit;
    bool found = false;
    json_array_foreach (limits, index, limit)
      found = found || strcmp(text_in(limit, "by"), words[word]) == 0;
    size_t length = strlen(cell);
    if (found)
      snprintf(cell + length, CELL - length, "%s%s", length > 0 ? "," : "", words[word]);
  }
  if (cell[0] == '\0')
    snprintf(cell, CELL, "-");
}

static void add_row(struct columns *columns, const struct ps_row *row)
{
  char process[CELL];
  char uptime[CELL];
  char restarts[CELL];
  char memory[CELL];
  char peak[CELL];
  char limits[CELL];
  char time[CELL];
  char percent[CELL];
  int64_t share = share_of(row);
  snprintf(process, sizeof process, "%ld", (long)row->pid);
  format_uptime(uptime, row->uptime);
  snprintf(restarts, sizeof restarts, "%" PRId64, row->restarts);
  format_tenths(memory, row->measured, row->memory * 10 / MEBIBYTE, "M");
  format_tenths(peak, row->peak_known, row->peak * 10 / MEBIBYTE, "M");
  format_limits(limits, row->limits);
  format_tenths(time, row->measured, row->microseconds / 100000, "s");
  format_tenths(percent, share >= 0, (uint64_t)share, "%");
  const char *where = row->pid > 0 ? process : row->instance != NULL ? row->instance : "-";
  columns_row(columns, 11,
              (const char *[]){row->server != NULL ? row->server : "?", row->strategy, row->state,
                               where, uptime, restarts, memory, peak, time, percent, limits});
}

/* What holds in part or not at all, and why. */
static void append_lacking(const struct ps_row *row, const char *who, struct buffer *out)
{
  size_t index;
  json_t *limit;
  json_array_foreach (row->limits, index, limit) {
    const char *by = text_in(limit, "by");
    if (strcmp(by, "partial") != 0 && strcmp(by, "none") != 0)
      continue;
    CLEANUP_BUFFER struct buffer line = {0};
    buffer_append_format(&line, "%s: limit %s is enforced %s: %s", who, text_in(limit, "limit"),
                         strcmp(by, "none") == 0 ? "not" : "in part", text_in(limit, "text"));
    if (!line.failed)
      text_escape_controls(out, line.data, line.length);
    buffer_append_byte(out, '\n');
  }
}

static void append_reasons(const struct ps_rows *rows, struct buffer *out)
{
  for (size_t i = 0; i < rows->count; i++) {
    const struct ps_row *row = &rows->rows[i];
    const char *who = row->server != NULL ? row->server : row->instance;
    append_lacking(row, who != NULL ? who : "?", out);
    if (row->reason == NULL)
      continue;
    if (who != NULL)
      text_escape_controls(out, who, strlen(who));
    buffer_append_text(out, who != NULL ? ": " : "");
    text_escape_controls(out, row->reason, strlen(row->reason));
    buffer_append_byte(out, '\n');
  }
}

static int print_table(const struct ps_rows *rows, bool again, struct error **error)
{
  CLEANUP_COLUMNS struct columns columns = {0};
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_BUFFER struct buffer reasons = {0};
  if (again && isatty(STDOUT_FILENO))
    buffer_append_text(&text, "\033[H\033[2J");
  columns_row(&columns, 11,
              (const char *[]){"SERVER", "STRATEGY", "STATE", "PROCESS", "UPTIME", "RESTARTS",
                               "MEMORY", "PEAK", "CPU", "%CPU", "LIMITS"});
  for (size_t i = 0; i < rows->count; i++)
    add_row(&columns, &rows->rows[i]);
  if (!columns_append(&columns, columns_colour(STDOUT_FILENO), &text))
    return error_memory(error);
  append_reasons(rows, &reasons);
  if (reasons.length > 0)
    buffer_append_format(&text, "\n%s", reasons.data);
  text.failed = text.failed || reasons.failed;
  return output_text(&text, error);
}

/* --- The command ----------------------------------------------------------------------------- */

static int show(const struct gateway *gateway, struct error **error)
{
  CLEANUP_ROWS struct ps_rows rows = {0};
  if (ps_read(gateway->state_directory, gateway->registry, &rows, error) != 0)
    return -1;
  return gateway->line->json ? print_json(&rows, error)
                             : print_table(&rows, gateway->line->watch, error);
}

int command_ps(const struct command_line *line, const char *const *arguments, struct error **error)
{
  (void)arguments;
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  int answer = gateway_need_state(&gateway, error);
  if (answer == 0)
    answer = show(&gateway, error);
  while (answer == 0 && line->watch) {
    sleep(WATCH_SECONDS);
    answer = show(&gateway, error);
  }
  gateway_close(&gateway);
  return answer;
}

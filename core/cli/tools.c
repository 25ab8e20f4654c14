/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth tools` and `jauauth call`: tries servers without a client. */
#include "core/cli/commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cli/columns.h"
#include "core/cli/local-client.h"
#include "core/cli/output.h"
#include "core/json/decode.h"
#include "core/json/place.h"

/* --- tools ------------------------------------------------------------------------------------ */

/* First line of a member that is a string; empty where there is none. */
static char *first_line(struct json_slice object, const char *name)
{
  CLEANUP_BUFFER struct buffer text = {0};
  struct json_slice value;
  if (json_member(object, name, &value) && json_kind(value) == JSON_KIND_STRING)
    json_string_decode(value, &text);
  char *line = buffer_steal(&text);
  if (line != NULL)
    line[strcspn(line, "\r\n")] = '\0';
  return line;
}

static int print_table(struct json_slice tools, struct error **error)
{
  CLEANUP_COLUMNS struct columns columns = {0};
  columns_row(&columns, 2, (const char *[]){"TOOL", "DESCRIPTION"});
  struct json_walk walk = json_walk(tools);
  struct json_slice tool;
  while (json_array_next(&walk, &tool)) {
    CLEANUP_FREE char *name = first_line(tool, "name");
    CLEANUP_FREE char *description = first_line(tool, "description");
    columns_row(&columns, 2, (const char *[]){name, description});
  }
  CLEANUP_BUFFER struct buffer text = {0};
  if (!columns_append(&columns, columns_colour(STDOUT_FILENO), &text))
    return error_memory(error);
  return output_text(&text, error);
}

static int list_tools(struct local_client *client, void *data, struct error **error)
{
  (void)data;
  struct json_slice result;
  struct json_slice tools;
  if (local_client_request(client, "tools/list", "{}", &result, error) != 0)
    return -1;
  if (!json_member(result, "tools", &tools))
    return error_make(error, ERROR_FAILED, 0, "the answer holds no tools");
  int answer = client->gateway->line->json ? output_foreign_json(result.at, result.length, error)
                                           : print_table(tools, error);
  if (answer != 0)
    return -1;
  return gateway_all_serve(client->gateway) ? 0 : ERROR_SANDBOX;
}

int command_tools(const struct command_line *line, const char *const *arguments,
                  struct error **error)
{
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  size_t only = CONFIG_WHOLE_FILE;
  int answer = gateway_need_servers(&gateway, error);
  if (answer == 0 && arguments[0] != NULL)
    answer = gateway_find(&gateway, arguments[0], &only, error);
  if (answer == 0)
    answer = local_client_run(&gateway, only, list_tools, NULL, error);
  gateway_close(&gateway);
  return answer;
}

/* --- call ------------------------------------------------------------------------------------- */

/* Text with its line feeds and tabs, and nothing else that moves a cursor. */
static void append_lines(struct buffer *out, const char *text, size_t length)
{
  size_t start = 0;
  for (size_t i = 0; i <= length; i++) {
    if (i < length && text[i] != '\n' && text[i] != '\t')
      continue;
    text_escape_controls(out, text + start, i - start);
    if (i < length)
      buffer_append_byte(out, text[i]);
    start = i + 1;
  }
}

/* One entry of a result's content: text as it is, anything else by its kind. */
static void append_content(struct buffer *out, struct json_slice entry)
{
  CLEANUP_BUFFER struct buffer text = {0};
  struct json_slice value;
  if (json_member(entry, "text", &value) && json_string_decode(value, &text)) {
    append_lines(out, text.data, text.length);
  } else {
    CLEANUP_FREE char *type = first_line(entry, "type");
    CLEANUP_FREE char *media = first_line(entry, "mimeType");
    buffer_append_byte(out, '[');
    text_escape_controls(out, type != NULL ? type : "", type != NULL ? strlen(type) : 0);
    buffer_append_text(out, media != NULL && *media != '\0' ? " " : "");
    text_escape_controls(out, media != NULL ? media : "", media != NULL ? strlen(media) : 0);
    buffer_append_byte(out, ']');
  }
  buffer_append_byte(out, '\n');
}

static int print_result(struct json_slice result, bool json, struct error **error)
{
  if (json)
    return output_foreign_json(result.at, result.length, error);
  CLEANUP_BUFFER struct buffer text = {0};
  struct json_slice content;
  if (!json_member(result, "content", &content))
    return output_foreign_json(result.at, result.length, error);
  struct json_walk walk = json_walk(content);
  struct json_slice entry;
  while (json_array_next(&walk, &entry))
    append_content(&text, entry);
  return output_text(&text, error);
}

struct call {
  const char *tool;
  const char *arguments;
};

/* Adds the nearest name to the error of a tool that is not there. */
static int suggest(struct local_client *client, const char *tool, struct error **error)
{
  enum { MOST = 4096 };
  struct json_slice result;
  struct json_slice tools;
  struct json_slice each;
  CLEANUP_FREE char **names = calloc(MOST, sizeof *names);
  size_t count = 0;
  bool known = false;
  if (names == NULL || local_client_request(client, "tools/list", "{}", &result, NULL) != 0 ||
      !json_member(result, "tools", &tools))
    return -1;
  struct json_walk walk = json_walk(tools);
  while (count < MOST && json_array_next(&walk, &each)) {
    names[count] = first_line(each, "name");
    if (names[count] == NULL)
      break;
    known = known || strcmp(names[count], tool) == 0;
    count++;
  }
  const char *near = known ? NULL : text_suggest(tool, (const char *const *)names, count);
  if (near != NULL)
    error_hint(error, "did you mean %s?", near);
  else if (!known)
    error_hint(error, "see jauauth tools");
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  return -1;
}

static int call_tool(struct local_client *client, void *data, struct error **error)
{
  const struct call *call = data;
  CLEANUP_BUFFER struct buffer params = {0};
  buffer_append_text(&params, "{\"name\":");
  json_string_append(&params, call->tool, strlen(call->tool));
  buffer_append_format(&params, ",\"arguments\":%s}", call->arguments);
  if (params.failed)
    return error_memory(error);
  struct json_slice result;
  if (local_client_request(client, "tools/call", params.data, &result, error) != 0)
    return suggest(client, call->tool, error);
  if (print_result(result, client->gateway->line->json, error) != 0)
    return -1;
  struct json_slice failed;
  bool is_error = json_member(result, "isError", &failed) && json_kind(failed) == JSON_KIND_TRUE;
  return is_error ? ERROR_FAILED : 0;
}

/* The arguments must be a JSON object, and nothing else may hide behind it. */
static int check_arguments(const char *text, struct error **error)
{
  struct json_want whole = {.path = ""};
  struct json_fault fault;
  if (!json_scan(text, strlen(text), NULL, &whole, 1, &fault)) {
    error_make(error, ERROR_USAGE, 0, "the arguments are no JSON: %s at character %zu",
               fault.reason, json_position(text, strlen(text), fault.offset).column);
    return error_hint(error, "write them as one word: '{\"name\": \"value\"}'");
  }
  if (json_kind(whole.value) == JSON_KIND_OBJECT)
    return 0;
  error_make(error, ERROR_USAGE, 0, "the arguments must be a JSON object");
  return error_hint(error, "write them as one word: '{\"name\": \"value\"}'");
}

int command_call(const struct command_line *line, const char *const *arguments,
                 struct error **error)
{
  struct call call = {arguments[0], arguments[1] != NULL ? arguments[1] : "{}"};
  if (check_arguments(call.arguments, error) != 0)
    return -1;
  if (!text_is_utf8(call.tool, strlen(call.tool)))
    return error_make(error, ERROR_USAGE, 0, "the name of the tool is no UTF-8");
  struct gateway gateway;
  if (gateway_open(&gateway, line, error) != 0)
    return -1;
  int answer = gateway_need_servers(&gateway, error);
  if (answer == 0)
    answer = local_client_run(&gateway, CONFIG_WHOLE_FILE, call_tool, &call, error);
  gateway_close(&gateway);
  return answer;
}

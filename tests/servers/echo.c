/* SPDX-License-Identifier: Apache-2.0 */
/* A small fast MCP server with the one tool `echo`, for the soak test and the benchmarks. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * It reads what routers and clients print: one message a line, in which the members that it needs
 * are found by their quoted name at the right depth. It is no general JSON parser.
 */
struct span {
  const char *first;
  size_t length;
};

/* The end of the value that begins at `at`; a value ends where its own depth comes back. */
static const char *value_end(const char *at, const char *end)
{
  int depth = 0;
  bool text = false;
  for (; at < end; at++) {
    if (text) {
      if (*at == '\\')
        at++;
      else if (*at == '"')
        text = false;
    } else if (*at == '"') {
      text = true;
    } else if (*at == '{' || *at == '[') {
      depth++;
    } else if (*at == '}' || *at == ']' || *at == ',') {
      if (depth == 0)
        return at;
      if (*at != ',')
        depth--;
    }
  }
  return end;
}

static const char *skip_blanks(const char *at, const char *end)
{
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
    at++;
  return at;
}

/* Finds a member of the object `object`; a span of length 0 when there is none. */
static struct span member(struct span object, const char *name)
{
  const char *at = object.first;
  const char *end = object.first + object.length;
  size_t length = strlen(name);
  at = skip_blanks(at, end);
  if (at >= end || *at != '{')
    return (struct span){at, 0};
  at++;
  for (;;) {
    at = skip_blanks(at, end);
    if (at >= end || *at != '"')
      return (struct span){at, 0};
    const char *key = at + 1;
    const char *colon = key;
    while (colon < end && *colon != '"')
      colon += *colon == '\\' ? 2 : 1;
    bool found = (size_t)(colon - key) == length && memcmp(key, name, length) == 0;
    while (colon < end && *colon != ':')
      colon++;
    const char *first = skip_blanks(colon + 1, end);
    if (first >= end)
      return (struct span){at, 0};
    const char *last = value_end(first, end);
    if (found) {
      while (last > first && strchr(" \t\r\n", last[-1]))
        last--;
      return (struct span){first, (size_t)(last - first)};
    }
    at = skip_blanks(last, end);
    if (at >= end || *at != ',')
      return (struct span){at, 0};
    at++;
  }
}

static bool equals(struct span span, const char *text)
{
  return span.length == strlen(text) && memcmp(span.first, text, span.length) == 0;
}

static void put(struct span span)
{
  fwrite_unlocked(span.first, 1, span.length, stdout);
}

/* Starts the answer to `id`, up to where its result begins. */
static void begin(struct span id)
{
  fputs_unlocked("{\"jsonrpc\":\"2.0\",\"id\":", stdout);
  put(id);
  fputs_unlocked(",\"result\":", stdout);
}

static void answer_initialize(struct span parameters)
{
  fputs_unlocked("{\"protocolVersion\":", stdout);
  struct span revision = member(parameters, "protocolVersion");
  if (revision.length > 0)
    put(revision);
  else
    fputs_unlocked("\"2025-11-25\"", stdout);
  fputs_unlocked(",\"capabilities\":{\"tools\":{}},"
                 "\"serverInfo\":{\"name\":\"echo\",\"version\":\"1\"}}",
                 stdout);
}

static void answer_call(struct span parameters)
{
  struct span arguments = member(parameters, "arguments");
  if (arguments.length == 0)
    arguments = (struct span){"{}", 2};
  fputs_unlocked("{\"content\":[],\"structuredContent\":", stdout);
  put(arguments);
  fputs_unlocked("}", stdout);
}

static void answer(struct span message)
{
  struct span id = member(message, "id");
  struct span method = member(message, "method");
  struct span parameters = member(message, "params");
  if (id.length == 0 || method.length == 0)
    return;
  if (equals(method, "\"initialize\"")) {
    begin(id);
    answer_initialize(parameters);
  } else if (equals(method, "\"tools/list\"")) {
    begin(id);
    fputs_unlocked("{\"tools\":[{\"name\":\"echo\",\"description\":\"returns its arguments\","
                   "\"inputSchema\":{\"type\":\"object\"}}]}",
                   stdout);
  } else if (equals(method, "\"tools/call\"")) {
    begin(id);
    answer_call(parameters);
  } else if (equals(method, "\"ping\"")) {
    begin(id);
    fputs_unlocked("{}", stdout);
  } else {
    fputs_unlocked("{\"jsonrpc\":\"2.0\",\"id\":", stdout);
    put(id);
    fputs_unlocked(",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}", stdout);
  }
  fputs_unlocked("}\n", stdout);
}

int main(void)
{
  char *line = NULL;
  size_t size = 0;
  ssize_t length;
  while ((length = getline(&line, &size, stdin)) > 0) {
    answer((struct span){line, (size_t)length});
    if (fflush(stdout) != 0)
      break;
  }
  free(line);
  return 0;
}

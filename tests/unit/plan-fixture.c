/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for tests, and a process that can tell whether anything of them is left. */
#include "tests/unit/plan-fixture.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

json_t *fixture_json(const char *text)
{
  CLEANUP_FREE char *copy = strdup(text);
  for (char *at = copy; *at != '\0'; at++)
    if (*at == '\'')
      *at = '"';
  json_error_t problem;
  json_t *value = json_loads(copy, JSON_DECODE_ANY, &problem);
  if (value == NULL)
    fail_msg("test data is no JSON: %s at %d of %s", problem.text, problem.position, copy);
  return value;
}

static json_t *list_of(json_t *list, va_list arguments)
{
  const char *text;
  while ((text = va_arg(arguments, const char *)) != NULL)
    json_array_append_new(list, strcmp(text, DRAFT_COMMAND) == 0 ? json_pack("{s:b}", "command", 1)
                                                                 : json_string(text));
  return list;
}

static struct draft draft_of(json_t *command)
{
  return (struct draft){
      .message = json_pack("{s:s, s:[], s:[]}", "tree", "own", "steps", "variables"),
      .request = json_pack("{s:o, s:[], s:{}}", "command", command, "environment", "limits")};
}

struct draft draft_new(const char *command, ...)
{
  va_list arguments;
  va_start(arguments, command);
  json_t *list = list_of(json_pack("[s]", command), arguments);
  va_end(arguments);
  return draft_of(list);
}

struct draft draft_bare(const char *command, ...)
{
  va_list arguments;
  va_start(arguments, command);
  json_t *list = list_of(json_pack("[s]", command), arguments);
  va_end(arguments);
  struct draft draft = draft_of(list);
  json_t *front = draft_step(&draft, "front", "server", NULL, DRAFT_COMMAND, NULL);
  json_object_set_new(front, "environment", json_array());
  return draft;
}

json_t *draft_step(struct draft *draft, const char *phase, const char *name, const char *program,
                   ...)
{
  va_list arguments;
  va_start(arguments, program);
  json_t *list = list_of(json_array(), arguments);
  va_end(arguments);
  json_t *step =
      json_pack("{s:s, s:s, s:s?, s:o, s:[[s,s]], s:[]}", "phase", phase, "name", name, "program",
                program, "arguments", list, "environment", "PATH", "/usr/bin:/bin", "files");
  assert_non_null(step);
  json_array_append_new(json_object_get(draft->message, "steps"), step);
  return step;
}

void draft_variable(struct draft *draft, const char *name, const char *value, const char *way)
{
  json_t *step = json_array_get(json_object_get(draft->message, "steps"), 0);
  json_array_append_new(json_object_get(draft->request, "environment"),
                        json_pack("[s,s]", name, value));
  json_array_append_new(json_object_get(draft->message, "variables"),
                        json_pack("{s:s,s:s}", "name", name, "way", way));
  if (strcmp(way, "front") == 0)
    json_array_append_new(json_object_get(step, "environment"), json_pack("[s,s]", name, value));
}

void draft_descriptor(json_t *step, const char *kind)
{
  json_array_append_new(json_object_get(step, "files"), json_pack("{s:s}", "kind", kind));
}

void draft_file(json_t *step, const char *description, const void *bytes, size_t length,
                bool secret)
{
  size_t room = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
  CLEANUP_FREE char *text = malloc(room);
  assert_non_null(text);
  sodium_bin2base64(text, room, bytes, length, sodium_base64_VARIANT_ORIGINAL);
  json_array_append_new(json_object_get(step, "files"),
                        json_pack("{s:s,s:s,s:s,s:b}", "kind", "file", "description", description,
                                  "base64", text, "secret", (int)secret));
}

void draft_set(struct draft *draft, const char *member, const char *text)
{
  json_object_set_new(draft->message, member, fixture_json(text));
}

void draft_limit(struct draft *draft, const char *limit, int64_t value, bool strict,
                 const char *verdict)
{
  json_object_set_new(json_object_get(draft->request, "limits"), limit,
                      json_pack("{s:I,s:b}", "value", (json_int_t)value, "strict", (int)strict));
  json_t *list = json_object_get(draft->message, "limits");
  if (list == NULL) {
    list = json_array();
    json_object_set_new(draft->message, "limits", list);
  }
  if (verdict != NULL)
    json_array_append_new(
        list, json_pack("{s:s,s:s,s:s}", "limit", limit, "verdict", verdict, "text", "because"));
}

struct plan *draft_try(const struct draft *draft, struct error **error)
{
  struct plan *plan = NULL;
  plan_parse(draft->message, draft->request, &plan, error);
  return plan;
}

void draft_free(struct draft *draft)
{
  json_decref(draft->message);
  json_decref(draft->request);
}

struct plan *draft_plan(struct draft *draft)
{
  CLEANUP_ERROR struct error *error = NULL;
  struct plan *plan = draft_try(draft, &error);
  if (plan == NULL)
    fail_msg("the plan of the test is refused: %s", error->message);
  draft_free(draft);
  return plan;
}

const char *fixture_keeper(void)
{
  static char path[4096];
  const char *build = getenv("JAUAUTH_BUILD");
  snprintf(path, sizeof path, "%s/core/sandbox/jauauth-keeper", build == NULL ? "." : build);
  if (access(path, X_OK) < 0)
    fail_msg("there is no keeper %s: set JAUAUTH_BUILD to the build directory", path);
  return path;
}

void fixture_adopt_orphans(void)
{
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
}

bool fixture_nothing_left(void)
{
  int64_t end = fixture_now() + PATIENCE;
  while (fixture_now() < end) {
    pid_t pid = waitpid(-1, NULL, WNOHANG);
    if (pid < 0 && errno == ECHILD)
      return true;
    if (pid == 0)
      fixture_sleep(5);
  }
  return false;
}

int64_t fixture_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fixture_sleep(int milliseconds)
{
  struct timespec span = {.tv_sec = milliseconds / 1000,
                          .tv_nsec = (long)(milliseconds % 1000) * 1000000};
  nanosleep(&span, NULL);
}

bool fixture_sanitized(void)
{
  const char *flags = getenv("JAUAUTH_SANITIZED");
  return flags != NULL && flags[0] != '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of a plugin, and the services that look at the machine, all through the host's world. */
#include "core/plugin/host/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/utf8.h"

enum { RUN_TIME_MAX = 10000, RUN_ARGUMENTS_MAX = 1024 };

/* A copy that is valid UTF-8: each byte that is not becomes U+FFFD, and a NUL ends it. */
static const char *copy_utf8(struct jauauth_call *call, const char *bytes, size_t length)
{
  if (length == 0)
    return "";
  length = strnlen(bytes, length);
  char *copy = host_allocate(call, length * 3 + 1);
  const unsigned char *at = (const unsigned char *)bytes;
  const unsigned char *end = at + length;
  size_t used = 0;
  while (at < end) {
    size_t sequence = utf8_sequence(at, end);
    memcpy(copy + used, sequence == 0 ? "\xEF\xBF\xBD" : (const char *)at,
           sequence == 0 ? 3 : sequence);
    used += sequence == 0 ? 3 : sequence;
    at += sequence == 0 ? 1 : sequence;
  }
  return copy;
}

static const char *copy_or_null(struct jauauth_call *call, const char *text)
{
  return text == NULL ? NULL : copy_utf8(call, text, strlen(text));
}

int32_t host_error_set(struct jauauth_error *error, const char *code, int32_t errnum,
                       const char *option, const char *text, const char *hint)
{
  if (error == NULL || error->final)
    return -1;
  struct jauauth_call *call = error->call;
  error->set = true;
  error->final = true;
  error->errnum = errnum;
  error->code = code == NULL ? "plugin-error" : copy_or_null(call, code);
  error->option = copy_or_null(call, option);
  error->text = text == NULL ? "no reason was given" : copy_or_null(call, text);
  error->hint = copy_or_null(call, hint);
  return -1;
}

void host_report(struct jauauth_call *call, struct jauauth_error *error, struct error **reason)
{
  const struct error *from = *reason;
  if (error != NULL && !error->final) {
    error->set = true;
    error->errnum = from == NULL ? 0 : from->errnum;
    error->code = from == NULL || from->code == NULL ? "host-service" : host_copy(call, from->code);
    error->option = NULL;
    error->text = from == NULL ? "a host service failed" : copy_or_null(call, from->message);
    error->hint = from == NULL ? NULL : copy_or_null(call, from->hint);
  }
  error_free(reason);
}

static bool is_absolute(const char *path, struct error **reason)
{
  if (path != NULL && path[0] == '/')
    return true;
  error_make_code(reason, ERROR_SANDBOX, "host-service", "%s is no absolute path",
                  path == NULL ? "NULL" : path);
  return false;
}

const char *host_find_program(struct jauauth_call *call, const char *name, const char *search,
                              struct jauauth_error *error)
{
  const struct host_world *world = call->settings->world;
  CLEANUP_ERROR struct error *reason = NULL;
  CLEANUP_FREE char *found = NULL;
  if (name != NULL && name[0] != '\0' &&
      world->find_program(world->data, name, search, &found, &reason) == 0)
    return host_copy(call, found);
  if (reason == NULL)
    error_make_code(&reason, ERROR_SANDBOX, "program-not-found", "the name of a program is empty");
  host_report(call, error, &reason);
  return NULL;
}

int32_t host_inspect_path(struct jauauth_call *call, const char *path, struct jauauth_path *result,
                          struct jauauth_error *error)
{
  const struct host_world *world = call->settings->world;
  CLEANUP_ERROR struct error *reason = NULL;
  struct host_path found = {0};
  if (!is_absolute(path, &reason) || world->inspect_path(world->data, path, &found, &reason) != 0) {
    host_report(call, error, &reason);
    return -1;
  }
  const struct jauauth_path full = {
      .struct_size = result->struct_size,
      .type = found.type,
      .mode = found.mode,
      .user_id = found.user,
      .group_id = found.group,
      .readable = found.readable,
      .writable = found.writable,
      .executable = found.executable,
      .size = found.size,
      .link = copy_or_null(call, found.link),
      .interpreter = copy_or_null(call, found.interpreter),
  };
  free(found.link);
  free(found.interpreter);
  memcpy(result, &full, full.struct_size < sizeof full ? full.struct_size : sizeof full);
  return 0;
}

const char *host_real_path(struct jauauth_call *call, const char *path, struct jauauth_error *error)
{
  const struct host_world *world = call->settings->world;
  CLEANUP_ERROR struct error *reason = NULL;
  CLEANUP_FREE char *real = NULL;
  if (is_absolute(path, &reason) && world->real_path(world->data, path, &real, &reason) == 0)
    return host_copy(call, real);
  host_report(call, error, &reason);
  return NULL;
}

static bool may_run(const struct jauauth_call *call, const char *const *argv, uint32_t time_limit,
                    struct error **reason)
{
  if (call->verb != HOST_PROBE) {
    error_make_code(reason, ERROR_SANDBOX, "run-outside-probe",
                    "a program can be run by probe only, not by %s", host_verb_name(call->verb));
    return false;
  }
  if (argv == NULL || !is_absolute(argv[0], reason))
    return false;
  size_t count = 0;
  while (argv[count] != NULL && count <= RUN_ARGUMENTS_MAX)
    count++;
  if (count <= RUN_ARGUMENTS_MAX && time_limit >= 1 && time_limit <= RUN_TIME_MAX)
    return true;
  error_make_code(reason, ERROR_SANDBOX, "host-service",
                  "run takes up to %d arguments and a time limit of 1 to %d ms", RUN_ARGUMENTS_MAX,
                  RUN_TIME_MAX);
  return false;
}

int32_t host_run(struct jauauth_call *call, const char *const *argv, uint32_t time_limit,
                 struct jauauth_run_result *result, struct jauauth_error *error)
{
  const struct host_world *world = call->settings->world;
  CLEANUP_ERROR struct error *reason = NULL;
  struct host_run outcome = {.exit_code = -1};
  if (!may_run(call, argv, time_limit, &reason) ||
      world->run(world->data, argv, call->run_environment, time_limit, &outcome, &reason) != 0) {
    buffer_free(&outcome.output);
    buffer_free(&outcome.errors);
    host_report(call, error, &reason);
    return -1;
  }
  size_t output = outcome.output.length;
  size_t errors = outcome.errors.length;
  const struct jauauth_run_result full = {
      .struct_size = result->struct_size,
      .exit_code = outcome.exit_code,
      .signal = outcome.signal,
      .timed_out = outcome.timed_out,
      .output =
          copy_utf8(call, outcome.output.data, output > HOST_RUN_OUTPUT ? HOST_RUN_OUTPUT : output),
      .errors =
          copy_utf8(call, outcome.errors.data, errors > HOST_RUN_OUTPUT ? HOST_RUN_OUTPUT : errors),
  };
  buffer_free(&outcome.output);
  buffer_free(&outcome.errors);
  memcpy(result, &full, full.struct_size < sizeof full ? full.struct_size : sizeof full);
  return 0;
}

void host_run_environment(struct jauauth_call *call, const char *name, const char *value)
{
  if (name == NULL || value == NULL || name[0] == '\0' || strchr(name, '=') != NULL) {
    host_fault(call, "run_environment needs a name and a value");
    return;
  }
  size_t count = 0;
  while (call->run_environment != NULL && call->run_environment[count] != NULL)
    count++;
  const char **grown = host_allocate(call, (count + 2) * sizeof *grown);
  if (count > 0)
    memcpy(grown, call->run_environment, count * sizeof *grown);
  grown[count] = host_format(call, "%s=%s", name, value);
  call->run_environment = grown;
}

const char *host_probed(struct jauauth_call *call, const char *key)
{
  if (key == NULL)
    return NULL;
  json_t *engine = json_object_get(call->probed, "engine");
  if (strcmp(key, "engine.path") == 0)
    return json_string_value(json_object_get(engine, "path"));
  if (strcmp(key, "engine.version") == 0)
    return json_string_value(json_object_get(engine, "version"));
  return json_string_value(json_object_get(json_object_get(call->probed, "features"), key));
}

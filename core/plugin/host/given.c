/* SPDX-License-Identifier: Apache-2.0 */
/* What a verb is given, built from JSON: the request, the ending of a server, kept pairs. */
#include "core/plugin/host/call.h"

#include <string.h>

static int malformed(struct error **error, const char *what)
{
  return error_make_code(error, ERROR_SANDBOX, "bad-request", "the request is malformed: %s", what);
}

/* Room for a list that ends with NULL. */
static void *pointers(struct jauauth_call *call, size_t count)
{
  return host_allocate(call, (count + 1) * sizeof(void *));
}

int host_build_list(struct jauauth_call *call, json_t *json, const char *what,
                    const char *const **list, struct error **error)
{
  size_t count = json_array_size(json);
  const char **made = pointers(call, count);
  for (size_t i = 0; i < count; i++) {
    made[i] = json_string_value(json_array_get(json, i));
    if (made[i] == NULL)
      return malformed(error, what);
  }
  *list = made;
  return json == NULL || json_is_array(json) ? 0 : malformed(error, what);
}

static int build_environment(struct jauauth_call *call, json_t *json,
                             struct jauauth_request *request, struct error **error)
{
  size_t count = json_array_size(json);
  const struct jauauth_variable **list = pointers(call, count);
  struct jauauth_variable *variables = host_allocate(call, (count + 1) * sizeof *variables);
  for (size_t i = 0; i < count; i++) {
    json_t *pair = json_array_get(json, i);
    variables[i].name = json_string_value(json_array_get(pair, 0));
    variables[i].value = json_string_value(json_array_get(pair, 1));
    if (variables[i].name == NULL || variables[i].value == NULL)
      return malformed(error, "environment");
    list[i] = &variables[i];
  }
  request->environment = list;
  return 0;
}

static int build_mounts(struct jauauth_call *call, json_t *json, struct jauauth_request *request,
                        struct error **error)
{
  size_t count = json_array_size(json);
  const struct jauauth_mount **list = pointers(call, count);
  struct jauauth_mount *mounts = host_allocate(call, (count + 1) * sizeof *mounts);
  for (size_t i = 0; i < count; i++) {
    json_t *mount = json_array_get(json, i);
    mounts[i].source = json_string_value(json_object_get(mount, "source"));
    mounts[i].target = json_string_value(json_object_get(mount, "target"));
    if (mounts[i].source == NULL || mounts[i].target == NULL)
      return malformed(error, "mounts");
    if (json_is_true(json_object_get(mount, "read_only")))
      mounts[i].flags |= JAUAUTH_MOUNT_READ_ONLY;
    if (json_is_true(json_object_get(mount, "host")))
      mounts[i].flags |= JAUAUTH_MOUNT_HOST;
    list[i] = &mounts[i];
  }
  request->mounts = list;
  return 0;
}

static int build_limits(struct jauauth_call *call, json_t *json, struct jauauth_request *request,
                        struct error **error)
{
  static const char *const names[JAUAUTH_LIMIT_COUNT] = {
      [JAUAUTH_LIMIT_MEMORY] = "memory",       [JAUAUTH_LIMIT_CPU] = "cpu",
      [JAUAUTH_LIMIT_PIDS] = "pids",           [JAUAUTH_LIMIT_OPEN_FILES] = "open_files",
      [JAUAUTH_LIMIT_FILE_SIZE] = "file_size",
  };
  struct jauauth_limit *limits = host_allocate(call, JAUAUTH_LIMIT_COUNT * sizeof *limits);
  for (size_t i = 0; i < JAUAUTH_LIMIT_COUNT; i++) {
    json_t *limit = json_object_get(json, names[i]);
    if (limit == NULL)
      continue;
    json_t *value = json_object_get(limit, "value");
    if (!json_is_integer(value) || json_integer_value(value) < 0)
      return malformed(error, "limits");
    limits[i].value = (uint64_t)json_integer_value(value);
    limits[i].strict = json_is_true(json_object_get(limit, "strict"));
  }
  request->limits = limits;
  request->limits_count = JAUAUTH_LIMIT_COUNT;
  return 0;
}

static int build_network(json_t *json, struct jauauth_request *request, struct error **error)
{
  const char *word = json_string_value(json);
  request->network = JAUAUTH_NETWORK_NONE;
  if (json == NULL || (word != NULL && strcmp(word, "none") == 0))
    return 0;
  request->network = JAUAUTH_NETWORK_OPEN;
  if (word != NULL && strcmp(word, "open") == 0)
    return 0;
  request->network = JAUAUTH_NETWORK_NAMED;
  request->network_name = json_string_value(json_object_get(json, "name"));
  return request->network_name == NULL ? malformed(error, "network") : 0;
}

/* Whom the server's processes belong to: a number that was left out is the account's own. */
static uint32_t number_or(json_t *json, const char *name, uint32_t own)
{
  json_t *number = json_object_get(json, name);
  return json_is_integer(number) ? (uint32_t)json_integer_value(number) : own;
}

int host_build_request(struct jauauth_call *call, json_t *json, struct jauauth_request *request,
                       struct error **error)
{
  const struct host_account *account = &call->settings->account;
  *request = (struct jauauth_request){
      .struct_size = sizeof *request,
      .instance = json_string_value(json_object_get(json, "instance")),
      .server = json_string_value(json_object_get(json, "server")),
      .work_directory = json_string_value(json_object_get(json, "work_directory")),
      .temporary_directory = json_string_value(json_object_get(json, "temporary_directory")),
      .home = json_string_value(json_object_get(json, "home")),
      .user_name = account->name,
      .user_id = account->user,
      .group_id = account->group,
      .server_user_id = number_or(json, "server_user", account->user),
      .server_group_id = number_or(json, "server_group", account->group),
      .network_given = !json_is_true(json_object_get(json, "network_default")),
  };
  if (request->instance == NULL || request->server == NULL)
    return malformed(error, "instance and server");
  if (host_build_list(call, json_object_get(json, "command"), "command", &request->command,
                      error) != 0)
    return -1;
  if (request->command[0] == NULL)
    return malformed(error, "command");
  if (build_network(json_object_get(json, "network"), request, error) != 0 ||
      build_environment(call, json_object_get(json, "environment"), request, error) != 0 ||
      build_mounts(call, json_object_get(json, "mounts"), request, error) != 0)
    return -1;
  return build_limits(call, json_object_get(json, "limits"), request, error);
}

static int build_outputs(struct jauauth_call *call, json_t *json, struct jauauth_ending *ending,
                         struct error **error)
{
  size_t count = json_array_size(json);
  const struct jauauth_output **list = pointers(call, count);
  struct jauauth_output *outputs = host_allocate(call, (count + 1) * sizeof *outputs);
  for (size_t i = 0; i < count; i++) {
    json_t *output = json_array_get(json, i);
    outputs[i].step = json_string_value(json_object_get(output, "step"));
    outputs[i].text = json_string_value(json_object_get(output, "text"));
    outputs[i].exit_code = (int32_t)json_integer_value(json_object_get(output, "exit_code"));
    if (outputs[i].step == NULL || outputs[i].text == NULL)
      return malformed(error, "outputs");
    list[i] = &outputs[i];
  }
  ending->outputs = list;
  return 0;
}

int host_build_ending(struct jauauth_call *call, json_t *json, struct jauauth_ending *ending,
                      struct error **error)
{
  const char *errors = json_string_value(json_object_get(json, "errors"));
  json_t *memory_kills = json_object_get(json, "memory_kills");
  *ending = (struct jauauth_ending){
      .struct_size = sizeof *ending,
      .exit_code = (int32_t)json_integer_value(json_object_get(json, "exit_code")),
      .signal = (int32_t)json_integer_value(json_object_get(json, "signal")),
      .asked = json_is_true(json_object_get(json, "asked")),
      .memory_kills = (uint64_t)json_integer_value(memory_kills),
      .failed_step = json_string_value(json_object_get(json, "failed_step")),
      .errors = errors == NULL ? "" : errors,
  };
  if (!json_is_integer(json_object_get(json, "exit_code")))
    return malformed(error, "exit_code");
  if (host_build_list(call, json_object_get(json, "status"), "status", &ending->status, error) != 0)
    return -1;
  return build_outputs(call, json_object_get(json, "outputs"), ending, error);
}

int host_build_pairs(struct jauauth_call *call, json_t *json,
                     const struct jauauth_pair *const **pairs, struct error **error)
{
  size_t count = json_object_size(json);
  const struct jauauth_pair **list = pointers(call, count);
  struct jauauth_pair *made = host_allocate(call, (count + 1) * sizeof *made);
  const char *key;
  json_t *value;
  size_t i = 0;
  json_object_foreach (json, key, value) {
    made[i].key = key;
    made[i].value = json_string_value(value);
    if (made[i].value == NULL)
      return malformed(error, "kept");
    list[i] = &made[i];
    i++;
  }
  *pairs = list;
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Calls one verb of a plugin: builds what it is given, judges what it built. */
#include "core/plugin/host/call.h"

#include <stdlib.h>
#include <string.h>

const struct jauauth_host host_vtable = {
    .struct_size = sizeof(struct jauauth_host),
    .abi_minor = JAUAUTH_ABI_MINOR,
    .allocate = host_allocate,
    .format = host_format,
    .error_set = host_error_set,
    .find_program = host_find_program,
    .inspect_path = host_inspect_path,
    .real_path = host_real_path,
    .run = host_run,
    .option_given = host_option_given,
    .option_integer = host_option_integer,
    .option_text = host_option_text,
    .option_list = host_option_list,
    .probed = host_probed,
    .probe_state = host_probe_state,
    .probe_engine = host_probe_engine,
    .probe_feature = host_probe_feature,
    .probe_finding = host_probe_finding,
    .probe_repair = host_probe_repair,
    .probe_weak_version = host_probe_weak_version,
    .probe_claim = host_probe_claim,
    .problem = host_problem,
    .plan_tree = host_plan_tree,
    .plan_step = host_plan_step,
    .plan_command_path = host_plan_command_path,
    .plan_variable = host_plan_variable,
    .plan_locate_front = host_plan_locate_front,
    .plan_locate_status = host_plan_locate_status,
    .plan_locate_output = host_plan_locate_output,
    .plan_locate_remote = host_plan_locate_remote,
    .plan_limit = host_plan_limit,
    .plan_stop_close_stdin = host_plan_stop_close_stdin,
    .plan_stop_wait = host_plan_stop_wait,
    .plan_stop_signal = host_plan_stop_signal,
    .plan_stop_step = host_plan_stop_step,
    .plan_setuid_engine = host_plan_setuid_engine,
    .plan_keep = host_plan_keep,
    .plan_weakens = host_plan_weakens,
    .plan_fact = host_plan_fact,
    .step_argument = host_step_argument,
    .step_command = host_step_command,
    .step_environment = host_step_environment,
    .step_file = host_step_file,
    .step_status = host_step_status,
    .step_gate = host_step_gate,
    .step_time_limit = host_step_time_limit,
    .step_capture = host_step_capture,
    .step_if_failed = host_step_if_failed,
    .diagnose = host_diagnose,
    .host_options = host_host_options,
    .run_environment = host_run_environment,
    .probe_watch = host_probe_watch,
    .note = host_note,
};

static const char *const verb_names[] = {
    [HOST_INIT] = "init",   [HOST_PROBE] = "probe",       [HOST_VALIDATE] = "validate",
    [HOST_SPAWN] = "spawn", [HOST_TEARDOWN] = "teardown", [HOST_DIAGNOSE] = "diagnose"};
enum { VERB_COUNT = sizeof verb_names / sizeof verb_names[0] };

const char *host_verb_name(enum host_verb verb)
{
  return (unsigned)verb < VERB_COUNT ? verb_names[verb] : NULL;
}

enum host_verb host_verb_from_name(const char *name)
{
  for (unsigned i = HOST_INIT; i < VERB_COUNT; i++)
    if (strcmp(verb_names[i], name) == 0)
      return (enum host_verb)i;
  return 0;
}

/* The members that every answer of the verb has; false when out of memory. */
static bool begin_answer(struct jauauth_call *call)
{
  switch (call->verb) {
  case HOST_PROBE:
    call->answer =
        json_pack("{s:{}, s:[], s:[], s:[]}", "features", "findings", "weak_versions", "claims");
    break;
  case HOST_VALIDATE:
    call->answer = json_pack("{s:[], s:[]}", "problems", "notes");
    break;
  case HOST_SPAWN:
  case HOST_TEARDOWN:
    call->answer =
        json_pack("{s:[], s:b, s:[], s:[], s:[], s:[], s:[], s:[]}", "steps", "setuid_engine", 0,
                  "variables", "limits", "stop", "keep", "weakens", "facts");
    break;
  default:
    call->answer = json_object();
    break;
  }
  return call->answer != NULL;
}

static int call_with_request(struct jauauth_call *call, json_t *input, int32_t *outcome,
                             struct error **error)
{
  const struct jauauth_plugin *plugin = call->settings->plugin;
  struct jauauth_request request;
  if (host_build_request(call, json_object_get(input, "request"), &request, error) != 0)
    return -1;
  call->options.values = json_object_get(input, "options");
  if (call->verb == HOST_VALIDATE)
    *outcome = plugin->validate(&host_vtable, call, &request, &call->options, &call->problems,
                                &call->error);
  else
    *outcome =
        plugin->spawn(&host_vtable, call, &request, &call->options, &call->plan, &call->error);
  return 0;
}

static int call_teardown(struct jauauth_call *call, json_t *input, int32_t *outcome,
                         struct error **error)
{
  const char *instance = json_string_value(json_object_get(input, "instance"));
  if (instance == NULL)
    return error_make(error, ERROR_SANDBOX, 0, "a teardown needs the id of an instance");
  const struct jauauth_pair *const *kept;
  if (host_build_pairs(call, json_object_get(input, "kept"), &kept, error) != 0)
    return -1;
  call->plan.teardown = true;
  *outcome = call->settings->plugin->teardown(&host_vtable, call, instance, kept, &call->plan,
                                              &call->error);
  return 0;
}

static int call_diagnose(struct jauauth_call *call, json_t *input, int32_t *outcome,
                         struct error **error)
{
  const struct jauauth_plugin *plugin = call->settings->plugin;
  *outcome = 0;
  if (plugin->diagnose == NULL)
    return 0;
  struct jauauth_ending ending;
  if (host_build_ending(call, json_object_get(input, "ending"), &ending, error) != 0)
    return -1;
  *outcome = plugin->diagnose(&host_vtable, call, &ending, &call->diagnosis, &call->error);
  return 0;
}

static int call_verb(struct jauauth_call *call, json_t *input, int32_t *outcome,
                     struct error **error)
{
  const struct jauauth_plugin *plugin = call->settings->plugin;
  switch (call->verb) {
  case HOST_INIT:
    *outcome = plugin->init == NULL ? 0 : plugin->init(&host_vtable, call, &call->error);
    return 0;
  case HOST_PROBE:
    *outcome = plugin->probe(&host_vtable, call, &call->probe, &call->error);
    return 0;
  case HOST_VALIDATE:
  case HOST_SPAWN:
    return call_with_request(call, input, outcome, error);
  case HOST_TEARDOWN:
    return call_teardown(call, input, outcome, error);
  case HOST_DIAGNOSE:
    return call_diagnose(call, input, outcome, error);
  default:
    return error_make(error, ERROR_SANDBOX, 0, "there is no verb %d", (int)call->verb);
  }
}

/* What an answer must not leave out; the rest of a plan is for plan_parse() to judge. */
static void judge_answer(struct jauauth_call *call)
{
  if (call->verb == HOST_PROBE) {
    const char *state = json_string_value(json_object_get(call->answer, "state"));
    if (state == NULL)
      host_fault(call, "probe does not say the state of the engine");
    else if (strcmp(state, "available") != 0 &&
             json_array_size(json_object_get(call->answer, "findings")) == 0)
      host_fault(call, "probe says \"%s\" and has no finding that says why", state);
  }
  if (call->verb == HOST_SPAWN && json_object_get(call->answer, "tree") == NULL)
    host_fault(call, "the plan does not say whose child the server is (plan_tree)");
}

static int plugin_error(const struct jauauth_call *call, struct error **error)
{
  const struct jauauth_error *mine = &call->error;
  const char *verb = host_verb_name(call->verb);
  if (!mine->set)
    return error_make_code(error, ERROR_SANDBOX, "plugin-no-reason", "%s failed and gave no reason",
                           verb);
  const char *colon = mine->option == NULL ? "" : ": ";
  error_make_code(error, ERROR_SANDBOX, mine->code, "%s%s%s",
                  mine->option == NULL ? "" : mine->option, colon, mine->text);
  if (error != NULL)
    (*error)->errnum = mine->errnum;
  return mine->hint == NULL ? -1 : error_hint(error, "%s", mine->hint);
}

int host_call(const struct host_settings *settings, enum host_verb verb, json_t *input,
              json_t **answer, struct error **error)
{
  struct jauauth_call call = {.settings = settings, .verb = verb};
  call.probed = json_object_get(input, "probed");
  call.host_options.values = json_object_get(input, "host_options");
  call.error.call = call.options.call = call.host_options.call = call.probe.call = &call;
  call.problems.call = call.plan.call = call.diagnosis.call = &call;
  int result = -1;
  int32_t outcome = -1;
  if (!begin_answer(&call))
    error_memory(error);
  else if (call_verb(&call, input, &outcome, error) != 0)
    result = -1;
  else if (outcome != 0)
    plugin_error(&call, error);
  else {
    judge_answer(&call);
    if (call.fault != NULL)
      error_make_code(error, ERROR_SANDBOX, "plugin-bad-answer", "its answer to %s is refused: %s",
                      host_verb_name(verb), call.fault);
    else {
      *answer = json_incref(call.answer);
      result = 0;
    }
  }
  json_decref(call.answer);
  free(call.fault);
  host_arena_free(&call);
  return result;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of probe, validate and diagnose. */
#include "core/plugin/host/call.h"

void host_probe_state(struct jauauth_probe *probe, uint32_t state)
{
  static const char *const words[] = {[JAUAUTH_STATE_AVAILABLE] = "available",
                                      [JAUAUTH_STATE_DEGRADED] = "degraded",
                                      [JAUAUTH_STATE_UNAVAILABLE] = "unavailable"};
  struct jauauth_call *call = probe->call;
  const char *word = host_word(call, "probe_state", state, words, sizeof words / sizeof words[0]);
  if (word != NULL)
    host_set(call, call->answer, "state", json_string(word));
}

void host_probe_engine(struct jauauth_probe *probe, const char *path, const char *version)
{
  struct jauauth_call *call = probe->call;
  json_t *engine = json_object();
  if (path == NULL || path[0] != '/')
    host_fault(call, "probe_engine needs the absolute path of the engine");
  host_set(call, engine, "path", host_text(call, "probe_engine", path));
  if (version != NULL)
    host_set(call, engine, "version", host_text(call, "probe_engine", version));
  host_set(call, call->answer, "engine", engine);
}

void host_probe_feature(struct jauauth_probe *probe, const char *key, const char *value)
{
  struct jauauth_call *call = probe->call;
  json_t *text = host_text(call, "probe_feature", value);
  if (key == NULL || key[0] == '\0') {
    host_fault(call, "probe_feature got no key");
    json_decref(text);
    return;
  }
  host_set(call, json_object_get(call->answer, "features"), key, text);
}

void host_probe_finding(struct jauauth_probe *probe, const char *code, uint32_t severity,
                        const char *text)
{
  static const char *const words[] = {[JAUAUTH_SEVERITY_INFO] = "info",
                                      [JAUAUTH_SEVERITY_WARNING] = "warning",
                                      [JAUAUTH_SEVERITY_ERROR] = "error"};
  struct jauauth_call *call = probe->call;
  const char *word =
      host_word(call, "probe_finding", severity, words, sizeof words / sizeof words[0]);
  json_t *finding = json_object();
  host_set(call, finding, "code", host_text(call, "probe_finding", code));
  if (word != NULL)
    host_set(call, finding, "severity", json_string(word));
  host_set(call, finding, "text", host_text(call, "probe_finding", text));
  host_set(call, finding, "repair", json_object());
  host_append(call, json_object_get(call->answer, "findings"), finding);
}

void host_probe_repair(struct jauauth_probe *probe, const char *platform, const char *repair)
{
  struct jauauth_call *call = probe->call;
  json_t *findings = json_object_get(call->answer, "findings");
  size_t count = json_array_size(findings);
  if (count == 0 || platform == NULL) {
    host_fault(call, "probe_repair needs a finding before it, and a platform");
    return;
  }
  json_t *finding = json_array_get(findings, count - 1);
  host_set(call, json_object_get(finding, "repair"), platform,
           host_text(call, "probe_repair", repair));
}

void host_probe_weak_version(struct jauauth_probe *probe, const char *identifier, const char *text,
                             const char *fixed_in)
{
  struct jauauth_call *call = probe->call;
  json_t *weak = json_object();
  host_set(call, weak, "identifier", host_text(call, "probe_weak_version", identifier));
  host_set(call, weak, "text", host_text(call, "probe_weak_version", text));
  if (fixed_in != NULL)
    host_set(call, weak, "fixed_in", host_text(call, "probe_weak_version", fixed_in));
  host_append(call, json_object_get(call->answer, "weak_versions"), weak);
}

void host_probe_claim(struct jauauth_probe *probe, const char *property)
{
  struct jauauth_call *call = probe->call;
  host_append(call, json_object_get(call->answer, "claims"),
              host_text(call, "probe_claim", property));
}

void host_probe_watch(struct jauauth_probe *probe, const char *path)
{
  struct jauauth_call *call = probe->call;
  if (path == NULL || path[0] != '/')
    host_fault(call, "probe_watch needs an absolute path");
  else
    host_append(call, host_list(call, "watched"), host_text(call, "probe_watch", path));
}

static void add_problem(struct jauauth_problems *problems, const char *function, const char *list,
                        const char *option, const char *text, const char *hint)
{
  struct jauauth_call *call = problems->call;
  json_t *problem = json_object();
  host_set(call, problem, "option", host_text(call, function, option));
  host_set(call, problem, "text", host_text(call, function, text));
  if (hint != NULL)
    host_set(call, problem, "hint", host_text(call, function, hint));
  host_append(call, json_object_get(call->answer, list), problem);
}

void host_problem(struct jauauth_problems *problems, const char *option, const char *text,
                  const char *hint)
{
  add_problem(problems, "problem", "problems", option, text, hint);
}

void host_note(struct jauauth_problems *problems, const char *option, const char *text,
               const char *hint)
{
  add_problem(problems, "note", "notes", option, text, hint);
}

void host_diagnose(struct jauauth_diagnosis *diagnosis, uint32_t ended, const char *code,
                   const char *text, const char *hint)
{
  static const char *const words[] = {[JAUAUTH_ENDED_NEVER_STARTED] = "never-started",
                                      [JAUAUTH_ENDED_SERVER] = "server",
                                      [JAUAUTH_ENDED_LIMIT] = "limit"};
  struct jauauth_call *call = diagnosis->call;
  const char *word = host_word(call, "diagnose", ended, words, sizeof words / sizeof words[0]);
  if (json_object_size(call->answer) > 0)
    host_fault(call, "diagnose was answered twice");
  if (word != NULL)
    host_set(call, call->answer, "ended", json_string(word));
  host_set(call, call->answer, "code", host_text(call, "diagnose", code));
  host_set(call, call->answer, "text", host_text(call, "diagnose", text));
  if (hint != NULL)
    host_set(call, call->answer, "hint", host_text(call, "diagnose", hint));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the host objects share: the call, its arena, and the first fault of what is built. */
#ifndef JAUAUTH_PLUGIN_HOST_CALL_H
#define JAUAUTH_PLUGIN_HOST_CALL_H

#include "core/plugin/host/host.h"

struct host_block;

struct jauauth_error {
  struct jauauth_call *call;
  bool set;
  bool final; /* set by the plugin itself: nothing replaces it */
  int errnum;
  const char *code;
  const char *option; /* NULL: none */
  const char *text;
  const char *hint; /* NULL: none */
};

struct jauauth_options {
  struct jauauth_call *call;
  json_t *values; /* borrowed; NULL: none were given */
};

struct jauauth_probe {
  struct jauauth_call *call;
};

struct jauauth_problems {
  struct jauauth_call *call;
};

struct jauauth_plan {
  struct jauauth_call *call;
  bool teardown; /* REMOVE steps only */
};

struct jauauth_step {
  struct jauauth_call *call;
  json_t *object;      /* part of the answer */
  uint32_t phase;      /* JAUAUTH_PHASE_… */
  int32_t descriptors; /* files, status and gate so far */
};

struct jauauth_diagnosis {
  struct jauauth_call *call;
};

struct jauauth_call {
  const struct host_settings *settings;
  enum host_verb verb;
  json_t *probed; /* borrowed; NULL: no probe */
  json_t *answer; /* what is being built */
  char *fault;    /* the first thing that was wrong with it; NULL: nothing */
  struct host_block *blocks;
  /* One object of each kind a call. */
  struct jauauth_error error;
  struct jauauth_options options;
  struct jauauth_options host_options; /* the values of the host file */
  const char **run_environment;        /* "NAME=value" for programs; ends with NULL; NULL: none */
  struct jauauth_probe probe;
  struct jauauth_problems problems;
  struct jauauth_plan plan;
  struct jauauth_diagnosis diagnosis;
};

/* Zeroed memory of the arena, aligned for every type. Ends the process when there is none, as the
 * ABI promises a plugin that it never gets NULL. */
void *host_allocate(struct jauauth_call *call, size_t size);
const char *host_copy(struct jauauth_call *call, const char *text);
const char *host_format(struct jauauth_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void host_arena_free(struct jauauth_call *call);

/* Remembers a fault, if it is the first. */
void host_fault(struct jauauth_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A text of the plugin as JSON, or NULL after a fault: it is NULL, no UTF-8, or very long. `where`
 * is the function, for the fault. */
json_t *host_text(struct jauauth_call *call, const char *where, const char *text);

/* The word for a number of the ABI: words[number], or NULL after a fault. */
const char *host_word(struct jauauth_call *call, const char *where, uint32_t number,
                      const char *const *words, size_t count);

/* Both take over `value` and count a NULL in it as a fault that is known already. */
void host_set(struct jauauth_call *call, json_t *object, const char *key, json_t *value);
void host_append(struct jauauth_call *call, json_t *array, json_t *value);

/* The array `key` of the answer, which is made when it is not there yet. */
json_t *host_list(struct jauauth_call *call, const char *key);

/* The error that a service gives to the plugin; a later one, or one of the plugin's own, takes its
 * place. `error` may be NULL. Frees *reason. */
void host_report(struct jauauth_call *call, struct jauauth_error *error, struct error **reason);

/* Builds the structs that a verb is given. -1 and *error when the JSON is not as promised. */
int host_build_request(struct jauauth_call *call, json_t *json, struct jauauth_request *request,
                       struct error **error);
int host_build_ending(struct jauauth_call *call, json_t *json, struct jauauth_ending *ending,
                      struct error **error);
int host_build_pairs(struct jauauth_call *call, json_t *json,
                     const struct jauauth_pair *const **pairs, struct error **error);
/* A list of texts that ends with NULL. An absent one is empty. */
int host_build_list(struct jauauth_call *call, json_t *json, const char *what,
                    const char *const **list, struct error **error);

/* The functions of the table, by the file that has them. services.c: */
int32_t host_error_set(struct jauauth_error *error, const char *code, int32_t errnum,
                       const char *option, const char *text, const char *hint);
const char *host_find_program(struct jauauth_call *call, const char *name, const char *search,
                              struct jauauth_error *error);
int32_t host_inspect_path(struct jauauth_call *call, const char *path, struct jauauth_path *result,
                          struct jauauth_error *error);
const char *host_real_path(struct jauauth_call *call, const char *path,
                           struct jauauth_error *error);
int32_t host_run(struct jauauth_call *call, const char *const *argv, uint32_t time_limit,
                 struct jauauth_run_result *result, struct jauauth_error *error);
void host_run_environment(struct jauauth_call *call, const char *name, const char *value);
const char *host_probed(struct jauauth_call *call, const char *key);
/* values.c: */
const struct jauauth_options *host_host_options(struct jauauth_call *call);
int32_t host_option_given(const struct jauauth_options *options, const char *name);
int64_t host_option_integer(const struct jauauth_options *options, const char *name,
                            int64_t fallback);
const char *host_option_text(const struct jauauth_options *options, const char *name,
                             const char *fallback);
const char *const *host_option_list(const struct jauauth_options *options, const char *name);
/* findings.c: */
void host_probe_state(struct jauauth_probe *probe, uint32_t state);
void host_probe_engine(struct jauauth_probe *probe, const char *path, const char *version);
void host_probe_feature(struct jauauth_probe *probe, const char *key, const char *value);
void host_probe_finding(struct jauauth_probe *probe, const char *code, uint32_t severity,
                        const char *text);
void host_probe_repair(struct jauauth_probe *probe, const char *platform, const char *repair);
void host_probe_weak_version(struct jauauth_probe *probe, const char *identifier, const char *text,
                             const char *fixed_in);
void host_probe_claim(struct jauauth_probe *probe, const char *property);
void host_probe_watch(struct jauauth_probe *probe, const char *path);
void host_problem(struct jauauth_problems *problems, const char *option, const char *text,
                  const char *hint);
void host_note(struct jauauth_problems *problems, const char *option, const char *text,
               const char *hint);
void host_diagnose(struct jauauth_diagnosis *diagnosis, uint32_t ended, const char *code,
                   const char *text, const char *hint);
/* plan.c: */
void host_plan_tree(struct jauauth_plan *plan, uint32_t tree);
void host_plan_command_path(struct jauauth_plan *plan, const char *path);
void host_plan_variable(struct jauauth_plan *plan, const char *name, uint32_t way);
void host_plan_locate_front(struct jauauth_plan *plan, uint32_t children);
void host_plan_locate_status(struct jauauth_plan *plan, const char *member, uint32_t children);
void host_plan_locate_output(struct jauauth_plan *plan, const char *step, uint32_t children);
void host_plan_locate_remote(struct jauauth_plan *plan);
void host_plan_limit(struct jauauth_plan *plan, uint32_t limit, uint32_t verdict, const char *text);
void host_plan_stop_close_stdin(struct jauauth_plan *plan);
void host_plan_stop_wait(struct jauauth_plan *plan, uint32_t milliseconds);
void host_plan_stop_signal(struct jauauth_plan *plan, uint32_t signal, uint32_t target);
void host_plan_stop_step(struct jauauth_plan *plan, const char *step);
void host_plan_setuid_engine(struct jauauth_plan *plan);
void host_plan_keep(struct jauauth_plan *plan, const char *key, const char *value);
void host_plan_weakens(struct jauauth_plan *plan, const char *option, const char *value,
                       const char *property);
void host_plan_fact(struct jauauth_plan *plan, const char *key, const char *value);
/* step.c: */
struct jauauth_step *host_plan_step(struct jauauth_plan *plan, uint32_t phase, const char *name,
                                    const char *program);
void host_step_argument(struct jauauth_step *step, const char *text);
void host_step_command(struct jauauth_step *step);
void host_step_environment(struct jauauth_step *step, const char *name, const char *value);
int32_t host_step_file(struct jauauth_step *step, const char *description, const void *bytes,
                       size_t length, uint32_t flags);
int32_t host_step_status(struct jauauth_step *step);
int32_t host_step_gate(struct jauauth_step *step);
void host_step_time_limit(struct jauauth_step *step, uint32_t milliseconds);
void host_step_capture(struct jauauth_step *step, uint32_t most_bytes);
void host_step_if_failed(struct jauauth_step *step, const char *other);

#endif

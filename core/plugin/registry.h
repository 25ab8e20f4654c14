/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins that are installed, and asynchronous calls of their verbs through a worker each. */
#ifndef JAUAUTH_PLUGIN_REGISTRY_H
#define JAUAUTH_PLUGIN_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>
#include <uv.h>

#include "core/base/error.h"

/*
 * One registry belongs to one libuv loop and its thread. Every call is answered exactly once, on
 * that loop, never from within the call itself. A worker that crashes, hangs, exits or answers
 * nonsense is an error of the call under way; the next call starts a new one. Calls of one plugin
 * are made one at a time, in their order; a worker that was idle for five seconds is ended. JSON
 * that a call is given is held, not copied: it must not be changed before the answer.
 *
 * Errors are those of the plugin, of the loader and of the worker, in front of each `plugin "NAME":
 * ` and behind it what the plugin printed, if anything. Texts in answers are escaped for display
 * already, but for those of plans.
 */
struct registry;

struct registry_settings {
  const char *const *directories; /* plugin directories, in order; ends with NULL */
  const char *worker_program;     /* absolute path of this program (/proc/self/exe resolved) */
  uid_t account_user;             /* account of plugins that must not run as root */
  gid_t account_group;
  const char *account_name;    /* NULL: there is none; such plugins then fail with the command that
                                  creates it. Ignored unless the router runs as root */
  const char *state_directory; /* where answers of probes are kept (core/plugin/probe_cache.h);
                                  NULL: nowhere */
  bool refresh;                /* probes are made anew all the same */
  unsigned call_milliseconds;  /* time limit of a call; 0: 10 seconds */
  json_t *host_options;        /* what the host file says for each plugin, by name; NULL: nothing */
};

/*
 * The settings are copied. Returns NULL and *error when out of memory. Whenever a worker has ended,
 * every child of this process that is no uv_process_t of the loop is killed and reaped: in a
 * subreaper (instance_prepare_process()) these are what a plugin has left, and nothing else may
 * make children meanwhile.
 */
struct registry *registry_new(uv_loop_t *loop, const struct registry_settings *settings,
                              struct error **error);

/* Names of the plugin files found in the directories, sorted, without duplicates: a name that is
 * there twice is listed and fails at its first call, naming both. The list ends with NULL and
 * belongs to the registry; it is valid until registry_close(). Files are not opened yet. */
const char *const *registry_names(struct registry *registry);

/* The file of a plugin, or NULL when there is none of that name. Owned by the registry. */
const char *registry_file(const struct registry *registry, const char *name);

/*
 * `answer` is the checked answer of the verb (borrowed, valid during the call-back), or NULL with
 * `error` set (borrowed as well). `data` is what the caller gave.
 */
typedef void registry_answer(void *data, json_t *answer, const struct error *error);

/* {"name","version","summary","account":"caller|unprivileged","abi":"1.0","options":[{"name",
 * "help","type","default","since","minimum","maximum","required","secret","weakens","host",
 * "means"}],
 * "front_programs":[…],"diagnose":true|false} */
void registry_describe(struct registry *registry, const char *name, registry_answer *answer,
                       void *data);

/* {"state":"available|degraded|unavailable","engine":{"path","version"},"features":{…},"findings":
 * [{"code","severity","text","repair":{"apt":…}}],"weak_versions":[…],"claims":[…],"watched":[…]}.
 * Made once in the life of a registry, and not at all where an answer was kept that still holds;
 * later calls are answered from it. */
void registry_probe(struct registry *registry, const char *name, registry_answer *answer,
                    void *data);

/* The same; but where the last one found that the engine cannot be used, and was made before this
 * call, it is made again. */
void registry_probe_again(struct registry *registry, const char *name, registry_answer *answer,
                          void *data);

/* What was kept of the plugin's probe may not be true any more: an engine that was said to work did
 * not. The next registry asks again. */
void registry_doubt(struct registry *registry, const char *name);

/* `request` is the JSON form of struct jauauth_request (see core/plugin/request.h), `options` the
 * typed options (core/plugin/options.h; NULL: none). The probe is made first where there was none,
 * so that the plugin knows its facts; one that fails does not fail this. Answer:
 * {"problems":[{"option","text","hint"}]}, empty when right. */
void registry_validate(struct registry *registry, const char *name, json_t *request,
                       json_t *options, registry_answer *answer, void *data);

/* Answer: the launch plan in the form that plan_parse() reads (core/sandbox/plan.h). The registry
 * makes the probe first where there was none and fails when the engine is unavailable. */
void registry_spawn(struct registry *registry, const char *name, json_t *request, json_t *options,
                    registry_answer *answer, void *data);

/* `kept`: object of texts. Answer: a plan of REMOVE steps only. */
void registry_teardown(struct registry *registry, const char *name, const char *instance,
                       json_t *kept, registry_answer *answer, void *data);

/* `ending`: {"exit_code","signal","asked","memory_kills","failed_step","errors","status":[…],
 * "outputs":[{"step","text","exit_code"}]}. Answer:
 * {"ended":"never-started|server|limit","code","text", "hint"}, or {} where the plugin has no
 * `diagnose`. */
void registry_diagnose(struct registry *registry, const char *name, json_t *ending,
                       registry_answer *answer, void *data);

/* Ends all workers, answers what is under way with an error, and calls `closed` on the loop when
 * the memory has been freed. */
void registry_close(struct registry *registry, void (*closed)(void *data), void *data);

#endif

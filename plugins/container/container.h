/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugins of container engines share: the engine's description, and a call under way. */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <jauauth/plugin.h>
#include <stdbool.h>

/* Features that `probe` tells to the other verbs. */
#define CONTAINER_HOST_NAME  "host.name"   /* of this machine, for the label */
#define CONTAINER_LOCALITY   "locality"    /* "local" or "remote" */
#define CONTAINER_ROOTLESS   "rootless"    /* "yes" or "no": the engine runs without root */
#define CONTAINER_LIMITS     "limits"      /* those that the engine enforces: "memory cpu pids" */
#define CONTAINER_HARD_FILES "hard.nofile" /* hard limits of the account, or "unlimited" */
#define CONTAINER_HARD_NPROC "hard.nproc"

/* An engine whose client has the command line of docker(1). */
struct container_engine {
  const char *name;          /* of the plugin and of the program */
  const char *shown;         /* in texts */
  bool is_podman;            /* the few differences of its command line */
  const char *const *claims; /* ends with NULL */
  const char *package;       /* name of the package that brings it */
};

/* The one that a plugin is for; it defines this. */
extern const struct container_engine container_engine;

/* One call of a verb. */
struct container_context {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  const struct jauauth_request *request; /* NULL but in `validate` and `spawn` */
  const struct jauauth_options *options; /* of the server; those of the host file elsewhere */
  struct jauauth_problems *problems;     /* `validate` only */
  struct jauauth_error *error;           /* not in `validate` */
  unsigned count;                        /* problems so far */
};

/* Reports one problem: all of them to `validate`, the first one as the error of `spawn`. `option`
 * is an option of the plugin or a member of the request, with "/" and an index for lists. */
void container_problem(struct container_context *context, const char *code, const char *option,
                       const char *text, const char *hint);

/* The first `length` bytes of a text, in the arena. */
const char *container_copy(const struct container_context *context, const char *text,
                           size_t length);

/* Whether the last probe told this feature with this value. */
bool container_probed_is(const struct container_context *context, const char *key,
                         const char *value);

/* What the last probe told: whether the engine runs without root, and whether it enforces "memory",
 * "cpu" or "pids". */
bool container_rootless(const struct container_context *context);
bool container_enforces(const struct container_context *context, const char *limit);

/* The verbs, for the table of a plugin, as struct jauauth_plugin describes them. */
int32_t container_validate(const struct jauauth_host *host, struct jauauth_call *call,
                           const struct jauauth_request *request,
                           const struct jauauth_options *options, struct jauauth_problems *problems,
                           struct jauauth_error *error);
int32_t container_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                        const struct jauauth_request *request,
                        const struct jauauth_options *options, struct jauauth_plan *plan,
                        struct jauauth_error *error);
int32_t container_teardown(const struct jauauth_host *host, struct jauauth_call *call,
                           const char *instance, const struct jauauth_pair *const *kept,
                           struct jauauth_plan *plan, struct jauauth_error *error);
int32_t container_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                           const struct jauauth_ending *ending, struct jauauth_diagnosis *diagnosis,
                           struct jauauth_error *error);

#endif

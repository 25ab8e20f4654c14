/* SPDX-License-Identifier: Apache-2.0 */
/* What the probes of container engines share. */
#ifndef CONTAINER_PROBE_H
#define CONTAINER_PROBE_H

#include "container.h"

struct container_repair {
  const char *platform;
  const char *text;
};

/* A cause for which an engine cannot be used, known by a part of what its client says. */
struct container_cause {
  const char *part;
  const char *code;
  const char *text;
  struct container_repair repairs[4]; /* as many as are not empty */
};

struct container_weak_version {
  const char *identifier;
  const char *first;
  const char *fixed_in;
  const char *text;
};

/* A probe under way. */
struct container_probing {
  struct container_context context;
  struct jauauth_probe *probe;
  const char *program;
  const struct container_cause *causes; /* ends with one whose part is NULL */
};

/* Looks for the program. False after saying that it is missing. */
bool container_find_engine(struct container_probing *at);

/* Runs the client with the flags that lead to the engine. True when it ended by itself in time; its
 * exit status is in *result. `words` end with NULL. */
bool container_ask(const struct container_probing *at, const char *const *words,
                   struct jauauth_run_result *result);

/* Says why it cannot be used, by what the client said, with its repairs. */
void container_unusable(const struct container_probing *at,
                        const struct jauauth_run_result *result);

/* A finding that ends the probe, and the repairs of a cause. */
void container_unavailable(const struct container_probing *at, const struct container_cause *cause,
                           const char *said);

/* The part of a line of `a|b|c` with this index, in the arena; "" when there is none. */
const char *container_field(const struct container_context *context, const char *line,
                            unsigned index);

/* Features of this machine that the plans need. */
void container_tell_machine(const struct container_probing *at, bool remote);

/* Runs something in a container of whatever image is here. False after saying why that fails; where
 * there is no image only that is told. */
bool container_try(const struct container_probing *at);

void container_claim(const struct container_probing *at);

/* Tells which rows cover this version. */
void container_weak_versions(const struct container_probing *at, const char *version,
                             const struct container_weak_version *rows, size_t count);

#endif

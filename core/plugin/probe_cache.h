/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of probes, kept as long as nothing that they depend on has changed. */
#ifndef JAUAUTH_PLUGIN_PROBE_CACHE_H
#define JAUAUTH_PLUGIN_PROBE_CACHE_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

/*
 * Kept is only that an engine is available: whoever repairs one that is not, or lacks something,
 * wants to see that at once. An answer is kept until one of these changes: the files that it names
 * as watched, the engine, the plugin's file, the host's options for it, the account and its groups,
 * the start of the kernel, its settings about namespaces, and what the process may do (namespaces,
 * capabilities, control group, security module). A cache that cannot be read or written is none.
 */
struct probe_subject {
  const char *directory; /* for state; NULL: nothing is kept */
  const char *name;      /* of the plugin */
  const char *file;
  uid_t user; /* the account of the probe */
  gid_t group;
  json_t *host_options; /* NULL: none */
};

/* A new reference to what was kept, to be checked like any foreign input; NULL: nothing holds. */
json_t *probe_cache_load(const struct probe_subject *subject);

/* `asked`: seconds of CLOCK_REALTIME before the probe began. What has changed since then was not
 * seen by it, and the answer is not kept. */
void probe_cache_store(const struct probe_subject *subject, json_t *answer, int64_t asked);

void probe_cache_forget(const struct probe_subject *subject);

#endif

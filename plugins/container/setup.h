/* SPDX-License-Identifier: Apache-2.0 */
/* From the request to what the container gets: what `validate` and `spawn` share. */
#ifndef CONTAINER_SETUP_H
#define CONTAINER_SETUP_H

#include "flags.h"

struct container_setup {
  struct container_context *context;
  struct container_flags flags;
  const char *image;
  const char *home;           /* path inside */
  const char *temporary;      /* path inside, beside /tmp */
  const char *work_directory; /* path inside; NULL: the image's own */
  const char *network;        /* "none", the name of one; NULL: the engine's ordinary network */
  const char *network_by;     /* the option that opened it; NULL: it is closed */
  uint64_t memory;            /* bytes; 0: no limit, as the others */
  uint64_t memory_swap;
  uint64_t cpus; /* thousandths */
  uint64_t pids;
  uint64_t files;
  uint64_t file_size;
};

/* Fills the rest of a setup whose context is set. Every problem is reported; the result may be used
 * only when there was none. */
void container_prepare(struct container_setup *setup);

/* The name of the container of an instance. */
const char *container_name(const struct container_context *context, const char *instance);

/* A limit of the request; 0: none. */
uint64_t container_limit(const struct container_context *context, uint32_t limit);

/* Whether a variable is passed by its name, since a file of variables cannot hold its value. */
bool container_by_name(const struct container_context *context,
                       const struct jauauth_variable *variable);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The option "extra_flags", read against one table of flags that are known. */
#ifndef CONTAINER_FLAGS_H
#define CONTAINER_FLAGS_H

#include <stdint.h>

#include "container.h"

/* One flag that goes to the engine, or a value that was taken out of the list. */
struct container_word {
  struct container_word *next;
  const char *text; /* "--name" or "--name=value" */
};

/* What the list asked for. Numbers are 0 and texts NULL where it did not. */
struct container_flags {
  struct container_word *passed;  /* to the engine, in order */
  struct container_word *allowed; /* those among them that only the host file allows */
  struct container_word *tmpfs;   /* paths inside that get one */
  uint64_t memory;                /* bytes */
  uint64_t memory_swap;           /* bytes, memory included */
  uint64_t cpus;                  /* thousandths */
  uint64_t pids;
  const char *network;
  const char *wants_network; /* the flag that is of no use without one */
  const char *work_directory;
  bool read_only; /* the root, which it is in any case */
};

/* Reads the list; what is wrong with it becomes problems of the context. */
void container_flags_read(struct container_context *context, struct container_flags *flags);

#endif

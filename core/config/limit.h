/* SPDX-License-Identifier: Apache-2.0 */
/* The limits and the network of a server, in the words of both configuration files. */
#ifndef JAUAUTH_CONFIG_LIMIT_H
#define JAUAUTH_CONFIG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* In the order of JAUAUTH_LIMIT_… */
enum config_limit_name {
  CONFIG_MEMORY,     /* bytes, of all processes of the server together */
  CONFIG_CPU,        /* thousandths of a processor, together */
  CONFIG_PIDS,       /* processes and threads, together */
  CONFIG_OPEN_FILES, /* descriptors, of each process */
  CONFIG_FILE_SIZE,  /* bytes, of each file written */
  CONFIG_LIMITS
};

struct config_limit {
  bool given;     /* it stands in the file */
  uint64_t value; /* in the unit above; 0: no limit */
};

struct config_limit_kind {
  const char *name;     /* in a request: "memory" */
  const char *key;      /* in the files: "memory_limit" */
  const char *expected; /* what may be written, for error texts */
  uint64_t minimum;     /* a smaller one would stop every server, so it is a mistake */
  uint64_t maximum;     /* inclusive */
  uint64_t built_in;    /* used when no file names the limit; 0: none */
  unsigned digits;      /* behind the point of a number: 3 for processors, else 0 */
  bool size;            /* a text with a unit such as "256m" is accepted */
};

/* One entry for each limit, by enum config_limit_name. */
extern const struct config_limit_kind config_limit_kinds[CONFIG_LIMITS];

/* Reads what stands in a file as text ("256m", "0.5", "64"), as a whole number, or as a number with
 * a fraction, into the unit of the limit. On failure *out is untouched and the ERROR_CONFIG says
 * what is expected and gives the range. */
int config_limit_from_text(enum config_limit_name name, const char *text, uint64_t *out,
                           struct error **error);
int config_limit_from_integer(enum config_limit_name name, int64_t number, uint64_t *out,
                              struct error **error);
int config_limit_from_fraction(enum config_limit_name name, double number, uint64_t *out,
                               struct error **error);

/* Appends the value as it is written in a file: "256m", "0.5", "64". */
void config_limit_append(enum config_limit_name name, uint64_t value, struct buffer *out);

enum config_network_kind {
  CONFIG_NETWORK_ABSENT, /* not said: what the next place says, in the end none */
  CONFIG_NETWORK_NONE,   /* false, or the name "none" */
  CONFIG_NETWORK_OPEN,   /* true */
  CONFIG_NETWORK_NAMED   /* any other name; what it means is for the strategy to say */
};

struct config_network {
  enum config_network_kind kind;
  char *name; /* CONFIG_NETWORK_NAMED only; owned */
};

/* Whether a text may be the name of a network: 1 to 128 of [A-Za-z0-9_.:/-], the first one a letter
 * or digit. */
bool config_is_network_name(const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the routers of this account run, and what is left over of dead ones. */
#ifndef JAUAUTH_CLI_PS_READ_H
#define JAUAUTH_CLI_PS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/plugin/registry.h"

/* One server of a router, or one left-over. Texts are owned, foreign, and NULL where unknown. */
struct ps_row {
  char *server;
  char *strategy;
  char *state; /* starting, running, parked, stopped, left-over */
  char *instance;
  char *reason;   /* why it ended, is parked, or is left over */
  pid_t router;   /* 0: it has died */
  pid_t keeper;   /* 0: none */
  pid_t pid;      /* the server's first process, 0: unknown or on another machine */
  bool own_tree;  /* its processes are below the keeper */
  int64_t uptime; /* milliseconds in this state; -1: unknown */
  int64_t restarts;
  bool measured;   /* the two below are known */
  uint64_t memory; /* bytes that its processes have in memory, or its control group uses */
  bool peak_known;
  uint64_t peak;         /* the most memory that its control group has used */
  json_t *limits;        /* array: {"limit", "value", "strict", "verdict", "by", "text"}; or NULL */
  uint64_t microseconds; /* of processor time that it used */
};

struct ps_rows {
  struct ps_row *rows;
  size_t count;
};

/* Reads all journals of the account. `registry` tells which plugins are installed. What cannot be
 * read is a row with the reason. *rows is to be freed in every case. */
int ps_read(const char *state_directory, struct registry *registry, struct ps_rows *rows,
            struct error **error);
void ps_rows_free(struct ps_rows *rows);
#define CLEANUP_ROWS __attribute__((cleanup(ps_rows_free)))

#endif

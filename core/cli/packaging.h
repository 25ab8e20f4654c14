/* SPDX-License-Identifier: Apache-2.0 */
/* Installs the package of one server in its sandbox, and locks what was installed. */
#ifndef JAUAUTH_CLI_PACKAGING_H
#define JAUAUTH_CLI_PACKAGING_H

#include <stdbool.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/cli/gateway.h"

/* Belongs to the loop of the gateway, as do all call-backs. */
struct packaging;

enum packaging_state {
  PACKAGING_NOTHING,   /* its entry asks for none */
  PACKAGING_CURRENT,   /* what is locked is installed, and unchanged */
  PACKAGING_INSTALLED, /* what was asked or locked is installed now */
  PACKAGING_DIFFERS,   /* an update was installed beside, and waits for packaging_take() */
  PACKAGING_FAILED     /* nothing has changed; the error says why */
};

struct packaging_events {
  /* A line of what an installer prints. */
  void (*said)(void *data, const char *line, size_t length);
  /* Once, from the loop. The packaging stays until packaging_free(). */
  void (*done)(void *data, enum packaging_state state, const struct error *error);
};

/*
 * The steps run in the server's own sandbox with the network open, one after the other, at most a
 * quarter of an hour each. `update`: also where all is current; what is new then counts only once
 * it is taken. The gateway's servers must have been made and its journal opened, and the plugins
 * must have answered. NULL and *error when it could not even begin.
 */
struct packaging *packaging_start(struct gateway *gateway, size_t server, bool update,
                                  const struct packaging_events *events, void *data,
                                  struct error **error);

/* Ends what runs; `done` follows with an error. Harmless when it was called before. */
void packaging_stop(struct packaging *packaging);

/* After PACKAGING_DIFFERS: what was installed beside counts from now on. */
int packaging_take(struct packaging *packaging, struct error **error);

/* What differs from the lock that counted before, as lock_difference() has it; the packages that
 * count now, and those whose install script was not run. Borrowed; NULL when there is none, also
 * for NULL. */
json_t *packaging_difference(const struct packaging *packaging);
json_t *packaging_packages(const struct packaging *packaging);
json_t *packaging_blocked(const struct packaging *packaging);
const char *packaging_program(const struct packaging *packaging);

/* Not before `done`. What was not taken is removed. Accepts NULL. */
void packaging_free(struct packaging *packaging);

#endif

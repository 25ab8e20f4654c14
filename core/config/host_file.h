/* SPDX-License-Identifier: Apache-2.0 */
/* The host file, jauauth.conf: what the administrator decides for all servers. */
#ifndef JAUAUTH_CONFIG_HOST_FILE_H
#define JAUAUTH_CONFIG_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/log.h"
#include "core/config/limit.h"
#include "core/config/problem.h"

#define HOST_LIST_WAIT_DEFAULT     10000 /* milliseconds */
#define HOST_LIST_WAIT_MAX         600000
#define HOST_IDLE_STOP_MAX         86400000             /* milliseconds: a day */
#define HOST_MESSAGE_LIMIT_DEFAULT (UINT64_C(16) << 20) /* bytes */
#define HOST_MESSAGE_LIMIT_MIN     (UINT64_C(64) << 10)
#define HOST_MESSAGE_LIMIT_MAX     (UINT64_C(1) << 30)
#define HOST_RUN_AS_DEFAULT        "jauauth-mcp"

/* Every member has a value: what the file says, or the built-in default named here. */
struct host_config {
  char **plugin_directories; /* absolute; ends with NULL; the installed one */
  char *default_strategy;    /* of servers that name none; the one chosen at build time */
  bool control_groups;       /* groups of our own are made where that can be done; true */
  bool allow_unsandboxed;    /* strategies that are no sandbox may be used; false */
  char *run_as;              /* account of servers when root runs the router; HOST_RUN_AS_DEFAULT */
  char *state_directory;     /* absolute; NULL: the usual place, see paths.h */
  int64_t list_wait_ms;      /* how long a list waits for servers that are starting;
                                HOST_LIST_WAIT_DEFAULT */
  bool lazy;                 /* servers that do not say are started by their first call; false */
  int64_t idle_stop_ms;      /* and stopped after so long without one; 0, which is never */
  bool prepare;              /* a start installs its package and runs the PREPARE steps of its plan
                                first; false */
  uint64_t message_limit;    /* bytes of one message; HOST_MESSAGE_LIMIT_DEFAULT */
  char **environment;        /* variables that ${NAME} in a servers file may take from the router's
                                environment; ends with NULL; HOME, LANG and USER */
  struct config_network network;             /* of servers that do not say; none */
  struct config_limit limits[CONFIG_LIMITS]; /* `given`: the file names it, so it must hold. Of the
                                                others, config_limit_kinds[].built_in. A value of 0
                                                is no limit */
  json_t *plugins;          /* object: what the file says for each plugin, by its name; {} */
  char **accept_partial;    /* keys of limits that may be enforced in part; ends with NULL; none */
  enum log_level log_level; /* LOG_LEVEL_INFO */
  enum log_format log_format; /* LOG_FORMAT_TEXT */
};

/*
 * Reads the text of a host file; an empty one gives the defaults. Returns NULL when out of memory
 * or after any error, which then stands in *problems: all at once, or the one syntax error. Else
 * the caller frees the result with host_config_free(). libconfig's "@include" is refused, because
 * what it reads would not be judged for its owner. `problems` must be empty but for its name.
 * Independent of the locale.
 */
struct host_config *host_config_parse(const char *text, size_t length,
                                      struct config_problems *problems);

/* The same for a file, which must belong to a trusted owner; NULL gives the built-in defaults.
 * Names the list after the path. */
struct host_config *host_config_load(const char *path, struct config_problems *problems);

/* Appends a host file in which every setting stands as a comment, with its default. */
void host_config_append_template(struct buffer *out);

void host_config_free(struct host_config **host);
#define CLEANUP_HOST_CONFIG __attribute__((cleanup(host_config_free)))

#endif

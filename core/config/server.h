/* SPDX-License-Identifier: Apache-2.0 */
/* One server as the servers file describes it. */
#ifndef JAUAUTH_CONFIG_SERVER_H
#define JAUAUTH_CONFIG_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/config/limit.h"

enum {
  CONFIG_ID_MAX = 40,           /* bytes: what is left of 64 must do for the name of a tool */
  CONFIG_TIMEOUT_MAX = 86400000 /* milliseconds: a day */
};

/* Names the folder of what "prepare" installs. It is replaced at the start: until then it stands
 * for
 * "${JAUAUTH_PACKAGE}". */
#define CONFIG_PACKAGE_VARIABLE "JAUAUTH_PACKAGE"

enum config_start {
  CONFIG_START_UNSAID, /* the host file's */
  CONFIG_START_EAGER,  /* with the router */
  CONFIG_START_LAZY    /* by the first call */
};

/* A variable of the server's environment that the file names. */
struct config_variable {
  char *name;
  char *value; /* a secret: never in a log, an error, an argv or in another environment */
  bool passed; /* taken from the router's environment by "env_passthrough" */
};

/* "HOST:INSIDE[:ro]" */
struct config_mount {
  char *source; /* absolute path of the host, as written: not resolved, not known to exist */
  char *target; /* absolute path inside */
  bool read_only;
};

/* "sandbox": the strategy and what every strategy understands. */
struct sandbox_config {
  char *strategy;      /* name of the plugin, the host file's default where none is given; NULL: the
                        one given cannot be used, and the server is broken */
  bool strategy_given; /* it stands in the file */
  json_t *options;     /* the strategy's options as they stand in the file; never NULL */
  char *options_pointer; /* their JSON pointer, or that of the place where they would stand */
  struct config_network network;
  struct config_limit limits[CONFIG_LIMITS];
  struct config_mount *mounts;
  size_t mount_count;
  char *work_directory;      /* path inside; NULL: the home */
  char *temporary_directory; /* path inside; NULL: /tmp */
  bool keep_home;            /* "home": "keep" */
  char **require;            /* properties that the sandbox must have; ends with NULL, or NULL */
  char **accept_partial;     /* keys of limits that may be enforced in part; the same */
  char **allow_swappable;    /* mount sources that are accepted although others can swap them */
};

struct server_config {
  char *id;       /* [A-Za-z][A-Za-z0-9_-]*; NULL: missing or wrong, the server is `broken` then */
  char *name;     /* for people; NULL: the id */
  char *pointer;  /* JSON pointer of the server in the file */
  char **command; /* program and arguments, variables replaced; ends with NULL. May hold
                     secrets where it differs from command_written */
  char **command_written; /* the same as the file has it: this is what may be shown */
  char **prepare; /* the command that installs what it needs, variables replaced; NULL: none */
  char **prepare_written;              /* the same as the file has it */
  struct config_variable *environment; /* "env", then "env_passthrough" */
  size_t environment_count;
  struct config_variable *expanded; /* of the router's environment, which stand in "args" */
  size_t expanded_count;
  struct sandbox_config sandbox;
  bool requires_auth;
  char **allowed_users; /* ends with NULL; NULL: everybody */
  int64_t timeout_ms;   /* of a call; 0: the file's */
  enum config_start start;
  int64_t idle_stop_ms; /* stopped after so long without a call; 0: never; -1: the host file's */
  char *run_as;         /* account when the router runs as root; NULL: the host file's */
  bool broken;          /* an error was reported for it: it must not be started */
};

/* A usable id that looks like the given one, which a usable one does itself: "my server.js" gives
 * "my-server-js". Empty where nothing of it can be used. */
void config_suggest_id(const char *id, char out[CONFIG_ID_MAX + 1]);

/* Whether the server is offered to a principal by its "allowed_users". */
bool server_config_allows(const struct server_config *server, const char *user);

void server_config_free(struct server_config *server);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The whole house in one object: configuration, plugins, router, and servers as processes. */
#ifndef JAUAUTH_CLI_GATEWAY_H
#define JAUAUTH_CLI_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "core/base/error.h"
#include "core/cli/command.h"
#include "core/config/host_file.h"
#include "core/config/paths.h"
#include "core/config/servers_file.h"
#include "core/mcp/router.h"
#include "core/plugin/registry.h"
#include "core/sandbox/instance.h"
#include "core/sandbox/journal.h"
#include "core/sandbox/launch.h"
#include "core/sandbox/measure/measure.h"
#include "core/sandbox/sweep.h"

/* What `ps` shows of a server; kept and published by gateway-journal.c. */
struct gateway_status {
  const char *state; /* "stopped", "starting", "running", "restarting" or "parked" */
  char *instance;    /* NULL: none runs */
  bool own_tree;     /* its processes are below the keeper */
  pid_t keeper;      /* 0: none */
  pid_t located;     /* the server's first process on this machine, 0: unknown */
  uint64_t since;    /* of the state, by os_since_boot() */
  json_t *limits;    /* of what runs: plan_limits_json() */
  char *reason;      /* why it ended or is parked; or NULL */
};

/* One server as a process: what the router's operations and the keeper's events come to. */
struct gateway_server;

struct gateway {
  const struct command_line *line;
  uv_loop_t loop;
  struct config_paths paths;
  struct config_problems host_problems;
  struct host_config *host;
  struct config_problems problems; /* of the servers file, and of what this machine lacks */
  bool told;                       /* problems were printed; later errors go to the log */
  struct servers_config *servers;  /* NULL until gateway_read_servers() */
  const char *state_directory;     /* NULL: there is none */
  char *package_root;              /* where packages are installed; NULL: there is no place */
  char *worker;                    /* this program */
  char *keeper;                    /* where it really is; NULL until gateway_start() */
  char *canary;                    /* likewise; NULL until gateway_find_canary() */
  bool measuring;                  /* set before gateway_prepare(): only canaries will run */
  char *user;                      /* the principal: who started the router */
  struct registry *registry;
  struct groups groups; /* where control groups can be made */
  struct launch *launch;
  bool prepared; /* the plugins have answered */
  struct router *router;
  struct gateway_server *processes; /* as many as servers in the file */
  struct gateway_status *statuses;  /* as many */
  struct journal journal;           /* of this router */
  uv_timer_t sweep_timer;
  struct sweep *sweep;         /* under way, or NULL */
  struct measure *measure;     /* under way, or NULL */
  size_t running;              /* starts whose end was not told to the router yet */
  bool journaled;              /* `journal` is open */
  bool swept;                  /* the last sweep has said what it had to leave */
  bool stopping;               /* gateway_stop() was called */
  void (*stopped)(void *data); /* set while stopping */
  void *stopped_data;
};

/*
 * Reads the host file, sets up the log and the registry. On failure everything is released. All
 * functions belong to one thread. `gateway` must not move until gateway_close().
 */
int gateway_open(struct gateway *gateway, const struct command_line *line, struct error **error);

/* Reads the servers file: `file`, or the one that is found when NULL. -1 and an ERROR_CONFIG when
 * there is none; a bad one shows in `problems`. */
int gateway_read_servers(struct gateway *gateway, const char *file, struct error **error);

/* Reads a servers file that is this text. */
int gateway_take_servers(struct gateway *gateway, const char *text, struct error **error);

/* The same as gateway_read_servers(), and refuses what may not be used, with all problems printed
 * to the log's stream: for commands that run servers. */
int gateway_need_servers(struct gateway *gateway, struct error **error);

/* Runs the loop until the plugins have answered about all servers. Nothing is started. `starts`:
 * the command will start something, so control groups are made ready for it. */
int gateway_prepare(struct gateway *gateway, bool starts, struct error **error);

/* Makes the router with all servers that the principal may use (only the one of this index unless
 * CONFIG_WHOLE_FILE), starts asking the plugins, and starts the servers once they have answered. */
int gateway_start(struct gateway *gateway, size_t only, struct error **error);

/* Stops all servers by their ladders; `stopped` is called once nothing is left. */
void gateway_stop(struct gateway *gateway, void (*stopped)(void *data), void *data);

/* Whether the tools of every server are known: it serves, or is stopped until it is called. */
bool gateway_all_serve(const struct gateway *gateway);

/* Ends the workers and runs the loop dry. The servers must have been stopped. */
void gateway_close(struct gateway *gateway);

/* Index of the server with this id; -1 and an ERROR_USAGE with the nearest one. */
int gateway_find(const struct gateway *gateway, const char *id, size_t *server,
                 struct error **error);

/* How a server is measured. */
struct gateway_measuring {
  struct gateway *gateway;
  size_t server;
  bool strategy;                                  /* its result is kept as that of the strategy */
  bool again;                                     /* whatever was kept */
  void (*progress)(void *data, const char *what); /* may be NULL */
  void (*done)(void *data, json_t *result, const struct plan *own, const struct error *error);
  void *data;
};

/* Measures a server of a prepared gateway that has found keeper and canary (measure.h). One at a
 * time; `measuring` must live until `done`, which is never called from within. */
int gateway_measure(struct gateway_measuring *measuring, struct error **error);

/* --- Between the files of the gateway ------------------------------------------------------------
 */

/* Operations of the router for its servers; their data is a struct gateway_server. */
extern const struct router_server_ops gateway_server_ops;

/* NULL: it is not offered. */
const struct router_server *gateway_server_routed(const struct gateway *gateway, size_t server);
struct gateway_server *gateway_server_at(struct gateway *gateway, size_t server);
int gateway_servers_new(struct gateway *gateway, struct error **error);
/* Handles of the loop first, memory once it has run dry. */
void gateway_servers_close(struct gateway *gateway);
void gateway_servers_free(struct gateway *gateway);
void gateway_server_attach(struct gateway *gateway, size_t server, struct router_server *routed);

/* The plugins have answered: starts what was waiting for that. */
void gateway_servers_prepared(struct gateway *gateway);

/* Fails when there is no state directory. */
int gateway_need_state(const struct gateway *gateway, struct error **error);

/* Sets gateway->keeper to the keeper that the command line names or the installed one. */
int gateway_find_keeper(struct gateway *gateway, struct error **error);

/* The same for the canary. */
int gateway_find_canary(struct gateway *gateway, struct error **error);

/*
 * The journal. A router that cannot write one says so and goes on, but starts nothing then whose
 * removal takes more than the end of its processes.
 */
int gateway_journal_open(struct gateway *gateway, struct error **error);
/* Clears what dead routers left, and again every 30 seconds while any is. */
void gateway_journal_sweep(struct gateway *gateway);
/* Handles first; the rest once the loop has run dry. */
void gateway_journal_close(struct gateway *gateway);
void gateway_journal_free(struct gateway *gateway);

/* A server changes its state; `reason` (or NULL) is copied. The status is published. */
void gateway_journal_state(struct gateway *gateway, size_t server, const char *state,
                           const char *reason);
/* Before its first step is run: writes the entry and fills the part of `settings` about it. */
int gateway_journal_enter(struct gateway *gateway, size_t server, const struct plan *plan,
                          struct instance_settings *settings, struct error **error);
/* The keeper is there; once the server runs, where its first process is. */
void gateway_journal_located(struct gateway *gateway, size_t server, pid_t keeper, pid_t located);
/* The instance has ended. With `left` its entry stays, to be cleared by a sweep. */
void gateway_journal_leave(struct gateway *gateway, size_t server, bool left);

/* Tools kept between two starts, in files of the state directory; functions of router_settings,
 * whose data is the gateway. */
bool gateway_cache_load(void *data, const char *server, struct buffer *out);
void gateway_cache_store(void *data, const char *server, const char *bytes, size_t length);

#endif

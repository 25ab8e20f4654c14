/* SPDX-License-Identifier: Apache-2.0 */
/* From the servers of the configuration to launch plans, through the plugins of their strategies.
 */
#ifndef JAUAUTH_SANDBOX_LAUNCH_H
#define JAUAUTH_SANDBOX_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/config/host_file.h"
#include "core/config/servers_file.h"
#include "core/package/install.h"
#include "core/package/store.h"
#include "core/plugin/registry.h"
#include "core/sandbox/groups.h"
#include "core/sandbox/plan.h"

/*
 * Belongs to the loop and the thread of its registry. First launch_prepare() asks the plugins and
 * makes the requests of all servers, then each server can be validated and planned. A server for
 * which something is missing on this machine is blocked: the reason is a warning in the problems of
 * the file and the error of its plan.
 */
struct launch;

/* Everything is borrowed and must live as long as the launch. */
struct launch_settings {
  uv_loop_t *loop; /* of the registry */
  struct registry *registry;
  const struct host_config *host;
  struct servers_config *servers;
  struct config_problems *problems; /* gets what is found about the servers */
  const char *state_directory;      /* for kept homes; NULL: there is none */
  const char *package_root;         /* for installed packages; NULL: there is none */
  const struct groups *groups;      /* where control groups can be made; NULL: none is */
  bool allow_unsandboxed;           /* host file or command line */
  bool measuring;                   /* nothing but canaries will run: what isolates nothing may be
                                       planned too */
};

typedef void launch_ready(void *data);

/*
 * Asks every installed plugin for its description, and the strategies in use for their probe, all
 * at once; then makes the requests. `ready` is called once, from the loop. NULL when out of memory.
 */
struct launch *launch_prepare(const struct launch_settings *settings, launch_ready *ready,
                              void *data, struct error **error);

/* Not while a call is under way. Accepts NULL. */
void launch_free(struct launch *launch);

/* Why a server cannot start here, with the hint behind it, or NULL. Borrowed. */
const struct error *launch_blocked(const struct launch *launch, size_t server);

/* Whether it is blocked because its engine could not be used when it was asked last. */
bool launch_waits(const struct launch *launch, size_t server);

/* Asks the engine of a server that waits again, and makes its request anew. `ready` is called once,
 * from the loop: then it is blocked, or it is not. */
void launch_ask_again(struct launch *launch, size_t server, launch_ready *ready, void *data);

/* The claims of its strategy (array of texts), or NULL when it is blocked before the probe. */
json_t *launch_claims(const struct launch *launch, size_t server);

/* Whether the strategy claims enough to be a sandbox; see launch_is_sandbox(). */
bool launch_contained(const struct launch *launch, size_t server);

/*
 * Whether plans with these claims are a sandbox at all: the files of the user are out of sight
 * ("private-home") and so are other processes ("no-outward-signals"). What claims less runs only
 * where the host allows it.
 */
bool launch_is_sandbox(json_t *claims);

/* Lets the plugin look at the options of a server; what it finds are warnings of the file, because
 * they depend on this machine. A blocked server is ready at once. */
void launch_validate(struct launch *launch, size_t server, launch_ready *ready, void *data);

/* The account of the server's processes. */
struct launch_account {
  uid_t user;
  gid_t group;
  char name[64]; /* empty: the router's own account */
};

/* `plan` belongs to the receiver; it is NULL and `error` (borrowed) set when there is none. */
typedef void launch_planned(void *data, struct plan *plan, const struct error *error);

/*
 * Makes the launch plan of a server for a new instance: a fresh instance id, the plugin's `spawn`,
 * and all checks of the host (limits, package runners without network, whether an installed package
 * is what was locked). An installed package is mounted and its program run. Answered from the loop.
 */
void launch_plan(struct launch *launch, size_t server, launch_planned *planned, void *data);

/* Both are owned by the receiver; they are NULL and `error` (borrowed) set when there is one
 * missing. */
typedef void launch_measured(void *data, struct plan *own, struct plan *canary,
                             const struct error *error);

/*
 * Makes two plans of a server for one new instance: its own, and by the same `spawn` the one for
 * the canary, whose request has two differences: the command is the program `canary` alone, and
 * that file is mounted read-only on its own place (JAUAUTH_MOUNT_HOST). Answered from the loop.
 */
void launch_plan_canary(struct launch *launch, size_t server, const char *canary,
                        launch_measured *planned, void *data);

/* What the probe of its strategy answered, or NULL; and the plugin's name. */
json_t *launch_probe(const struct launch *launch, size_t server);
const char *launch_strategy_name(const struct launch *launch, size_t server);

/* The finished request of a server (core/plugin/request.h), or NULL. */
json_t *launch_request(const struct launch *launch, size_t server);

/*
 * The same for a command (array of texts) that installs a package: with the network open, no
 * lasting home, no mount that can be written but that of the directory (a real path, which is the
 * same inside and is the working directory), and the strategy and limits of the server.
 */
void launch_plan_install(struct launch *launch, size_t server, json_t *command,
                         const char *directory, launch_planned *planned, void *data);

/* What is, or could be, installed for a server. */
struct launch_package {
  struct package package; /* what its entry asks for */
  struct store store;
  json_t *lock; /* NULL: none that was made for what is asked now */
  bool stale;   /* there is one for something else */
};

/* -1 and *error when its entry asks for something that cannot be installed, or its lock cannot be
 * believed. The caller ends *found with launch_package_close() in any case. */
int launch_package_find(const struct launch *launch, size_t server, struct launch_package *found,
                        struct error **error);
void launch_package_close(struct launch_package *found);
#define CLEANUP_LAUNCH_PACKAGE __attribute__((cleanup(launch_package_close)))

/* Whether something has to be installed before it can be started, or (with a network) should be. */
bool launch_package_missing(const struct launch *launch, size_t server);

/* The account under which a server's plan is run. -1 and *error when it does not exist; the hint is
 * the command that creates it. */
int launch_account(const struct launch *launch, size_t server, struct launch_account *account,
                   struct error **error);

/* Whom the server's own processes belong to: the same, or, where root runs the engine, the account
 * of "run_as". Never root. */
int launch_server_account(const struct launch *launch, size_t server,
                          struct launch_account *account, struct error **error);

/* Makes the kept home of a server, mode 0700, if it wants one, has none yet and is not blocked. It
 * must be there before its plan is made, because no source of a mount is ever created. */
int launch_make_home(const struct launch *launch, size_t server, struct error **error);

/* The account that plans of "unprivileged" plugins run as: when the process is root the one of this
 * name, else the process's own. -1 and *error with the command that creates it when there is none.
 */
int launch_find_account(const char *name, struct launch_account *account, struct error **error);

#endif

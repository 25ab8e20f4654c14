/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the launch share. */
#ifndef JAUAUTH_SANDBOX_LAUNCH_PARTS_H
#define JAUAUTH_SANDBOX_LAUNCH_PARTS_H

#include "core/sandbox/launch.h"

/* What is known of one installed plugin. */
struct launch_strategy {
  struct launch *launch;
  const char *name;    /* of the registry */
  json_t *description; /* NULL: it could not be loaded, see `error` */
  json_t *probe;       /* NULL: not asked for, or failed */
  struct error *error; /* of either */
};

/* What is known of one server. */
struct launch_server {
  struct launch_strategy *strategy; /* NULL: no such plugin */
  json_t *request;                  /* NULL: broken or blocked before it could be made */
  json_t *options;
  struct error *blocked;
  bool waits; /* blocked by what the probe said of its engine */
};

struct launch {
  struct launch_settings settings;
  struct launch_strategy *strategies;
  size_t strategy_count;
  struct launch_server *servers; /* as many as in the file, in its order */
  size_t waiting;                /* answers of plugins that are still to come */
  launch_ready *ready;
  void *data;
};

/* Makes the requests of all servers (CONFIG_WHOLE_FILE) once the plugins have answered, or that of
 * one anew. */
int launch_make_requests(struct launch *launch, size_t only, struct error **error);

/* Blocks a server with an error of its own and reports it as a warning of the file at `below`. */
void launch_block(struct launch *launch, size_t server, const char *below, const char *code,
                  const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The request of a server with its package in it: the mount, the program, the variable. The caller
 * owns the reference; NULL when out of memory. */
json_t *launch_package_request(json_t *request, const struct launch_package *found);

/* The request that installs a package, see launch_plan_install(). */
json_t *launch_install_request(json_t *request, json_t *command, const char *directory);

#endif

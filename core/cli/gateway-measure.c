/* SPDX-License-Identifier: Apache-2.0 */
/* Measures a server: what the measurement needs to know of the house. */
#include "core/cli/gateway.h"

#include <stdlib.h>
#include <unistd.h>

static int enter(void *data, const struct plan *plan, struct instance_settings *settings,
                 struct error **error)
{
  const struct gateway_measuring *measuring = data;
  return gateway_journal_enter(measuring->gateway, measuring->server, plan, settings, error);
}

static void leave(void *data, bool left)
{
  const struct gateway_measuring *measuring = data;
  gateway_journal_leave(measuring->gateway, measuring->server, left);
}

static void progress(void *data, const char *what)
{
  const struct gateway_measuring *measuring = data;
  if (measuring->progress != NULL)
    measuring->progress(measuring->data, what);
}

static void done(void *data, json_t *result, const struct plan *own, const struct error *error)
{
  const struct gateway_measuring *measuring = data;
  measuring->gateway->measure = NULL;
  measuring->done(measuring->data, result, own, error);
}

int gateway_measure(struct gateway_measuring *measuring, struct error **error)
{
  struct gateway *gateway = measuring->gateway;
  const struct server_config *server = &gateway->servers->servers[measuring->server];
  struct measure_settings settings = {
      .loop = &gateway->loop,
      .launch = gateway->launch,
      .server = measuring->server,
      .server_id = server->id,
      .kind = measuring->strategy ? "strategy" : "server",
      .name = measuring->strategy ? server->sandbox.strategy : server->id,
      .plugin_file = registry_file(gateway->registry, server->sandbox.strategy),
      .keeper = gateway->keeper,
      .canary = gateway->canary,
      .state_directory = gateway->state_directory,
      .home = geteuid() != 0 ? getenv("HOME") : NULL,
      .host_file = gateway->paths.host.found,
      .servers_file = gateway->paths.servers.found,
      .again = measuring->again,
      .enter = enter,
      .leave = leave,
      .progress = progress,
      .data = measuring,
  };
  if (gateway_need_state(gateway, error) != 0)
    return -1;
  gateway->measure = measure_start(&settings, done, error);
  return gateway->measure != NULL ? 0 : -1;
}

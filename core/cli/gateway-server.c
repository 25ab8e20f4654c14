/* SPDX-License-Identifier: Apache-2.0 */
/* A server as a process: from the router's wish to a running keeper, and back to a sentence. */
#include "core/cli/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/cli/packaging.h"
#include "core/sandbox/instance.h"
#include "core/transport/server_pipe.h"

/* A server that is just ending closes its output a moment before it is gone. */
enum { PATIENCE_MS = 1000 };

/*
 * The life of a process: wanted -> planning -> running -> ended. What is told to the router at its
 * end waits for both the instance's end and the last line that it wrote.
 */
struct gateway_server {
  struct gateway *gateway;
  size_t index;
  struct router_server *routed; /* NULL: not offered */
  struct instance *instance;    /* NULL: none runs */
  struct server_pipe *pipe;
  struct packaging *packaging; /* its package is being installed */
  bool wanted;                 /* the router has asked for it, the plugins have not answered yet */
  bool asking;                 /* its engine is asked again */
  bool stopping;               /* asked to stop */
  bool refused;                /* there was no plan, and there would be none a moment later */
  bool pipe_open;              /* lines may still come */
  bool left;           /* something of it is not gone, and may keep the pipe open for ever */
  uv_timer_t patience; /* after the end of its output, before it is stopped */
  char *limits;        /* which of its limits it has reached, or NULL */
  char *plain;         /* what the keeper said, while the plugin is asked what it means */
  char *ending;        /* sentence for the router; NULL: not ended yet */
};

static const struct server_config *configuration(const struct gateway_server *server)
{
  return &server->gateway->servers->servers[server->index];
}

static const char *id_of(const struct gateway_server *server)
{
  return configuration(server)->id;
}

/* The last thing that is said of a process; the router may ask for a new one from inside. */
static void tell_end(struct gateway_server *server)
{
  CLEANUP_FREE char *text = steal_pointer(server->ending);
  server_pipe_close(steal_pointer(server->pipe));
  server->pipe_open = false;
  struct gateway *gateway = server->gateway;
  gateway->running--;
  uv_timer_stop(&server->patience);
  if (server->refused)
    router_server_refused(server->routed, text, launch_waits(gateway->launch, server->index));
  else
    router_server_ended(server->routed, text);
  const char *state = gateway->stopping ? "stopped" : router_server_report(server->routed).word;
  gateway_journal_state(gateway, server->index, state, text);
  if (gateway->stopped != NULL && gateway->running == 0) {
    void (*stopped)(void *) = gateway->stopped;
    gateway->stopped = NULL;
    stopped(gateway->stopped_data);
  }
}

/* One line: what failed, and what to do. */
static char *sentence(const char *text, const char *hint)
{
  char *all = NULL;
  if (asprintf(&all, hint != NULL ? "%s (%s)" : "%s", text, hint) < 0)
    return strdup("out of memory");
  return all;
}

static void on_impatience(uv_timer_t *timer);

static void ended(struct gateway_server *server, const char *text, const char *hint)
{
  CLEANUP_FREE char *limits = steal_pointer(server->limits);
  CLEANUP_FREE char *both = NULL;
  if (limits != NULL && asprintf(&both, "%s; %s", text, limits) < 0)
    both = NULL;
  server->ending = sentence(both != NULL ? both : text, hint);
  if (!server->pipe_open)
    tell_end(server);
  else if (server->left)
    uv_timer_start(&server->patience, on_impatience, PATIENCE_MS, 0);
}

/* --- Events of the keeper -------------------------------------------------------------------- */

static void on_started(void *data, pid_t located)
{
  struct gateway_server *server = data;
  log_write(LOG_LEVEL_INFO, id_of(server), "started, process %ld", (long)located);
  gateway_journal_located(server->gateway, server->index, instance_keeper(server->instance),
                          located);
  gateway_journal_state(server->gateway, server->index, "running", NULL);
  router_server_ready(server->routed);
}

static void on_diagnosed(void *data, json_t *answer, const struct error *error)
{
  struct gateway_server *server = data;
  (void)error; /* the plain sentence is there already */
  CLEANUP_FREE char *plain = steal_pointer(server->plain);
  const char *text = json_string_value(json_object_get(answer, "text"));
  if (text == NULL)
    ended(server, plain, NULL);
  else
    ended(server, text, json_string_value(json_object_get(answer, "hint")));
}

static void on_ended(void *data, const struct instance_ending *ending, const struct error *error)
{
  struct gateway_server *server = data;
  struct gateway *gateway = server->gateway;
  server->instance = NULL;
  server->left = ending->left;
  free(server->limits);
  server->limits = ending->limits != NULL ? strdup(ending->limits) : NULL;
  gateway_journal_leave(gateway, server->index, ending->left);
  /* Why a start failed is what a plugin can say best. What the host knows stays in the log. */
  bool failed = error != NULL && error->code != NULL && strcmp(error->code, "start-failed") == 0;
  if (error != NULL)
    registry_doubt(gateway->registry, configuration(server)->sandbox.strategy);
  if (error != NULL && (!failed || server->stopping)) {
    ended(server, error->message, error->hint);
    return;
  }
  if (server->stopping) {
    ended(server, ending->text, NULL);
    return;
  }
  if (failed)
    log_write(LOG_LEVEL_INFO, id_of(server), "%s", error->message);
  server->plain = strdup(failed ? error->message : ending->text);
  registry_diagnose(gateway->registry, configuration(server)->sandbox.strategy, ending->ending,
                    on_diagnosed, server);
}

static void on_impatience(uv_timer_t *timer)
{
  struct gateway_server *server = timer->data;
  if (server->ending != NULL)
    tell_end(server);
  if (server->instance == NULL)
    return;
  log_write(LOG_LEVEL_WARNING, id_of(server), "lives without its standard output; it is stopped");
  server_pipe_close_input(server->pipe);
  instance_stop(server->instance);
}

/* What it writes to stderr from now on is not about its start. */
static void on_spoke(void *data)
{
  struct gateway_server *server = data;
  if (server->instance != NULL)
    instance_protocol_seen(server->instance);
}

/* The server's stdout has no more lines. One that still lives can answer nothing any more. */
static void on_output_end(void *data)
{
  struct gateway_server *server = data;
  server->pipe_open = false;
  if (server->ending != NULL)
    tell_end(server);
  else
    uv_timer_start(&server->patience, on_impatience, PATIENCE_MS, 0);
}

/* --- Starting -------------------------------------------------------------------------------- */

static int run(struct gateway_server *server, const struct plan *plan, struct error **error)
{
  static const struct instance_events events = {.started = on_started, .ended = on_ended};
  struct gateway *gateway = server->gateway;
  struct launch_account account;
  if (launch_account(gateway->launch, server->index, &account, error) != 0)
    return -1;
  struct instance_settings settings = {
      .keeper_program = gateway->keeper,
      .server = id_of(server),
      .user = account.user,
      .group = account.group,
      .user_name = account.name[0] != '\0' ? account.name : NULL,
      .prepare = gateway->host->prepare ? INSTANCE_PREPARE_ALSO : INSTANCE_PREPARE_NOT,
  };
  int input = -1;
  int output = -1;
  if (gateway_journal_enter(gateway, server->index, plan, &settings, error) != 0)
    return -1;
  server->instance =
      instance_start(&gateway->loop, plan, &settings, &events, server, &input, &output, error);
  if (server->instance == NULL) {
    gateway_journal_leave(gateway, server->index, false);
    return -1;
  }
  gateway_journal_located(gateway, server->index, instance_keeper(server->instance), 0);
  struct server_pipe_settings pipe = {.message_limit = (size_t)gateway->host->message_limit,
                                      .spoke = on_spoke};
  server->pipe = server_pipe_open(&gateway->loop, server->routed, input, output, &pipe,
                                  on_output_end, server, error);
  server->pipe_open = server->pipe != NULL;
  if (server->pipe == NULL) {
    log_write(LOG_LEVEL_ERROR, id_of(server), "%s", (*error)->message);
    error_free(error);
    instance_stop(server->instance); /* its end is then told as any other */
  }
  return 0;
}

static void on_planned(void *data, struct plan *plan, const struct error *failure)
{
  struct gateway_server *server = data;
  CLEANUP_ERROR struct error *error = NULL;
  server->refused = plan == NULL;
  if (plan == NULL)
    error = error_copy(failure);
  else if (server->stopping)
    error_make(&error, ERROR_FAILED, 0, "it was stopped before it was started");
  else if (run(server, plan, &error) != 0 && error == NULL)
    error_memory(&error);
  if (error != NULL)
    ended(server, error->message, error->hint);
  plan_free(&plan);
}

static void plan(struct gateway_server *server)
{
  CLEANUP_ERROR struct error *error = NULL;
  server->refused = launch_make_home(server->gateway->launch, server->index, &error) != 0;
  if (server->refused)
    ended(server, error->message, error->hint);
  else
    launch_plan(server->gateway->launch, server->index, on_planned, server);
}

static void on_installer_said(void *data, const char *line, size_t length)
{
  const struct gateway_server *server = data;
  CLEANUP_BUFFER struct buffer text = {0};
  text_escape_controls(&text, line, length);
  if (!text.failed && text.data != NULL)
    log_write(LOG_LEVEL_INFO, id_of(server), "preparing: %s", text.data);
}

static void on_packaged(void *data, enum packaging_state state, const struct error *error)
{
  struct gateway_server *server = data;
  if (state == PACKAGING_INSTALLED)
    log_write(LOG_LEVEL_INFO, id_of(server), "its package is installed, %zu packages in all",
              json_array_size(packaging_packages(server->packaging)));
  server->refused = error != NULL;
  CLEANUP_ERROR struct error *copy = error_copy(error);
  packaging_free(steal_pointer(server->packaging));
  if (copy != NULL)
    ended(server, copy->message, copy->hint);
  else
    plan(server);
}

/* Installs the package first where the host file wants that and there is one. */
static bool package_first(struct gateway_server *server, struct error **error)
{
  static const struct packaging_events events = {.said = on_installer_said, .done = on_packaged};
  struct gateway *gateway = server->gateway;
  if (!gateway->host->prepare || !launch_package_missing(gateway->launch, server->index))
    return false;
  server->packaging = packaging_start(gateway, server->index, false, &events, server, error);
  return true;
}

static void begin_now(struct gateway_server *server)
{
  gateway_journal_state(server->gateway, server->index, "starting", NULL);
  CLEANUP_ERROR struct error *error = NULL;
  if (!package_first(server, &error)) {
    plan(server);
  } else if (server->packaging == NULL) {
    server->refused = true;
    ended(server, error->message, error->hint);
  }
}

static void asked_again(void *data)
{
  struct gateway_server *server = data;
  if (!server->asking)
    return; /* it was stopped meanwhile */
  server->asking = false;
  begin_now(server);
}

static void begin(struct gateway_server *server)
{
  struct launch *launch = server->gateway->launch;
  server->asking = server->refused && launch_waits(launch, server->index);
  server->wanted = false;
  server->stopping = server->refused = server->left = false;
  server->gateway->running++; /* until tell_end() */
  if (server->asking)
    launch_ask_again(launch, server->index, asked_again, server);
  else
    begin_now(server);
}

void gateway_servers_prepared(struct gateway *gateway)
{
  for (size_t i = 0; gateway->processes != NULL && i < gateway->servers->server_count; i++)
    if (gateway->processes[i].wanted)
      begin(&gateway->processes[i]);
}

/* --- Operations of the router ---------------------------------------------------------------- */

static void start(void *data)
{
  struct gateway_server *server = data;
  server->wanted = true;
  if (server->gateway->prepared)
    begin(server);
}

static bool send_message(void *data, const struct iovec *parts, size_t count)
{
  struct gateway_server *server = data;
  return server->pipe != NULL && server_pipe_send(server->pipe, parts, count);
}

static void stop(void *data)
{
  struct gateway_server *server = data;
  server->stopping = true;
  server->wanted = false;
  if (server->asking) {
    server->asking = false;
    ended(server, "it was stopped before it was started", NULL);
  }
  if (server->pipe != NULL)
    server_pipe_close_input(server->pipe);
  if (server->instance != NULL)
    instance_stop(server->instance);
  if (server->packaging != NULL)
    packaging_stop(server->packaging);
}

static void pause_reading(void *data, bool paused)
{
  struct gateway_server *server = data;
  if (server->pipe != NULL)
    server_pipe_pause(server->pipe, paused);
}

const struct router_server_ops gateway_server_ops = {
    .start = start, .send = send_message, .stop = stop, .pause = pause_reading};

/* --- All of them ----------------------------------------------------------------------------- */

int gateway_servers_new(struct gateway *gateway, struct error **error)
{
  size_t count = gateway->servers->server_count;
  gateway->processes = calloc(count + 1, sizeof *gateway->processes);
  if (gateway->processes == NULL)
    return error_memory(error);
  for (size_t i = 0; i < count; i++) {
    gateway->processes[i] = (struct gateway_server){.gateway = gateway, .index = i};
    uv_timer_init(&gateway->loop, &gateway->processes[i].patience); /* it cannot fail */
    gateway->processes[i].patience.data = &gateway->processes[i];
  }
  return 0;
}

struct gateway_server *gateway_server_at(struct gateway *gateway, size_t server)
{
  return &gateway->processes[server];
}

const struct router_server *gateway_server_routed(const struct gateway *gateway, size_t server)
{
  return gateway->processes[server].routed;
}

void gateway_server_attach(struct gateway *gateway, size_t server, struct router_server *routed)
{
  gateway->processes[server].routed = routed;
}

bool gateway_all_serve(const struct gateway *gateway)
{
  for (size_t i = 0; i < gateway->servers->server_count; i++) {
    const struct router_server *routed = gateway->processes[i].routed;
    enum router_server_state state =
        routed != NULL ? router_server_state(routed) : ROUTER_SERVER_IDLE;
    if (state != ROUTER_SERVER_READY && state != ROUTER_SERVER_IDLE &&
        state != ROUTER_SERVER_STOPPED)
      return false;
  }
  return true;
}

void gateway_servers_close(struct gateway *gateway)
{
  for (size_t i = 0; gateway->processes != NULL && i < gateway->servers->server_count; i++) {
    server_pipe_close(steal_pointer(gateway->processes[i].pipe));
    uv_close((uv_handle_t *)&gateway->processes[i].patience, NULL);
  }
}

void gateway_servers_free(struct gateway *gateway)
{
  for (size_t i = 0; gateway->processes != NULL && i < gateway->servers->server_count; i++) {
    free(gateway->processes[i].limits);
    free(gateway->processes[i].plain);
    free(gateway->processes[i].ending);
  }
  free(gateway->processes);
}

void gateway_stop(struct gateway *gateway, void (*stopped)(void *data), void *data)
{
  gateway->stopping = true;
  if (gateway->router != NULL)
    router_stop(gateway->router);
  for (size_t i = 0; i < gateway->servers->server_count; i++)
    stop(&gateway->processes[i]);
  if (gateway->running == 0) {
    stopped(data);
    return;
  }
  gateway->stopped = stopped;
  gateway->stopped_data = data;
}

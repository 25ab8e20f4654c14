/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth serve`: the router for one client on standard input and output. */
#include "core/cli/commands.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/cli/gateway.h"
#include "core/transport/stdio_client.h"

struct serve {
  struct gateway gateway;
  struct stdio_client *client;
  uv_signal_t signals[3];
  int signal_count;
  int caught; /* the signal that ended it, 0: none */
  bool ending;
};

static const int ending_signals[] = {SIGTERM, SIGINT, SIGHUP};

static void stopped(void *data)
{
  struct serve *serve = data;
  for (int i = 0; i < serve->signal_count; i++)
    uv_close((uv_handle_t *)&serve->signals[i], NULL);
  serve->signal_count = 0;
  uv_stop(&serve->gateway.loop);
}

static void end(struct serve *serve)
{
  if (serve->ending)
    return;
  serve->ending = true;
  stdio_client_close(serve->client);
  serve->client = NULL;
  gateway_stop(&serve->gateway, stopped, serve);
}

static void client_ended(void *data)
{
  log_write(LOG_LEVEL_INFO, NULL, "the client has gone");
  end(data);
}

static void on_signal(uv_signal_t *handle, int number)
{
  struct serve *serve = handle->data;
  log_write(LOG_LEVEL_INFO, NULL, "ending on signal %d", number);
  serve->caught = number;
  end(serve);
}

static int catch_signals(struct serve *serve, struct error **error)
{
  for (size_t i = 0; i < sizeof ending_signals / sizeof ending_signals[0]; i++) {
    uv_signal_t *handle = &serve->signals[i];
    int code = uv_signal_init(&serve->gateway.loop, handle);
    if (code == 0) {
      serve->signal_count++;
      handle->data = serve;
      code = uv_signal_start(handle, on_signal, ending_signals[i]);
    }
    if (code != 0)
      return error_make(error, ERROR_FAILED, 0, "cannot catch signals: %s", uv_strerror(code));
  }
  return 0;
}

static int open_client(struct serve *serve, struct error **error)
{
  serve->client =
      stdio_client_open(&serve->gateway.loop, serve->gateway.router, STDIN_FILENO, STDOUT_FILENO,
                        (size_t)serve->gateway.host->message_limit, client_ended, serve, error);
  return serve->client == NULL ? -1 : 0;
}

int command_serve(const struct command_line *line, const char *const *arguments,
                  struct error **error)
{
  (void)arguments;
  struct serve serve = {0};
  struct command_line serving = *line;
  serving.serves = true;
  if (gateway_open(&serve.gateway, &serving, error) != 0)
    return -1;
  int answer = -1;
  if (gateway_need_servers(&serve.gateway, error) == 0 && catch_signals(&serve, error) == 0 &&
      gateway_start(&serve.gateway, CONFIG_WHOLE_FILE, error) == 0 &&
      open_client(&serve, error) == 0) {
    uv_run(&serve.gateway.loop, UV_RUN_DEFAULT);
    answer = 0;
  } else if (serve.gateway.processes != NULL && !serve.ending) {
    end(&serve);
    if (serve.gateway.running > 0)
      uv_run(&serve.gateway.loop, UV_RUN_DEFAULT);
  }
  for (int i = 0; i < serve.signal_count; i++)
    uv_close((uv_handle_t *)&serve.signals[i], NULL);
  gateway_close(&serve.gateway);
  return answer;
}

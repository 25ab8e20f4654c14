/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds bytes to the reader of the servers file, and makes requests of what it accepted. */
#include "core/base/cleanup.h"
#include "core/config/check.h"
#include "core/config/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold ends the program, also in a build with NDEBUG. */
#define MUST(condition)                                                                            \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static const char secret[] = "never-to-be-shown";
static const char *const environment[] = {"HOME=/home/ann", "TOKEN=never-to-be-shown", NULL};
static const char *const allowed[] = {"HOME", "TOKEN", NULL};
static const char *const names[] = {"cage", NULL};
static const struct config_front fronts[] = {{"engine", "cage"}};

static void check_server(struct servers_config *servers, size_t index,
                         const struct host_config *host, struct config_problems *problems)
{
  const struct server_config *server = &servers->servers[index];
  struct request_context context = {.instance = "a", .state_directory = "/nonexistent"};
  json_t *request = NULL;
  MUST(server->pointer != NULL);
  /* What may be started has everything that a start needs. */
  MUST(server->broken ||
       (server->id != NULL && server->command[0] != NULL && server->sandbox.strategy != NULL));
  for (size_t i = 0; i < server->environment_count; i++)
    MUST(server->broken || server->environment[i].value != NULL);
  config_check_strategy(servers, index, names, problems);
  config_check_front(servers, index, fronts, 1, true, problems);
  MUST(config_request_start(servers, index, &context, problems, &request, NULL) == 0);
  MUST(config_request_finish(request, host, NULL) == 0);
  config_check_runner(servers, index, request, problems);
  MUST(config_requests_link(&request, 1, NULL) == 0);
  json_decref(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const struct servers_settings settings = {
      .default_strategy = "cage", .allowed_variables = allowed, .environment = environment};
  CLEANUP_CONFIG_PROBLEMS struct config_problems none = {0};
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_HOST_CONFIG struct host_config *host = host_config_load(NULL, &none);
  CLEANUP_SERVERS_CONFIG struct servers_config *servers =
      servers_config_parse((const char *)data, size, &settings, &problems);
  MUST(host != NULL && !problems.failed);
  MUST(servers != NULL || problems.errors > 0);
  for (size_t i = 0; servers != NULL && i < servers->server_count; i++)
    check_server(servers, i, host, &problems);
  config_problems_append_text(&problems, &text);
  json_t *json = config_problems_json(&problems);
  MUST(json != NULL && !text.failed);
  /* A value of the environment may stand in no error; the input may name it itself. */
  if (text.length > 0 && memmem(data, size, "never", 5) == NULL)
    MUST(strstr(text.data, secret) == NULL);
  json_decref(json);
  return 0;
}

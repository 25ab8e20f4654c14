/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the router in this very process, for commands that ask one question. */
#ifndef JAUAUTH_CLI_LOCAL_CLIENT_H
#define JAUAUTH_CLI_LOCAL_CLIENT_H

#include <stdbool.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/cli/gateway.h"
#include "core/json/scan.h"

struct local_client {
  struct gateway *gateway;
  struct router_client *routed;
  struct buffer answer; /* the last answer */
  int64_t asked;        /* id of the request under way */
  bool answered;
};

/* Joins the started gateway's router and shakes hands. The client must not move. End it with
 * local_client_close(). */
int local_client_open(struct local_client *client, struct gateway *gateway, struct error **error);

/*
 * Asks and runs the loop until the answer is there. `params` is the text of a JSON object. On
 * success *result is the answer's "result", valid until the next request. An error answer is an
 * ERROR_FAILED with its message and errnum 0.
 */
int local_client_request(struct local_client *client, const char *method, const char *params,
                         struct json_slice *result, struct error **error);

void local_client_close(struct local_client *client);

/* Starts the servers (only one, unless CONFIG_WHOLE_FILE), calls `use` with a client, stops the
 * servers, and returns what it returned. */
int local_client_run(struct gateway *gateway, size_t only,
                     int (*use)(struct local_client *client, void *data, struct error **error),
                     void *data, struct error **error);

#endif

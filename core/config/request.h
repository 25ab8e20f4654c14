/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the request of a server: what both files ask for, in words that every strategy knows. */
#ifndef JAUAUTH_CONFIG_REQUEST_H
#define JAUAUTH_CONFIG_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/config/host_file.h"
#include "core/config/servers_file.h"

/* What a server's environment has when neither "env" nor "env_passthrough" sets it. TMPDIR is added
 * where the server has a "temp_dir". */
#define CONFIG_PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"
#define CONFIG_HOME_DEFAULT "/home/mcp"
#define CONFIG_LANG_DEFAULT "C.UTF-8"

/* What the request needs besides the two files. */
struct request_context {
  const char *instance;        /* unique id of the start: [a-z0-9-], at most 64 bytes */
  const char *home;            /* HOME of a server that sets none; NULL: CONFIG_HOME_DEFAULT */
  const char *state_directory; /* kept homes are homes/ID below it; NULL: there is none */
};

/*
 * A request is made in four steps: config_request_start(); then the options of the strategy, of
 * which some are another spelling of its members, are applied (core/plugin/options.h);
 * config_request_finish() fills in what nobody said; config_requests_link() tells each request of
 * the others.
 */

/*
 * Makes the JSON request of core/plugin/request.h with what this server says in the servers file,
 * and its complete environment. Network and limits that it does not name are absent; those that it
 * names are strict. A lasting home for which there is no place is reported in *problems and breaks
 * the server. On success the caller owns *request. -1 when out of memory.
 */
int config_request_start(struct servers_config *servers, size_t server,
                         const struct request_context *context, struct config_problems *problems,
                         json_t **request, struct error **error);

/* Fills in network and limits where they are absent: from the host file, whose limits are strict
 * too, or else the built-in ones, which are not. -1 when out of memory. */
int config_request_finish(json_t *request, const struct host_config *host, struct error **error);

/*
 * Adds to each request which writable sources there are: "writable_elsewhere" of all of them, and
 * "own_writable" of itself, as real paths (as written where there is no such path). A kept home is
 * a writable source too. To be called with the requests of all configured servers, before any of
 * them is used. `requests` may have NULL in it. -1 when out of memory.
 */
int config_requests_link(json_t *const *requests, size_t count, struct error **error);

/* Whether a finished request opens any network. */
bool config_request_has_network(const json_t *request);

/* Keys of the limits that may be enforced in part: the server's, or else the host file's. Ends with
 * NULL; borrowed from either. */
const char *const *config_accept_partial(const struct server_config *server,
                                         const struct host_config *host);

#endif

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
  /*
   * Options of the strategy that are another spelling of a member of the request, or NULL:
   * {"network": {"option": "share_net", "value": "none" | "open" | {"name": "…"}},
   *  "limits": {"memory": {"option": "memory_limit", "value": N}, …},
   *  "mounts": [{"option": "ro_binds/0", "source", "target", "read_only"}, …]}
   * Each member may be absent. Limits are in the units of core/config/limit.h; `option` is the path
   * of the option below the strategy's options.
   */
  json_t *merged;
};

/*
 * Makes the JSON request of core/plugin/request.h, without what config_requests_link() adds. A
 * member that the server gives counts before one of the strategy's options, which counts before the
 * host file's. What the server and its options say differently is reported in *problems and breaks
 * the server; so is a lasting home where there is no place for one. Limits from a file are strict,
 * built-in ones are not. On success the caller owns *request. -1 when out of memory.
 */
int config_request_build(struct servers_config *servers, size_t server,
                         const struct host_config *host, const struct request_context *context,
                         struct config_problems *problems, json_t **request, struct error **error);

/*
 * Adds to each request which writable sources there are: "writable_elsewhere" of all of them, and
 * "own_writable" of itself, as real paths (as written where there is no such path). A kept home is
 * a writable source too. To be called with the requests of all configured servers, before any of
 * them is used. `requests` may have NULL in it. -1 when out of memory.
 */
int config_requests_link(json_t *const *requests, size_t count, struct error **error);

/* Whether a request opens any network. */
bool config_request_has_network(const json_t *request);

/* Keys of the limits that may be enforced in part: the server's, or else the host file's. Ends with
 * NULL; borrowed from either. */
const char *const *config_accept_partial(const struct server_config *server,
                                         const struct host_config *host);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The servers file: which MCP servers there are and how each is to be run. */
#ifndef JAUAUTH_CONFIG_SERVERS_FILE_H
#define JAUAUTH_CONFIG_SERVERS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config/problem.h"
#include "core/config/server.h"

#define CONFIG_TIMEOUT_DEFAULT 60000 /* milliseconds, as the official clients wait */

struct servers_config {
  char *text; /* of the file, for the places of later problems; without a byte order mark */
  size_t length;
  struct server_config *servers; /* in the order of the file, broken ones too */
  size_t server_count;
  int64_t timeout_ms; /* of a call to a server that names none: 1 to CONFIG_TIMEOUT_MAX */
  bool cache_tools;   /* lists of tools are kept between starts and shown until a server answers */
};

/* What the reading needs from elsewhere. */
struct servers_settings {
  const char *default_strategy;         /* of servers that name none; never NULL */
  const char *const *allowed_variables; /* that ${NAME} may take from `environment`; ends with
                                           NULL */
  const char *const *environment;       /* the router's, "NAME=value"; ends with NULL */
};

/*
 * Reads the text of a servers file. Returns NULL when it cannot be read at all (a syntax error, no
 * JSON object, or out of memory); *problems then says why. Else the caller frees the result with
 * servers_config_free(), and looks at *problems: config_problems_stop() says whether anything of
 * it may be used, `broken` whether a server may be started. All problems are reported at once, and
 * two servers with one id are both broken.
 *
 * `problems` must be empty but for its name. The text is copied and need not end with a NUL.
 */
struct servers_config *servers_config_parse(const char *text, size_t length,
                                            const struct servers_settings *settings,
                                            struct config_problems *problems);

/* The same for a file, which must belong to a trusted owner. When it cannot be read, that is a
 * problem of the whole file and the result is NULL. Names the list after the path. */
struct servers_config *servers_config_load(const char *path,
                                           const struct servers_settings *settings,
                                           struct config_problems *problems);

/*
 * Reports a problem of a server that was found after the reading, at its place in the file.
 * `below` is a JSON pointer relative to the server ("/command", "/sandbox/strategy"; "" is the
 * server itself); when nothing stands there, the innermost value on the way is shown. An error
 * makes the server broken. `hint` may be NULL.
 */
void servers_config_problem(struct servers_config *servers, size_t server,
                            enum config_severity severity, struct config_problems *problems,
                            const char *below, const char *hint, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* The same at the name of the member, where that is what is wrong. */
void servers_config_key_problem(struct servers_config *servers, size_t server,
                                enum config_severity severity, struct config_problems *problems,
                                const char *below, const char *hint, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* Index of the server with this id, or CONFIG_WHOLE_FILE when there is none. */
size_t servers_config_find(const struct servers_config *servers, const char *id);

void servers_config_free(struct servers_config **servers);
#define CLEANUP_SERVERS_CONFIG __attribute__((cleanup(servers_config_free)))

/* A smallest servers file, to be shown where there is none; and one without a server, which is
 * right on every machine. */
extern const char servers_config_smallest[];
extern const char servers_config_empty[];

#endif

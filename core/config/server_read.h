/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of reading a servers file: what its source files share among themselves. */
#ifndef JAUAUTH_CONFIG_SERVER_READ_H
#define JAUAUTH_CONFIG_SERVER_READ_H

#include "core/config/expand.h"
#include "core/config/reader.h"
#include "core/config/servers_file.h"
#include "core/config/variable.h"

enum {
  CONFIG_VALUE_MAX = 131071, /* bytes: the kernel's bound of one argument or variable */
  CONFIG_LIST_MAX = 1000     /* servers of a file, arguments or variables of a server */
};

/* What may stand at the top of a file, in a server and in its sandbox: for the reader, for the
 * schema, and for what takes over the files of others. */
extern const struct config_key servers_file_keys[];
extern const struct config_key server_keys[];
extern const struct config_key sandbox_keys[];

/* The tree of a text; NULL and a problem when it is no JSON, or has something that a tree cannot
 * hold. *twice says whether some name stands twice in an object, of which the last counts. */
json_t *servers_json_load(const char *text, size_t length, struct config_problems *problems,
                          bool *twice);

/* A server while it is being read. What is needed in another order than that of the file is kept
 * here until the whole server was seen; the values are borrowed from the tree. */
struct server_reading {
  struct server_config *server;
  const struct servers_settings *settings;
  json_t *command;
  json_t *arguments;
  json_t *environment;
  json_t *passthrough;
  json_t *prepare;
  bool remote;       /* it was refused for its "url" already */
  bool named_by_key; /* of the "mcpServers" shape: the name of the member is the id */
};

/* Reads the server at which the reader stands; `id` is NULL except in the "mcpServers" shape. The
 * reader's `server` is set; `server_id` and `broken` are set here. */
void server_read(struct config_reader *reader, json_t *value, const char *id,
                 const struct servers_settings *settings, struct server_config *server);

/* Takes an id, or reports what is wrong with it (at the reader's place) and leaves server->id NULL.
 */
void server_read_id(struct config_reader *reader, const char *id, struct server_config *server);

/* Reads "sandbox" (of a server_reading) at which the reader stands. */
void sandbox_read(struct config_reader *reader, json_t *value, void *target);

/* What is left to say when there was no "sandbox", or no strategy in it. */
void sandbox_read_defaults(struct config_reader *reader, struct server_reading *reading);

/* Reports what config_expand() found. `self` is the variable whose value it was, or NULL. */
void config_report_expansion(struct config_reader *reader, const struct server_reading *reading,
                             enum config_expansion result, const char *name, const char *self);

/* Replaces variables in the server's environment and command, once all of the server was read. The
 * reader stands at the server. */
void server_read_environment(struct config_reader *reader, struct server_reading *reading);
void server_read_command(struct config_reader *reader, struct server_reading *reading);

/* The value of CONFIG_PACKAGE_VARIABLE where this name is it and the server has a "prepare". */
const char *server_package_variable(const struct server_reading *reading, const char *name);

/* Reports every name that stands twice in an object of the text, with both places. What stands in a
 * server breaks that server; elsewhere it concerns the whole file. */
void servers_report_duplicates(struct config_reader *reader, struct servers_config *servers);

/* Reports servers with the same id, which are all broken then, and pairs of ids whose tools could
 * get the same name. */
void servers_check_ids(struct config_reader *reader, struct servers_config *servers);

#endif

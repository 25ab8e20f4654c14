/* SPDX-License-Identifier: Apache-2.0 */
/* A router between clients and servers that live in the test, message by message. */
#ifndef JAUAUTH_TESTS_MCP_WORLD_H
#define JAUAUTH_TESTS_MCP_WORLD_H

#include "core/mcp/router.h"

enum { WORLD_SERVERS = 8, WORLD_CLIENTS = 4 };

/* What was sent to one side and not looked at yet. */
struct inbox {
  char **messages;
  size_t count;
  size_t taken;
};

struct world_server {
  struct router_server *handle;
  struct inbox inbox;
  unsigned started, stopped;
  bool full; /* send refuses */
  bool paused;
};

struct world_client {
  struct router_client *handle;
  struct inbox inbox;
  bool paused;
};

struct world {
  uv_loop_t loop;
  struct router *router;
  struct router_settings settings; /* set what differs before the first server */
  struct world_server servers[WORLD_SERVERS];
  unsigned server_count;
  int order; /* of servers added from now on */
  struct world_client clients[WORLD_CLIENTS];
  unsigned client_count;
  struct buffer log; /* lines "LEVEL SERVER TEXT" */
  char *cache;       /* what cache_load gives */
  char *stored;      /* what cache_store got last */
};

struct world *world_new(void);
void world_free(struct world *world);

/* The default timeout is none. */
unsigned world_add_server(struct world *world, const char *id, unsigned timeout_ms);
unsigned world_add_client(struct world *world);

void server_says(struct world *world, unsigned server, const char *message);
void client_says(struct world *world, unsigned client, const char *message);
void client_says_format(struct world *world, unsigned client, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The next message that was sent there is exactly this text. */
#define server_gets(world, server, text)                                                           \
  inbox_expect(&(world)->servers[server].inbox, text, __FILE__, __LINE__)
#define client_gets(world, client, text)                                                           \
  inbox_expect(&(world)->clients[client].inbox, text, __FILE__, __LINE__)
void inbox_expect(struct inbox *inbox, const char *text, const char *file, int line);
/* The next message holds this text; the message, valid until the world ends. */
#define server_gets_part(world, server, text)                                                      \
  inbox_expect_part(&(world)->servers[server].inbox, text, __FILE__, __LINE__)
#define client_gets_part(world, client, text)                                                      \
  inbox_expect_part(&(world)->clients[client].inbox, text, __FILE__, __LINE__)
const char *inbox_expect_part(struct inbox *inbox, const char *text, const char *file, int line);
#define server_gets_nothing(world, server) server_gets(world, server, NULL)
#define client_gets_nothing(world, client) client_gets(world, client, NULL)

/* Runs the loop until the client or server has got something, at most ten seconds. */
void client_waits(struct world *world, unsigned client);
void server_waits(struct world *world, unsigned server);
/* Runs the loop while there is something to do at once. */
void world_turn(struct world *world);
/* Runs the loop for so long, for what must not happen. */
void world_run(struct world *world, unsigned milliseconds);

/* Handshake and an answer to tools/list with these entries ("" for none). Afterwards the server's
 * next request id is 3. */
void server_comes_up(struct world *world, unsigned server, const char *tools);
/* Handshake with this version and this capabilities object; stops before tools/list. */
void server_initializes(struct world *world, unsigned server, const char *version,
                        const char *capabilities);
/* initialize and its answer, and notifications/initialized. */
void client_initializes(struct world *world, unsigned client, const char *version);

/* One server "s" with the tool "t", one client of the newest version. */
struct world *world_simple(unsigned timeout_ms);

#define assert_logged(world, text) assert_non_null(strstr((world)->log.data, text))

#endif

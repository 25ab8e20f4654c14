/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the router's data and the functions between them. */
#ifndef JAUAUTH_MCP_STATE_H
#define JAUAUTH_MCP_STATE_H

#include "core/mcp/message.h"
#include "core/mcp/router.h"
#include "core/mcp/table.h"

#include <stddef.h>

/* Times are those of uv_now(), in milliseconds. */
#define MCP_NEVER UINT64_MAX

enum {
  MCP_BATCH_LIMIT = 10000,                     /* messages in one array */
  MCP_ID_LIMIT = 65536,                        /* bytes of a request id or progress token */
  MCP_WAITING_LIMIT = 4096,                    /* requests of one client that wait for servers */
  MCP_PAGE_LIMIT = 1000,                       /* pages of one server's list */
  MCP_TOOL_LIMIT = 20000,                      /* tools of one server */
  MCP_LISTING_LIMIT = ROUTER_CACHE_LIMIT - 64, /* bytes of one server's tools, without what is
                                                  around them where they are kept */
  MCP_LIST_LINES = 100,                        /* of the log about the list of one process */
  MCP_KEPT_BYTES = 4096                        /* memory that an unused record keeps */
};

/* Codes of JSON-RPC 2.0. */
enum mcp_code {
  MCP_CODE_PARSE = -32700,
  MCP_CODE_INVALID_REQUEST = -32600,
  MCP_CODE_UNKNOWN_METHOD = -32601,
  MCP_CODE_INVALID_PARAMS = -32602
};

/* Levels of RFC 5424, least severe first; 0: never set. */
enum mcp_level { MCP_LEVEL_UNSET, MCP_LEVEL_DEBUG, MCP_LEVEL_EMERGENCY = 8 };

/* A ring of records; its head is the struct itself. */
struct mcp_ring {
  struct mcp_ring *previous;
  struct mcp_ring *next;
};

#define MCP_RECORD(ring, type, member) ((type *)(void *)((char *)(ring)-offsetof(type, member)))

static inline void mcp_ring_start(struct mcp_ring *head)
{
  head->previous = head->next = head;
}

static inline bool mcp_ring_empty(const struct mcp_ring *head)
{
  return head->next == head;
}

static inline void mcp_ring_append(struct mcp_ring *head, struct mcp_ring *entry)
{
  entry->previous = head->previous;
  entry->next = head;
  head->previous->next = entry;
  head->previous = entry;
}

static inline void mcp_ring_remove(struct mcp_ring *entry)
{
  entry->previous->next = entry->next;
  entry->next->previous = entry->previous;
  entry->previous = entry->next = entry;
}

enum mcp_call_kind {
  MCP_CALL_WAITING_LIST, /* tools/list that waits for servers */
  MCP_CALL_WAITING_TOOL, /* tools/call that waits for servers; the message is kept */
  MCP_CALL_FORWARDED
};

/* A request of a client that is not answered yet. Records are reused, with their memory. */
struct mcp_call {
  struct mcp_ring of_client;
  struct mcp_ring of_server; /* in order of deadlines; of a waiting call: in router->waiting */
  struct router_client *client;
  struct router_server *server; /* NULL while it waits */
  enum mcp_call_kind kind;
  uint64_t key;         /* hash of the id in the client's table */
  uint64_t upstream_id; /* also the progress token that the server is told */
  uint64_t deadline;
  struct buffer bytes; /* the id, then the progress token, then the message while it waits */
  size_t id_length;
  size_t token_length; /* 0: none */
  size_t name_at;      /* of a waiting tools/call: the tool's name, in `bytes` */
  size_t name_length;
};

struct mcp_tool {
  struct router_server *server;
  char *name; /* what clients call it; owned */
  uint64_t key;
  /* Offsets in the listing's text: the entry, and in it the name as the server wrote it. */
  size_t entry_at, entry_length;
  size_t name_at, name_length;
  bool alias;   /* `name` is not made of the server's id and its own name alone */
  bool clashes; /* another server's tool has this name too: neither is offered */
  bool clash_logged;
  bool repeated; /* its server has listed the same name before */
};

/* The tools of one server. */
struct mcp_listing {
  struct buffer text; /* their entries with ',' between them */
  struct mcp_tool *tools;
  size_t count;
  size_t capacity;
};

/* A tools/list under way. */
struct mcp_fetch {
  struct mcp_listing listing;
  uint64_t id; /* 0: none */
  uint64_t deadline;
  unsigned pages;
  uint64_t *cursors; /* hashes of those seen */
};

struct router_server {
  struct router *router;
  char *id;
  char *title;
  struct router_server_ops ops;
  void *data;
  int order;
  unsigned timeout_ms;
  bool allowed;

  bool paused;
  bool has_tools;
  bool has_logging;
  enum router_server_state state;
  struct life life;
  bool process;           /* it was started, and its end was not told yet */
  char *ending;           /* why it ended, or NULL */
  uint64_t awaited_until; /* others wait for its tools so long */
  uint64_t deadline;      /* of its answer to initialize */
  enum mcp_version version;
  unsigned noise_in_a_row;

  uint64_t last_id;          /* of requests to this process */
  uint64_t initialize_id;    /* 0: not waited for */
  uint64_t level_id;         /* of the last logging/setLevel */
  uint64_t forgotten;        /* answers that may still come late */
  struct mcp_table calls;    /* by upstream id */
  struct mcp_ring in_flight; /* the same, in order of deadlines */

  struct mcp_listing listing; /* offered; from the cache before the server has answered */
  struct mcp_fetch fetch;
  uint64_t fetch_due;   /* its list has changed; MCP_NEVER: it has not */
  enum mcp_level level; /* told to the server */
  bool from_cache;      /* `listing` is */
  unsigned list_lines;  /* of the log about what it lists */
  struct router_server_counters counters;
};

struct router_client {
  struct router *router;
  struct router_client_ops ops;
  void *data;
  struct mcp_ring of_router;
  enum mcp_version version; /* MCP_VERSION_NONE: not initialized */
  bool ready;               /* it may be sent notifications */
  bool blocked;

  enum mcp_level level;
  uint64_t seen_generation; /* of the tools that it listed, or was told to list */
  unsigned waiting;         /* requests that wait for servers */
  unsigned waiting_lists;   /* those of them that are tools/list */
  size_t waiting_bytes;
  struct mcp_table calls;   /* by hash of the id */
  struct mcp_ring requests; /* the same */
};

struct router {
  uv_loop_t *loop;
  uv_timer_t timer;
  uint64_t armed; /* when the timer fires */
  struct router_settings settings;
  char *name;
  char *version;
  unsigned char hash_key[16];
  struct router_server **servers; /* in order */
  size_t server_count;
  struct mcp_ring clients;
  struct mcp_ring waiting; /* calls, in order of arrival */
  struct mcp_ring free_calls;
  unsigned free_call_count;
  enum mcp_level level; /* the most verbose that a client wants */

  struct mcp_table tools; /* by hash of the name */
  struct buffer merged;   /* the result of tools/list, when `merged_valid` */
  bool merged_valid;
  bool stopping;         /* nothing is started any more */
  uint64_t generation;   /* of the tools; counts up when they change */
  uint64_t tell_due;     /* when clients are told */
  struct buffer scratch; /* a message in the making */
  struct buffer text;    /* decoded or escaped text */
};

/* --- router.c --- */
uint64_t mcp_hash(const struct router *router, const void *bytes, size_t length);
/* Makes the timer fire then, or earlier. */
void mcp_timer_at(struct router *router, uint64_t when);
/* Of a time span of 0: MCP_NEVER. */
uint64_t mcp_deadline(const struct router *router, unsigned span_ms);
void mcp_log(struct router *router, enum log_level level, const char *server, const char *format,
             ...) __attribute__((format(printf, 4, 5)));
/* Whether the count is one that is worth a line of the log: 1, 2, 4, 8, … */
bool mcp_log_worthy(uint64_t count);
/* Pauses or resumes the reading of servers and of clients, as the queues of clients want it. */
void mcp_pause_server(struct router_server *server);

/* --- write.c: messages of the router's own --- */
/* `id` empty: for a message whose id cannot be read. */
void mcp_client_error(struct router_client *client, struct json_slice id, int code,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* `result` is JSON; not router->scratch. */
void mcp_client_result(struct router_client *client, struct json_slice id, const char *result,
                       size_t length);
void mcp_client_notify(struct router_client *client, const char *message);
/* `params` is JSON or NULL. Returns the id, 0 when it could not be sent. */
uint64_t mcp_server_request(struct router_server *server, const char *method, const char *params,
                            size_t length);
bool mcp_server_notify(struct router_server *server, const char *message);
/* Exactly one of `result` and `error` is given, both JSON. */
void mcp_server_answer(struct router_server *server, struct json_slice id, const char *result,
                       const char *error);
/* `reason` is plain text. */
void mcp_server_cancel(struct router_server *server, uint64_t id, const char *reason);

/* --- call.c --- */
/* Records the request; NULL after it was answered with an error. */
struct mcp_call *mcp_call_new(struct router_client *client, const struct mcp_message *message,
                              enum mcp_call_kind kind);
struct json_slice mcp_call_id(const struct mcp_call *call);
/* Forgets it and keeps the record for reuse. */
void mcp_call_end(struct mcp_call *call);
/* Sends the message of a recorded call to the tool, or answers with an error. */
void mcp_call_forward(struct mcp_call *call, const struct mcp_tool *tool,
                      const struct mcp_message *message);
/* The forwarded call that a server's message answers, or NULL. */
struct mcp_call *mcp_call_of_answer(struct router_server *server, struct json_slice id);
/* A response of the server; `call` is ended. */
void mcp_call_answer(struct mcp_call *call, const struct mcp_message *message);
void mcp_call_progress(struct router_server *server, const struct mcp_message *message);

/* --- cancel.c: calls that end without an answer of the server --- */
/* notifications/cancelled of a client. */
void mcp_call_cancel(struct router_client *client, const struct mcp_message *message);
/* Ends any call of a client that has gone, and tells the server. */
void mcp_call_abandon(struct mcp_call *call, const char *reason);
void mcp_calls_expire(struct router_server *server, uint64_t now, uint64_t *next);
/* Every call in flight gets this error. */
void mcp_calls_fail(struct router_server *server, int code, const char *text);

/* --- wait.c: requests that wait for servers --- */
/* tools/list and tools/call of a client. */
void mcp_list_tools(struct router_client *client, const struct mcp_message *message);
void mcp_call_tool(struct router_client *client, const struct mcp_message *message);
/* A server's state or tools changed, or time has passed. */
void mcp_waiting_check(struct router *router, uint64_t now, uint64_t *next);
void mcp_waiting_wake(struct router *router);

/* --- server.c --- */
/* Starts the process, which must not run. */
void mcp_server_start(struct router_server *server);
/* The router itself gives the server up. */
void mcp_server_fail(struct router_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mcp_server_check(struct router_server *server, uint64_t now, uint64_t *next);
/* Counts what is no message, and gives the server up when there is too much of it. */
void mcp_server_noise(struct router_server *server, const char *bytes, size_t length,
                      const char *reason);

/* --- level.c --- */
enum mcp_level mcp_level_of(struct json_slice slice);
void mcp_set_level(struct router_client *client, const struct mcp_message *message);
/* Tells servers what the clients want now. */
void mcp_levels_update(struct router *router);
void mcp_level_tell(struct router_server *server);
void mcp_log_message(struct router_server *server, const struct mcp_message *message);

/* --- fetch.c --- */
void mcp_fetch_start(struct router_server *server);
void mcp_fetch_answer(struct router_server *server, const struct mcp_message *message);
void mcp_fetch_stop(struct router_server *server);
void mcp_fetch_changed(struct router_server *server);
void mcp_fetch_check(struct router_server *server, uint64_t now, uint64_t *next);
void mcp_cache_load(struct router_server *server);

/* --- listing.c --- */
/* Whether one more line about what it lists may be logged: a server can change its list for ever.
 */
bool mcp_list_worthy(struct router_server *server);
/* Adds one entry of a list, or logs why it is left out; false when the list is full. */
bool mcp_listing_add(struct router_server *server, struct mcp_listing *listing,
                     struct json_slice entry);
void mcp_listing_log(struct router_server *server);
bool mcp_listing_equal(const struct mcp_listing *one, const struct mcp_listing *other);
void mcp_listing_free(struct mcp_listing *listing);

/* --- tools.c: the tools of all servers --- */
/* The listing or the state of a server changed what is offered. */
void mcp_tools_changed(struct router *router);
/* By the name as a JSON string. */
struct mcp_tool *mcp_tool_find(struct router *router, struct json_slice name);
/* The result of tools/list; NULL when out of memory. */
const struct buffer *mcp_tools_result(struct router *router);
bool mcp_server_offers(const struct router_server *server);
/* Whether tools/list still waits for it. */
bool mcp_server_awaited(const struct router_server *server, uint64_t now);
void mcp_tools_tell(struct router *router, uint64_t now, uint64_t *next);

static inline void mcp_earlier(uint64_t *next, uint64_t when)
{
  if (when < *next)
    *next = when;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The MCP router: many servers behind one connection of a client. Knows no transport. */
#ifndef JAUAUTH_MCP_ROUTER_H
#define JAUAUTH_MCP_ROUTER_H

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/mcp/life.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <uv.h>

/*
 * Speaks the revisions 2024-11-05, 2025-03-26, 2025-06-18 and 2025-11-25 of the Model Context
 * Protocol to clients and to servers, each connection with the revision it negotiated. Offered are
 * tools, logging and ping; servers are told of no client capability.
 *
 * Forwarded messages are spliced: request id, tool name, progress token and the `logger` of a log
 * message change, everything else passes byte for byte. Every message is scanned before it is
 * forwarded, so that only valid JSON in valid UTF-8 leaves the router.
 *
 * Threads: a router, its servers and its clients belong to the thread of their loop, as do all
 * operations. Operations are called from inside of the router's functions and from its timer. They
 * must not call the router again, except for router_client_blocked(), and except for `start`, which
 * may call router_server_ended().
 *
 * Messages in both directions are one JSON text without the line feed of a line transport. Where
 * JSON allows white space, a message keeps that of its sender. From a line transport it holds no
 * line feed, and neither does what is made of it.
 */
struct router;
struct router_server;
struct router_client;

/* Codes of errors that the router itself answers, outside the range that JSON-RPC reserves. */
enum router_error {
  ROUTER_ERROR_UNAVAILABLE = -31001, /* the server has ended, or cannot take the call */
  ROUTER_ERROR_TIMEOUT = -31002,     /* no answer in time */
  ROUTER_ERROR_BUSY = -31003,        /* more calls in flight than a client may have */
  ROUTER_ERROR_ANSWER = -31004       /* the server's answer cannot be forwarded */
};

/* Tools of one server are never more bytes than this where they are kept. */
enum { ROUTER_CACHE_LIMIT = 64 * 1024 * 1024 };

/* 0 and NULL stand for the defaults. Strings are copied. */
struct router_settings {
  const char *name;         /* what clients and servers are told; default "jauauth" */
  const char *version;      /* default "0" */
  unsigned list_wait_ms;    /* how long after its start others wait for a server; default 10000 */
  unsigned start_wait_ms;   /* bound for a server's answer to `initialize` and to each page of its
                               tools; default 60000 */
  unsigned list_changed_ms; /* changes so close together are told as one; default 50 */
  size_t message_limit;     /* bytes of one message, any direction; default 16 MiB */
  unsigned name_limit;      /* bytes of a tool's name; a longer one gets an alias; default 64, at
                               least 16 */
  unsigned name_warn;       /* names longer than this are logged; default 52 */
  unsigned call_limit;      /* calls that one client may have in flight; default 65536 */
  unsigned noise_limit;     /* messages of a server in a row that are none; default 10000 */

  void *data; /* for the three functions below */

  /* For log_write(): one line of text, never a message's contents. `server` is the id or NULL.
   * NULL: no log. */
  void (*log)(void *data, enum log_level level, const char *server, const char *text);
  /* Tools (at most ROUTER_CACHE_LIMIT bytes) that cache_store() was given for this server, for the
   * same command and environment. Appends to `out`; false when there is none. Checked like any
   * foreign input. NULL: no cache. */
  bool (*cache_load)(void *data, const char *server, struct buffer *out);
  void (*cache_store)(void *data, const char *server, const char *bytes, size_t length);
};

/* NULL and *error only when memory, libsodium or the loop fail. */
struct router *router_new(uv_loop_t *loop, const struct router_settings *settings,
                          struct error **error);

/* Frees the router, its servers and clients; calls no operation. Not from inside of an operation.
 * The loop has to run once more (for the call-back of a closed timer) to free the last of it. */
void router_free(struct router *router);

/* --- Servers -------------------------------------------------------------------------------- */

struct router_server_ops {
  /* Starts the server's process. Success or failure is told later, or inside of this call by
   * router_server_ended(). Called again once router_server_ended() was called, when the server is
   * started again. */
  void (*start)(void *data);
  /*
   * Sends one message, given in parts, none empty. The parts are valid during the call only: what
   * cannot be written at once is copied. False when the server takes no more (the bound of the
   * queue is reached, or its input is closed): then nothing of the message was taken.
   */
  bool (*send)(void *data, const struct iovec *parts, size_t count);
  /* Ends the process; router_server_ended() follows. May come from inside of
   * router_server_message(): the rest of what was read is then dropped. */
  void (*stop)(void *data);
  /* Stops reading from the server, or goes on. What was read already may still be delivered.
   * May be NULL. */
  void (*pause)(void *data, bool paused);
};

/*
 * Adds a server. `id` names it: letters, digits, '-' and '_'; the prefix of its tools. `title` is
 * for people, NULL: the id. `timeout_ms` bounds each call, counted from its forwarding; progress
 * does not extend it; 0 is no bound. `order` is the place in the configuration (tools are listed
 * in this order; of equals the first added comes first). A server that is not `allowed` is never
 * started, and its tools are unknown to everybody. Everything is copied, but `data`. NULL when out
 * of memory.
 */
struct router_server *router_add_server(struct router *router, const char *id, const char *title,
                                        unsigned timeout_ms, int order,
                                        const struct router_server_ops *ops, void *data,
                                        bool allowed);

/*
 * When the server is started, started again and stopped; before router_start(). Without it, it is
 * started once. A server that ends by itself is started again after a pause, and parked when that
 * does not help. While it is started again or stopped for being idle, its tools stay on the list,
 * and calls wait for it; those of a parked one are taken off, and calls get the reason. No call
 * that has reached a process is sent to another one.
 */
void router_server_supervise(struct router_server *server, const struct life_settings *settings);

/* Calls `start` of each allowed server, in order, but for lazy ones whose tools are known from the
 * cache. From here on list_wait_ms counts. */
void router_start(struct router *router);

/* From here on no server is started any more, for an owner that is about to stop them all. */
void router_stop(struct router *router);

/* The process runs: the router begins the handshake. */
void router_server_ready(struct router_server *server);

/* One message from the server. The bytes are only read, and only during the call. */
void router_server_message(struct router_server *server, const char *bytes, size_t length);

/*
 * The server sent a message over the limit, which was thrown away. `head` and `tail` are its first
 * and last bytes (a few hundred of each are enough): when they name the call that it answers, that
 * client is told now and not by the time-out.
 */
void router_server_overflow(struct router_server *server, const char *head, size_t head_length,
                            const char *tail, size_t tail_length);

/* The process has ended, or could not be started; `text` says why, as a sentence's end without
 * capital and full stop ("exited with status 1"). Every call in flight is answered with an error.
 */
void router_server_ended(struct router_server *server, const char *text);

/* The same, and there is no sense in trying it again soon: it could not even be planned. `waits`:
 * what keeps it from starting may go away, so that it is tried from time to time. */
void router_server_refused(struct router_server *server, const char *text, bool waits);

enum router_server_state {
  ROUTER_SERVER_IDLE,         /* not started, or not allowed */
  ROUTER_SERVER_STOPPED,      /* the next call starts it */
  ROUTER_SERVER_RESTARTING,   /* it has ended and is started again after a pause */
  ROUTER_SERVER_STARTING,     /* no process yet */
  ROUTER_SERVER_INITIALIZING, /* `initialize` is not answered yet */
  ROUTER_SERVER_LISTING,      /* takes calls; its tools are not known yet, or from the cache */
  ROUTER_SERVER_READY,
  ROUTER_SERVER_ENDED /* parked: it has ended, and is not started again soon */
};

struct router_server_counters {
  uint64_t calls;   /* forwarded */
  uint64_t late;    /* answers to calls that were cancelled or timed out */
  uint64_t stray;   /* answers to no call: answered twice, or never asked */
  uint64_t noise;   /* what is no message: banners, broken JSON, overlong lines */
  uint64_t refused; /* requests of the server, answered with an error */
  uint64_t dropped; /* notifications nobody waits for, such as progress after the answer */
};

enum router_server_state router_server_state(const struct router_server *server);

/* How a server fares, for people. */
struct router_server_report {
  enum router_server_state state;
  const char *word;   /* the state: "idle", "stopped", "restarting", "starting", "running",
                         "parked" */
  unsigned restarts;  /* starts after a failure */
  unsigned crashes;   /* ends in a row that nobody asked for */
  const char *reason; /* why it has ended last, or NULL; valid until it ends again */
};
struct router_server_report router_server_report(const struct router_server *server);

const struct router_server_counters *router_server_counters(const struct router_server *server);

/* --- Clients -------------------------------------------------------------------------------- */

struct router_client_ops {
  /* As a server's `send`, but there is no refusal: what a client does not read is bounded by
   * router_client_blocked(). */
  void (*send)(void *data, const struct iovec *parts, size_t count);
  /* Stops reading from the client, or goes on. May be NULL. */
  void (*pause)(void *data, bool paused);
};

/* NULL when out of memory. */
struct router_client *router_add_client(struct router *router, const struct router_client_ops *ops,
                                        void *data);

/* One message from the client. The bytes are only read, and only during the call. */
void router_client_message(struct router_client *client, const char *bytes, size_t length);

/* As router_server_overflow(): the client gets an error, with the request's id when it is seen. */
void router_client_overflow(struct router_client *client, const char *head, size_t head_length,
                            const char *tail, size_t tail_length);

/*
 * More is queued for the client than it should be, or no longer so. While a client is blocked, it
 * is not read, and neither is a server once it has sent something for it. May be called from inside
 * of `send`.
 */
void router_client_blocked(struct router_client *client, bool blocked);

/* The client is gone: its calls are cancelled at their servers, nothing is sent to it any more, and
 * it is freed. Not from inside of its own operations. */
void router_client_closed(struct router_client *client);

#endif

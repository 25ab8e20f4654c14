/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON-RPC message: what it is and where its parts are, found in one scan. */
#ifndef JAUAUTH_MCP_MESSAGE_H
#define JAUAUTH_MCP_MESSAGE_H

#include "core/json/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mcp_kind {
  MCP_KIND_BROKEN,       /* no JSON, or a member that decides stands twice: see `fault` */
  MCP_KIND_INVALID,      /* JSON, but no JSON-RPC message: see `fault.reason` */
  MCP_KIND_BATCH,        /* an array; `whole` is to be taken apart with json_array_next() */
  MCP_KIND_REQUEST,      /* has `method` and a valid `id` */
  MCP_KIND_NOTIFICATION, /* has `method` and no id */
  MCP_KIND_RESPONSE      /* has no `method`, but a `result` or an `error` */
};

/* Slices into the message's bytes; `at` is NULL where it has no such member. The members of
 * `params` are of any kind of value. */
struct mcp_message {
  enum mcp_kind kind;
  struct json_fault fault;
  struct json_slice whole;
  struct json_slice id; /* set for MCP_KIND_INVALID only when it is one */
  struct json_slice method;
  struct json_slice params;
  struct json_slice result;
  struct json_slice error;
  struct json_slice progress_token;   /* params/_meta/progressToken, or a server's
                                         params/progressToken */
  struct json_slice name;             /* params/name */
  struct json_slice request_id;       /* params/requestId */
  struct json_slice level;            /* params/level */
  struct json_slice logger;           /* params/logger */
  struct json_slice cursor;           /* params/cursor */
  struct json_slice protocol_version; /* params/protocolVersion */
};

/* Scans and classifies. `bytes` may be anything; the slices live as long as they do. */
void mcp_message_from_client(struct mcp_message *message, const char *bytes, size_t length);
void mcp_message_from_server(struct mcp_message *message, const char *bytes, size_t length);

/* Whether it can be an id or a progress token: a string, or a number without fraction. */
bool mcp_is_id(struct json_slice slice);

/*
 * The id of a request, or else of an answer, of which only the first and the last bytes are known,
 * when it can be said that the id is the message's own, provided that all of it is valid JSON: a
 * member at the start, among "jsonrpc" and "method", or a number that is the last member. Else `at`
 * is NULL.
 */
struct json_slice mcp_id_of_ends(const char *head, size_t head_length, const char *tail,
                                 size_t tail_length, bool answer);

/* The revisions of the protocol that begin with a handshake, oldest first. */
enum mcp_version {
  MCP_VERSION_NONE,
  MCP_VERSION_2024_11_05,
  MCP_VERSION_2025_03_26,
  MCP_VERSION_2025_06_18,
  MCP_VERSION_2025_11_25,
  MCP_VERSION_NEWEST = MCP_VERSION_2025_11_25
};

/* MCP_VERSION_NONE when the slice is no string that names one of them. */
enum mcp_version mcp_version_of(struct json_slice slice);

/* As the protocol writes it; not for MCP_VERSION_NONE. */
const char *mcp_version_name(enum mcp_version version);

#endif

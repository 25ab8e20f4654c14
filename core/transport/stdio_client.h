/* SPDX-License-Identifier: Apache-2.0 */
/* The client on the router's own stdin and stdout. */
#ifndef JAUAUTH_TRANSPORT_STDIO_CLIENT_H
#define JAUAUTH_TRANSPORT_STDIO_CLIENT_H

#include "core/mcp/router.h"

/* Belongs to the thread of the loop. From stdio_client_open() on, `output` belongs to the protocol:
 * nothing else may write there. */
struct stdio_client;

/* The client has gone: end of its input, or nobody reads the output. Its calls are cancelled then,
 * and what was queued for it is written, if it read that within two seconds. Once. May close. */
typedef void stdio_client_ended(void *data);

/*
 * Adds a client to the router. `input` and `output` are two different descriptors of any kind
 * (pipe, terminal, socket, file); they stay the caller's, become non-blocking where they can be
 * polled, and get their flags back with stdio_client_close(), as they may be shared with other
 * programs. Ignores SIGPIPE in this process. `message_limit` is that of the router. NULL and *error
 * when they cannot be used.
 */
struct stdio_client *stdio_client_open(uv_loop_t *loop, struct router *router, int input,
                                       int output, size_t message_limit, stdio_client_ended *ended,
                                       void *data, struct error **error);

/* No call-back comes any more; the client is closed, if it is not yet, and what is still queued is
 * dropped. The memory is freed later, on the loop. The router must still be there. Accepts NULL. */
void stdio_client_close(struct stdio_client *client);

#endif

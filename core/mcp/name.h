/* SPDX-License-Identifier: Apache-2.0 */
/* The names under which clients see the tools of a server. */
#ifndef JAUAUTH_MCP_NAME_H
#define JAUAUTH_MCP_NAME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * "SERVER_TOOL"; NULL when out of memory, else to be freed. Clients hand tool names to model
 * interfaces that refuse a whole request for one name outside ^[a-zA-Z0-9_-]{1,64}$. So when there
 * is any other character, or when there are more than `limit` bytes (at least 16), the name is an
 * alias: each bad byte becomes '_', what is too long is cut, and '_' with eight hexadecimal digits
 * of a hash (BLAKE2b of server and tool) follows. The alias depends on nothing else, so that it
 * stays the same from start to start. *alias says whether it is one.
 */
char *mcp_tool_name(const char *server, const char *tool, size_t tool_length, size_t limit,
                    bool *alias);

#endif

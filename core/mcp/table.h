/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with open addressing from 64-bit keys to pointers. */
#ifndef JAUAUTH_MCP_TABLE_H
#define JAUAUTH_MCP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. Holds pointers and owns nothing of what they point to. One key may stand for
 * several values: a hash as key is told apart by the match function. */
struct mcp_table {
  struct mcp_slot {
    uint64_t key;
    void *value; /* NULL: empty */
  } * slots;
  size_t size; /* a power of two, or 0 */
  size_t count;
};

/* Whether a value whose key fits is the one meant by `what`. */
typedef bool mcp_match(const void *value, const void *what);

/* NULL when there is none. Without `match` the key decides. */
void *mcp_table_find(const struct mcp_table *table, uint64_t key, mcp_match *match,
                     const void *what);

/* Does not look for the key. False when out of memory. */
bool mcp_table_add(struct mcp_table *table, uint64_t key, void *value);

/* Takes out this very value, if it is there. */
void mcp_table_remove(struct mcp_table *table, uint64_t key, const void *value);

/* Empties it and keeps the memory. */
void mcp_table_clear(struct mcp_table *table);

void mcp_table_free(struct mcp_table *table);

#endif

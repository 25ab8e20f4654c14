/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with open addressing from 64-bit keys to pointers. */
#include "core/mcp/table.h"

#include <stdlib.h>
#include <string.h>

/* Keys are counters or hashes; the multiplication spreads the former over the upper bits too. */
static size_t home(const struct mcp_table *table, uint64_t key)
{
  return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (table->size - 1);
}

void *mcp_table_find(const struct mcp_table *table, uint64_t key, mcp_match *match,
                     const void *what)
{
  if (table->size == 0)
    return NULL;
  size_t mask = table->size - 1;
  for (size_t i = home(table, key); table->slots[i].value != NULL; i = (i + 1) & mask)
    if (table->slots[i].key == key && (match == NULL || match(table->slots[i].value, what)))
      return table->slots[i].value;
  return NULL;
}

static void put(struct mcp_table *table, uint64_t key, void *value)
{
  size_t i = home(table, key);
  while (table->slots[i].value != NULL)
    i = (i + 1) & (table->size - 1);
  table->slots[i].key = key;
  table->slots[i].value = value;
  table->count++;
}

bool mcp_table_add(struct mcp_table *table, uint64_t key, void *value)
{
  if (2 * (table->count + 1) > table->size) {
    struct mcp_table larger = {.size = table->size == 0 ? 64 : 2 * table->size};
    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (larger.slots == NULL)
      return false;
    for (size_t i = 0; i < table->size; i++)
      if (table->slots[i].value != NULL)
        put(&larger, table->slots[i].key, table->slots[i].value);
    free(table->slots);
    *table = larger;
  }
  put(table, key, value);
  return true;
}

void mcp_table_remove(struct mcp_table *table, uint64_t key, const void *value)
{
  if (table->size == 0)
    return;
  size_t mask = table->size - 1;
  size_t gap = home(table, key);
  while (table->slots[gap].value != value) {
    if (table->slots[gap].value == NULL)
      return;
    gap = (gap + 1) & mask;
  }
  /* Moves up what was displaced, so that no search ends too early at the gap. */
  for (size_t i = (gap + 1) & mask; table->slots[i].value != NULL; i = (i + 1) & mask) {
    size_t wanted = home(table, table->slots[i].key);
    if (((i - wanted) & mask) < ((i - gap) & mask))
      continue;
    table->slots[gap] = table->slots[i];
    gap = i;
  }
  table->slots[gap].value = NULL;
  table->count--;
}

void mcp_table_clear(struct mcp_table *table)
{
  if (table->count > 0)
    memset(table->slots, 0, table->size * sizeof *table->slots);
  table->count = 0;
}

void mcp_table_free(struct mcp_table *table)
{
  free(table->slots);
  *table = (struct mcp_table){0};
}

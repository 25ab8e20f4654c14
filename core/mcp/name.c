/* SPDX-License-Identifier: Apache-2.0 */
/* The names under which clients see the tools of a server. */
#include "core/mcp/name.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

enum { HASH_BYTES = 16, SUFFIX_BYTES = 4, SUFFIX_LENGTH = 1 + 2 * SUFFIX_BYTES };

static bool is_plain(char byte)
{
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

static void append_hash(char *end, const char *server, const char *tool, size_t tool_length)
{
  unsigned char hash[HASH_BYTES];
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, sizeof hash);
  /* With the NUL, which no id holds, as the border. */
  crypto_generichash_update(&state, (const unsigned char *)server, strlen(server) + 1);
  crypto_generichash_update(&state, (const unsigned char *)tool, tool_length);
  crypto_generichash_final(&state, hash, sizeof hash);
  *end = '_';
  sodium_bin2hex(end + 1, SUFFIX_LENGTH, hash, SUFFIX_BYTES);
}

char *mcp_tool_name(const char *server, const char *tool, size_t tool_length, size_t limit,
                    bool *alias)
{
  size_t prefix = strlen(server) + 1;
  size_t length = prefix + tool_length;
  char *name = malloc(length + SUFFIX_LENGTH + 1);
  if (name == NULL)
    return NULL;
  memcpy(name, server, prefix - 1);
  name[prefix - 1] = '_';
  memcpy(name + prefix, tool, tool_length);
  *alias = length > limit;
  for (size_t i = 0; i < length; i++)
    if (!is_plain(name[i])) {
      name[i] = '_';
      *alias = true;
    }
  name[length] = '\0';
  if (*alias) {
    if (length > limit - SUFFIX_LENGTH)
      length = limit - SUFFIX_LENGTH;
    append_hash(name + length, server, tool, tool_length);
  }
  return name;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The tools of one server, as it lists them. */
#include "core/json/decode.h"
#include "core/mcp/name.h"
#include "core/mcp/state.h"

#include <stdlib.h>
#include <string.h>

static struct mcp_tool *next_tool(struct mcp_listing *listing)
{
  if (listing->count == listing->capacity) {
    size_t capacity = listing->capacity == 0 ? 16 : 2 * listing->capacity;
    struct mcp_tool *tools = realloc(listing->tools, capacity * sizeof *tools);
    if (tools == NULL)
      return NULL;
    listing->tools = tools;
    listing->capacity = capacity;
  }
  return &listing->tools[listing->count];
}

bool mcp_list_worthy(struct router_server *server)
{
  if (server->list_lines >= MCP_LIST_LINES)
    return false;
  if (++server->list_lines < MCP_LIST_LINES)
    return true;
  mcp_log(server->router, LOG_LEVEL_WARNING, server->id,
          "no more is logged about its tools until it is started again");
  return false;
}

static void leave_out(struct router_server *server, const char *reason)
{
  if (mcp_list_worthy(server))
    mcp_log(server->router, LOG_LEVEL_WARNING, server->id, "an entry of its tools is left out: %s",
            reason);
}

/* The name that clients see, from the name as JSON; NULL when it is no name. */
static char *public_name(struct router_server *server, struct json_slice name, bool *alias)
{
  struct buffer *text = &server->router->text;
  buffer_clear(text);
  if (!json_string_decode(name, text) || text->length == 0)
    return NULL;
  return mcp_tool_name(server->id, text->data, text->length, server->router->settings.name_limit,
                       alias);
}

bool mcp_listing_add(struct router_server *server, struct mcp_listing *listing,
                     struct json_slice entry)
{
  struct json_want want = {.path = "name"};
  struct json_fault fault;
  if (!json_scan(entry.at, entry.length, NULL, &want, 1, &fault)) {
    leave_out(server, fault.reason);
    return true;
  }
  if (listing->count == MCP_TOOL_LIMIT || listing->text.length + entry.length > MCP_LISTING_LIMIT) {
    if (mcp_list_worthy(server))
      mcp_log(server->router, LOG_LEVEL_ERROR, server->id,
              "it lists too many tools, only the first %zu are offered", listing->count);
    return false;
  }
  struct mcp_tool *tool = next_tool(listing);
  if (tool == NULL)
    return false;
  *tool = (struct mcp_tool){.server = server};
  tool->name = public_name(server, want.value, &tool->alias);
  if (tool->name == NULL) {
    leave_out(server, "it has no name");
    return true;
  }
  tool->key = mcp_hash(server->router, tool->name, strlen(tool->name));
  if (listing->count > 0)
    buffer_append_byte(&listing->text, ',');
  tool->entry_at = listing->text.length;
  tool->entry_length = entry.length;
  tool->name_at = tool->entry_at + (size_t)(want.value.at - entry.at);
  tool->name_length = want.value.length;
  buffer_append(&listing->text, entry.at, entry.length);
  if (listing->text.failed) {
    free(tool->name);
    return false;
  }
  listing->count++;
  return true;
}

void mcp_listing_log(struct router_server *server)
{
  unsigned warn = server->router->settings.name_warn;
  for (size_t i = 0; i < server->listing.count; i++) {
    const struct mcp_tool *tool = &server->listing.tools[i];
    int length = tool->name_length > 300 ? 300 : (int)tool->name_length;
    bool long_name = strlen(tool->name) > warn;
    if ((!tool->alias && !long_name) || !mcp_list_worthy(server))
      continue;
    if (tool->alias)
      mcp_log(server->router, LOG_LEVEL_WARNING, server->id,
              "its tool %.*s is offered as %s: some clients refuse long names, and all characters "
              "but A-Z a-z 0-9 _ -",
              length, server->listing.text.data + tool->name_at, tool->name);
    else
      mcp_log(server->router, LOG_LEVEL_WARNING, server->id,
              "the tool name %s is longer than %u bytes, which is too much for some clients; a "
              "shorter id of the server helps",
              tool->name, warn);
  }
}

bool mcp_listing_equal(const struct mcp_listing *one, const struct mcp_listing *other)
{
  return one->count == other->count && one->text.length == other->text.length &&
         (one->text.length == 0 || memcmp(one->text.data, other->text.data, one->text.length) == 0);
}

void mcp_listing_free(struct mcp_listing *listing)
{
  for (size_t i = 0; i < listing->count; i++)
    free(listing->tools[i].name);
  free(listing->tools);
  buffer_free(&listing->text);
  *listing = (struct mcp_listing){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The tools of all servers under their names, and the list that clients get. */
#include "core/json/decode.h"
#include "core/mcp/state.h"

#include <string.h>

/* One that waits for its engine most likely does not start this time either. */
bool mcp_server_offers(const struct router_server *server)
{
  bool tried = server->state == ROUTER_SERVER_STARTING && server->life.waits > 0;
  return server->allowed && server->state != ROUTER_SERVER_IDLE &&
         server->state != ROUTER_SERVER_ENDED && !tried;
}

bool mcp_server_awaited(const struct router_server *server, uint64_t now)
{
  return mcp_server_offers(server) && server->state >= ROUTER_SERVER_STARTING &&
         server->state != ROUTER_SERVER_READY && now < server->awaited_until;
}

struct name {
  const char *text;
  size_t length;
};

static bool has_name(const void *value, const void *what)
{
  const struct mcp_tool *tool = value;
  const struct name *name = what;
  return strlen(tool->name) == name->length && memcmp(tool->name, name->text, name->length) == 0;
}

static struct mcp_tool *find(const struct router *router, uint64_t key, const char *text,
                             size_t length)
{
  struct name name = {text, length};
  return mcp_table_find(&router->tools, key, has_name, &name);
}

struct mcp_tool *mcp_tool_find(struct router *router, struct json_slice name)
{
  const char *text = name.at + 1;
  size_t length = name.length - 2;
  /* No name that is offered needs an escape, but a client may write one all the same. */
  if (memchr(text, '\\', length) != NULL) {
    buffer_clear(&router->text);
    if (!json_string_decode(name, &router->text) || router->text.failed)
      return NULL;
    text = router->text.data;
    length = router->text.length;
  }
  return find(router, mcp_hash(router, text, length), text, length);
}

/* --- The table -------------------------------------------------------------------------------- */

static void note_clash(struct router *router, struct mcp_tool *first, struct mcp_tool *second)
{
  first->clashes = second->clashes = true;
  if (first->clash_logged && second->clash_logged)
    return;
  first->clash_logged = second->clash_logged = true;
  if (!mcp_list_worthy(first->server) || !mcp_list_worthy(second->server))
    return;
  mcp_log(router, LOG_LEVEL_ERROR, second->server->id,
          "servers \"%s\" and \"%s\" both have a tool that would be named %s, so neither is "
          "offered; give one of the servers another id",
          first->server->id, second->server->id, second->name);
}

static void note_repeated(struct router *router, struct mcp_tool *tool)
{
  if (!tool->repeated && mcp_list_worthy(tool->server))
    mcp_log(router, LOG_LEVEL_WARNING, tool->server->id,
            "it lists two tools that are named %s, the second is left out", tool->name);
  tool->repeated = true;
}

/* `offered`: of the servers that run or start; else of those that have ended, whose names are kept
 * as far as nobody else uses them, so that a call can be told what happened. */
static void add_server(struct router *router, struct router_server *server, bool offered)
{
  for (size_t i = 0; i < server->listing.count; i++) {
    struct mcp_tool *tool = &server->listing.tools[i];
    struct mcp_tool *other = find(router, tool->key, tool->name, strlen(tool->name));
    if (other == NULL)
      mcp_table_add(&router->tools, tool->key, tool);
    else if (offered && other->server == server)
      note_repeated(router, tool);
    else if (offered)
      note_clash(router, other, tool);
  }
}

static void rebuild(struct router *router)
{
  mcp_table_clear(&router->tools);
  for (size_t i = 0; i < router->server_count; i++)
    for (size_t j = 0; j < router->servers[i]->listing.count; j++)
      router->servers[i]->listing.tools[j].clashes = false;
  for (size_t i = 0; i < router->server_count; i++)
    if (mcp_server_offers(router->servers[i]))
      add_server(router, router->servers[i], true);
  for (size_t i = 0; i < router->server_count; i++)
    if (router->servers[i]->allowed && router->servers[i]->state != ROUTER_SERVER_IDLE &&
        !mcp_server_offers(router->servers[i]))
      add_server(router, router->servers[i], false);
}

void mcp_tools_changed(struct router *router)
{
  rebuild(router);
  router->generation++;
  router->merged_valid = false;
  if (router->tell_due == MCP_NEVER)
    router->tell_due = mcp_deadline(router, router->settings.list_changed_ms);
  mcp_timer_at(router, router->tell_due);
}

/* --- The list --------------------------------------------------------------------------------- */

static void append_entry(struct buffer *out, const struct mcp_tool *tool)
{
  const char *text = tool->server->listing.text.data;
  size_t name_end = tool->name_at + tool->name_length;
  buffer_append(out, text + tool->entry_at, tool->name_at - tool->entry_at);
  buffer_append_byte(out, '"');
  buffer_append_text(out, tool->name);
  buffer_append_byte(out, '"');
  buffer_append(out, text + name_end, tool->entry_at + tool->entry_length - name_end);
}

const struct buffer *mcp_tools_result(struct router *router)
{
  struct buffer *out = &router->merged;
  if (router->merged_valid)
    return out;
  buffer_clear(out);
  buffer_append_text(out, "{\"tools\":[");
  bool first = true;
  for (size_t i = 0; i < router->server_count; i++) {
    const struct router_server *server = router->servers[i];
    for (size_t j = 0; mcp_server_offers(server) && j < server->listing.count; j++) {
      if (server->listing.tools[j].clashes || server->listing.tools[j].repeated)
        continue;
      if (!first)
        buffer_append_byte(out, ',');
      first = false;
      append_entry(out, &server->listing.tools[j]);
    }
  }
  buffer_append_text(out, "]}");
  router->merged_valid = !out->failed;
  return out->failed ? NULL : out;
}

void mcp_tools_tell(struct router *router, uint64_t now, uint64_t *next)
{
  if (router->tell_due > now) {
    mcp_earlier(next, router->tell_due);
    return;
  }
  router->tell_due = MCP_NEVER;
  struct mcp_ring *at = router->clients.next;
  for (; at != &router->clients; at = at->next) {
    struct router_client *client = MCP_RECORD(at, struct router_client, of_router);
    /* Whose list is still to be answered gets the change with it. */
    if (!client->ready || client->waiting_lists > 0 ||
        client->seen_generation == router->generation)
      continue;
    client->seen_generation = router->generation;
    mcp_client_notify(client,
                      "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}");
  }
}

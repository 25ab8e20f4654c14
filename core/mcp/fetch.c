/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching the tools of a server, page by page, and keeping them between starts. */
#include "core/mcp/state.h"

#include <stdlib.h>
#include <string.h>

void mcp_fetch_stop(struct router_server *server)
{
  mcp_listing_free(&server->fetch.listing);
  free(server->fetch.cursors);
  server->fetch = (struct mcp_fetch){.deadline = MCP_NEVER};
}

static void cache_store(struct router_server *server)
{
  struct router *router = server->router;
  if (router->settings.cache_store == NULL)
    return;
  struct buffer *out = &router->scratch;
  buffer_clear(out);
  buffer_append_text(out, "{\"tools\":[");
  buffer_append(out, server->listing.text.data, server->listing.text.length);
  buffer_append_text(out, "]}");
  if (!out->failed)
    router->settings.cache_store(router->settings.data, server->id, out->data, out->length);
}

/* Takes over what was fetched. An incomplete list counts only when there was none before. */
static void finish(struct router_server *server, bool complete)
{
  bool first = server->state == ROUTER_SERVER_LISTING;
  bool changed =
      (first || complete) && !mcp_listing_equal(&server->listing, &server->fetch.listing);
  if (changed) {
    struct mcp_listing old = server->listing;
    server->listing = server->fetch.listing;
    server->fetch.listing = old;
    /* Only now: the table of names points into the old one. */
    mcp_tools_changed(server->router);
    mcp_listing_log(server);
    if (complete)
      cache_store(server);
  }
  mcp_fetch_stop(server);
  if (first) {
    server->state = ROUTER_SERVER_READY;
    server->from_cache = false;
    life_serves(&server->life, uv_now(server->router->loop));
    mcp_log(server->router, LOG_LEVEL_INFO, server->id, "\"%s\" is ready with %zu tools",
            server->title, server->listing.count);
  }
  mcp_waiting_wake(server->router);
  if (server->fetch_due != MCP_NEVER)
    mcp_timer_at(server->router, server->fetch_due);
  mcp_timer_at(server->router, server->life.idle_due);
}

static void request_page(struct router_server *server, struct json_slice cursor)
{
  struct buffer *params = &server->router->text;
  buffer_clear(params);
  if (cursor.at != NULL) {
    buffer_append_text(params, "{\"cursor\":");
    buffer_append(params, cursor.at, cursor.length);
    buffer_append_byte(params, '}');
  }
  struct mcp_fetch *fetch = &server->fetch;
  fetch->id = params->failed
                  ? 0
                  : mcp_server_request(server, "tools/list",
                                       cursor.at != NULL ? params->data : NULL, params->length);
  if (fetch->id == 0) {
    if (mcp_list_worthy(server))
      mcp_log(server->router, LOG_LEVEL_ERROR, server->id,
              "it does not read what it was sent, so that its tools cannot be listed");
    finish(server, false);
    return;
  }
  fetch->deadline = mcp_deadline(server->router, server->router->settings.start_wait_ms);
  mcp_timer_at(server->router, fetch->deadline);
}

void mcp_fetch_start(struct router_server *server)
{
  server->fetch_due = MCP_NEVER;
  if (server->has_tools)
    request_page(server, (struct json_slice){0});
  else
    finish(server, true);
}

/* Whether the next page may be asked for; logs why not. */
static bool new_cursor(struct router_server *server, struct json_slice cursor)
{
  struct mcp_fetch *fetch = &server->fetch;
  uint64_t hash = mcp_hash(server->router, cursor.at, cursor.length);
  for (unsigned i = 0; i < fetch->pages; i++)
    if (fetch->cursors[i] == hash) {
      if (mcp_list_worthy(server))
        mcp_log(server->router, LOG_LEVEL_ERROR, server->id,
                "its list of tools never ends: page %u has the cursor of an earlier one",
                fetch->pages + 1);
      return false;
    }
  if (fetch->pages == MCP_PAGE_LIMIT) {
    if (mcp_list_worthy(server))
      mcp_log(server->router, LOG_LEVEL_ERROR, server->id,
              "its list of tools has more than %d pages, the rest is left out", MCP_PAGE_LIMIT);
    return false;
  }
  if (fetch->cursors == NULL)
    fetch->cursors = calloc(MCP_PAGE_LIMIT, sizeof *fetch->cursors);
  if (fetch->cursors == NULL)
    return false;
  fetch->cursors[fetch->pages++] = hash;
  return true;
}

/* Adds a page; false when nothing more is to be taken from the server. */
static bool add_page(struct router_server *server, struct json_slice tools)
{
  struct json_slice entry;
  for (struct json_walk walk = json_walk(tools); json_array_next(&walk, &entry);)
    if (!mcp_listing_add(server, &server->fetch.listing, entry))
      return false;
  return true;
}

void mcp_fetch_answer(struct router_server *server, const struct mcp_message *message)
{
  struct json_want wants[] = {{.path = "tools"}, {.path = "nextCursor"}};
  struct json_fault fault = {.reason = "it is an error"};
  server->fetch.id = 0;
  bool valid = message->result.at != NULL && message->error.at == NULL &&
               json_scan(message->result.at, message->result.length, NULL, wants, 2, &fault);
  if (!valid || json_kind(wants[0].value) != JSON_KIND_ARRAY) {
    if (mcp_list_worthy(server))
      mcp_log(server->router, LOG_LEVEL_ERROR, server->id,
              "its answer to tools/list cannot be used: %s",
              valid ? "there is no array \"tools\" in it" : fault.reason);
    finish(server, false);
    return;
  }
  if (!add_page(server, wants[0].value)) {
    finish(server, true);
    return;
  }
  /* Only a missing cursor ends the list, an empty one does not. */
  struct json_slice cursor = wants[1].value;
  if (json_kind(cursor) == JSON_KIND_STRING && new_cursor(server, cursor))
    request_page(server, cursor);
  else
    finish(server, true);
}

void mcp_fetch_changed(struct router_server *server)
{
  if (server->state < ROUTER_SERVER_LISTING || !server->has_tools)
    return;
  if (server->fetch_due != MCP_NEVER)
    return;
  server->fetch_due = mcp_deadline(server->router, server->router->settings.list_changed_ms);
  mcp_timer_at(server->router, server->fetch_due);
}

void mcp_fetch_check(struct router_server *server, uint64_t now, uint64_t *next)
{
  struct mcp_fetch *fetch = &server->fetch;
  if (fetch->id != 0 && fetch->deadline <= now) {
    uint64_t id = fetch->id;
    if (mcp_list_worthy(server))
      mcp_log(server->router, LOG_LEVEL_ERROR, server->id,
              "it did not answer tools/list within %u ms", server->router->settings.start_wait_ms);
    server->forgotten++;
    mcp_server_cancel(server, id, "timed out");
    finish(server, false);
  }
  if (fetch->id != 0)
    mcp_earlier(next, fetch->deadline);
  else if (server->fetch_due <= now)
    mcp_fetch_start(server);
  else if (server->fetch_due != MCP_NEVER)
    mcp_earlier(next, server->fetch_due);
}

void mcp_cache_load(struct router_server *server)
{
  struct router *router = server->router;
  if (router->settings.cache_load == NULL)
    return;
  CLEANUP_BUFFER struct buffer bytes = {0};
  if (!router->settings.cache_load(router->settings.data, server->id, &bytes) || bytes.failed)
    return;
  struct json_want want = {.path = "tools"};
  if (!json_scan(bytes.data, bytes.length, NULL, &want, 1, NULL) ||
      json_kind(want.value) != JSON_KIND_ARRAY) {
    mcp_log(router, LOG_LEVEL_WARNING, server->id,
            "the tools kept from its last start cannot be read and are left out");
    return;
  }
  struct json_slice entry;
  for (struct json_walk walk = json_walk(want.value); json_array_next(&walk, &entry);)
    if (!mcp_listing_add(server, &server->listing, entry))
      break;
  server->from_cache = true;
}

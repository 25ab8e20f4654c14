/* SPDX-License-Identifier: Apache-2.0 */
/* What a sandbox shows: a list of entries, and how a path inside is resolved through it. */
#include "layout.h"

#include <string.h>

#include "plugins/common/path.h"

/* As many as the kernel follows (path_resolution(7)). */
#define MOST_LINKS 40

void bubblewrap_layout_add(struct bubblewrap_layout *layout, const struct bubblewrap_entry *entry)
{
  const struct bubblewrap_context *context = layout->context;
  if (layout->count == layout->capacity) {
    size_t capacity = layout->capacity == 0 ? 64 : layout->capacity * 2;
    struct bubblewrap_entry *entries =
        context->host->allocate(context->call, capacity * sizeof *entries);
    if (layout->count > 0)
      memcpy(entries, layout->entries, layout->count * sizeof *entries);
    layout->entries = entries;
    layout->capacity = capacity;
  }
  layout->entries[layout->count++] = *entry;
}

void bubblewrap_layout_replace(struct bubblewrap_layout *layout, const char *target)
{
  size_t kept = 0;
  for (size_t i = 0; i < layout->count; i++) {
    const struct bubblewrap_entry *entry = &layout->entries[i];
    if (entry->owner != BUBBLEWRAP_SYSTEM || !plugin_path_within(entry->target, target))
      layout->entries[kept++] = *entry;
  }
  layout->count = kept;
}

static bool comes_before(const struct bubblewrap_entry *left, const struct bubblewrap_entry *right)
{
  size_t left_depth = plugin_path_depth(left->target);
  size_t right_depth = plugin_path_depth(right->target);
  if (left_depth != right_depth)
    return left_depth < right_depth;
  return left->owner < right->owner;
}

void bubblewrap_layout_sort(struct bubblewrap_layout *layout)
{
  for (size_t i = 1; i < layout->count; i++) {
    struct bubblewrap_entry entry = layout->entries[i];
    size_t at = i;
    for (; at > 0 && comes_before(&entry, &layout->entries[at - 1]); at--)
      layout->entries[at] = layout->entries[at - 1];
    layout->entries[at] = entry;
  }
}

const struct bubblewrap_entry *bubblewrap_layout_cover(const struct bubblewrap_layout *layout,
                                                       const char *path)
{
  const struct bubblewrap_entry *best = NULL;
  for (size_t i = 0; i < layout->count; i++) {
    const struct bubblewrap_entry *entry = &layout->entries[i];
    if (plugin_path_within(path, entry->target) &&
        (best == NULL || strlen(entry->target) > strlen(best->target)))
      best = entry;
  }
  return best;
}

bool bubblewrap_look(const struct bubblewrap_context *context, const char *path,
                     struct jauauth_path *info)
{
  memset(info, 0, sizeof *info);
  info->struct_size = (uint32_t)sizeof *info;
  return context->host->inspect_path(context->call, path, info, NULL) == 0;
}

/* A private folder holds nothing but the way to entries below it. */
static bool holds_entry(const struct bubblewrap_layout *layout, const char *path)
{
  for (size_t i = 0; i < layout->count; i++)
    if (plugin_path_within(layout->entries[i].target, path))
      return true;
  return false;
}

/* One component: `path` has no link above its last component. Returns the text of a link that is to
 * be followed, else NULL with `found` filled. */
static const char *step(const struct bubblewrap_layout *layout, const char *path,
                        struct bubblewrap_found *found)
{
  const struct bubblewrap_context *context = layout->context;
  const struct bubblewrap_entry *entry = bubblewrap_layout_cover(layout, path);
  found->inside = path;
  found->host = NULL;
  found->sight = BUBBLEWRAP_MISSING;
  if (entry == NULL || entry->kind == BUBBLEWRAP_PRIVATE) {
    if (holds_entry(layout, path))
      found->sight = BUBBLEWRAP_OWN;
    return NULL;
  }
  bool exact = strcmp(path, entry->target) == 0;
  switch (entry->kind) {
  case BUBBLEWRAP_LINK:
    return exact ? entry->source : NULL;
  case BUBBLEWRAP_TEXT:
    found->sight = exact ? BUBBLEWRAP_OWN : BUBBLEWRAP_MISSING;
    return NULL;
  case BUBBLEWRAP_ENGINE:
    found->sight = BUBBLEWRAP_OWN;
    return NULL;
  default:
    break;
  }
  found->host =
      context->host->format(context->call, "%s%s", entry->source, path + strlen(entry->target));
  if (!bubblewrap_look(context, found->host, &found->info))
    return NULL;
  if (found->info.type == JAUAUTH_PATH_LINK && found->info.link != NULL)
    return found->info.link;
  found->sight = BUBBLEWRAP_SHOWN;
  return NULL;
}

void bubblewrap_resolve(const struct bubblewrap_layout *layout, const char *path,
                        struct bubblewrap_found *found)
{
  const struct jauauth_host *host = layout->context->host;
  struct jauauth_call *call = layout->context->call;
  const char *current = "/";
  const char *rest = path;
  unsigned links = 0;
  memset(found, 0, sizeof *found);
  found->sight = BUBBLEWRAP_OWN;
  found->inside = current;
  for (;;) {
    rest += strspn(rest, "/");
    size_t length = strcspn(rest, "/");
    if (length == 0)
      return;
    const char *name = plugin_copy(host, call, rest, length);
    rest += length;
    if (strcmp(name, ".") == 0)
      continue;
    const char *next = strcmp(name, "..") == 0 ? plugin_path_parent(host, call, current)
                                               : plugin_path_join(host, call, current, name);
    const char *link = strcmp(next, "/") == 0 ? NULL : step(layout, next, found);
    if (strcmp(next, "/") == 0) {
      found->sight = BUBBLEWRAP_OWN;
      found->inside = next;
    }
    if (link != NULL && ++links <= MOST_LINKS) {
      rest = host->format(call, "%s%s", link, rest);
      if (link[0] == '/')
        current = "/";
      continue;
    }
    if (link != NULL || found->sight == BUBBLEWRAP_MISSING) {
      found->sight = BUBBLEWRAP_MISSING;
      return;
    }
    current = next;
  }
}

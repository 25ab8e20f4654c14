/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of the request: which are possible, and where they go. */
#include "mounts.h"

#include <string.h>

#include "plugins/common/path.h"

/* Reports a problem of one mount. `format` gets the target and then `detail`. */
static void refuse(struct bubblewrap_layout *layout, size_t index, const char *code,
                   const char *format, const char *detail, const char *hint)
{
  struct bubblewrap_context *context = layout->context;
  const struct jauauth_host *host = context->host;
  const char *option = host->format(context->call, "mounts/%zu", index);
  const char *target = context->request->mounts[index]->target;
  bubblewrap_problem(context, code, option, host->format(context->call, format, target, detail),
                     hint);
}

static const char *kernel_folder(const char *path)
{
  static const char *const folders[] = {"/proc", "/dev", "/sys"};
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
    if (plugin_path_within(path, folders[i]))
      return folders[i];
  return NULL;
}

/* What can be said without looking at other entries. */
static bool is_sensible(struct bubblewrap_layout *layout, size_t index)
{
  const struct jauauth_mount *mount = layout->context->request->mounts[index];
  if (!plugin_path_is_plain(mount->target)) {
    refuse(layout, index, "mount-target-not-plain",
           "the path inside, %s, is not an absolute path without \".\", \"..\", \"//\" and a final "
           "\"/\"%s",
           "", "write the path inside as /name/name");
    return false;
  }
  if (strcmp(mount->target, "/") == 0) {
    refuse(layout, index, "mount-over-root",
           "a mount on %s would hide everything that the sandbox supplies%s", "",
           "mount the folder that the server needs on a path of its own, such as /data");
    return false;
  }
  const char *folder = kernel_folder(mount->target);
  if (folder != NULL) {
    refuse(layout, index, "mount-over-kernel-folder",
           "nothing can be mounted on %s: %s belongs to the sandbox", folder,
           "choose a path inside such as /data");
    return false;
  }
  folder = strcmp(mount->source, "/") == 0 ? "/" : kernel_folder(mount->source);
  if (folder != NULL) {
    refuse(layout, index, "mount-of-kernel-folder",
           "the source for %s is in %s, which would show processes and devices of the host", folder,
           "mount the folders of the host that the server needs, one by one");
    return false;
  }
  return true;
}

/*
 * A mount of a system folder on its own place ("/usr:/usr:ro") is there already. Any other mount on
 * such a place is refused: programs and their libraries must fit together, and a writable one would
 * let the server change the programs of the host.
 */
static void judge_system_place(struct bubblewrap_layout *layout, size_t index,
                               const struct bubblewrap_entry *place)
{
  const struct bubblewrap_context *context = layout->context;
  const struct jauauth_mount *mount = context->request->mounts[index];
  const char *real = context->host->real_path(context->call, place->target, NULL);
  if ((mount->flags & JAUAUTH_MOUNT_READ_ONLY) == 0)
    refuse(layout, index, "mount-over-programs",
           "%s holds the system's programs and may not be writable%s", "",
           "mount it read-only, or mount another folder on a path such as /data");
  else if (real == NULL || strcmp(real, mount->source) != 0)
    refuse(layout, index, "mount-over-programs",
           "%s holds the system's programs and cannot be replaced%s", "",
           "choose another path inside, and put it into the server's PATH when it holds programs");
}

/* A mount below a folder of the host: the engine can create nothing there. */
static bool fits_below(struct bubblewrap_layout *layout, size_t index,
                       const struct bubblewrap_entry *above)
{
  const struct bubblewrap_context *context = layout->context;
  const struct jauauth_mount *mount = context->request->mounts[index];
  if (above->kind == BUBBLEWRAP_WRITABLE) {
    refuse(layout, index, "mount-below-writable",
           "%s lies below %s, which is mounted writable: the server could put a link there that "
           "leads the mount out of the sandbox",
           above->target, "mount it on a path of its own, outside of writable folders");
    return false;
  }
  struct bubblewrap_found found;
  bubblewrap_resolve(layout, mount->target, &found);
  if (found.sight != BUBBLEWRAP_SHOWN || strcmp(found.inside, mount->target) != 0) {
    refuse(layout, index, "mount-point-missing",
           "%s cannot be created in %s, which is read-only or not a folder", above->target,
           "choose a path inside that is not below it, such as /data");
    return false;
  }
  struct jauauth_path source;
  if (bubblewrap_look(context, mount->source, &source) &&
      (source.type == JAUAUTH_PATH_DIRECTORY) != (found.info.type == JAUAUTH_PATH_DIRECTORY)) {
    refuse(layout, index, "mount-point-differs",
           "%s is a folder on one side and a file on the other%s", "",
           "choose another path inside, such as /data");
    return false;
  }
  return true;
}

static void add_mount(struct bubblewrap_layout *layout, size_t index)
{
  const struct jauauth_mount *mount = layout->context->request->mounts[index];
  bool read_only = (mount->flags & JAUAUTH_MOUNT_READ_ONLY) != 0;
  struct bubblewrap_entry entry = {
      .kind = read_only ? BUBBLEWRAP_READ_ONLY : BUBBLEWRAP_WRITABLE,
      .owner = BUBBLEWRAP_USER,
      .target = mount->target,
      .source = mount->source,
      .index = index,
  };
  if (!is_sensible(layout, index))
    return;
  bubblewrap_layout_replace(layout, mount->target);
  const struct bubblewrap_entry *cover = bubblewrap_layout_cover(layout, mount->target);
  if (cover != NULL && strcmp(cover->target, mount->target) == 0) {
    if (cover->owner == BUBBLEWRAP_PROGRAMS)
      judge_system_place(layout, index, cover);
    else if (strcmp(cover->source, entry.source) != 0 || cover->kind != entry.kind)
      refuse(layout, index, "mount-target-twice", "two different mounts are to go on %s%s", "",
             "leave one of them out");
    return;
  }
  if (cover != NULL && !fits_below(layout, index, cover))
    return;
  bubblewrap_layout_add(layout, &entry);
}

void bubblewrap_mounts(struct bubblewrap_layout *layout)
{
  const struct bubblewrap_context *context = layout->context;
  const struct jauauth_mount *const *mounts = context->request->mounts;
  size_t deepest = 0;
  for (size_t i = 0; mounts[i] != NULL; i++) {
    size_t depth = plugin_path_depth(mounts[i]->target);
    deepest = depth > deepest ? depth : deepest;
  }
  /* Those above first, so that each meets what it will lie below. */
  for (size_t depth = 0; depth <= deepest; depth++)
    for (size_t i = 0; mounts[i] != NULL; i++)
      if (plugin_path_depth(mounts[i]->target) == depth)
        add_mount(layout, i);
}

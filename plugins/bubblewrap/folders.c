/* SPDX-License-Identifier: Apache-2.0 */
/* The private folders of a sandbox: home, temporary and work directory. */
#include <string.h>

#include "mounts.h"
#include "plugins/common/path.h"

#define MEBIBYTE       (UINT64_C(1) << 20)
#define HOME_SIZE      (256 * MEBIBYTE)
#define TEMPORARY_SIZE (64 * MEBIBYTE)
#define WORK_SIZE      (64 * MEBIBYTE)

static void refuse(struct bubblewrap_layout *layout, const char *code, const char *option,
                   const char *format, const char *path, const char *other, const char *hint)
{
  struct bubblewrap_context *context = layout->context;
  bubblewrap_problem(context, code, option,
                     context->host->format(context->call, format, path, other), hint);
}

/* Whether a folder has to be made at `path`: false when it is there already, and after a problem.
 */
static bool must_be_made(struct bubblewrap_layout *layout, const char *option, const char *path,
                         const char *hint)
{
  const struct bubblewrap_entry *cover = bubblewrap_layout_cover(layout, path);
  if (cover == NULL || cover->kind == BUBBLEWRAP_PRIVATE)
    return cover == NULL || strcmp(cover->target, path) != 0;
  struct bubblewrap_found found;
  bubblewrap_resolve(layout, path, &found);
  if (cover->owner == BUBBLEWRAP_ENGINE_OWN)
    refuse(layout, "folder-not-possible", option, "%s cannot be used: %s belongs to the sandbox",
           path, cover->target, hint);
  else if (found.sight != BUBBLEWRAP_SHOWN || found.info.type != JAUAUTH_PATH_DIRECTORY)
    refuse(layout, "folder-not-possible", option,
           "%s is not a folder in %s and is never created in a folder of the host", path,
           cover->target, hint);
  return false;
}

static void add_private(struct bubblewrap_layout *layout, const char *path,
                        enum bubblewrap_owner owner, const char *mode, uint64_t size)
{
  struct bubblewrap_entry entry = {
      .kind = BUBBLEWRAP_PRIVATE,
      .owner = owner,
      .target = path,
      .mode = mode,
      .size = size,
  };
  bubblewrap_layout_add(layout, &entry);
}

static void add_kept_home(struct bubblewrap_layout *layout, const char *source)
{
  const struct bubblewrap_entry *cover = bubblewrap_layout_cover(layout, layout->home);
  if (cover != NULL) {
    refuse(layout, "home-covered", "home",
           "the kept home %s is at or below %s, which is something else already", layout->home,
           cover->target, "leave \"home\" out, or choose another path for that mount");
    return;
  }
  struct bubblewrap_entry entry = {
      .kind = BUBBLEWRAP_WRITABLE,
      .owner = BUBBLEWRAP_HOME,
      .target = layout->home,
      .source = source,
  };
  bubblewrap_layout_add(layout, &entry);
  for (size_t i = 0; i < layout->count; i++)
    if (layout->entries[i].owner == BUBBLEWRAP_USER &&
        plugin_path_below(layout->entries[i].target, layout->home))
      refuse(layout, "mount-below-writable", "mounts",
             "%s lies below the kept home %s: the server could put a link there that leads the "
             "mount out of the sandbox",
             layout->entries[i].target, layout->home,
             "mount it on a path of its own, outside of the home");
}

static bool is_possible(struct bubblewrap_layout *layout, const char *option, const char *path)
{
  if (strcmp(path, "/") == 0)
    refuse(layout, "folder-not-possible", option, "%s is the root, which is read-only%s", path, "",
           "choose a path such as /scratch");
  else if (plugin_path_is_plain(path))
    return true;
  else
    refuse(layout, "folder-not-plain", option,
           "%s is not an absolute path without \".\", \"..\", \"//\" and a final \"/\"%s", path, "",
           "write it as /name/name");
  return false;
}

static void add_home(struct bubblewrap_layout *layout)
{
  const struct jauauth_request *request = layout->context->request;
  if (request->home != NULL)
    add_kept_home(layout, request->home);
  else if (must_be_made(layout, "environment", layout->home,
                        "choose another path for that mount, or set HOME in \"env\" to a folder "
                        "that is there or that can be made"))
    add_private(layout, layout->home, BUBBLEWRAP_HOME, "0700", HOME_SIZE);
}

static void add_temporary(struct bubblewrap_layout *layout)
{
  static const char option[] = "temporary_directory";
  /* Programs have /tmp in them as a word, so it is there even where another one is asked. */
  if (bubblewrap_layout_cover(layout, "/tmp") == NULL)
    add_private(layout, "/tmp", BUBBLEWRAP_FOLDER, "1777", TEMPORARY_SIZE);
  if (is_possible(layout, option, layout->temporary) &&
      must_be_made(layout, option, layout->temporary,
                   "create it on the host, or choose a path such as /scratch"))
    add_private(layout, layout->temporary, BUBBLEWRAP_FOLDER, "1777", TEMPORARY_SIZE);
}

static void add_work(struct bubblewrap_layout *layout)
{
  static const char option[] = "work_directory";
  if (layout->context->request->work_directory == NULL || strcmp(layout->work, "/") == 0 ||
      !is_possible(layout, option, layout->work))
    return;
  /* The way to an entry is a folder already, though a read-only one. */
  struct bubblewrap_found found;
  bubblewrap_resolve(layout, layout->work, &found);
  const struct bubblewrap_entry *cover = bubblewrap_layout_cover(layout, layout->work);
  bool on_the_way = found.sight == BUBBLEWRAP_OWN && cover == NULL;
  if (!on_the_way && must_be_made(layout, option, layout->work,
                                  "create it on the host, or choose a path such as /work"))
    add_private(layout, layout->work, BUBBLEWRAP_FOLDER, "0700", WORK_SIZE);
}

void bubblewrap_private_folders(struct bubblewrap_layout *layout)
{
  add_home(layout);
  add_temporary(layout);
  add_work(layout);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From the request to a finished layout: what `validate` and `spawn` share. */
#include "prepare.h"

#include <string.h>

#include "command.h"
#include "mounts.h"
#include "plugins/common/path.h"
#include "system.h"

#define DEFAULT_HOME "/home/" BUBBLEWRAP_USER_NAME

/* A HOME of the server's environment is where programs will look, so the home is put there. */
static const char *choose_home(struct bubblewrap_context *context)
{
  static const char *const taken[] = {"/usr",    "/bin", "/sbin", "/lib", "/lib32", "/lib64",
                                      "/libx32", "/etc", "/proc", "/dev", "/sys"};
  const char *home = bubblewrap_variable(context->request, "HOME");
  if (home == NULL)
    return DEFAULT_HOME;
  bool possible =
      plugin_path_is_plain(home) && strcmp(home, "/") != 0 && strpbrk(home, ":\n") == NULL;
  for (size_t i = 0; possible && i < sizeof taken / sizeof taken[0]; i++)
    possible = !plugin_path_within(home, taken[i]);
  if (possible)
    return home;
  bubblewrap_problem(context, "home-not-possible", "environment",
                     "the variable HOME names no folder that can be a home inside the sandbox",
                     "leave HOME out, or set it to an absolute path such as " DEFAULT_HOME);
  return DEFAULT_HOME;
}

const char *bubblewrap_prepare(struct bubblewrap_layout *layout)
{
  struct bubblewrap_context *context = layout->context;
  const struct jauauth_request *request = context->request;
  layout->home = choose_home(context);
  layout->temporary = request->temporary_directory != NULL ? request->temporary_directory : "/tmp";
  layout->work = request->work_directory != NULL ? request->work_directory : layout->home;
  if (request->network == JAUAUTH_NETWORK_NAMED)
    bubblewrap_problem(context, "network-not-known", "network",
                       "bubblewrap has no networks with names",
                       "write \"network\": true for the network of the host, or leave it out");
  bubblewrap_system(layout, request->network == JAUAUTH_NETWORK_OPEN);
  unsigned before = context->count;
  bubblewrap_mounts(layout);
  bubblewrap_private_folders(layout);
  bubblewrap_layout_sort(layout);
  /* In a layout with a hole the command's problems would only be consequences. */
  return context->count == before ? bubblewrap_command(layout) : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From the request to what the container gets: what `validate` and `spawn` share. */
#include "setup.h"

#include <string.h>

#include "environment.h"
#include "image.h"
#include "plugins/common/path.h"

#define DEFAULT_HOME "/home/mcp"

/* Below this the engines refuse to make a container. */
#define LEAST_MEMORY (UINT64_C(6) << 20)

const char *container_name(const struct container_context *context, const char *instance)
{
  return context->host->format(context->call, "jauauth-%s", instance);
}

uint64_t container_limit(const struct container_context *context, uint32_t limit)
{
  const struct jauauth_request *request = context->request;
  return limit < request->limits_count ? request->limits[limit].value : 0;
}

static bool is_strict(const struct container_context *context, uint32_t limit)
{
  const struct jauauth_request *request = context->request;
  return limit < request->limits_count && request->limits[limit].strict != 0;
}

/* Programs look for their home where HOME says, so that it is made there. */
static const char *choose_home(struct container_context *context)
{
  static const char *const taken[] = {"/",    "/bin",  "/boot", "/dev",  "/etc", "/lib", "/lib64",
                                      "/opt", "/proc", "/run",  "/sbin", "/sys", "/usr", "/var"};
  const char *home = NULL;
  for (size_t i = 0; context->request->environment[i] != NULL; i++)
    if (strcmp(context->request->environment[i]->name, "HOME") == 0)
      home = context->request->environment[i]->value;
  if (home == NULL)
    return DEFAULT_HOME;
  bool possible = plugin_path_is_plain(home) && strpbrk(home, ":,\n") == NULL;
  for (size_t i = 0; possible && i < sizeof taken / sizeof taken[0]; i++)
    possible = strcmp(home, taken[i]) != 0;
  if (possible)
    return home;
  container_problem(context, "home-not-possible", "environment",
                    "the variable HOME names no folder that can be a home inside the container",
                    "leave HOME out, or set it to an absolute path such as " DEFAULT_HOME);
  return DEFAULT_HOME;
}

/* A limit of the flags takes the place of a default, and must agree with one that was written. */
static uint64_t agree(struct container_context *context, uint32_t limit, uint64_t flag,
                      const char *flag_name, const char *option)
{
  uint64_t asked = container_limit(context, limit);
  if (flag == 0)
    return asked;
  if (is_strict(context, limit) && asked != flag)
    container_problem(context, "limit-twice", "extra_flags",
                      context->host->format(context->call,
                                            "%s and \"%s\" are both given, and differ", flag_name,
                                            option),
                      "write it in one place only");
  return flag;
}

static void choose_limits(struct container_setup *setup)
{
  struct container_context *context = setup->context;
  const struct container_flags *flags = &setup->flags;
  bool known = flags->memory != 0 || is_strict(context, JAUAUTH_LIMIT_MEMORY);
  setup->memory = agree(context, JAUAUTH_LIMIT_MEMORY, flags->memory, "--memory", "memory_limit");
  /* The swap limit is a sum, and no engine takes it alone: so it is the memory limit as well. */
  if (flags->memory_swap != 0 && !known)
    setup->memory = flags->memory_swap;
  setup->memory_swap = flags->memory_swap != 0 ? flags->memory_swap : setup->memory;
  if (setup->memory != 0 && setup->memory < LEAST_MEMORY)
    container_problem(context, "memory-too-small", "memory_limit",
                      "a container needs a memory limit of at least 6m", "raise it");
  if (setup->memory_swap < setup->memory)
    container_problem(context, "swap-too-small", "extra_flags",
                      "--memory-swap counts the memory as well, and is less than the memory limit",
                      "leave it out: there is no swap then");
  setup->cpus = agree(context, JAUAUTH_LIMIT_CPU, flags->cpus, "--cpus", "cpu_limit");
  setup->pids = agree(context, JAUAUTH_LIMIT_PIDS, flags->pids, "--pids-limit", "pids_limit");
  setup->files = container_limit(context, JAUAUTH_LIMIT_OPEN_FILES);
  setup->file_size = container_limit(context, JAUAUTH_LIMIT_FILE_SIZE);
}

static void choose_network(struct container_setup *setup)
{
  struct container_context *context = setup->context;
  const struct jauauth_request *request = context->request;
  const struct container_flags *flags = &setup->flags;
  const char *named = request->network == JAUAUTH_NETWORK_NAMED ? request->network_name : NULL;
  setup->network_by = request->network == JAUAUTH_NETWORK_NONE ? NULL : "network";
  if (flags->network != NULL) {
    if (named != NULL && strcmp(named, flags->network) != 0)
      container_problem(context, "network-twice", "extra_flags",
                        "--network and the network of the sandbox are both given, and differ",
                        "write it in one place only");
    named = flags->network;
    setup->network_by = strcmp(named, "none") == 0 ? NULL : "extra_flags";
  } else if (setup->network_by == NULL && flags->wants_network != NULL) {
    setup->network_by = "extra_flags";
  }
  setup->network = setup->network_by == NULL ? "none" : named;
  if (named != NULL && flags->network == NULL &&
      (strcmp(named, "host") == 0 || strpbrk(named, ":/=,") != NULL))
    container_problem(context, "network-of-host", "network",
                      "with the network of the host, the server reaches whatever listens on its "
                      "loopback",
                      "write true for a network of its own");
}

static void check_mounts(struct container_setup *setup)
{
  struct container_context *context = setup->context;
  const struct jauauth_host *host = context->host;
  static const char *const taken[] = {"/", "/dev", "/proc", "/sys"};
  for (size_t i = 0; context->request->mounts[i] != NULL; i++) {
    const char *target = context->request->mounts[i]->target;
    const char *option = host->format(context->call, "mounts/%zu", i);
    bool possible = plugin_path_is_plain(target);
    for (size_t j = 0; possible && j < sizeof taken / sizeof taken[0]; j++)
      possible = strcmp(target, taken[j]) != 0;
    if (!possible)
      container_problem(context, "mount-target", option,
                        host->format(context->call, "%s can be no mount point", target),
                        "choose another absolute path inside");
  }
}

void container_prepare(struct container_setup *setup)
{
  struct container_context *context = setup->context;
  const struct jauauth_request *request = context->request;
  container_flags_read(context, &setup->flags);
  setup->image = container_image(context);
  setup->home = choose_home(context);
  setup->temporary = request->temporary_directory;
  setup->work_directory = request->work_directory;
  if (setup->flags.work_directory != NULL) {
    if (setup->work_directory != NULL &&
        strcmp(setup->work_directory, setup->flags.work_directory) != 0)
      container_problem(context, "work-directory-twice", "extra_flags",
                        "--workdir and \"work_dir\" are both given, and differ",
                        "write it in one place only");
    setup->work_directory = setup->flags.work_directory;
  }
  if (setup->work_directory != NULL && !plugin_path_is_plain(setup->work_directory))
    container_problem(context, "work-directory", "work_directory",
                      "the work directory must be an absolute path inside", "such as /app");
  if (setup->temporary != NULL &&
      (!plugin_path_is_plain(setup->temporary) || strpbrk(setup->temporary, ":,") != NULL ||
       strcmp(setup->temporary, "/") == 0))
    container_problem(context, "temporary-directory", "temporary_directory",
                      "this can be no folder for temporary files inside", "such as /tmp");
  choose_limits(setup);
  choose_network(setup);
  check_mounts(setup);
  container_check_environment(context);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin for bubblewrap: its options and its table. */
#include <jauauth/plugin.h>

#include "verbs.h"

static const struct jauauth_option options[] = {
    {
        .name = "ro_binds",
        .help = "Files and folders of the host that are shown read-only, as [host path, path "
                "inside]",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PAIR_LIST,
        .means = JAUAUTH_MEANS_MOUNTS_READ_ONLY,
    },
    {
        .name = "rw_binds",
        .help = "The same, and the server may change them",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PAIR_LIST,
        .flags = JAUAUTH_OPTION_WEAKENS,
        .means = JAUAUTH_MEANS_MOUNTS_WRITABLE,
    },
    {
        .name = "share_net",
        .help = "Give the server the network of the host, its loopback included",
        .default_value = "false",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_BOOLEAN,
        .flags = JAUAUTH_OPTION_WEAKENS,
        .means = JAUAUTH_MEANS_NETWORK,
    },
    {.name = NULL},
};

static const char *const front_programs[] = {"bwrap", NULL};

/* The kernel ends everything of a sandbox with its front, so there is never anything to remove. */
static int32_t bubblewrap_teardown(const struct jauauth_host *host, struct jauauth_call *call,
                                   const char *instance, const struct jauauth_pair *const *kept,
                                   struct jauauth_plan *plan, struct jauauth_error *error)
{
  (void)host;
  (void)call;
  (void)instance;
  (void)kept;
  (void)plan;
  (void)error;
  return 0;
}

/* clang-format off */
JAUAUTH_PLUGIN_BEGIN
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_UNPRIVILEGED, "bubblewrap", "0.1.0",
  "Linux namespaces and a system call filter, set up by bubblewrap for an ordinary user",
  options, sizeof options[0], front_programs,
  bubblewrap_probe, bubblewrap_validate, bubblewrap_spawn, bubblewrap_teardown,
  NULL, NULL, bubblewrap_diagnose
JAUAUTH_PLUGIN_END

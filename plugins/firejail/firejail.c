/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin for firejail: its options and its table. */
#include <jauauth/plugin.h>

#include "verbs.h"

static const struct jauauth_option options[] = {
    {
        .name = "profile",
        .help = "Name of a profile of firejail, or the absolute path of one",
        .default_value = "default",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_TEXT,
        .flags = JAUAUTH_OPTION_WEAKENS,
    },
    {
        .name = "whitelist_paths",
        .help = "Files and folders of the host that are shown, and that the server may change; "
                "without any it has a home of its own and nothing else",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PATH_LIST,
        .flags = JAUAUTH_OPTION_WEAKENS,
        .means = JAUAUTH_MEANS_MOUNTS_WRITABLE,
    },
    {
        .name = "read_only_paths",
        .help = "Files and folders of the host that are shown, and that the server may not change",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PATH_LIST,
        .means = JAUAUTH_MEANS_MOUNTS_READ_ONLY,
    },
    {
        .name = "net",
        .help = "true for the network of the host, its loopback included, or the name of an "
                "interface or bridge for one of its own",
        .default_value = "false",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_NETWORK,
        .flags = JAUAUTH_OPTION_WEAKENS,
        .means = JAUAUTH_MEANS_NETWORK,
    },
    {
        .name = "no_root",
        .help = "Run the server in a user namespace that has no root",
        .default_value = "true",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_BOOLEAN,
        .flags = JAUAUTH_OPTION_WEAKENS,
    },
    {
        .name = "netfilter",
        .help = "File with the rules of a filter for an interface of the sandbox's own",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_PATH,
    },
    {
        .name = "extra_args",
        .help = "Flags of firejail's command line that are known to be neutral or to harden",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_TEXT_LIST,
        .flags = JAUAUTH_OPTION_WEAKENS,
    },
    {
        .name = "allow_flags",
        .help = "Further flags that \"extra_args\" of the servers may hold",
        .since = "0.1.0",
        .type = JAUAUTH_TYPE_TEXT_LIST,
        .flags = JAUAUTH_OPTION_HOST | JAUAUTH_OPTION_WEAKENS,
    },
    {.name = NULL},
};

static const char *const front_programs[] = {"firejail", NULL};

/* The kernel ends everything of a sandbox with its front, so there is never anything to remove. */
static int32_t firejail_teardown(const struct jauauth_host *host, struct jauauth_call *call,
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
  JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_UNPRIVILEGED, "firejail", "0.1.0",
  "Linux namespaces, a system call filter and a profile, set up by the setuid program firejail",
  options, sizeof options[0], front_programs,
  firejail_probe, firejail_validate, firejail_spawn, firejail_teardown,
  NULL, NULL, firejail_diagnose
JAUAUTH_PLUGIN_END

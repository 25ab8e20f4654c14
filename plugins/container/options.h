/* SPDX-License-Identifier: Apache-2.0 */
/* The options that all container engines have, for the option tables of their plugins. */
#ifndef CONTAINER_OPTIONS_H
#define CONTAINER_OPTIONS_H

#include <jauauth/plugin.h>

/* clang-format off */
#define CONTAINER_OPTIONS \
  {.name = "image", \
   .help = "Image of the container, with a tag or a digest", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_TEXT, .flags = JAUAUTH_OPTION_REQUIRED}, \
  {.name = "memory_limit", \
   .help = "Memory of the whole container, swap included", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_SIZE, .means = JAUAUTH_MEANS_MEMORY_LIMIT}, \
  {.name = "cpu_limit", \
   .help = "Processors that the whole container may use", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_CPUS, .means = JAUAUTH_MEANS_CPU_LIMIT}, \
  {.name = "extra_flags", \
   .help = "Flags of the engine's command line that are known to be neutral or to harden", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_TEXT_LIST, .flags = JAUAUTH_OPTION_WEAKENS}, \
  {.name = "network", \
   .help = "true for the engine's ordinary network, or the name of one of its networks", \
   .default_value = "false", .since = "0.1.0", .type = JAUAUTH_TYPE_NETWORK, \
   .flags = JAUAUTH_OPTION_WEAKENS, .means = JAUAUTH_MEANS_NETWORK}, \
  {.name = "mounts", \
   .help = "Files and folders of the host that are shown, as \"host:inside\", or with \":ro\"", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_TEXT_LIST, .flags = JAUAUTH_OPTION_WEAKENS, \
   .means = JAUAUTH_MEANS_MOUNTS}, \
  {.name = "allow_flags", \
   .help = "Names of further flags that \"extra_flags\" of the servers may hold", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_TEXT_LIST, \
   .flags = JAUAUTH_OPTION_HOST | JAUAUTH_OPTION_WEAKENS}, \
  {.name = "environment", \
   .help = "Variables of the engine's client, such as those that lead to another engine", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_TEXT_MAP, .flags = JAUAUTH_OPTION_HOST}, \
  {.name = "host", \
   .help = "Address of the engine, such as ssh://user@machine", \
   .since = "0.1.0", .type = JAUAUTH_TYPE_TEXT, .flags = JAUAUTH_OPTION_HOST}
/* clang-format on */

#endif

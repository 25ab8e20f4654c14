/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth --version`: the version, the ABI, the protocol revisions and what was built in. */
#include "config.h"

#include "core/cli/command.h"

#include <stdio.h>

#include <jansson.h>
#include <sodium.h>
#include <uv.h>

#include "core/base/cleanup.h"
#include "jauauth/plugin.h"

/* Newest first. */
static const char *const revisions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
enum { REVISIONS = sizeof revisions / sizeof revisions[0] };

static int print_json(struct error **error)
{
  json_t *protocol = json_array();
  for (size_t i = 0; i < REVISIONS; i++)
    json_array_append_new(protocol, json_string(revisions[i]));
  json_t *root = json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s}}", "version", PACKAGE_VERSION, "abi",
                           "1.0", "protocol", protocol, "libraries", "libuv", uv_version_string(),
                           "jansson", JANSSON_VERSION, "libsodium", sodium_version_string());
  CLEANUP_FREE char *text = json_dumps(root, JSON_INDENT(2));
  json_decref(root);
  if (text == NULL)
    return error_memory(error);
  puts(text);
  return 0;
}

int command_print_version(bool json, struct error **error)
{
  if (json)
    return print_json(error);
  printf("%s %s\nplugin ABI %u.%u\nMCP", PACKAGE_NAME, PACKAGE_VERSION, JAUAUTH_ABI_MAJOR,
         JAUAUTH_ABI_MINOR);
  for (size_t i = 0; i < REVISIONS; i++)
    printf(" %s", revisions[i]);
  printf("\nlibuv %s, jansson %s, libsodium %s\n", uv_version_string(), JANSSON_VERSION,
         sodium_version_string());
  return 0;
}

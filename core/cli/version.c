/* SPDX-License-Identifier: Apache-2.0 */
/* `jauauth --version`: the version, the ABI, the protocol revisions and what was built in. */
#include "config.h"

#include "core/cli/command.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>
#include <libconfig.h>
#include <sodium.h>
#include <uv.h>

#include "core/base/buffer.h"
#include "core/cli/output.h"
#include "core/paths.h"
#include "jauauth/plugin.h"

/* Newest first. */
static const char *const revisions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
enum { REVISIONS = sizeof revisions / sizeof revisions[0] };

/* Goes through the words of a text that are set apart by one of `separators`. */
static bool next_word(const char **text, const char *separators, size_t *length)
{
  *text += strspn(*text, separators);
  *length = strcspn(*text, separators);
  return *length > 0;
}

static json_t *words_json(const char *text, const char *separators)
{
  json_t *list = json_array();
  for (size_t length; next_word(&text, separators, &length); text += length)
    json_array_append_new(list, json_stringn(text, length));
  return list;
}

static void append_words(struct buffer *out, const char *label, const char *text,
                         const char *separators)
{
  const char *between = "";
  buffer_append_text(out, label);
  for (size_t length; next_word(&text, separators, &length); text += length) {
    buffer_append_format(out, "%s%.*s", between, (int)length, text);
    between = ", ";
  }
  buffer_append_text(out, *between == '\0' ? "none\n" : "\n");
}

static json_t *libraries_json(void)
{
  CLEANUP_BUFFER struct buffer libconfig = {0};
  buffer_append_format(&libconfig, "%d.%d.%d", LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
                       LIBCONFIG_VER_REVISION);
  return json_pack("{s:s, s:s, s:s?, s:s}", "libuv", uv_version_string(), "jansson",
                   jansson_version_str(), "libconfig", libconfig.data, "libsodium",
                   sodium_version_string());
}

static int print_json(struct error **error)
{
  json_t *protocol = json_array();
  CLEANUP_BUFFER struct buffer abi = {0};
  for (size_t i = 0; i < REVISIONS; i++)
    json_array_append_new(protocol, json_string(revisions[i]));
  buffer_append_format(&abi, "%d.%d", JAUAUTH_ABI_MAJOR, JAUAUTH_ABI_MINOR);
  return output_json(json_pack("{s:s, s:s?, s:o, s:o, s:s, s:o, s:o}", "version", PACKAGE_VERSION,
                               "abi", abi.data, "protocol", protocol, "plugins",
                               words_json(JAUAUTH_BUILT_PLUGINS, " "), "default_strategy",
                               JAUAUTH_DEFAULT_STRATEGY, "sanitizers",
                               words_json(JAUAUTH_SANITIZERS, ","), "libraries", libraries_json()),
                     error);
}

int command_print_version(bool json, struct error **error)
{
  if (json)
    return print_json(error);
  CLEANUP_BUFFER struct buffer out = {0};
  buffer_append_format(&out, "%s %s\nplugin ABI %d.%d\nMCP", PACKAGE_NAME, PACKAGE_VERSION,
                       JAUAUTH_ABI_MAJOR, JAUAUTH_ABI_MINOR);
  for (size_t i = 0; i < REVISIONS; i++)
    buffer_append_format(&out, " %s", revisions[i]);
  buffer_append_byte(&out, '\n');
  append_words(&out, "plugins built: ", JAUAUTH_BUILT_PLUGINS, " ");
  buffer_append_text(&out, "default strategy: " JAUAUTH_DEFAULT_STRATEGY "\n");
  append_words(&out, "sanitizers: ", JAUAUTH_SANITIZERS, ",");
  buffer_append_format(&out, "libuv %s, jansson %s, libconfig %d.%d.%d, libsodium %s\n",
                       uv_version_string(), jansson_version_str(), LIBCONFIG_VER_MAJOR,
                       LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION, sodium_version_string());
  return output_text(&out, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to calls of the registry that no worker is asked for: why they are refused. */
#include "core/plugin/registry_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/plugin/findings.h"

static void free_call(struct call *call)
{
  json_decref(call->message);
  free(call);
}

void registry_finish(struct plugin *plugin, json_t *answer, const struct error *error)
{
  struct call *call = plugin->first;
  plugin->first = call->next;
  if (plugin->first == NULL)
    plugin->last = NULL;
  call->answer(call->data, answer, error);
  free_call(call);
}

void registry_refuse(struct plugin *plugin, const char *code, const char *text, const char *hint)
{
  CLEANUP_ERROR struct error *error = NULL;
  error_make_code(&error, ERROR_SANDBOX, code, "plugin \"%s\": %s", plugin->name, text);
  if (hint != NULL)
    error_hint(&error, "%s", hint);
  registry_finish(plugin, NULL, error);
}

void registry_refuse_unknown(struct plugin *plugin)
{
  const struct catalog *catalog = &plugin->registry->catalog;
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_BUFFER struct buffer name = {0};
  text_escape_controls(&name, plugin->name, strnlen(plugin->name, 80));
  error_make_code(&error, ERROR_SANDBOX, "plugin-not-found", "there is no plugin \"%s\"",
                  name.data == NULL ? "" : name.data);
  const char *near = text_suggest(plugin->name, catalog->names, catalog->count);
  CLEANUP_BUFFER struct buffer hint = {0};
  if (near != NULL)
    buffer_append_format(&hint, "did you mean \"%s\"?", near);
  else
    buffer_append_format(&hint, "packages call it jauauth-plugin-%s; ",
                         name.data == NULL ? "" : name.data);
  for (size_t i = 0; near == NULL && i < catalog->count; i++)
    buffer_append_format(&hint, "%s%s", i == 0 ? "installed are: " : ", ", catalog->names[i]);
  if (near == NULL && catalog->count == 0)
    buffer_append_text(&hint, "no plugin is installed at all");
  error_hint(&error, "%s", hint.data == NULL ? "" : hint.data);
  registry_finish(plugin, NULL, error);
}

void registry_refuse_double(struct plugin *plugin)
{
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_format(&text, "it is installed twice, as %s and as %s", plugin->entry->file,
                       plugin->entry->second);
  registry_refuse(plugin, "plugin-twice", text.data == NULL ? "" : text.data,
                  "remove one of the two files, or one of the plugin directories");
}

void registry_refuse_unavailable(struct plugin *plugin)
{
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_BUFFER struct buffer hint = {0};
  json_t *finding = findings_reason(plugin->probe, &hint);
  const char *why = json_string_value(json_object_get(finding, "text"));
  buffer_append_format(&text, "its engine cannot be used: %s", why == NULL ? "no reason" : why);
  registry_refuse(plugin, "engine-unavailable", text.data == NULL ? "" : text.data,
                  hint.length == 0 ? NULL : hint.data);
}

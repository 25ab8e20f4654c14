/* SPDX-License-Identifier: Apache-2.0 */
/* Takes over the servers of another program's file into a servers file. */
#ifndef JAUAUTH_CONFIG_IMPORT_H
#define JAUAUTH_CONFIG_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/config/check.h"
#include "core/config/problem.h"

/* What the proposals need to know of this machine. */
struct import_settings {
  const char *default_strategy; /* of servers that name none */
  const char *container; /* a strategy that runs images and works here; NULL: there is none */
  const char *home;      /* the user's; NULL: unknown */
  const struct config_front *fronts; /* programs that start a sandbox themselves */
  size_t front_count;
};

/*
 * `source` is the text of the other program's file, shown as `source_name`. It may begin with a
 * byte order mark and have comments and commas in front of closing brackets, which are lost; that
 * is reported. Known are the shapes {"mcpServers": {…}}, {"servers": {…}}, {"context_servers":
 * {…}},
 * {"mcp": {"servers": {…}}} and {"servers": […]}. `target` is the servers file as it is ("" for a
 * new one). *out becomes the target with what is new: whatever was there keeps its bytes.
 *
 * No field is lost. What means nothing here goes to "imported" of the server or of the file, which
 * the reader does not look at, and so does, whole, a server that cannot be started here. *report
 * (the caller's reference) says for each where it went:
 * {"shape", "notes": [text…], "servers": [{"name", "id", "result": "taken|aside|present", "text",
 * "sandbox", "reasons": [text…], "fields": [{"field", "went": "taken|changed|kept|left",
 * "text"}]}], "fields": […]}; of values that may be secrets it has none.
 *
 * A fault of either file is a problem in `problems` at its place (`target_problems` for the
 * target), and the result is -1 without an error; other failures set *error.
 */
int config_import(const struct import_settings *settings, const char *source_name,
                  const struct buffer *source, const struct buffer *target,
                  struct config_problems *problems, struct config_problems *target_problems,
                  struct buffer *out, json_t **report, struct error **error);

/* Appends JSON text, which must be valid, with "***" in place of what may be a secret: values of
 * variables, headers and credentials, and the query of an address. */
void config_import_mask(const char *text, size_t length, struct buffer *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What `verify` found of one server, as rows. */
#ifndef JAUAUTH_CLI_VERIFY_H
#define JAUAUTH_CLI_VERIFY_H

#include <stdbool.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/config/servers_file.h"
#include "core/sandbox/measure/property.h"
#include "core/sandbox/plan.h"

/* One server that was measured. All borrowed. */
struct verify_subject {
  const struct server_config *server;
  const struct plan *plan; /* its own; NULL with an error */
  json_t *claims;          /* of its strategy; may be NULL */
  json_t *result;          /* see measure.h; NULL with an error */
  const struct error *error;
};

/* The rows with what was asked, claimed and measured, as an object for --json; `*weaker` is set
 * where one is weaker than asked or claimed. NULL when out of memory. */
json_t *verify_object(const struct verify_subject *subject, bool *weaker);

/* The same object as a table for people. False when out of memory. */
bool verify_append(json_t *object, bool colour, struct buffer *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Prints answers on standard output. */
#include "core/cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"

int output_text(const struct buffer *text, struct error **error)
{
  if (text->failed)
    return error_memory(error);
  if (text->length == 0)
    return 0;
  if (fwrite(text->data, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
    return error_make(error, ERROR_FAILED, errno, "cannot write the answer");
  return 0;
}

int output_foreign_json(const char *text, size_t length, struct error **error)
{
  CLEANUP_BUFFER struct buffer out = {0};
  text_escape_json(&out, text, length);
  buffer_append_byte(&out, '\n');
  return output_text(&out, error);
}

int output_json(json_t *value, struct error **error)
{
  CLEANUP_FREE char *text = value != NULL ? json_dumps(value, JSON_INDENT(2)) : NULL;
  json_decref(value);
  return text != NULL ? output_foreign_json(text, strlen(text), error) : error_memory(error);
}

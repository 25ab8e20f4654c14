/* SPDX-License-Identifier: Apache-2.0 */
/* Hides what may be a secret in a file of servers, for the eyes of those who look at a diff. */
#include "core/config/import.h"

#include <string.h>

#include "core/json/decode.h"
#include "core/json/scan.h"

/* Below these names every text is taken for a secret. */
static const char *const secret_names[] = {"env",  "environment", "headers",  "http_headers",
                                           "auth", "oauth",       "settings", "requestInit"};

/* These hold an address, which may carry a secret in its query. */
static const char *const address_names[] = {"url", "serverUrl", "httpUrl", "uri"};

static bool is_among(struct json_slice key, const char *const *names, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (json_string_equals(key, names[i]))
      return true;
  }
  return false;
}

/* "${NAME}" and nothing else: it says where a secret is, and is none. */
static bool is_reference(struct json_slice value)
{
  return value.length > 5 && strncmp(value.at, "\"${", 3) == 0 &&
         memchr(value.at, '}', value.length) == value.at + value.length - 2;
}

/* The text between quotes up to a question mark stays. */
static void append_address(struct buffer *out, struct json_slice value)
{
  const char *query = memchr(value.at, '?', value.length);
  if (query == NULL) {
    buffer_append(out, value.at, value.length);
    return;
  }
  buffer_append(out, value.at, (size_t)(query - value.at));
  buffer_append_text(out, "?***\"");
}

/* Copies up to the end of `value`, which begins at or behind *done; sets *done behind it. */
static void mask(struct buffer *out, struct json_slice value, bool secret, bool address,
                 const char **done)
{
  enum json_kind kind = json_kind(value);
  buffer_append(out, *done, (size_t)(value.at - *done));
  *done = value.at;
  if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY) {
    struct json_walk walk = json_walk(value);
    struct json_slice key = {0};
    struct json_slice inner;
    while (kind == JSON_KIND_OBJECT ? json_object_next(&walk, &key, &inner)
                                    : json_array_next(&walk, &inner)) {
      bool named = kind == JSON_KIND_OBJECT;
      bool below = secret || (named && is_among(key, secret_names,
                                                sizeof secret_names / sizeof secret_names[0]));
      mask(out, inner, below,
           named && is_among(key, address_names, sizeof address_names / sizeof address_names[0]),
           done);
    }
    buffer_append(out, *done, (size_t)(value.at + value.length - *done));
  } else if (secret && !is_reference(value) && kind != JSON_KIND_TRUE && kind != JSON_KIND_FALSE &&
             kind != JSON_KIND_NULL) {
    buffer_append_text(out, "\"***\"");
  } else if (address && kind == JSON_KIND_STRING) {
    append_address(out, value);
  } else {
    buffer_append(out, value.at, value.length);
  }
  *done = value.at + value.length;
}

void config_import_mask(const char *text, size_t length, struct buffer *out)
{
  struct json_want whole = {.path = ""};
  const char *done = text;
  if (json_scan(text, length, NULL, &whole, 1, NULL))
    mask(out, whole.value, false, false, &done);
  buffer_append(out, done, (size_t)(text + length - done));
}

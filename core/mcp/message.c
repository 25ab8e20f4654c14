/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON-RPC message: what it is and where its parts are, found in one scan. */
#include "core/mcp/message.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

bool mcp_is_id(struct json_slice slice)
{
  enum json_kind kind = json_kind(slice);
  return kind == JSON_KIND_STRING || kind == JSON_KIND_INTEGER;
}

static void invalid(struct mcp_message *message, const char *reason)
{
  message->kind = MCP_KIND_INVALID;
  message->fault = (struct json_fault){.reason = reason};
}

static void classify(struct mcp_message *message, struct json_slice protocol)
{
  struct json_slice id = message->id;
  if (!mcp_is_id(id))
    message->id = (struct json_slice){0};
  if (*message->whole.at == '[') {
    message->kind = MCP_KIND_BATCH;
    return;
  }
  if (*message->whole.at != '{') {
    invalid(message, "a message is an object");
    return;
  }
  if (!json_string_equals(protocol, "2.0")) {
    invalid(message, "\"jsonrpc\" must be \"2.0\"");
    return;
  }
  if (message->method.at != NULL) {
    if (json_kind(message->method) != JSON_KIND_STRING)
      invalid(message, "\"method\" must be a string");
    else if (id.at != NULL && message->id.at == NULL)
      invalid(message, "\"id\" must be a string or an integer");
    else if (message->params.at != NULL && *message->params.at != '{')
      invalid(message, "\"params\" must be an object");
    else
      message->kind = id.at != NULL ? MCP_KIND_REQUEST : MCP_KIND_NOTIFICATION;
    return;
  }
  if (message->result.at != NULL || message->error.at != NULL)
    message->kind = MCP_KIND_RESPONSE;
  else
    invalid(message, "\"method\" is missing");
}

/* The members that both sides have, in front of their wants. */
enum { JSONRPC, ID, METHOD, PARAMS, RESULT, ERROR, COMMON };

#define COMMON_WANTS                                                                               \
  [JSONRPC] = {.path = "jsonrpc"}, [ID] = {.path = "id"}, [METHOD] = {.path = "method"},           \
  [PARAMS] = {.path = "params"}, [RESULT] = {.path = "result"}, [ERROR] = {.path = "error"}

static bool scan(struct mcp_message *message, const char *bytes, size_t length,
                 struct json_want *wants, size_t count)
{
  *message = (struct mcp_message){.kind = MCP_KIND_BROKEN, .whole = {bytes, length}};
  if (!json_scan(bytes, length, NULL, wants, count, &message->fault))
    return false;
  while (*message->whole.at == ' ' || *message->whole.at == '\t' || *message->whole.at == '\r' ||
         *message->whole.at == '\n') {
    message->whole.at++;
    message->whole.length--;
  }
  message->id = wants[ID].value;
  message->method = wants[METHOD].value;
  message->params = wants[PARAMS].value;
  if (json_kind(message->params) == JSON_KIND_NULL)
    message->params = (struct json_slice){0};
  message->result = wants[RESULT].value;
  message->error = wants[ERROR].value;
  return true;
}

void mcp_message_from_client(struct mcp_message *message, const char *bytes, size_t length)
{
  enum { TOKEN = COMMON, NAME, REQUEST_ID, LEVEL, CURSOR, VERSION };
  struct json_want wants[] = {
      COMMON_WANTS,
      [TOKEN] = {.path = "params/_meta/progressToken"},
      [NAME] = {.path = "params/name"},
      [REQUEST_ID] = {.path = "params/requestId"},
      [LEVEL] = {.path = "params/level"},
      [CURSOR] = {.path = "params/cursor"},
      [VERSION] = {.path = "params/protocolVersion"},
  };
  if (!scan(message, bytes, length, wants, COUNT(wants)))
    return;
  message->progress_token = wants[TOKEN].value;
  message->name = wants[NAME].value;
  message->request_id = wants[REQUEST_ID].value;
  message->level = wants[LEVEL].value;
  message->cursor = wants[CURSOR].value;
  message->protocol_version = wants[VERSION].value;
  classify(message, wants[JSONRPC].value);
}

void mcp_message_from_server(struct mcp_message *message, const char *bytes, size_t length)
{
  enum { TOKEN = COMMON, LEVEL, LOGGER };
  struct json_want wants[] = {
      COMMON_WANTS,
      [TOKEN] = {.path = "params/progressToken"},
      [LEVEL] = {.path = "params/level"},
      [LOGGER] = {.path = "params/logger"},
  };
  if (!scan(message, bytes, length, wants, COUNT(wants)))
    return;
  message->progress_token = wants[TOKEN].value;
  message->level = wants[LEVEL].value;
  message->logger = wants[LOGGER].value;
  classify(message, wants[JSONRPC].value);
}

/* --- The ends of an overlong message ---------------------------------------------------------- */

static bool is_space(char byte)
{
  return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static size_t skip_space(const char *text, size_t length, size_t at)
{
  while (at < length && is_space(text[at]))
    at++;
  return at;
}

/* The end of the string or number at `at`; 0 when it is neither, or goes on behind the end. */
static size_t scalar_end(const char *text, size_t length, size_t at)
{
  if (at >= length)
    return 0;
  size_t end = at + 1;
  if (text[at] == '"') {
    while (end < length && text[end] != '"')
      end += text[end] == '\\' ? 2 : 1;
    return end < length ? end + 1 : 0;
  }
  if (text[at] != '-' && (text[at] < '0' || text[at] > '9'))
    return 0;
  while (end < length && text[end] >= '0' && text[end] <= '9')
    end++;
  return end < length && (text[end] == ',' || text[end] == '}' || is_space(text[end])) ? end : 0;
}

/* One member of an object of which only the start is there. */
struct head_member {
  struct json_slice key;
  struct json_slice value; /* only of a string or number that ends here */
};

/* Moves *at, which stands at '{' or ',', to the ',' behind the member. False at the end of what is
 * understood; `key` may still be set then. */
static bool next_member(const char *head, size_t length, size_t *at, struct head_member *member)
{
  *member = (struct head_member){0};
  if (*at >= length || (head[*at] != '{' && head[*at] != ','))
    return false;
  size_t key = skip_space(head, length, *at + 1);
  size_t key_end = scalar_end(head, length, key);
  if (key_end == 0 || head[key] != '"')
    return false;
  member->key = (struct json_slice){head + key, key_end - key};
  size_t colon = skip_space(head, length, key_end);
  if (colon >= length || head[colon] != ':')
    return false;
  size_t value = skip_space(head, length, colon + 1);
  size_t value_end = scalar_end(head, length, value);
  if (value_end == 0)
    return false;
  member->value = (struct json_slice){head + value, value_end - value};
  *at = skip_space(head, length, value_end);
  return true;
}

/* Sets *other when what is there is a message of the other sort, whose id is not meant. */
static struct json_slice id_of_head(const char *head, size_t length, bool answer, bool *other)
{
  struct json_slice id = {0};
  struct head_member member;
  size_t at = skip_space(head, length, 0);
  *other = false;
  for (;;) {
    bool whole = next_member(head, length, &at, &member);
    bool method = json_string_equals(member.key, "method");
    if (method != !answer && (method || json_string_equals(member.key, "result") ||
                              json_string_equals(member.key, "error"))) {
      *other = true;
      return (struct json_slice){0};
    }
    if (!whole)
      break;
    if (json_string_equals(member.key, "id"))
      id = member.value;
    else if (!method && !json_string_equals(member.key, "jsonrpc"))
      break;
  }
  /* Without its "result" or "error" in sight, it may be a request with a like id. */
  bool sure = !answer || json_string_equals(member.key, "result") ||
              json_string_equals(member.key, "error");
  return sure ? id : (struct json_slice){0};
}

/* Backwards, and only for an id that is a number: the end of a string does not tell its start. */
static struct json_slice id_of_tail(const char *tail, size_t length)
{
  size_t end = length;
  while (end > 0 && is_space(tail[end - 1]))
    end--;
  if (end == 0 || tail[--end] != '}')
    return (struct json_slice){0};
  while (end > 0 && is_space(tail[end - 1]))
    end--;
  size_t start = end;
  while (start > 0 && tail[start - 1] >= '0' && tail[start - 1] <= '9')
    start--;
  if (start == end)
    return (struct json_slice){0};
  if (start > 0 && tail[start - 1] == '-')
    start--;
  size_t at = start;
  while (at > 0 && is_space(tail[at - 1]))
    at--;
  if (at == 0 || tail[--at] != ':')
    return (struct json_slice){0};
  while (at > 0 && is_space(tail[at - 1]))
    at--;
  if (at < 5 || memcmp(tail + at - 4, "\"id\"", 4) != 0)
    return (struct json_slice){0};
  for (at -= 4; at > 0 && is_space(tail[at - 1]);)
    at--;
  if (at == 0 || (tail[at - 1] != ',' && tail[at - 1] != '{'))
    return (struct json_slice){0};
  return (struct json_slice){tail + start, end - start};
}

struct json_slice mcp_id_of_ends(const char *head, size_t head_length, const char *tail,
                                 size_t tail_length, bool answer)
{
  bool other;
  struct json_slice id = id_of_head(head, head_length, answer, &other);
  if (id.at == NULL && !other)
    id = id_of_tail(tail, tail_length);
  /* Nothing has validated these bytes, and they are to be sent back. */
  bool valid = id.at != NULL && json_scan(id.at, id.length, NULL, NULL, 0, NULL) && mcp_is_id(id);
  return valid ? id : (struct json_slice){0};
}

/* --- Revisions -------------------------------------------------------------------------------- */

static const char *const version_names[] = {
    [MCP_VERSION_2024_11_05] = "2024-11-05",
    [MCP_VERSION_2025_03_26] = "2025-03-26",
    [MCP_VERSION_2025_06_18] = "2025-06-18",
    [MCP_VERSION_2025_11_25] = "2025-11-25",
};

enum mcp_version mcp_version_of(struct json_slice slice)
{
  for (size_t i = MCP_VERSION_2024_11_05; i < COUNT(version_names); i++)
    if (json_string_equals(slice, version_names[i]))
      return (enum mcp_version)i;
  return MCP_VERSION_NONE;
}

const char *mcp_version_name(enum mcp_version version)
{
  return version_names[version];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Takes away what programs write into JSON although JSON does not have it. */
#include "core/json/comment.h"

#include <string.h>

/* Behind the string that begins at `at`, or the end of the text. */
static size_t skip_string(const char *text, size_t length, size_t at)
{
  for (at++; at < length && text[at] != '"'; at++) {
    if (text[at] == '\\' && at + 1 < length)
      at++;
  }
  return at < length ? at + 1 : length;
}

/* Behind the comment that begins at `at`; `at` itself when there is none. */
static size_t skip_comment(const char *text, size_t length, size_t at)
{
  if (length - at < 2 || text[at] != '/')
    return at;
  if (text[at + 1] == '/') {
    while (at < length && text[at] != '\n' && text[at] != '\r')
      at++;
    return at;
  }
  for (size_t end = at + 2; text[at + 1] == '*' && length - end >= 2; end++) {
    if (text[end] == '*' && text[end + 1] == '/')
      return end + 2;
  }
  return at;
}

struct json_comments json_blank_comments(char *text, size_t length)
{
  struct json_comments found = {0};
  size_t comma = length; /* the last one, with nothing but white space behind it so far */
  for (size_t at = 0; at < length;) {
    size_t end = skip_comment(text, length, at);
    if (end > at) {
      if (found.comments++ == 0)
        found.first = at;
      for (; at < end; at++) {
        if (text[at] != '\n' && text[at] != '\r')
          text[at] = ' ';
      }
      continue;
    }
    if ((text[at] == ']' || text[at] == '}') && comma < length) {
      text[comma] = ' ';
      found.commas++;
    }
    if (strchr(" \t\r\n", text[at]) == NULL || text[at] == '\0')
      comma = text[at] == ',' ? at : length;
    at = text[at] == '"' ? skip_string(text, length, at) : at + 1;
  }
  return found;
}

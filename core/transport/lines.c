/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of bytes cut into lines. */
#include "core/transport/lines.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_CAPACITY = 1024 * 1024 };

void lines_start(struct lines *lines, size_t limit)
{
  *lines = (struct lines){.limit = limit};
}

void lines_free(struct lines *lines)
{
  free(lines->data);
  *lines = (struct lines){0};
}

static void compact(struct lines *lines)
{
  if (lines->data != NULL && lines->end > lines->start)
    memmove(lines->data, lines->data + lines->start, lines->end - lines->start);
  lines->end -= lines->start;
  lines->scanned -= lines->start;
  lines->start = 0;
}

char *lines_space(struct lines *lines, size_t *available)
{
  size_t held = lines->end - lines->start;
  if (held == 0 && lines->capacity > KEPT_CAPACITY) {
    /* One long line must not cost its memory for ever. */
    free(lines->data);
    lines->data = NULL;
    lines->capacity = 0;
  }
  /* Only when the gap is no smaller than what is moved, so that a byte is not moved too often. */
  if (held == 0 || (lines->start >= held && lines->capacity - lines->end < LINES_CHUNK))
    compact(lines);
  if (lines->capacity - lines->end < LINES_CHUNK) {
    size_t capacity = lines->capacity < LINES_CHUNK ? LINES_CHUNK : 2 * lines->capacity;
    char *data = realloc(lines->data, capacity);
    if (data == NULL)
      return NULL;
    lines->data = data;
    lines->capacity = capacity;
  }
  *available = lines->capacity - lines->end;
  return lines->data + lines->end;
}

void lines_added(struct lines *lines, size_t count)
{
  lines->end += count;
}

static void keep_head(struct lines *lines, const char *bytes, size_t length)
{
  lines->head_length = length < LINES_ENDS ? length : LINES_ENDS;
  memcpy(lines->head, bytes, lines->head_length);
  lines->tail_length = 0;
}

static void keep_tail(struct lines *lines, const char *bytes, size_t length)
{
  if (length >= LINES_ENDS) {
    memcpy(lines->tail, bytes + length - LINES_ENDS, LINES_ENDS);
    lines->tail_length = LINES_ENDS;
    return;
  }
  size_t kept = lines->tail_length;
  if (kept > LINES_ENDS - length)
    kept = LINES_ENDS - length;
  memmove(lines->tail, lines->tail + lines->tail_length - kept, kept);
  if (length > 0)
    memcpy(lines->tail + kept, bytes, length);
  lines->tail_length = kept + length;
}

/* `at` is where the line feed stands, or the end of the stream. */
static enum lines_event end_line(struct lines *lines, size_t at, const char **line, size_t *length)
{
  *line = lines->data + lines->start;
  *length = at - lines->start;
  if (lines->skipping) {
    keep_tail(lines, *line, *length);
    lines->skipping = false;
    return LINES_OVERFLOW;
  }
  if (*length > 0 && (*line)[*length - 1] == '\r')
    --*length;
  if (*length == 0)
    return LINES_NONE;
  if (*length <= lines->limit)
    return LINES_LINE;
  keep_head(lines, *line, *length);
  keep_tail(lines, *line, *length);
  return LINES_OVERFLOW;
}

/* What is there has no line feed: throws it away when it cannot become a line any more. */
static void hold(struct lines *lines)
{
  lines->scanned = lines->end;
  size_t held = lines->end - lines->start;
  if (!lines->skipping && held <= lines->limit + 1)
    return;
  if (!lines->skipping)
    keep_head(lines, lines->data + lines->start, held);
  keep_tail(lines, lines->data + lines->start, held);
  lines->skipping = true;
  lines->start = lines->scanned = lines->end = 0;
}

enum lines_event lines_next(struct lines *lines, const char **line, size_t *length)
{
  while (lines->scanned < lines->end) {
    char *feed = memchr(lines->data + lines->scanned, '\n', lines->end - lines->scanned);
    if (feed == NULL) {
      hold(lines);
      return LINES_NONE;
    }
    size_t at = (size_t)(feed - lines->data);
    enum lines_event event = end_line(lines, at, line, length);
    lines->start = lines->scanned = at + 1;
    if (event != LINES_NONE)
      return event;
  }
  return LINES_NONE;
}

enum lines_event lines_finish(struct lines *lines, const char **line, size_t *length)
{
  if (lines->start == lines->end && !lines->skipping)
    return LINES_NONE;
  if (lines->data == NULL)
    return LINES_NONE;
  enum lines_event event = end_line(lines, lines->end, line, length);
  lines->start = lines->scanned = lines->end;
  return event;
}

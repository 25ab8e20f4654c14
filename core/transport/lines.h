/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of bytes cut into lines. */
#ifndef JAUAUTH_TRANSPORT_LINES_H
#define JAUAUTH_TRANSPORT_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum {
  LINES_CHUNK = 65536, /* room for one read, at least */
  LINES_ENDS = 512     /* bytes kept of each end of an overlong line */
};

/*
 * A line ends with a line feed; a carriage return in front of it is taken off, and empty lines are
 * left out. Each byte is looked at once. A line longer than `limit` is thrown away while it comes
 * in, so that never more than about the limit is held.
 */
struct lines {
  char *data;
  size_t capacity;
  size_t start;   /* of the line that is not complete yet */
  size_t scanned; /* no line feed between `start` and here */
  size_t end;
  size_t limit; /* bytes of a line without its end */
  bool skipping;
  char head[LINES_ENDS]; /* of the overlong line */
  size_t head_length;
  char tail[LINES_ENDS];
  size_t tail_length;
};

enum lines_event {
  LINES_NONE,    /* no more complete lines */
  LINES_LINE,    /* *line is one; it stays until lines_space() */
  LINES_OVERFLOW /* a line over the limit has passed; `head` and `tail` are its ends */
};

/* Ends with lines_free(). */
void lines_start(struct lines *lines, size_t limit);
void lines_free(struct lines *lines);

/* Where to read into; *available is at least LINES_CHUNK. NULL when out of memory. Lines that were
 * handed out end here. */
char *lines_space(struct lines *lines, size_t *available);

/* So many bytes were read into it. */
void lines_added(struct lines *lines, size_t count);

enum lines_event lines_next(struct lines *lines, const char **line, size_t *length);

/* At the end of the stream, once lines_next() has nothing more: the last line, if it has no end. */
enum lines_event lines_finish(struct lines *lines, const char **line, size_t *length);

#endif

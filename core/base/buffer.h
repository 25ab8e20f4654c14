/* SPDX-License-Identifier: Apache-2.0 */
/* A growable run of bytes. */
#ifndef JAUAUTH_BASE_BUFFER_H
#define JAUAUTH_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Zero-initialise (`struct buffer buffer = {0}`) and end with buffer_free(). A failed allocation
 * sets `failed`, makes later appends do nothing and keeps what is there, so that a writer checks
 * once, at the end. `data` is always NUL-terminated once anything was appended; the NUL is not
 * counted.
 */
struct buffer {
  char *data;
  size_t length;   /* bytes in use */
  size_t capacity; /* bytes allocated */
  bool failed;     /* an allocation failed; the contents are incomplete */
};

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for `more` bytes behind the end and returns where they go, NULL when out of memory.
 * The caller writes there and adds what it wrote to `length`. */
char *buffer_reserve(struct buffer *buffer, size_t more);

/* Removes the first `count` bytes; `count` may be at most `length`. */
void buffer_consume(struct buffer *buffer, size_t count);

/* Empties it and keeps the allocation. */
void buffer_clear(struct buffer *buffer);

/* Hands the NUL-terminated contents out (the caller frees them) and empties it; NULL after a failed
 * allocation. An empty buffer gives an empty string. */
char *buffer_steal(struct buffer *buffer);

void buffer_free(struct buffer *buffer);

#define CLEANUP_BUFFER __attribute__((cleanup(buffer_free)))

#endif

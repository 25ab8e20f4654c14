/* SPDX-License-Identifier: Apache-2.0 */
/* A growable run of bytes. */
#include "core/base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *buffer_reserve(struct buffer *buffer, size_t more)
{
  if (buffer->failed)
    return NULL;
  if (more > SIZE_MAX / 4 || buffer->length > SIZE_MAX / 4) {
    buffer->failed = true;
    return NULL;
  }
  size_t needed = buffer->length + more + 1;
  if (needed > buffer->capacity) {
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < needed)
      capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) {
      buffer->failed = true;
      return NULL;
    }
    buffer->data = data;
    buffer->capacity = capacity;
  }
  return buffer->data + buffer->length;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
  char *end = buffer_reserve(buffer, length);
  if (end == NULL)
    return;
  if (length > 0)
    memcpy(end, bytes, length);
  end[length] = '\0';
  buffer->length += length;
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
  buffer_append(buffer, text, strlen(text));
}

void buffer_append_byte(struct buffer *buffer, char byte)
{
  buffer_append(buffer, &byte, 1);
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  char *text = NULL;
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0) {
    buffer->failed = true;
    return;
  }
  buffer_append(buffer, text, (size_t)length);
  free(text);
}

void buffer_consume(struct buffer *buffer, size_t count)
{
  if (count == 0)
    return;
  buffer->length -= count;
  memmove(buffer->data, buffer->data + count, buffer->length);
  buffer->data[buffer->length] = '\0';
}

void buffer_clear(struct buffer *buffer)
{
  buffer->length = 0;
  buffer->failed = false;
  if (buffer->data != NULL)
    buffer->data[0] = '\0';
}

char *buffer_steal(struct buffer *buffer)
{
  buffer_append(buffer, "", 0);
  if (buffer->failed) {
    buffer_free(buffer);
    return NULL;
  }
  char *data = buffer->data;
  *buffer = (struct buffer){0};
  return data;
}

void buffer_free(struct buffer *buffer)
{
  free(buffer->data);
  *buffer = (struct buffer){0};
}

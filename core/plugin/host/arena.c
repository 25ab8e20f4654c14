/* SPDX-License-Identifier: Apache-2.0 */
/* The arena of a call, the first fault of its answer, and JSON built without failing one by one. */
#include "core/plugin/host/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 * 1024 };

struct host_block {
  struct host_block *next;
  _Alignas(max_align_t) char bytes[];
};

void *host_allocate(struct jauauth_call *call, size_t size)
{
  if (size > SIZE_MAX - sizeof(struct host_block))
    abort();
  struct host_block *block = calloc(1, sizeof *block + size);
  if (block == NULL)
    abort();
  block->next = call->blocks;
  call->blocks = block;
  return block->bytes;
}

void host_arena_free(struct jauauth_call *call)
{
  while (call->blocks != NULL) {
    struct host_block *block = call->blocks;
    call->blocks = block->next;
    free(block);
  }
}

const char *host_copy(struct jauauth_call *call, const char *text)
{
  size_t size = strlen(text) + 1;
  return memcpy(host_allocate(call, size), text, size);
}

static const char *format_in_arena(struct jauauth_call *call, const char *format, va_list arguments)
{
  char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0)
    abort();
  const char *copy = host_copy(call, text);
  free(text);
  return copy;
}

const char *host_format(struct jauauth_call *call, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  const char *text = format_in_arena(call, format, arguments);
  va_end(arguments);
  return text;
}

void host_fault(struct jauauth_call *call, const char *format, ...)
{
  if (call->fault != NULL)
    return;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&call->fault, format, arguments) < 0)
    abort();
  va_end(arguments);
}

json_t *host_text(struct jauauth_call *call, const char *where, const char *text)
{
  if (text == NULL) {
    host_fault(call, "%s got NULL where a text is needed", where);
    return NULL;
  }
  if (strnlen(text, TEXT_MAX + 1) > TEXT_MAX) {
    host_fault(call, "%s got a text of more than %d bytes", where, TEXT_MAX);
    return NULL;
  }
  json_t *json = json_string(text);
  if (json == NULL)
    host_fault(call, "%s got a text that is not UTF-8", where);
  return json;
}

const char *host_word(struct jauauth_call *call, const char *where, uint32_t number,
                      const char *const *words, size_t count)
{
  if (number < count && words[number] != NULL)
    return words[number];
  host_fault(call, "%s got the word %lu, which this host does not know", where,
             (unsigned long)number);
  return NULL;
}

void host_set(struct jauauth_call *call, json_t *object, const char *key, json_t *value)
{
  if (value != NULL && json_object_set_new(object, key, value) != 0)
    host_fault(call, "out of memory");
}

void host_append(struct jauauth_call *call, json_t *array, json_t *value)
{
  if (value != NULL && json_array_append_new(array, value) != 0)
    host_fault(call, "out of memory");
}

json_t *host_list(struct jauauth_call *call, const char *key)
{
  json_t *list = json_object_get(call->answer, key);
  if (list != NULL)
    return list;
  list = json_array();
  host_set(call, call->answer, key, list);
  return list;
}

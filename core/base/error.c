/* SPDX-License-Identifier: Apache-2.0 */
/* The one error object of the core. */
#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Handed out when there is no memory left for a real one; error_free() knows it. */
static struct error out_of_memory = {
    .kind = ERROR_FAILED, .code = (char *)"out-of-memory", .message = (char *)"out of memory"};

int error_memory(struct error **error)
{
  if (error != NULL && *error == NULL)
    *error = &out_of_memory;
  return -1;
}

static int make(struct error **error, enum error_kind kind, int errnum, const char *code,
                const char *format, va_list arguments)
{
  if (error == NULL || *error != NULL)
    return -1;
  struct error *made = calloc(1, sizeof *made);
  char *text = NULL;
  if (made == NULL || vasprintf(&text, format, arguments) < 0) {
    free(made);
    return error_memory(error);
  }
  made->kind = kind;
  made->errnum = errnum;
  made->message = text;
  if (errnum != 0) {
    char *full = NULL;
    if (asprintf(&full, "%s: %s", text, strerror(errnum)) >= 0) {
      free(text);
      made->message = full;
    }
  }
  if (code != NULL)
    made->code = strdup(code);
  *error = made;
  return -1;
}

int error_make(struct error **error, enum error_kind kind, int errnum, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  make(error, kind, errnum, NULL, format, arguments);
  va_end(arguments);
  return -1;
}

int error_make_code(struct error **error, enum error_kind kind, const char *code,
                    const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  make(error, kind, 0, code, format, arguments);
  va_end(arguments);
  return -1;
}

int error_hint(struct error **error, const char *format, ...)
{
  if (error == NULL || *error == NULL || *error == &out_of_memory)
    return -1;
  va_list arguments;
  va_start(arguments, format);
  char *text = NULL;
  if (vasprintf(&text, format, arguments) >= 0) {
    free((*error)->hint);
    (*error)->hint = text;
  }
  va_end(arguments);
  return -1;
}

int error_wrap(struct error **error, const char *format, ...)
{
  if (error == NULL || *error == NULL || *error == &out_of_memory)
    return -1;
  va_list arguments;
  va_start(arguments, format);
  char *context = NULL;
  char *full = NULL;
  if (vasprintf(&context, format, arguments) >= 0 &&
      asprintf(&full, "%s: %s", context, (*error)->message) >= 0) {
    free((*error)->message);
    (*error)->message = full;
  }
  free(context);
  va_end(arguments);
  return -1;
}

struct error *error_copy(const struct error *error)
{
  if (error == NULL || error == &out_of_memory)
    return (struct error *)error;
  struct error *copy = calloc(1, sizeof *copy);
  if (copy == NULL)
    return &out_of_memory;
  copy->kind = error->kind;
  copy->errnum = error->errnum;
  copy->message = strdup(error->message);
  copy->code = error->code != NULL ? strdup(error->code) : NULL;
  copy->hint = error->hint != NULL ? strdup(error->hint) : NULL;
  if (copy->message == NULL) {
    error_free(&copy);
    return &out_of_memory;
  }
  return copy;
}

void error_free(struct error **error)
{
  if (error == NULL || *error == NULL)
    return;
  if (*error != &out_of_memory) {
    free((*error)->code);
    free((*error)->message);
    free((*error)->hint);
    free(*error);
  }
  *error = NULL;
}

int error_exit_code(const struct error *error)
{
  return error == NULL ? 1 : (int)error->kind;
}

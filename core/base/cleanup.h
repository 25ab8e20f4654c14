/* SPDX-License-Identifier: Apache-2.0 */
/* Scope-bound cleanup for memory, descriptors and streams, and helpers that hand ownership out. */
#ifndef JAUAUTH_BASE_CLEANUP_H
#define JAUAUTH_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_pointer(void *pointer)
{
  free(*(void **)pointer);
}

static inline void cleanup_close_descriptor(const int *descriptor)
{
  if (*descriptor >= 0)
    close(*descriptor);
}

static inline void cleanup_close_stream(FILE **stream)
{
  if (*stream != NULL)
    fclose(*stream);
}

static inline void cleanup_close_directory(DIR **directory)
{
  if (*directory != NULL)
    closedir(*directory);
}

#define CLEANUP_FREE      __attribute__((cleanup(cleanup_free_pointer)))
#define CLEANUP_CLOSE     __attribute__((cleanup(cleanup_close_descriptor)))
#define CLEANUP_STREAM    __attribute__((cleanup(cleanup_close_stream)))
#define CLEANUP_DIRECTORY __attribute__((cleanup(cleanup_close_directory)))

/* Returns *descriptor and sets it to -1: the caller owns it now. */
static inline int steal_descriptor(int *descriptor)
{
  int stolen = *descriptor;
  *descriptor = -1;
  return stolen;
}

/* Returns the pointer and sets the variable to NULL: the caller owns it now. */
#define steal_pointer(variable)                                                                    \
  ({                                                                                               \
    __typeof__(variable) stolen_pointer = (variable);                                              \
    (variable) = NULL;                                                                             \
    stolen_pointer;                                                                                \
  })

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments for the engine's --args: texts that each end with a NUL. */
#ifndef BUBBLEWRAP_WORDS_H
#define BUBBLEWRAP_WORDS_H

#include <jauauth/plugin.h>
#include <stddef.h>

/* Zero-initialise but for host and call, whose arena holds the bytes. */
struct bubblewrap_words {
  const struct jauauth_host *host;
  struct jauauth_call *call;
  char *bytes;
  size_t length;
  size_t capacity;
};

void bubblewrap_words_add(struct bubblewrap_words *words, const char *text);

/* A word and then those that follow, up to a NULL. */
void bubblewrap_words_list(struct bubblewrap_words *words, const char *text, ...)
    __attribute__((sentinel));

/* A word and a number. */
void bubblewrap_words_number(struct bubblewrap_words *words, const char *text, uint64_t number);

#endif

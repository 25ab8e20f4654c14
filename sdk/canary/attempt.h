/* SPDX-License-Identifier: Apache-2.0 */
/* What all attempts share: their table, arguments and answers, children, words. Internal. */
#ifndef JAUAUTH_CANARY_ATTEMPT_H
#define JAUAUTH_CANARY_ATTEMPT_H

#include "sdk/canary/canary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One attempt under way, in its own child. */
struct attempt {
  const char *const *arguments; /* as many as the table says; one that may be left out is NULL */
  const char *descriptors;      /* those that were open at the start */
  int answer;                   /* where its line goes */
};

/* Answers once, and returns; whatever was not undone by then ends with the child. */
typedef void attempt_function(const struct attempt *attempt);

struct attempt_kind {
  const char *name;
  unsigned least; /* number of arguments */
  unsigned most;
  unsigned seconds;
  attempt_function *function;
};

#define ATTEMPT_DECLARE(symbol, name, least, most, seconds)                                        \
  void attempt_##symbol(const struct attempt *attempt);
CANARY_ATTEMPTS(ATTEMPT_DECLARE)
#undef ATTEMPT_DECLARE

/* NULL: there is none of this name. */
const struct attempt_kind *attempt_kind(const char *name);

/* --- answer.c --- */

/* The fields of the answer behind its number, separated by TAB. */
__attribute__((format(printf, 2, 3))) void answer(const struct attempt *attempt, const char *format,
                                                  ...);

/* `open` when it worked, else `held` with errno. */
void answer_result(const struct attempt *attempt, bool worked);

/* `value` with a count, and the errno that ended the counting, 0: none did. */
void answer_count(const struct attempt *attempt, uint64_t count, int errnum);

/* Decimal, or hexadecimal after 0x. When it is no number of that range it answers `failed`. */
bool argument_number(const struct attempt *attempt, unsigned index, uint64_t least, uint64_t most,
                     uint64_t *number);

/* A text of words that are separated by a blank; what has no room is left out. */
struct words {
  char text[CANARY_LINE_MAX - 64];
  size_t length;
};

/* What is not printable, or a blank, becomes `?`. */
void words_add(struct words *words, const char *word, size_t length);
void answer_words(const struct attempt *attempt, const struct words *words);

/* --- names.c --- */

const char *errno_name(int errnum);
const char *signal_name(int signal); /* NULL: not one that says that an attempt was held */

/* --- child.c --- */

/* fork(2) for a process that lives no longer than its parent and gives no answer. */
pid_t child_fork(const struct attempt *attempt);

int64_t now_milliseconds(void); /* of a clock that never goes back */
void pause_until(int64_t milliseconds);

#endif

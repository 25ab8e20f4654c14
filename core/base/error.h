/* SPDX-License-Identifier: Apache-2.0 */
/* The one error object of the core: what failed, why, and what to do about it. */
#ifndef JAUAUTH_BASE_ERROR_H
#define JAUAUTH_BASE_ERROR_H

/*
 * Rules for every function that takes a trailing `struct error **error`:
 *  - on success it is untouched; on failure *error is set and must be freed with error_free();
 *  - the function returns -1 (or NULL), so that `return error_make(error, …)` is one line;
 *  - a caller that does not want the text passes NULL;
 *  - *error must be NULL on entry, or an earlier error is kept and the new one is dropped.
 * Not thread-safe: an error belongs to one thread at a time.
 */

/* The class of an error decides the exit code of the program; see error_exit_code(). */
enum error_kind {
  ERROR_FAILED = 1, /* the answer is no, or something went wrong while running */
  ERROR_USAGE = 2,  /* the command line is wrong */
  ERROR_CONFIG = 3, /* a configuration file is wrong or not to be trusted */
  ERROR_SANDBOX = 4 /* a sandbox could not be set up */
};

struct error {
  enum error_kind kind;
  int errnum;    /* an errno value, 0 when none belongs to it */
  char *code;    /* stable lower-case word for programs such as "plugin-wrong-major", or NULL */
  char *message; /* what failed and why; one line, no final full stop, never a secret */
  char *hint;    /* what to do, or NULL */
};

/* Sets *error to a new error and returns -1. `errnum` is appended as text when it is not 0. */
int error_make(struct error **error, enum error_kind kind, int errnum, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, with a stable code (a string literal or any string; it is copied). */
int error_make_code(struct error **error, enum error_kind kind, const char *code,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Sets or replaces the hint of *error, if there is one. Returns -1, so that it can end a function.
 */
int error_hint(struct error **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of the message of *error, if there is one. Returns -1. */
int error_wrap(struct error **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An out-of-memory error without any allocation of its own. Returns -1. */
int error_memory(struct error **error);

/* A copy that the caller frees; NULL for NULL. When memory runs out, the error of error_memory().
 */
struct error *error_copy(const struct error *error);

/* Frees *error and sets it to NULL. Accepts NULL and a pointer to NULL. */
void error_free(struct error **error);

/* The exit code of the program for this error: its kind, or 1 for NULL. */
int error_exit_code(const struct error *error);

#define CLEANUP_ERROR __attribute__((cleanup(error_free)))

#endif

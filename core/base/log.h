/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line an event, which can neither block nor end the program. */
#ifndef JAUAUTH_BASE_LOG_H
#define JAUAUTH_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A line is "2025-03-01T12:00:00.123Z warning [server] text", or with LOG_FORMAT_JSON the object
 * {"time","level","server","message"}. Times are UTC (RFC 3339). Control characters of the text are
 * shown as text_escape_controls() does, so that a foreign program can neither steer a terminal nor
 * forge a line. All functions may be called from any thread. Only the program and the parts that
 * drain a server's stderr write here; library code returns errors instead.
 */

enum log_level { LOG_LEVEL_ERROR = 1, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum { LOG_LINE_MAX = 4096 }; /* bytes of text that a line shows; the rest is cut off */

/* "error", "warning", "info", "debug"; false when the word is none of them. */
bool log_parse_level(const char *word, enum log_level *level);
/* "text", "json". */
bool log_parse_format(const char *word, enum log_format *format);

/*
 * Where lines go from now on (standard error, level info and text, before the first call); levels
 * behind `level` are left out. The descriptor stays the caller's and its flags are not changed. A
 * line that cannot be written at once is dropped, and how many is said as soon as there is room.
 * The caller ignores SIGPIPE.
 */
void log_open(int descriptor, enum log_level level, enum log_format format);

/* Releases what log_open() made; for an end without leaks. */
void log_close(void);

bool log_wants(enum log_level level);

/* Lines dropped so far because the descriptor took none. */
uint64_t log_dropped(void);

/* Writes a line. `server`: id of the server that it is about, or NULL. */
void log_write(enum log_level level, const char *server, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes a line of bytes of a foreign program. */
void log_bytes(enum log_level level, const char *server, const char *text, size_t length);

/* How many lines one source may write: zero-initialise one for each source. */
struct log_limit {
  uint64_t milliseconds; /* when it was last looked at */
  uint64_t allowance;    /* lines that may still pass, in thousandths */
  uint64_t held_back;    /* lines that did not pass since one last did */
  bool started;
};

enum { LOG_BURST = 200, LOG_LINES_A_SECOND = 50 };

/*
 * Whether one more line may pass at this time (of any clock that never goes back): LOG_BURST at
 * once, then LOG_LINES_A_SECOND. When it may, *held_back is how many lines did not since the last
 * one; the caller says so. (At the end of a source it looks at limit->held_back itself.)
 */
bool log_limit_passes(struct log_limit *limit, uint64_t milliseconds, uint64_t *held_back);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Text helpers: UTF-8, text made safe to show, suggestions, numbers the same in every locale. */
#ifndef JAUAUTH_BASE_TEXT_H
#define JAUAUTH_BASE_TEXT_H

#include "core/base/buffer.h"
#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All of these are free of shared state and may be called from any thread. */

/* Whether all of it is valid UTF-8 (RFC 3629): no overlong form, no surrogate. NUL is valid. */
bool text_is_utf8(const void *bytes, size_t length);

/*
 * Appends text of a foreign program so that it can neither steer a terminal nor look like something
 * else. Shown as "\xNN" are the controls below U+0020 (tab and line feed too), DEL and each byte
 * that is not valid UTF-8; as "\u{NNNN}" the C1 controls, line and paragraph separators, marks that
 * turn the direction of writing, and invisible formatting and tag characters. A backslash of the
 * text stays as it is: the outcome is for reading, not for decoding.
 */
void text_escape_controls(struct buffer *out, const char *text, size_t length);

/*
 * Appends JSON text, which must have been validated, so that it has the same value and no character
 * in it steers a terminal or hides: DEL and what text_escape_controls() shows as "\u{NNNN}" becomes
 * "\uNNNN", two of them beyond U+FFFF. Such characters stand inside of strings only.
 */
void text_escape_json(struct buffer *out, const char *text, size_t length);

/*
 * The entry of `known` (of `count`) that was most likely meant by `unknown`, for "did you mean",
 * or NULL when none is near: at most one edit (a character too many, missing, wrong, or two
 * neighbours swapped) for every three characters; case does not count. Of equals the first wins.
 * NULL entries are skipped. The answer is one of the entries, not a copy.
 */
const char *text_suggest(const char *unknown, const char *const *known, size_t count);

/*
 * The readers below take the whole text or refuse it: no white space, no '+', no exponent, no
 * locale. On failure *out is untouched and the error (ERROR_CONFIG; a command line changes `kind`)
 * quotes the text, shortened and escaped, and says what is expected.
 */

/* A whole number within [min, max]: digits, perhaps after a '-'. */
int text_parse_integer(const char *text, int64_t min, int64_t max, int64_t *out,
                       struct error **error);

/*
 * A decimal number scaled to an integer: with 3 `digits`, "0.5" is 500 and "2" is 2000. `digits` is
 * 0 to 18; `min` and `max` are in the scaled unit. More digits behind the point than `digits` are
 * refused unless they are zeros; ".5" is accepted, "5." is not.
 */
int text_parse_decimal(const char *text, unsigned digits, int64_t min, int64_t max, int64_t *out,
                       struct error **error);

/*
 * A size in bytes as memory limits are usually written: a number, perhaps with decimals, then
 * nothing or "b" for bytes, or k, m, g, t (also kb, kib and so on; case does not matter, one space
 * may stand before it) for powers of 1024. A fraction of a byte is dropped: "0.5g" is 536870912,
 * "0.3k" is 307. "0" is 0; whether that makes sense is for the caller to say.
 */
int text_parse_size(const char *text, uint64_t *out, struct error **error);

/* Appends a scaled integer as text_parse_decimal() reads it, without zeros at the end: 500 with 3
 * `digits` is "0.5". */
void text_append_decimal(struct buffer *out, int64_t scaled, unsigned digits);

/* Appends a size exactly, as text_parse_size() reads it, in the largest unit that divides it:
 * 268435456 is "256m", 1000 is "1000". */
void text_append_size(struct buffer *out, uint64_t bytes);

#endif

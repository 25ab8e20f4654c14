/* SPDX-License-Identifier: Apache-2.0 */
/* A new message from an old one: some parts replaced, everything else byte for byte. */
#ifndef JAUAUTH_JSON_SPLICE_H
#define JAUAUTH_JSON_SPLICE_H

#include "core/base/buffer.h"
#include "core/json/scan.h"

#include <sys/uio.h>

/*
 * Replaces `original`, a slice of the text (of length 0: an insertion in front of `original.at`),
 * by `bytes`. Nothing checks that the outcome is JSON; whole values replaced by whole values are.
 */
struct json_replacement {
  struct json_slice original;
  const char *bytes; /* may be NULL when `length` is 0 */
  size_t length;
};

/*
 * Both functions take the replacements in the order of the text, none overlapping another; several
 * insertions at one place keep their order. Both return false, and write nothing, when a slice lies
 * outside the text or the order is broken.
 */

/* Appends the new message to `out`. False also when there is no memory. */
bool json_splice(const char *text, size_t length, const struct json_replacement *replacements,
                 size_t count, struct buffer *out);

/* The most entries that `count` replacements can need. */
#define JSON_SPLICE_PARTS(count) (2 * (count) + 1)

/*
 * The same without a copy: fills `parts` (room for JSON_SPLICE_PARTS(count)) for writev(2) and
 * stores how many there are. Empty parts are left out. They point into the text and into the
 * replacements, which must stay as they are until everything is written; nothing writes through
 * iov_base.
 */
bool json_splice_parts(const char *text, size_t length, const struct json_replacement *replacements,
                       size_t count, struct iovec *parts, size_t *part_count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings to text and back. */
#ifndef JAUAUTH_JSON_DECODE_H
#define JAUAUTH_JSON_DECODE_H

#include "core/base/buffer.h"
#include "core/json/scan.h"

/*
 * Appends what a string of validated JSON stands for, as UTF-8 without quotes. An escaped surrogate
 * without its other half becomes U+FFFD. "\u0000" appends a NUL byte: who wants a C string compares
 * the appended length with strlen(). False when the slice is no string (nothing is appended) or
 * there is no memory.
 */
bool json_string_decode(struct json_slice slice, struct buffer *buffer);

/* Appends `text` as a JSON string with its quotes. Always valid JSON: each byte that is no part of
 * valid UTF-8 becomes U+FFFD. Only what must be escaped is. */
void json_string_append(struct buffer *buffer, const char *text, size_t length);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Takes away what programs write into JSON although JSON does not have it. */
#ifndef JAUAUTH_JSON_COMMENT_H
#define JAUAUTH_JSON_COMMENT_H

#include <stddef.h>

struct json_comments {
  size_t comments;
  size_t commas; /* in front of a closing bracket */
  size_t first;  /* offset of the first comment, where there is one */
};

/*
 * Overwrites comments (from two slashes to the end of the line, and between slash-asterisk and
 * asterisk-slash) and commas in front of a closing bracket by spaces, so that all else keeps its
 * line and column. What is inside strings stays, and so does a comment without an end. Works on any
 * bytes; whether the outcome is JSON, json_scan() says.
 */
struct json_comments json_blank_comments(char *text, size_t length);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as the engines' command lines write them. */
#ifndef CONTAINER_NUMBER_H
#define CONTAINER_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Each reads the whole text, without sign or spaces, into *out; false for anything else. */
bool container_parse_number(const char *text, uint64_t *out);
/* "256m", "0.5g", "256MiB", "1024": bytes. */
bool container_parse_size(const char *text, uint64_t *out);
/* "0.5": 500. Digits beyond the third are cut off. */
bool container_parse_thousandths(const char *text, uint64_t *out);

#endif

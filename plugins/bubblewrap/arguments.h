/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's arguments: from a layout to words, and from variables to words. */
#ifndef BUBBLEWRAP_ARGUMENTS_H
#define BUBBLEWRAP_ARGUMENTS_H

#include "layout.h"
#include "words.h"

/* Adds to `words` all that makes the sandbox. The files of our own and the filter are added to the
 * step, and their descriptors stand in the words. Returns 0, or -1 after error_set. */
int32_t bubblewrap_arguments(const struct bubblewrap_layout *layout, struct jauauth_step *step,
                             struct bubblewrap_words *words);

/* Adds --setenv for every variable of the server: those of the request, and those that a program
 * expects and the request does not have. */
void bubblewrap_environment(const struct bubblewrap_layout *layout, struct bubblewrap_words *words);

#endif

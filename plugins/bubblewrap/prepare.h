/* SPDX-License-Identifier: Apache-2.0 */
/* From the request to a finished layout: what `validate` and `spawn` share. */
#ifndef BUBBLEWRAP_PREPARE_H
#define BUBBLEWRAP_PREPARE_H

#include "layout.h"

/* Fills the layout (zero-initialised but for `context`). Returns the program's path inside, or
 * NULL; every problem is reported, and the result may be used only when context->count is 0. */
const char *bubblewrap_prepare(struct bubblewrap_layout *layout);

#endif

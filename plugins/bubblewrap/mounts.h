/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of the request, and the private folders: which are possible, and where they go. */
#ifndef BUBBLEWRAP_MOUNTS_H
#define BUBBLEWRAP_MOUNTS_H

#include "layout.h"

/* Adds the mounts of the request; what cannot be mounted safely is a problem. */
void bubblewrap_mounts(struct bubblewrap_layout *layout);

/* Adds home, temporary and work directory, whose paths the layout holds already. */
void bubblewrap_private_folders(struct bubblewrap_layout *layout);

#endif

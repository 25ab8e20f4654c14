/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images. */
#ifndef CONTAINER_IMAGE_H
#define CONTAINER_IMAGE_H

#include "container.h"

/* The name as the engine gets it, or NULL after a problem. */
const char *container_image(struct container_context *context);

/* "digest", "moving-tag" or "tag", and "local" for an image of this machine alone. */
const char *container_image_origin(const char *image);

#endif

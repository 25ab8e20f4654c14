/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a plan as an image. */
#ifndef JAUAUTH_SANDBOX_IMAGE_WRITE_H
#define JAUAUTH_SANDBOX_IMAGE_WRITE_H

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/sandbox/plan.h"

#include <sys/types.h>

/* The account of every step. */
struct image_identity {
  bool change; /* false: whoever runs the keeper */
  uid_t user;
  gid_t group;
  const gid_t *groups; /* supplementary; the plan's own group need not be among them */
  size_t group_count;
};

enum image_scope {
  IMAGE_WHOLE,        /* the plan without its PREPARE steps */
  IMAGE_PREPARED,     /* the plan with them */
  IMAGE_PREPARE_ONLY, /* nothing but them */
  IMAGE_REMOVE_ONLY   /* its REMOVE steps, as if nothing of it had run and everything had failed */
};

/* Appends the image. The buffer then holds every secret of the plan: overwrite it after use. */
int image_write(const struct plan *plan, const struct image_identity *identity,
                enum image_scope scope, struct buffer *out, struct error **error);

#endif

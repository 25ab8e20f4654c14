/* SPDX-License-Identifier: Apache-2.0 */
/* The option "extra_args", read against one table of flags that are known. */
#ifndef FIREJAIL_FLAGS_H
#define FIREJAIL_FLAGS_H

#include "context.h"

struct firejail_flags {
  struct firejail_word *passed;  /* go to the engine, in order */
  struct firejail_word *allowed; /* those among them that only the host file allows */
};

/* Reads the list; what is wrong with it becomes problems of the context. */
void firejail_flags_read(struct firejail_context *context, struct firejail_flags *flags);

/* The property that a flag takes away which only the host file allows; the worst where it is not
 * known. */
const char *firejail_flag_costs(const char *flag);

#endif

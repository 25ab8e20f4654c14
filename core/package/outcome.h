/* SPDX-License-Identifier: Apache-2.0 */
/* What an installer has done: programs, versions and hashes, or why it failed, in words. */
#ifndef JAUAUTH_PACKAGE_OUTCOME_H
#define JAUAUTH_PACKAGE_OUTCOME_H

#include <jansson.h>

#include "core/base/error.h"
#include "core/package/install.h"

/* What was found in the directory. What stands there is foreign input. */
struct outcome {
  char *program;    /* below the directory; NULL: the server's command names it */
  json_t *packages; /* [{"name","version","hash"}, …] */
  json_t *files;    /* from which the same can be installed again: {"name": "text"} */
  json_t *blocked;  /* "name@version" of packages whose install script was not run */
};

/* Looks at the directory, by a descriptor. -1 and *error: "package-program" when it does not show
 * which program to start. The caller frees *outcome in any case. */
int outcome_read(const struct package *package, int directory, struct outcome *outcome,
                 struct error **error);
void outcome_free(struct outcome *outcome);
#define CLEANUP_OUTCOME __attribute__((cleanup(outcome_free)))

/* The error of an installer that has failed: in our words where its own are known, with the last
 * that it `said` (may be empty). `step`: what it is called; `ending`: how it ended. Returns -1. */
int outcome_failure(const struct package *package, const char *step, const char *ending,
                    const char *said, struct error **error);

#endif

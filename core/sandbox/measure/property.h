/* SPDX-License-Identifier: Apache-2.0 */
/* The properties of a sandbox that are measured, and the level that follows from them. */
#ifndef JAUAUTH_SANDBOX_MEASURE_PROPERTY_H
#define JAUAUTH_SANDBOX_MEASURE_PROPERTY_H

#include <stdbool.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/sandbox/plan.h"

/* In the order in which they are shown. */
enum property {
  PROPERTY_NO_NETWORK,
  PROPERTY_PRIVATE_HOME,
  PROPERTY_PRIVATE_TMP,
  PROPERTY_PRIVATE_CONFIGURATION,
  PROPERTY_READ_ONLY_ROOT,
  PROPERTY_PRIVATE_DEVICES,
  PROPERTY_CLEAN_ENVIRONMENT,
  PROPERTY_NO_INHERITED_DESCRIPTORS,
  PROPERTY_PRIVATE_PIDS,
  PROPERTY_NO_OUTWARD_SIGNALS,
  PROPERTY_PRIVATE_IPC,
  PROPERTY_NOT_ROOT,
  PROPERTY_NO_CAPABILITIES,
  PROPERTY_NO_NEW_PRIVILEGES,
  PROPERTY_NO_NESTED_NAMESPACES,
  PROPERTY_SECCOMP,
  PROPERTY_REDUCED_KERNEL,
  PROPERTY_MEMORY_LIMIT,
  PROPERTY_PIDS_LIMIT,
  PROPERTY_CPU_LIMIT,
  PROPERTY_OPEN_FILES_LIMIT,
  PROPERTY_FILE_SIZE_LIMIT,
  PROPERTY_BOUNDED_TMP,
  PROPERTY_ENDS_WITH_HOST,
  PROPERTY_COUNT
};

/* What all of a level's properties and those of the levels below it give. */
enum level { LEVEL_NONE, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH };

struct property_kind {
  const char *name;
  enum level gate;   /* the level that needs it; LEVEL_NONE: no level does */
  bool surroundings; /* measured by what lies around it on this machine */
  bool promised;     /* by jauauth itself, for every strategy */
  int limit;         /* enum plan_limit, or -1 */
};

extern const struct property_kind property_kinds[PROPERTY_COUNT];

/* The property of this name; PROPERTY_COUNT when there is none, and in *near (unless NULL) the one
 * that may be meant, or NULL. */
enum property property_find(const char *name, const char **near);

/* "NONE", "LOW", "MEDIUM", "HIGH". */
const char *level_word(enum level level);

/*
 * The level of a list of measured properties (see measure.h): the highest one of which all
 * properties, and those of the levels below, were measured and hold. Appends what the next level
 * lacks, as in "private-ipc is open, seccomp was not measured"; nothing for the highest.
 */
enum level property_level(json_t *measured, struct buffer *lacking);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds bytes to the import of another program's file; what comes out must be readable here. */
#include "core/base/cleanup.h"
#include "core/config/import.h"
#include "core/config/servers_file.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold ends the program, also in a build with NDEBUG. */
#define MUST(condition)                                                                            \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static void check_outcome(const struct buffer *out)
{
  static const char *const nothing[] = {NULL};
  const struct servers_settings settings = {
      .default_strategy = "cage", .allowed_variables = nothing, .environment = nothing};
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  CLEANUP_BUFFER struct buffer masked = {0};
  CLEANUP_SERVERS_CONFIG struct servers_config *servers =
      servers_config_parse(out->data, out->length, &settings, &problems);
  MUST(servers != NULL);
  config_import_mask(out->data, out->length, &masked);
  MUST(!masked.failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const struct config_front fronts[] = {{"engine", "cage"}};
  const struct import_settings settings = {.default_strategy = "cage",
                                           .container = "box",
                                           .home = "/nonexistent/home",
                                           .fronts = fronts,
                                           .front_count = 1};
  CLEANUP_CONFIG_PROBLEMS struct config_problems problems = {0};
  CLEANUP_CONFIG_PROBLEMS struct config_problems target_problems = {0};
  CLEANUP_BUFFER struct buffer source = {0};
  CLEANUP_BUFFER struct buffer out = {0};
  CLEANUP_BUFFER struct buffer again = {0};
  json_t *report = NULL;
  buffer_append(&source, data, size);
  const struct buffer empty = {0};
  if (config_import(&settings, "x.json", &source, &empty, &problems, &target_problems, &out,
                    &report, NULL) != 0) {
    MUST(problems.errors > 0 || problems.failed);
    return 0;
  }
  check_outcome(&out);
  json_decref(report);
  report = NULL;
  /* Into what the first one wrote: more is there, and all of it is still readable. */
  if (out.length > 0 && config_import(&settings, "x.json", &source, &out, &problems,
                                      &target_problems, &again, &report, NULL) == 0)
    check_outcome(&again);
  json_decref(report);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The table of properties, and the level that follows from what was measured. */
#include "core/sandbox/measure/property.h"

#include <string.h>

#include "core/base/text.h"

const struct property_kind property_kinds[PROPERTY_COUNT] = {
    [PROPERTY_NO_NETWORK] = {"no-network", LEVEL_NONE, true, false, -1},
    [PROPERTY_PRIVATE_HOME] = {"private-home", LEVEL_LOW, true, false, -1},
    [PROPERTY_PRIVATE_TMP] = {"private-tmp", LEVEL_MEDIUM, true, false, -1},
    [PROPERTY_PRIVATE_CONFIGURATION] = {"private-configuration", LEVEL_NONE, true, false, -1},
    [PROPERTY_READ_ONLY_ROOT] = {"read-only-root", LEVEL_HIGH, true, false, -1},
    [PROPERTY_PRIVATE_DEVICES] = {"private-devices", LEVEL_NONE, true, false, -1},
    [PROPERTY_CLEAN_ENVIRONMENT] = {"clean-environment", LEVEL_NONE, false, false, -1},
    [PROPERTY_NO_INHERITED_DESCRIPTORS] = {"no-inherited-descriptors", LEVEL_MEDIUM, false, true,
                                           -1},
    [PROPERTY_PRIVATE_PIDS] = {"private-pid-namespace", LEVEL_MEDIUM, true, false, -1},
    [PROPERTY_NO_OUTWARD_SIGNALS] = {"no-outward-signals", LEVEL_LOW, true, false, -1},
    [PROPERTY_PRIVATE_IPC] = {"private-ipc", LEVEL_HIGH, true, false, -1},
    [PROPERTY_NOT_ROOT] = {"not-root", LEVEL_MEDIUM, true, false, -1},
    [PROPERTY_NO_CAPABILITIES] = {"no-capabilities", LEVEL_MEDIUM, false, false, -1},
    [PROPERTY_NO_NEW_PRIVILEGES] = {"no-new-privileges", LEVEL_MEDIUM, false, false, -1},
    [PROPERTY_NO_NESTED_NAMESPACES] = {"no-nested-user-namespaces", LEVEL_NONE, false, false, -1},
    [PROPERTY_SECCOMP] = {"seccomp", LEVEL_HIGH, false, false, -1},
    [PROPERTY_REDUCED_KERNEL] = {"reduced-kernel", LEVEL_NONE, false, false, -1},
    [PROPERTY_MEMORY_LIMIT] = {"memory-limit", LEVEL_HIGH, false, false, PLAN_MEMORY},
    [PROPERTY_PIDS_LIMIT] = {"pids-limit", LEVEL_HIGH, false, false, PLAN_PIDS},
    [PROPERTY_CPU_LIMIT] = {"cpu-limit", LEVEL_NONE, false, false, PLAN_CPU},
    [PROPERTY_OPEN_FILES_LIMIT] = {"open-files-limit", LEVEL_NONE, false, false, PLAN_OPEN_FILES},
    [PROPERTY_FILE_SIZE_LIMIT] = {"file-size-limit", LEVEL_NONE, false, false, PLAN_FILE_SIZE},
    [PROPERTY_BOUNDED_TMP] = {"bounded-tmp", LEVEL_NONE, false, false, -1},
    [PROPERTY_ENDS_WITH_HOST] = {"ends-with-host", LEVEL_LOW, true, true, -1},
};

enum property property_find(const char *name, const char **near)
{
  const char *names[PROPERTY_COUNT];
  for (int i = 0; i < PROPERTY_COUNT; i++) {
    names[i] = property_kinds[i].name;
    if (strcmp(name, names[i]) == 0)
      return (enum property)i;
  }
  if (near != NULL)
    *near = text_suggest(name, names, PROPERTY_COUNT);
  return PROPERTY_COUNT;
}

const char *level_word(enum level level)
{
  static const char *const words[] = {"NONE", "LOW", "MEDIUM", "HIGH"};
  return words[level];
}

/* "held", "open" or anything else. */
static const char *found(json_t *measured, enum property property)
{
  size_t index;
  json_t *each;
  json_array_foreach (measured, index, each) {
    const char *name = json_string_value(json_object_get(each, "name"));
    const char *word = json_string_value(json_object_get(each, "measured"));
    if (name != NULL && word != NULL && strcmp(name, property_kinds[property].name) == 0)
      return word;
  }
  return "";
}

enum level property_level(json_t *measured, struct buffer *lacking)
{
  for (enum level level = LEVEL_LOW; level <= LEVEL_HIGH; level++) {
    size_t before = lacking->length;
    for (int i = 0; i < PROPERTY_COUNT; i++) {
      const char *word = found(measured, (enum property)i);
      if (property_kinds[i].gate != level || strcmp(word, "held") == 0)
        continue;
      buffer_append_format(lacking, "%s%s %s", lacking->length > before ? ", " : "",
                           property_kinds[i].name,
                           strcmp(word, "open") == 0 ? "is open" : "was not measured");
    }
    if (lacking->length > before)
      return level - 1;
  }
  return LEVEL_HIGH;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the answer of a probe says about an engine that cannot be used. */
#include "core/plugin/findings.h"

#include <string.h>

json_t *findings_reason(json_t *probe, struct buffer *hint)
{
  json_t *findings = json_object_get(probe, "findings");
  json_t *reason = json_array_get(findings, 0);
  size_t index;
  json_t *finding;
  json_array_foreach (findings, index, finding) {
    const char *severity = json_string_value(json_object_get(finding, "severity"));
    if (severity != NULL && strcmp(severity, "error") == 0) {
      reason = finding;
      break;
    }
  }
  const char *platform;
  json_t *repair;
  json_object_foreach (json_object_get(reason, "repair"), platform, repair) {
    buffer_append_text(hint, hint->length == 0 ? "" : "; ");
    if (strcmp(platform, "any") != 0)
      buffer_append_format(hint, "%s: ", platform);
    buffer_append_text(hint, json_string_value(repair));
  }
  return reason;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Moves an option with a meaning to the request; two settings must agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jauauth/plugin.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/config/limit.h"
#include "core/config/mount_text.h"
#include "core/plugin/options_reading.h"

static const char one_place[] = "write it in one place only";

static void move_network(struct options_reading *reading, json_t *value)
{
  json_t *said = json_object_get(reading->request, "network");
  json_t *network = json_is_string(value) ? json_pack("{s:O}", "name", value)
                    : json_is_true(value) ? json_string("open")
                                          : json_string("none");
  if (said != NULL && !json_equal(said, network))
    options_problem(reading, OPTIONS_NO_INDEX, one_place,
                    "\"%s\" and the network of the sandbox are both given, and differ",
                    reading->name);
  else
    reading->failed |= json_object_set(reading->request, "network", network) != 0;
  json_decref(network);
}

static void move_limit(struct options_reading *reading, json_t *value, enum config_limit_name name)
{
  const struct config_limit_kind *kind = &config_limit_kinds[name];
  json_t *limits = json_object_get(reading->request, "limits");
  if (limits == NULL) {
    limits = json_object();
    reading->failed |= json_object_set_new(reading->request, "limits", limits) != 0;
    if (reading->failed)
      return;
  }
  json_t *said = json_object_get(limits, kind->name);
  json_int_t other = json_integer_value(json_object_get(said, "value"));
  if (json_is_true(json_object_get(said, "strict")) && other != json_integer_value(value)) {
    CLEANUP_BUFFER struct buffer here = {0};
    CLEANUP_BUFFER struct buffer there = {0};
    config_limit_append(name, (uint64_t)json_integer_value(value), &here);
    config_limit_append(name, (uint64_t)other, &there);
    options_problem(reading, OPTIONS_NO_INDEX, one_place,
                    "\"%s\" is %s here, and \"%s\" is %s in another place", reading->name,
                    here.data == NULL ? "" : here.data, kind->key,
                    there.data == NULL ? "" : there.data);
    return;
  }
  json_t *limit = json_pack("{s:O, s:b}", "value", value, "strict", 1);
  reading->failed |= json_object_set_new(limits, kind->name, limit) != 0;
}

/* Takes over `mount`. One that is there already is not added again. */
static void add_mount(struct options_reading *reading, int index, json_t *mount)
{
  json_t *mounts = json_object_get(reading->request, "mounts");
  if (mounts == NULL) {
    mounts = json_array();
    reading->failed |= json_object_set_new(reading->request, "mounts", mounts) != 0;
  }
  json_t *target = json_object_get(mount, "target");
  size_t i;
  json_t *said;
  json_array_foreach (mounts, i, said) {
    if (!json_equal(json_object_get(said, "target"), target))
      continue;
    if (!json_equal(json_object_get(said, "source"), json_object_get(mount, "source")) ||
        json_is_true(json_object_get(said, "read_only")) !=
            json_is_true(json_object_get(mount, "read_only")))
      options_problem(reading, index, one_place, "two different mounts have the place %s inside",
                      json_string_value(target));
    json_decref(mount);
    return;
  }
  CLEANUP_BUFFER struct buffer place = {0};
  buffer_append_format(&place, "%s/%d", reading->name, index);
  json_t *text = place.failed ? NULL : json_string(place.data);
  reading->failed |= mount == NULL || json_object_set_new(mount, "place", text) != 0;
  reading->failed |= json_array_append_new(mounts, mount) != 0;
}

static json_t *make_mount(const char *source, const char *target, bool read_only)
{
  return json_pack("{s:s, s:s, s:b, s:b}", "source", source, "target", target, "read_only",
                   (int)read_only, "host", 0);
}

static void move_binds(struct options_reading *reading, json_t *list, bool read_only)
{
  for (size_t i = 0; i < json_array_size(list); i++) {
    json_t *entry = json_array_get(list, i);
    bool pair = json_is_array(entry);
    const char *source = json_string_value(pair ? json_array_get(entry, 0) : entry);
    const char *target = json_string_value(pair ? json_array_get(entry, 1) : entry);
    add_mount(reading, (int)i, make_mount(source, target, read_only));
  }
}

/* "host:inside[:ro]" */
static void move_mount_text(struct options_reading *reading, int index, const char *text)
{
  CLEANUP_FREE char *copy = strdup(text);
  if (copy == NULL) {
    reading->failed = true;
    return;
  }
  struct config_mount_text parts;
  const char *reason = config_mount_text(copy, &parts);
  if (parts.target == NULL || parts.source[0] != '/' || parts.target[0] != '/')
    options_problem(reading, index, "write \"/path/of/the/host:/path/inside\", perhaps with :ro",
                    "a mount needs two absolute paths with a colon between them");
  else if (reason != NULL)
    options_problem(reading, index, NULL, "%s", reason);
  else
    add_mount(reading, index, make_mount(parts.source, parts.target, parts.read_only));
}

void options_move(struct options_reading *reading, json_t *value)
{
  switch (reading->means) {
  case JAUAUTH_MEANS_NETWORK:
    move_network(reading, value);
    return;
  case JAUAUTH_MEANS_MEMORY_LIMIT:
    move_limit(reading, value, CONFIG_MEMORY);
    return;
  case JAUAUTH_MEANS_CPU_LIMIT:
    move_limit(reading, value, CONFIG_CPU);
    return;
  case JAUAUTH_MEANS_PIDS_LIMIT:
    move_limit(reading, value, CONFIG_PIDS);
    return;
  case JAUAUTH_MEANS_MOUNTS_READ_ONLY:
    move_binds(reading, value, true);
    return;
  case JAUAUTH_MEANS_MOUNTS_WRITABLE:
    move_binds(reading, value, false);
    return;
  default:
    for (size_t i = 0; i < json_array_size(value); i++)
      move_mount_text(reading, (int)i, json_string_value(json_array_get(value, i)));
  }
}

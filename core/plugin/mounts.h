/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves the mount sources of a request and judges who could swap them. Worker only. */
#ifndef JAUAUTH_PLUGIN_MOUNTS_H
#define JAUAUTH_PLUGIN_MOUNTS_H

#include <jansson.h>

#include "core/base/error.h"
#include "core/os/trust.h"

/*
 * Looks at the mounts and the home of a request (core/plugin/request.h) as the account of this
 * process. In place of each source that is right comes its real path; a mount whose source is wrong
 * is taken out of the request and becomes a problem {"option","text","hint"} in the array
 * `problems`. "option" is the mount's "place" where it has one, else "mounts/N" or "home".
 *
 * A source must be an absolute path that exists; nothing is created. It is refused when it, or a
 * symbolic link on the way to it, lies at or below a path of "writable_elsewhere", unless it is a
 * path of "own_writable" itself; and when a directory on the way can be written by others than
 * `owners` (which should hold the account), except a sticky one in which what the way goes through
 * belongs to one of them. A source that is in "allow_swappable", as written or by its real path, is
 * only resolved. A group counts as its owner when it is the owner's own and has no other member.
 *
 * A missing home is a problem only with `must_exist`, since it is made at the first start.
 * -1 and *error when out of memory.
 */
int mounts_judge(json_t *request, const struct trust_owners *owners, int must_exist,
                 json_t *problems, struct error **error);

#endif

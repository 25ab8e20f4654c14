/* SPDX-License-Identifier: Apache-2.0 */
/* An invented machine, read from JSON: what a plugin under test finds instead of the real one. */
#ifndef JAUAUTH_TESTING_WORLD_H
#define JAUAUTH_TESTING_WORLD_H

#include <jansson.h>

#include "core/plugin/host/host.h"

/*
 * The members that are used of a scenario:
 *
 *   "files": object of absolute path -> what is there:
 *       "directory" | "file" | "program" | "socket" | "link:TARGET", or an object with "type"
 *       ("regular", "directory", "link", "socket", "other") and, as wanted, "link", "interpreter",
 *       "executable", "readable", "writable" (booleans), "mode" (an octal text), "user", "group",
 *       "size", and "closed": true for a directory that the account can neither list nor enter.
 *     Directories above a path need not be named. Links are followed as the kernel does.
 *   "programs": object of program name -> absolute path, for find_program() in the host's own list
 *     of directories. With a search list it looks at "files".
 *   "runs": array of {"argv": […], "exit_code", "signal", "timed_out", "output", "errors"}. The
 *     first whose argv is the beginning of the argv that is run answers; `exit_code` is 0 if
 * absent.
 *
 * Both are borrowed; `data` of the world is the scenario.
 */
struct host_world testing_world(json_t *scenario);

#endif

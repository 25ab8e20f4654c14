/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a servers file that need to know which plugins there are. */
#ifndef JAUAUTH_CONFIG_CHECK_H
#define JAUAUTH_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/config/servers_file.h"

/*
 * Says of a server whose strategy no plugin has that it cannot start here: a warning, since the
 * file may be right for another machine, with the near name or the package to install. `names` are
 * the installed plugins (ends with NULL). Returns whether there is such a plugin.
 */
bool config_check_strategy(struct servers_config *servers, size_t server, const char *const *names,
                           struct config_problems *problems);

/* A program that is the front of some sandbox engine, and the strategy whose plugin says so. */
struct config_front {
  const char *program;
  const char *strategy;
};

/*
 * Says of a server whose command is the front of an engine ("engine run -i …") which strategy to
 * write instead: an error, since an engine cannot work inside a sandbox. Only with `contained`
 * false, where the server's own strategy is no sandbox, it is a warning. `fronts` come from the
 * descriptions of the plugins. Returns whether it is one.
 */
bool config_check_front(struct servers_config *servers, size_t server,
                        const struct config_front *fronts, size_t count, bool contained,
                        struct config_problems *problems);

/*
 * Reports what others found wrong with a server at its place in the file: an array of {"text",
 * "hint"} with either "pointer", a JSON pointer below the options of the strategy, or "option", a
 * path such as "ro_binds/0", whose first name is an option that stands in the file, or a member of
 * the request ("command", "mounts/1", "environment"). Without a place there it is the strategy's.
 * With "at_key" true it is the name that is wrong, not the value.
 */
void config_check_report(struct servers_config *servers, size_t server,
                         enum config_severity severity, json_t *found,
                         struct config_problems *problems);

/* Says of a server that fetches its code at each start, and whose request (as
 * config_request_finish() left it) opens no network, that it will not start: a warning. */
void config_check_runner(struct servers_config *servers, size_t server, json_t *request,
                         struct config_problems *problems);

#endif

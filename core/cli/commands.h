/* SPDX-License-Identifier: Apache-2.0 */
/* The functions behind the table of subcommands, one file each. */
#ifndef JAUAUTH_CLI_COMMANDS_H
#define JAUAUTH_CLI_COMMANDS_H

#include "core/cli/command.h"

/* Each is struct command's `run`. */
int command_serve(const struct command_line *line, const char *const *arguments,
                  struct error **error);
int command_plugins_list(const struct command_line *line, const char *const *arguments,
                         struct error **error);
int command_plugins_show(const struct command_line *line, const char *const *arguments,
                         struct error **error);
int command_config_check(const struct command_line *line, const char *const *arguments,
                         struct error **error);
int command_config_paths(const struct command_line *line, const char *const *arguments,
                         struct error **error);
int command_config_import(const struct command_line *line, const char *const *arguments,
                          struct error **error);
int command_config_schema(const struct command_line *line, const char *const *arguments,
                          struct error **error);
int command_init(const struct command_line *line, const char *const *arguments,
                 struct error **error);
int command_doctor(const struct command_line *line, const char *const *arguments,
                   struct error **error);
int command_explain(const struct command_line *line, const char *const *arguments,
                    struct error **error);
int command_prepare(const struct command_line *line, const char *const *arguments,
                    struct error **error);
int command_tools(const struct command_line *line, const char *const *arguments,
                  struct error **error);
int command_call(const struct command_line *line, const char *const *arguments,
                 struct error **error);
int command_ps(const struct command_line *line, const char *const *arguments, struct error **error);
int command_reap(const struct command_line *line, const char *const *arguments,
                 struct error **error);

/* Asks every plugin about its servers; those without a finding are planned as for a start. What is
 * found stands in the problems of the gateway. */
struct gateway;
int command_judge_servers(struct gateway *gateway, struct error **error);

#endif

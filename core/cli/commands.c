/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all subcommands, in the order of the manual. */
#include "core/cli/commands.h"

#include "core/config/server_read.h"

const struct command command_table[] = {
    {"serve", "", "offer all servers as one, to a client on standard input and output", 0, 0,
     command_serve},
    {"plugins list", "", "show the sandbox plugins and whether they work here", 0, 0,
     command_plugins_list},
    {"plugins show", "NAME", "show the options of a plugin and what its probe found", 1, 1,
     command_plugins_show},
    {"config check", "[FILE]", "judge the servers file, and what would stop a server here", 0, 1,
     command_config_check},
    {"config paths", "", "show where the configuration files are looked for", 0, 0,
     command_config_paths},
    {"config import", "FILE", "take over another client's servers, each with a sandbox", 1, 1,
     command_config_import},
    {"config schema", "", "print the JSON Schema of the servers file, for editors", 0, 0,
     command_config_schema},
    {"init", "", "write a first host file and servers file, never over existing ones", 0, 0,
     command_init},
    {"doctor", "", "find what does not work here, why, and the command that mends it", 0, 0,
     command_doctor},
    {"explain", "SERVER", "print the launch plan of a server as a script, secrets masked", 1, 1,
     command_explain},
    {"prepare", "[SERVER...]", "run what servers need once, such as the download of an image", 0,
     CONFIG_LIST_MAX, command_prepare},
    {"tools", "[SERVER]", "list the tools of all servers or of one", 0, 1, command_tools},
    {"call", "TOOL [JSON]", "call a tool with a JSON object of arguments", 1, 2, command_call},
    {"ps", "", "show what runs, what it uses, and what is left over", 0, 0, command_ps},
    {"reap", "", "remove what a crash has left", 0, 0, command_reap},
    {NULL, NULL, NULL, 0, 0, NULL},
};

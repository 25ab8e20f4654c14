/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON form of the strategy-independent request, and of options, between router and worker. */
#ifndef JAUAUTH_PLUGIN_REQUEST_H
#define JAUAUTH_PLUGIN_REQUEST_H

/*
 * {
 *   "network": "none" | "open" | {"name": "…"},
 *   "network_default": true,                  absent where the user wrote the network
 *   "instance": "…", "server": "…",
 *   "command": ["program", "argument", …],
 *   "environment": [["NAME", "value"], …],
 *   "host_variables": ["PATH", …]     names among them whose values the host made; no secrets
 *   "mounts": [{"source", "target", "read_only": bool, "host": bool, "place": "…" | absent}, …],
 *   "work_directory": "…" | absent, "temporary_directory": "…" | absent, "home": "…" | absent,
 *   "limits": {"memory": {"value": N, "strict": bool}, "cpu": …, "pids": …, "open_files": …,
 *              "file_size": …},
 *   "server_user": N, "server_group": N,      whom the server's processes belong to; never root
 *   "writable_elsewhere": ["/real/path", …],  writable bind sources of all configured servers
 *   "own_writable": ["/real/path", …],        those among them that are this server's own
 *   "allow_swappable": ["/path", …]           sources that the file accepts although others can
 *                                             swap them
 * }
 * The "place" of a mount is the option that it was written in, such as "ro_binds/0"; problems with
 * the mount name it instead of "mounts/N".
 *
 * Options: an object of name -> value as the servers file has it, after the option table was
 * applied: booleans and integers as such (SIZE in bytes, CPUS in thousandths), texts, lists of
 * texts, lists of pairs. Options with a meaning (JAUAUTH_MEANS_…) have been moved into the request.
 *
 * The worker resolves and judges every mount source (exists, real path, who can swap it) before the
 * plugin sees the request, as the account that it runs as; what fails is a problem of `validate`
 * and an error of `spawn`. The home is judged alike, but may be missing in `validate`.
 */

#endif

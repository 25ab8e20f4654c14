/* SPDX-License-Identifier: Apache-2.0 */
/* The process that runs the code of one plugin, for the router. */
#ifndef JAUAUTH_PLUGIN_WORKER_H
#define JAUAUTH_PLUGIN_WORKER_H

/*
 * Main function of `jauauth plugin-worker NAME FILE [ACCOUNT UID GID]`, which the registry starts
 * with /dev/null as stdin, a file for what the plugin prints as stdout and stderr, and its end of a
 * socket pair as descriptor 3. With ACCOUNT it becomes that account before anything of the plugin
 * is touched. Returns the exit code when it was called wrongly; ends the process otherwise.
 *
 * On the socket go JSON objects, one a line. A request is {"verb": "describe"} or {"verb", "limit":
 * milliseconds that the router waits, …} with the members of host_call(). Each is answered, in
 * order, by any number of {"stage": "loading|init|VERB"} and then {"answer": {…}} or {"error":
 * {"kind", "code", "errnum", "text", "hint"}, "last": bool}; after "last" the worker ends. It also
 * ends when the router closes its end or dies.
 */
int plugin_worker_main(int argc, char **argv);

enum { WORKER_LINE_MAX = 32 * 1024 * 1024 /* bytes of one message */ };

#endif

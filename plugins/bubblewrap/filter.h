/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter of every sandbox. */
#ifndef BUBBLEWRAP_FILTER_H
#define BUBBLEWRAP_FILTER_H

/*
 * Writes the filter as classic BPF (seccomp(2)) to a descriptor. Returns 0 or a negative errno
 * value.
 *
 * All is allowed but what an MCP server has no use for and what has opened sandboxes before: new
 * namespaces, mounts, keys of the host's user, other processes, the clock, modules, io_uring,
 * typing into a terminal, rare kinds of sockets. A denied call fails with an errno that programs
 * know how to go on after; none is killed.
 */
int bubblewrap_filter_write(int descriptor);

#endif

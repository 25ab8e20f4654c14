/* SPDX-License-Identifier: Apache-2.0 */
/* Notices what plugin code has changed in its process although it must not. Worker only. */
#ifndef JAUAUTH_PLUGIN_WATCH_H
#define JAUAUTH_PLUGIN_WATCH_H

#include "core/base/buffer.h"
#include "core/base/error.h"

/* The state of the process before any plugin code ran: signal mask and dispositions, working
 * directory, umask, environment, locale, threads. */
struct watch;

/* Takes that state. NULL and *error when it cannot be had. Ends with watch_free(). */
struct watch *watch_start(struct error **error);

/*
 * Appends what is different now, as a list such as "changed the umask and left a child process
 * behind"; nothing when all is as it was. Children are killed. Output on descriptors 1 and 2 counts
 * when these are files, as the router gives them to a worker.
 */
void watch_compare(const struct watch *watch, struct buffer *out);

void watch_free(struct watch **watch);
#define CLEANUP_WATCH __attribute__((cleanup(watch_free)))

#endif

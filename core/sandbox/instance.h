/* SPDX-License-Identifier: Apache-2.0 */
/* One running plan: the router's side of a keeper. */
#ifndef JAUAUTH_SANDBOX_INSTANCE_H
#define JAUAUTH_SANDBOX_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/sandbox/plan.h"

/* Belongs to one libuv loop and its thread, as do all call-backs. */
struct instance;

/* What becomes of the PREPARE steps of a plan. */
enum instance_prepare {
  INSTANCE_PREPARE_NOT,  /* they are not run */
  INSTANCE_PREPARE_ALSO, /* they are run first, and make the time for the start longer */
  INSTANCE_PREPARE_ONLY  /* nothing else is run: no server is started, nothing is removed */
};

struct instance_settings {
  const char *keeper_program; /* absolute path, of a trusted owner */
  const char *server;         /* id of the server, for the log */
  uid_t user;                 /* the front's account; when the router is not root: its own */
  gid_t group;
  const char *user_name; /* for initgroups; NULL: no supplementary groups */
  enum instance_prepare prepare;
  unsigned start_milliseconds; /* bound for everything until the server runs; 0: 60 seconds */
  /* The instance's entry in a journal, which the keeper removes when nothing is left: its name, the
   * folder, and the file that is locked while keepers live (journal.h). Both descriptors are
   * borrowed until `ended`. NULL: there is no entry. */
  const char *entry;
  int journal;
  int lock;
};

/* How an instance ended. Borrowed, valid during the call-back. */
struct instance_ending {
  json_t *ending;     /* in the form of registry_diagnose() */
  const char *text;   /* the wait status as a sentence without any knowledge of the engine */
  bool asked;         /* the host had asked it to stop */
  bool started;       /* the server's program had been let go */
  const char *limits; /* what its control groups have counted, as a sentence; NULL: nothing */
  bool left;          /* something could not be removed; the error names it */
};

struct instance_events {
  /* The front runs, limits are set, the gate is open. `located` is the host-side pid of the
   * server's first process, 0 when it is not on this machine. */
  void (*started)(void *data, pid_t located);
  /* Exactly once, also after a start that failed (`error` then says why, else NULL). Nothing of the
   * instance is left then, except what `error` names. The instance is freed after the call-back.
   * Never called from within instance_start() or instance_stop(). */
  void (*ended)(void *data, const struct instance_ending *ending, const struct error *error);
  /* A line of the server's stderr, or of what a PREPARE step prints; without the line feed. NULL:
   * these lines go to the log. */
  void (*said)(void *data, const char *line, size_t length);
};

/*
 * Starts `plan` under a keeper of its own. On success *input and *output are the ends of the
 * server's stdin (to write) and stdout (to read); both are close-on-exec, non-blocking and the
 * caller's to close. The server's stderr is drained into the log. The plan is copied. Returns NULL
 * and *error when not even the keeper could be started.
 */
struct instance *instance_start(uv_loop_t *loop, const struct plan *plan,
                                const struct instance_settings *settings,
                                const struct instance_events *events, void *data, int *input,
                                int *output, struct error **error);

/*
 * Asks it to stop by the plan's ladder; `ended` follows within the ladder's waits, the time limits
 * of the steps that have to be run, and 15 seconds. May be called at any time before `ended` and
 * more than once, also from call-backs. The caller closes *input itself for the ladder's first
 * rung.
 */
void instance_stop(struct instance *instance);

/* Does to the keeper what the router's death would: the end of its life line. `ended` follows. */
void instance_abandon(struct instance *instance);

/* The server has sent its first message: what it writes to stderr from now on is no longer kept for
 * the ending's "errors". */
void instance_protocol_seen(struct instance *instance);

/* Pid of the keeper, for tests and `ps`; 0 once it has ended. */
pid_t instance_keeper(const struct instance *instance);

/*
 * Makes the router the reaper of what a killed keeper leaves (PR_SET_CHILD_SUBREAPER). Once, at
 * start. When a keeper dies by itself, every child of this process that is not a running
 * uv_process_t of the instance's loop is killed and reaped: nothing else in this process may make
 * children meanwhile. Then the plan's REMOVE steps are run by a second keeper.
 */
int instance_prepare_process(struct error **error);

#endif

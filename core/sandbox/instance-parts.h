/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an instance. Internal. */
#ifndef JAUAUTH_SANDBOX_INSTANCE_PARTS_H
#define JAUAUTH_SANDBOX_INSTANCE_PARTS_H

#include "core/base/buffer.h"
#include "core/base/log.h"
#include "core/sandbox/instance.h"
#include "core/sandbox/keeper/message.h"

enum { INSTANCE_ERRORS_MAX = 4096 }; /* bytes of stderr that are kept for `diagnose` */

/* A keeper and the socket to it. */
struct instance_link {
  struct instance *instance;
  uv_process_t process;
  uv_poll_t control;
  int descriptor; /* the router's end of the control socket, -1: closed */
  pid_t pid;      /* 0: not running */
  int64_t exit_status;
  int exit_signal;
};

struct instance_step {
  char *name;
  enum plan_phase phase;
  bool may_fail;
};

/* What is known about the run so far. */
struct instance_record {
  bool ended; /* the keeper has said its last word */
  bool front_ran;
  bool let_go;
  int wait_status;          /* of the front */
  char *failed_step;        /* the step that made the start fail */
  struct buffer reason;     /* why the start failed */
  struct buffer not_undone; /* REMOVE steps that failed, processes that could not be ended */
  struct buffer errors;     /* start of stderr */
  struct buffer last_line;  /* of stderr, before the server has spoken */
  json_t *status;           /* list of texts */
  json_t *outputs;
  uint64_t memory_kills; /* by the control groups */
  uint64_t pids_refusals;
};

struct instance {
  uv_loop_t *loop;
  struct instance_events events;
  void *data;
  char *server;
  char *keeper_program;
  char *entry; /* "--journal=NAME", NULL: none; with the descriptors of it */
  int journal;
  int lock;
  struct instance_step *steps;
  size_t step_count;
  char *groups[PLAN_GROUPS_MAX]; /* folders of its control groups */
  size_t group_count;
  bool has_front;
  struct buffer undo; /* image of the REMOVE steps; empty: there are none */
  unsigned start_milliseconds;
  uint64_t stop_milliseconds; /* after which a keeper that was asked to stop is taken for hanging */

  struct instance_link keeper;
  struct instance_link undoer; /* runs the REMOVE steps when the keeper has died */
  uv_timer_t timer;
  uv_poll_t errors;
  int errors_descriptor;
  unsigned handles; /* that are not closed yet */
  bool asked;
  bool late;
  bool keeper_died;
  bool protocol_seen;
  uint64_t sweep_deadline;

  struct instance_record record;
  struct log_limit limit;
  struct buffer line; /* of stderr, not complete yet */
  bool line_cut;      /* its rest is thrown away */
};

/* --- instance-link.c --- */

/* Starts a keeper on an image; takes the five descriptors' duties but not their ownership.
 * -1 and *error; the handles then are closed with the instance all the same. */
int instance_link_start(struct instance_link *link, const int streams[3], const void *image,
                        size_t length, struct error **error);
void instance_link_close(struct instance_link *link);
void instance_link_send_stop(struct instance_link *link);

/* --- instance-record.c --- */

void instance_record_message(struct instance *instance, const struct keeper_message *message,
                             const char *text, size_t length);
void instance_record_free(struct instance_record *record);

/* Calls `ended`. */
void instance_report(struct instance *instance);

/* --- instance-log.c --- */

/* Reads what there is of stderr; with `all` to the end, else a fair share. */
void instance_drain_errors(struct instance *instance, bool all);

/* --- instance-sweep.c --- */

/* Counts and removes the control groups of an instance whose keeper has died, and had killed
 * nothing in them. */
void instance_end_groups(struct instance *instance);

/* Kills and reaps the children of this process that belong to nobody. True when there is none any
 * more; at the latest after the deadline, when what is left is recorded. */
bool instance_sweep(struct instance *instance);

/* --- instance.c --- */

void instance_keeper_ended(struct instance_link *link);
void instance_started(struct instance *instance, pid_t located);
void instance_handle_closed(uv_handle_t *handle);

#endif

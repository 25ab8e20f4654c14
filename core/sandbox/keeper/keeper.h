/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the keeper. It is one thread, uses libc only, and hardly any heap. Internal. */
#ifndef JAUAUTH_SANDBOX_KEEPER_KEEPER_H
#define JAUAUTH_SANDBOX_KEEPER_KEEPER_H

#include "core/os/process.h"
#include "core/sandbox/image.h"
#include "core/sandbox/keeper/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { KEEPER_LINE_MAX = 4096, KEEPER_LINES_MAX = 64, KEEPER_ERRORS_MAX = 1024 };

struct keeper {
  struct image image;
  void *bytes; /* the mapping that the image points into */
  size_t length;
  pid_t self;
  int signals;      /* a signalfd: SIGCHLD, and signals that ask it to stop */
  bool asked;       /* to stop, by the router, by its death, or by a signal */
  bool router_gone; /* the control socket is at its end */
  int stop_budget;  /* milliseconds that the ladder may still wait after the router's death */
  bool failed[IMAGE_STEPS_MAX];
  bool left;            /* a REMOVE step failed, or a process could not be ended */
  const char *instance; /* its entry in the journal; NULL: there is none */

  pid_t front; /* unreaped while front_running, so that its pid names no other process */
  bool front_running;
  bool front_ran;
  uint32_t front_id;
  int front_status;
  bool let_go;
  struct os_process located;

  int status; /* read end of the front's status pipe, -1: none */
  char line[KEEPER_LINE_MAX];
  size_t line_length;
  unsigned line_count;
  pid_t status_pid; /* what the wanted member said, 0: nothing yet */
  int gate;         /* write end, -1: none */

  pid_t step; /* the step under way that is not the front */
  bool step_running;
  int step_status;
  int step_output; /* its pipes, -1: none */
  int step_errors;
  size_t output_length;
  size_t errors_length;
};

/* --- wait.c: everything that is waited for --- */

int64_t keeper_now(void); /* milliseconds of a clock that never goes back */

/* Waits until something happens or the time is over (-1: for ever), and takes note of it: ended
 * children, messages of the router, status lines, output of the step under way. */
void keeper_turn(struct keeper *keeper, int milliseconds);

/* What the step under way, or the last one, has printed so far. */
const char *keeper_output(void);
const char *keeper_errors(void);

/* --- tell.c: messages to the router; failures are ignored, it may be dead --- */

void keeper_tell(enum keeper_kind kind, uint32_t flags, uint32_t step, int32_t value,
                 const char *text, size_t length);

/* KEEPER_FAULT. Returns -1. */
int keeper_fault(int errnum, const char *text);

/* --- child.c: from fork to exec --- */

struct keeper_child {
  int input; /* what become descriptors 0, 1 and 2 */
  int output;
  int errors;
  int files[IMAGE_FILES_MAX]; /* what become 3, 4, … */
  uint32_t file_count;
  bool front; /* gets the limits, and dies with the keeper, as does a locate step */
  bool dies_with_keeper;
};

/* Starts a step; true when its program is being executed, so that *pid is to be waited for. Else
 * *pid is 0, and *what says what could not be done, with *errnum. */
bool keeper_execute(const struct keeper *keeper, const struct image_step *step,
                    const struct keeper_child *child, pid_t *pid, const char **what, int *errnum);

/*
 * Does something as the account of the front: prlimit(2) of another account's process takes
 * CAP_SYS_RESOURCE, which root does not have in every container. -1 with errno as `act` left it.
 */
int keeper_as_account(const struct keeper *keeper, int (*act)(const struct keeper *keeper));

/* --- step.c --- */

/* Runs a step to its end or time limit and reports it. With `may_leave` it is killed when the front
 * ends or the router asks to stop. False when it failed (keeper->failed says so as well). */
bool keeper_run_step(struct keeper *keeper, const struct image_step *step, bool may_leave);

/* Runs all steps of a phase whose condition holds; with `strict` up to the first that fails. */
bool keeper_run_phase(struct keeper *keeper, uint32_t phase, bool strict);

/* --- front.c: the front, from its start until the server runs --- */

/* False when the server was not let go; the front may run all the same. */
bool keeper_start(struct keeper *keeper);

/* --- group.c: the control groups of the server --- */

/* Makes them, sets their limits, and puts this process into them. -1 with errno. */
int keeper_enter_groups(const struct image *image);

/* Kills what is in them, where the kernel can at once. */
void keeper_kill_groups(const struct keeper *keeper);

/* Reports what they have counted and removes them. */
void keeper_end_groups(struct keeper *keeper);

/* --- stop.c --- */

/* The stop ladder, until the front has ended. */
void keeper_climb(struct keeper *keeper);

/* Kills the front and waits for its end, at most 5 seconds. */
void keeper_end_front(struct keeper *keeper);

/* Kills every descendant, also those that try to get away, and waits for their end, at most 5
 * seconds; what is left then is reported. */
void keeper_sweep(struct keeper *keeper);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that are not the front. */
#include "core/os/descriptor.h"
#include "core/sandbox/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a step's descriptors are made from; -1: none. */
struct pipes {
  int nothing; /* /dev/null */
  int output;
  int errors;
};

static void close_pair(int first, int second)
{
  if (first >= 0)
    close(first);
  if (second >= 0)
    close(second);
}

static int open_pipe(int *read_end, int *write_end)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return -1;
  *read_end = ends[0];
  *write_end = ends[1];
  return os_set_nonblocking(ends[0]);
}

static int open_pipes(struct keeper *keeper, struct pipes *pipes)
{
  keeper->output_length = 0;
  keeper->errors_length = 0;
  pipes->nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (pipes->nothing < 0 || open_pipe(&keeper->step_output, &pipes->output) < 0 ||
      open_pipe(&keeper->step_errors, &pipes->errors) < 0)
    return -1;
  return 0;
}

static int make_files(const struct image_step *step, struct keeper_child *child)
{
  struct image_files files = step->files;
  uint32_t kind;
  uint32_t length;
  const void *bytes;
  while (image_next_file(&files, &kind, &bytes, &length)) {
    int file = os_memory_file("jauauth", bytes, length);
    if (file < 0)
      return -1;
    child->files[child->file_count++] = file;
  }
  return 0;
}

/* Starts it and fills in keeper->step. */
static bool start(struct keeper *keeper, const struct image_step *step)
{
  struct pipes pipes = {-1, -1, -1};
  struct keeper_child child = {.dies_with_keeper =
                                   step->phase == IMAGE_LOCATE || step->phase == IMAGE_PREPARE};
  const char *what = "its descriptors could not be made";
  int errnum = 0;
  bool started = false;
  if (open_pipes(keeper, &pipes) < 0 || make_files(step, &child) < 0) {
    errnum = errno;
  } else {
    child.input = pipes.nothing;
    child.output = pipes.output;
    child.errors = pipes.errors;
    /* What takes its time says so to who waits: through the server's stderr, into the log. */
    if (step->phase == IMAGE_PREPARE) {
      child.output = step->capture > 0 ? pipes.output : STDERR_FILENO;
      child.errors = STDERR_FILENO;
    }
    started = keeper_execute(keeper, step, &child, &keeper->step, &what, &errnum);
  }
  for (uint32_t i = 0; i < child.file_count; i++)
    close(child.files[i]);
  close_pair(pipes.nothing, pipes.output);
  close_pair(pipes.errors, -1);
  if (!started)
    keeper_tell(KEEPER_FAILED, KEEPER_NOT_RUN, step->id, errnum, what, strlen(what));
  return started;
}

/* Whether nobody wants its end any more. What creates something is finished, and then undone. */
static bool may_be_left(const struct keeper *keeper, const struct image_step *step, bool may_leave)
{
  bool leaves = may_leave && (keeper->asked || !keeper->front_running);
  return leaves || (keeper->asked && step->phase == IMAGE_PREPARE);
}

/* Waits for its end. True when it had to be killed because it took too long. */
static bool wait_for_step(struct keeper *keeper, const struct image_step *step, bool may_leave)
{
  int64_t deadline = step->time_limit == 0 ? INT64_MAX : keeper_now() + step->time_limit;
  bool killed = false;
  bool late = false;
  while (keeper->step_running) {
    int64_t left = deadline - keeper_now();
    if (!killed && (left <= 0 || may_be_left(keeper, step, may_leave))) {
      /* It leads a session and so a group; who left the group is found by the last sweep. */
      kill(-keeper->step, SIGKILL);
      kill(keeper->step, SIGKILL);
      killed = true;
      late = left <= 0;
    }
    keeper_turn(keeper, killed || left > 1000 ? 1000 : (int)left);
  }
  return late;
}

static void report(struct keeper *keeper, const struct image_step *step, bool late)
{
  int status = keeper->step_status;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  size_t shown = keeper->output_length < step->capture ? keeper->output_length : step->capture;
  if (step->capture > 0)
    keeper_tell(KEEPER_OUTPUT, 0, step->id, code, keeper_output(), shown);
  if (code != 0)
    keeper_tell(KEEPER_FAILED, late ? KEEPER_TIMED_OUT : 0, step->id, status, keeper_errors(),
                keeper->errors_length);
}

bool keeper_run_step(struct keeper *keeper, const struct image_step *step, bool may_leave)
{
  keeper->failed[step->id] = true;
  keeper->step_running = false;
  bool started = start(keeper, step);
  if (started) {
    keeper->step_running = true;
    bool late = wait_for_step(keeper, step, may_leave);
    keeper_turn(keeper, 0); /* what it printed last */
    report(keeper, step, late);
    keeper->failed[step->id] =
        !WIFEXITED(keeper->step_status) || WEXITSTATUS(keeper->step_status) != 0;
  }
  close_pair(keeper->step_output, keeper->step_errors);
  keeper->step_output = keeper->step_errors = -1;
  if (step->phase == IMAGE_REMOVE && keeper->failed[step->id])
    keeper->left = true;
  return !keeper->failed[step->id];
}

/* A step that a later one of its phase waits for to fail. */
static bool may_fail(struct image_steps later, const struct image_step *step)
{
  struct image_step other;
  while (image_next_step(&later, &other))
    if (other.phase == step->phase && other.if_failed == step->id)
      return true;
  return false;
}

bool keeper_run_phase(struct keeper *keeper, uint32_t phase, bool strict)
{
  struct image_steps lists[] = {keeper->image.early, keeper->image.late};
  struct image_step step;
  for (size_t i = 0; i < 2; i++)
    while (image_next_step(&lists[i], &step)) {
      if (step.phase != phase || (step.if_failed != IMAGE_NONE && !keeper->failed[step.if_failed]))
        continue;
      if (!keeper_run_step(keeper, &step, false) && strict && !may_fail(lists[i], &step))
        return false;
      if (strict && keeper->asked)
        return false; /* the step under way was finished; no other is begun */
    }
  return true;
}

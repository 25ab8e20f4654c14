/* SPDX-License-Identifier: Apache-2.0 */
/* The stop ladder, and the end of everything that is left. */
#include "core/sandbox/keeper/keeper.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SWEEP_MILLISECONDS = 5000, PIDS_AT_ONCE = 256 };

static void signal_descendant(const struct keeper *keeper, pid_t pid, int number)
{
  struct os_process process = {0};
  /* Asked again while it is held: the number may have gone to another process since it was listed.
   */
  if (os_process_hold(&process, pid) == 0 && os_descends(pid, keeper->self))
    (void)os_process_signal(&process, number);
  os_process_release(&process);
}

/* Signals every descendant, parents first. A tree that grows meanwhile is left to the sweep. */
static void signal_tree(const struct keeper *keeper, int number)
{
  pid_t pids[PIDS_AT_ONCE];
  ssize_t count = os_children(keeper->self, pids, PIDS_AT_ONCE);
  for (ssize_t i = 0; i < count; i++) {
    ssize_t more = os_children(pids[i], pids + count, (size_t)(PIDS_AT_ONCE - count));
    count += more > 0 ? more : 0;
    signal_descendant(keeper, pids[i], number);
  }
}

static void send_signal(const struct keeper *keeper, const struct image_ladder *rung)
{
  int number = (int)rung->signal;
  switch (rung->target) {
  case IMAGE_TARGET_LOCATED:
    (void)os_process_signal(&keeper->located, number);
    break;
  case IMAGE_TARGET_TREE:
    signal_tree(keeper, number);
    break;
  default:
    kill(keeper->front, number);
  }
}

/* Waits for the front's end. After the router's death all waits together get what is left of the
 * budget. */
static void wait_for_front(struct keeper *keeper, int milliseconds)
{
  int64_t start = keeper_now();
  while (keeper->front_running) {
    int64_t most = milliseconds;
    if (keeper->router_gone && keeper->stop_budget < most)
      most = keeper->stop_budget;
    int64_t left = start + most - keeper_now();
    if (left <= 0)
      break;
    keeper_turn(keeper, (int)left);
  }
  if (keeper->router_gone) {
    int64_t spent = keeper_now() - start;
    keeper->stop_budget = spent < keeper->stop_budget ? keeper->stop_budget - (int)spent : 0;
  }
}

void keeper_climb(struct keeper *keeper)
{
  for (uint32_t i = 0; i < keeper->image.rung_count && keeper->front_running; i++) {
    const struct image_ladder *rung = &keeper->image.rungs[i];
    struct image_step step;
    switch (rung->kind) {
    case IMAGE_WAIT:
      wait_for_front(keeper, (int)rung->milliseconds);
      break;
    case IMAGE_SIGNAL:
      send_signal(keeper, rung);
      break;
    case IMAGE_RUN:
      if (image_find_step(&keeper->image, rung->step, &step))
        keeper_run_step(keeper, &step, false);
      break;
    default:
      break; /* stdin: the keeper's copy is closed since the start, the router closes its own */
    }
  }
}

void keeper_end_front(struct keeper *keeper)
{
  int64_t deadline = keeper_now() + SWEEP_MILLISECONDS;
  if (keeper->front_running)
    kill(keeper->front, SIGKILL);
  while (keeper->front_running && keeper_now() < deadline)
    keeper_turn(keeper, 100);
}

void keeper_sweep(struct keeper *keeper)
{
  int64_t deadline = keeper_now() + SWEEP_MILLISECONDS;
  for (;;) {
    pid_t pids[PIDS_AT_ONCE];
    ssize_t count = os_children(keeper->self, pids, PIDS_AT_ONCE);
    /* They are our children and not reaped yet: their numbers name no one else. */
    for (ssize_t i = 0; i < count; i++)
      kill(pids[i], SIGKILL);
    /* Their own children become ours at once, and are found in the next round. */
    keeper_turn(keeper, 0);
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
      return;
    if (keeper_now() >= deadline) {
      keeper->left = true;
      for (ssize_t i = 0; i < count; i++)
        keeper_tell(KEEPER_REMAINS, 0, IMAGE_NONE, (int32_t)pids[i], NULL, 0);
      return;
    }
    keeper_turn(keeper, count < PIDS_AT_ONCE ? 5 : 0);
  }
}

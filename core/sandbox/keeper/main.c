/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: executes one plan, and leaves nothing of it behind. */
#include "core/os/descriptor.h"
#include "core/os/feature.h"
#include "core/sandbox/keeper/keeper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { ROUTER_GONE_MILLISECONDS = 2000 };

/* Nothing reads its memory, every orphan below it becomes its child, and no signal ends it: those
 * that could be meant to are read from a descriptor. */
static int prepare(struct keeper *keeper)
{
  keeper->self = getpid();
  keeper->stop_budget = ROUTER_GONE_MILLISECONDS;
  keeper->status = keeper->gate = keeper->step_output = keeper->step_errors = -1;
  os_close_from((keeper->instance != NULL ? KEEPER_LOCK : KEEPER_IMAGE) + 1);
  struct timeval patience = {.tv_sec = 1};
  setsockopt(KEEPER_CONTROL, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sigset_t all;
  sigset_t wanted;
  sigfillset(&all);
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGHUP);
  signal(SIGCHLD, SIG_DFL);
  if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
      prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    return -1;
  keeper->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  return keeper->signals;
}

/* An image that somebody could still change would not be the one that was checked. */
static int load(struct keeper *keeper)
{
  struct stat status;
  if (!os_is_sealed(KEEPER_IMAGE) || fstat(KEEPER_IMAGE, &status) < 0 || status.st_size <= 0 ||
      status.st_size > IMAGE_BYTES_MAX)
    return keeper_fault(0, "the keeper was given no sealed image");
  keeper->length = (size_t)status.st_size;
  keeper->bytes = mmap(NULL, keeper->length, PROT_READ, MAP_PRIVATE, KEEPER_IMAGE, 0);
  if (keeper->bytes == MAP_FAILED)
    return keeper_fault(errno, "the image could not be read");
  const char *fault = image_open(&keeper->image, keeper->bytes, keeper->length);
  return fault == NULL ? 0 : keeper_fault(0, fault);
}

/* Keeps of the image what the end needs and lets go of the rest, which holds the secrets. */
static int forget(struct keeper *keeper)
{
  size_t length = image_late_length(keeper->bytes);
  void *room = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED)
    return -1;
  image_keep_late(&keeper->image, keeper->bytes, room);
  munmap(keeper->bytes, keeper->length);
  close(KEEPER_IMAGE);
  keeper->bytes = room;
  keeper->length = length;
  return 0;
}

static void serve(struct keeper *keeper)
{
  bool started = keeper_run_phase(keeper, IMAGE_PREPARE, true) &&
                 keeper_run_phase(keeper, IMAGE_BEFORE, true) && keeper_start(keeper);
  if (forget(keeper) < 0) {
    started = false;
    keeper_fault(errno, "the secrets of the plan could not be dropped");
  }
  while (started && keeper->front_running && !keeper->asked)
    keeper_turn(keeper, -1);
  if (started && keeper->front_running)
    keeper_climb(keeper);
  /* The gate stays closed until its reader is dead. */
  keeper_end_front(keeper);
  keeper_kill_groups(keeper);
  if ((keeper->image.flags & IMAGE_OWN_TREE) != 0)
    keeper_sweep(keeper);
  if (keeper->front_ran && keeper->front_status != 0)
    keeper->failed[keeper->front_id] = true;
  if (keeper->front_ran)
    keeper_run_phase(keeper, IMAGE_AFTER, false);
  keeper_run_phase(keeper, IMAGE_REMOVE, false);
  keeper_sweep(keeper);
  keeper_end_groups(keeper);
  keeper_turn(keeper, 0); /* the last status lines */
}

int main(int argc, char **argv)
{
  static struct keeper keeper;
  const char without[] = "--without=";
  const char journal[] = "--journal=";
  for (int i = 1; i < argc; i++)
    if (strncmp(argv[i], journal, sizeof journal - 1) == 0)
      keeper.instance = argv[i] + sizeof journal - 1;
    else if (strncmp(argv[i], without, sizeof without - 1) == 0 &&
             !os_without(argv[i] + sizeof without - 1))
      _exit(2);
  if (prepare(&keeper) < 0) {
    keeper_fault(errno, "the keeper could not prepare itself");
    _exit(1);
  }
  if (load(&keeper) == 0) {
    serve(&keeper);
    /* Before it is told that all is done: who is told may look for the entry. */
    if (keeper.instance != NULL && !keeper.left)
      unlinkat(KEEPER_JOURNAL, keeper.instance, 0);
  }
  keeper_tell(KEEPER_ENDED,
              (keeper.front_ran ? KEEPER_FRONT_RAN : 0U) | (keeper.let_go ? KEEPER_LET_GO : 0U),
              IMAGE_NONE, keeper.front_status, NULL, 0);
  _exit(0);
}

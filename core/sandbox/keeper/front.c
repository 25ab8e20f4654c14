/* SPDX-License-Identifier: Apache-2.0 */
/* The front, from its start until the server runs. */
#include "core/os/descriptor.h"
#include "core/sandbox/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOOK_AGAIN = 2, ASK_AGAIN = 100 }; /* milliseconds */

/* The program's end of the gate is opened for reading and writing, so that it never reads the end
 * of file, whoever dies: only a byte opens it, and only the keeper writes one. */
static int make_gate(struct keeper *keeper)
{
  int ends[2];
  char path[32];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return -1;
  snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
  int both = open(path, O_RDWR | O_CLOEXEC);
  int saved = errno;
  close(ends[0]);
  keeper->gate = ends[1];
  errno = saved;
  return both;
}

static int make_status(struct keeper *keeper)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return -1;
  keeper->status = ends[0];
  if (os_set_nonblocking(ends[0]) < 0)
    return -1;
  return ends[1];
}

static int make_descriptors(struct keeper *keeper, const struct image_step *step,
                            struct keeper_child *child)
{
  struct image_files files = step->files;
  uint32_t kind;
  uint32_t length;
  const void *bytes;
  while (image_next_file(&files, &kind, &bytes, &length)) {
    int made = kind == IMAGE_GATE     ? make_gate(keeper)
               : kind == IMAGE_STATUS ? make_status(keeper)
                                      : os_memory_file("jauauth", bytes, length);
    if (made < 0)
      return -1;
    child->files[child->file_count++] = made;
  }
  return 0;
}

/* The keeper's own copies of the server's stdin and stdout would keep both open. */
static void drop_streams(void)
{
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < 2; i++)
    if (nothing < 0 || dup2(nothing, i) < 0)
      close(i);
  if (nothing > 1)
    close(nothing);
}

static bool start_front(struct keeper *keeper, const struct image_step *step)
{
  struct keeper_child child = {
      .input = 0, .output = 1, .errors = 2, .front = true, .dies_with_keeper = true};
  const char *what = "its descriptors could not be made";
  int errnum = 0;
  bool started = false;
  if (make_descriptors(keeper, step, &child) < 0)
    errnum = errno;
  else
    started = keeper_execute(keeper, step, &child, &keeper->front, &what, &errnum);
  for (uint32_t i = 0; i < child.file_count; i++)
    close(child.files[i]);
  drop_streams();
  keeper->front_running = keeper->front_ran = started;
  keeper->front_id = step->id;
  keeper->failed[step->id] = !started;
  if (!started)
    keeper_tell(KEEPER_FAILED, KEEPER_NOT_RUN, step->id, errnum, what, strlen(what));
  return started;
}

static bool goes_on(const struct keeper *keeper)
{
  return keeper->front_running && !keeper->asked;
}

/* The whole text as a pid, white space around it allowed; 0: it is none. */
static pid_t parse_pid(const char *text)
{
  int64_t value = 0;
  text += strspn(text, " \t\r\n");
  for (; *text >= '0' && *text <= '9' && value <= INT32_MAX; text++)
    value = value * 10 + (*text - '0');
  text += strspn(text, " \t\r\n");
  return *text == '\0' && value > 1 && value <= INT32_MAX ? (pid_t)value : 0;
}

static pid_t first_pid(struct keeper *keeper)
{
  struct image_step step;
  switch (keeper->image.locate) {
  case IMAGE_BY_FRONT:
    return keeper->front;
  case IMAGE_BY_STATUS:
    /* A front that ended has closed the pipe, but what it wrote before is still to be read. */
    while (keeper->status_pid == 0 && goes_on(keeper))
      keeper_turn(keeper, -1);
    return keeper->status_pid;
  default:
    break;
  }
  while (goes_on(keeper) && image_find_step(&keeper->image, keeper->image.locate_step, &step)) {
    pid_t pid = keeper_run_step(keeper, &step, true) ? parse_pid(keeper_output()) : 0;
    if (pid != 0)
      return pid;
    int64_t again = keeper_now() + ASK_AGAIN; /* the engine may not have started it yet */
    for (int64_t left = ASK_AGAIN; left > 0 && goes_on(keeper); left = again - keeper_now())
      keeper_turn(keeper, (int)left);
  }
  return 0;
}

/* The first child's first child, and so on, as deep as the plan says; 0: not there yet. */
static pid_t descend(const struct keeper *keeper, pid_t pid)
{
  for (uint32_t i = 0; i < keeper->image.locate_children && pid != 0; i++) {
    pid_t child = 0;
    pid = os_children(pid, &child, 1) > 0 ? child : 0;
  }
  return pid;
}

/* Holds on to a process of the sandbox. */
static bool hold(struct keeper *keeper, pid_t pid)
{
  struct os_process held = {0};
  if (os_process_hold(&held, pid) < 0) {
    int saved = errno;
    keeper_turn(keeper, 0);
    if (keeper->front_running && !keeper->let_go)
      keeper_fault(saved, "the server's process was gone before it was let go");
    return false;
  }
  /* Whoever writes to the status descriptor must not aim the keeper at somebody else's process. */
  if ((keeper->image.flags & IMAGE_OWN_TREE) != 0 &&
      (pid == keeper->self || !os_descends(pid, keeper->self))) {
    os_process_release(&held);
    keeper_fault(0, "the process that was named as the server's does not descend from the front");
    return false;
  }
  os_process_release(&keeper->located);
  keeper->located = held;
  return true;
}

/* Finds the process that the plan names and holds on to it. */
static bool locate(struct keeper *keeper)
{
  if (keeper->image.locate == IMAGE_REMOTE)
    return true;
  pid_t first = first_pid(keeper);
  return first != 0 && hold(keeper, first);
}

/* From the process that the plan names to the server's own. One that has ended already stays what
 * it was: its front's end says the rest. */
static bool follow(struct keeper *keeper)
{
  pid_t first = keeper->located.pid;
  if (keeper->image.locate == IMAGE_REMOTE || keeper->image.locate_children == 0)
    return true;
  pid_t pid = descend(keeper, first);
  while (pid == 0 && goes_on(keeper)) {
    keeper_turn(keeper, LOOK_AGAIN);
    pid = descend(keeper, first);
  }
  return pid != 0 && hold(keeper, pid);
}

static int limit_located(const struct keeper *keeper)
{
  const struct image *image = &keeper->image;
  /* The front itself got all of them before it was executed. */
  if (keeper->located.pid == 0 || keeper->located.pid == keeper->front ||
      (image->flags & IMAGE_OWN_TREE) == 0)
    return 0;
  for (uint32_t i = 0; i < image->limit_count; i++) {
    const struct image_limit *limit = &image->limits[i];
    struct rlimit now;
    if ((limit->where & IMAGE_LIMIT_LOCATED) == 0)
      continue;
    if (prlimit(keeper->located.pid, (int)limit->resource, NULL, &now) < 0)
      return -1;
    now.rlim_max = limit->value < now.rlim_max ? (rlim_t)limit->value : now.rlim_max;
    now.rlim_cur = now.rlim_max;
    if (prlimit(keeper->located.pid, (int)limit->resource, &now, NULL) < 0)
      return -1;
  }
  /* By its descriptor: the number may have gone to another process meanwhile. */
  return os_process_signal(&keeper->located, 0);
}

static bool set_limits(struct keeper *keeper)
{
  if (keeper_as_account(keeper, limit_located) == 0)
    return true;
  int saved = errno;
  keeper_turn(keeper, 0);
  if (keeper->gate < 0 && saved == ESRCH)
    return true;
  if (keeper->front_running)
    keeper_fault(saved, "the server's limits could not be set");
  return false;
}

/*
 * With a gate, the process that the plan names waits there: it has no children yet, and what it
 * will have inherits its limits. Without one the server's process is there already.
 */
static bool let_go(struct keeper *keeper)
{
  if (keeper->gate < 0) {
    keeper->let_go = follow(keeper) && set_limits(keeper);
  } else if (set_limits(keeper)) {
    if (write(keeper->gate, "1", 1) != 1) {
      keeper_fault(errno, "the server could not be let go");
      return false;
    }
    keeper->let_go = true;
    (void)follow(keeper); /* a server that ends at once was let go all the same */
  }
  if (keeper->let_go)
    keeper_tell(KEEPER_STARTED, 0, IMAGE_NONE, (int32_t)keeper->located.pid, NULL, 0);
  return keeper->let_go;
}

bool keeper_start(struct keeper *keeper)
{
  struct image_steps steps = keeper->image.early;
  struct image_step step;
  while (image_next_step(&steps, &step))
    if (step.phase == IMAGE_FRONT)
      return start_front(keeper, &step) && locate(keeper) && !keeper->asked && let_go(keeper);
  return false;
}

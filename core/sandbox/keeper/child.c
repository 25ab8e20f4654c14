/* SPDX-License-Identifier: Apache-2.0 */
/* From fork to exec: everything that a program must not inherit is taken away here. */
#include "core/os/descriptor.h"
#include "core/sandbox/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child was doing when it failed. */
enum stage { DESCRIPTORS, GROUPS, LIMITS, IDENTITY, DEATH, DIRECTORY, PRIVILEGES, EXECUTE };

static const char *const stage_texts[] = {
    [DESCRIPTORS] = "the descriptors could not be arranged",
    [GROUPS] = "the control group of the server could not be made or entered",
    [LIMITS] = "the limits could not be set",
    [IDENTITY] = "the account could not be changed",
    [DEATH] = "it could not be tied to the life of its keeper",
    [DIRECTORY] = "its working directory could not be entered",
    [PRIVILEGES] = "new privileges could not be ruled out",
    [EXECUTE] = "the program could not be executed",
};

struct failure {
  int stage;
  int errnum;
};

static char **make_vector(struct image_texts texts)
{
  char **vector = calloc((size_t)texts.count + 1, sizeof *vector);
  const char *text;
  for (size_t i = 0; vector != NULL && (text = image_next_text(&texts)) != NULL; i++)
    vector[i] = (char *)text;
  return vector;
}

static void reset_signals(void)
{
  /* The kernel's struct sigaction: SIG_DFL, no flags, no restorer, an empty mask. libc refuses to
   * change the two signals that it keeps for itself, which posix_spawn(3) leaves ignored. */
  static const unsigned long standard[4];
  for (int number = 1; number < NSIG; number++)
    syscall(SYS_rt_sigaction, number, standard, NULL, (NSIG - 1) / 8);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_limits(const struct image *image, bool front)
{
  for (uint32_t i = 0; i < image->limit_count; i++) {
    const struct image_limit *limit = &image->limits[i];
    struct rlimit now;
    /* No program that the keeper starts leaves a core file; the other limits are the server's. */
    if ((limit->where & IMAGE_LIMIT_FRONT) == 0 || (!front && limit->resource != RLIMIT_CORE))
      continue;
    if (getrlimit((int)limit->resource, &now) < 0)
      return -1;
    now.rlim_max = limit->value < now.rlim_max ? (rlim_t)limit->value : now.rlim_max;
    now.rlim_cur = now.rlim_max;
    if (setrlimit((int)limit->resource, &now) < 0)
      return -1;
  }
  return 0;
}

static int change_identity(const struct image *image)
{
  if ((image->flags & IMAGE_IDENTITY) == 0)
    return 0;
  gid_t *groups = calloc((size_t)image->group_count + 1, sizeof *groups);
  if (groups == NULL)
    return -1;
  for (uint32_t i = 0; i < image->group_count; i++)
    groups[i] = image_group(image, i);
  if (setgroups(image->group_count, groups) < 0 ||
      setresgid(image->group, image->group, image->group) < 0 ||
      setresuid(image->user, image->user, image->user) < 0)
    return -1;
  /* A change that can be taken back is none. */
  if (setuid(0) == 0 || getuid() != image->user || geteuid() != image->user) {
    errno = EPERM;
    return -1;
  }
  return 0;
}

/* A changed account clears the death signal, so that it is set afterwards; the keeper may have died
 * before it was. */
static int tie_to_keeper(const struct keeper *keeper)
{
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
    return -1;
  if (getppid() != keeper->self) {
    errno = ESRCH;
    return -1;
  }
  return 0;
}

/* Puts the descriptors where the program will see them and closes all others. They are moved out of
 * the way first, since one may stand where another has to go. Returns the new number of `report`.
 */
static int arrange(const struct keeper_child *child, int report)
{
  int sources[3 + IMAGE_FILES_MAX] = {child->input, child->output, child->errors};
  int count = 3 + (int)child->file_count;
  memcpy(sources + 3, child->files, child->file_count * sizeof sources[0]);
  for (int i = 0; i < count; i++)
    if ((sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, count + 1)) < 0)
      return -1;
  if (report != count && dup3(report, count, O_CLOEXEC) < 0)
    return -1;
  for (int i = 0; i < count; i++)
    if (dup2(sources[i], i) < 0)
      return -1;
  os_close_from((unsigned)count + 1);
  return count;
}

static void give_up(int report, enum stage stage)
{
  struct failure failure = {.stage = (int)stage, .errnum = errno};
  (void)!write(report, &failure, sizeof failure);
  _exit(127);
}

static void become(const struct keeper *keeper, const struct image_step *step,
                   const struct keeper_child *child, int report)
{
  const struct image *image = &keeper->image;
  setsid();
  reset_signals();
  char **arguments = make_vector(step->arguments);
  char **environment = make_vector(step->environment);
  int arranged = arguments == NULL || environment == NULL ? -1 : arrange(child, report);
  if (arranged < 0)
    give_up(report, DESCRIPTORS);
  if (child->front && keeper_enter_groups(image) < 0)
    give_up(arranged, GROUPS);
  if (set_limits(image, child->front) < 0)
    give_up(arranged, LIMITS);
  if (change_identity(image) < 0)
    give_up(arranged, IDENTITY);
  if (child->dies_with_keeper && tie_to_keeper(keeper) < 0)
    give_up(arranged, DEATH);
  if (chdir(step->directory) < 0)
    give_up(arranged, DIRECTORY);
  if ((image->flags & IMAGE_SETUID_ENGINE) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    give_up(arranged, PRIVILEGES);
  execve(step->program, arguments, environment);
  give_up(arranged, EXECUTE);
}

/* The exit status carries the errno. */
int keeper_as_account(const struct keeper *keeper, int (*act)(const struct keeper *keeper))
{
  if ((keeper->image.flags & IMAGE_IDENTITY) == 0)
    return act(keeper);
  pid_t made = fork();
  if (made == 0)
    _exit(change_identity(&keeper->image) < 0 || act(keeper) < 0 ? errno : 0);
  int status = 0;
  pid_t ended = -1;
  while (made > 0 && (ended = waitpid(made, &status, 0)) < 0 && errno == EINTR)
    continue;
  if (made < 0 || ended < 0)
    return -1;
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  return errno == 0 ? 0 : -1;
}

bool keeper_execute(const struct keeper *keeper, const struct image_step *step,
                    const struct keeper_child *child, pid_t *pid, const char **what, int *errnum)
{
  int report[2];
  *pid = 0;
  *what = "no process could be made";
  if (pipe2(report, O_CLOEXEC) < 0) {
    *errnum = errno;
    return false;
  }
  pid_t made = fork();
  if (made == 0)
    become(keeper, step, child, report[1]);
  *errnum = errno;
  close(report[1]);
  struct failure failure;
  ssize_t got = 0;
  while (made > 0 && (got = read(report[0], &failure, sizeof failure)) < 0 && errno == EINTR)
    continue;
  close(report[0]);
  if (made > 0 && got == (ssize_t)sizeof failure) {
    *what = stage_texts[failure.stage];
    *errnum = failure.errnum;
    return false; /* it exits; keeper_turn() reaps it */
  }
  *pid = made > 0 ? made : 0;
  return made > 0;
}

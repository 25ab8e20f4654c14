/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on the kernel: rights, and what enlarges the surface that can be attacked. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As <linux/…> has them: those headers are not there for every libc. */
enum {
  CAPABILITY_VERSION_3 = 0x20080522,
  CAPABILITIES = 64,
  BPF_MAKE_MAP = 0,
  BPF_ARRAY = 2,
  USERFAULT_USER_MODE_ONLY = 1,
  PERF_SOFTWARE = 1,
  PERF_EXCLUDE_KERNEL = 1 << 5,
  PERF_EXCLUDE_HYPERVISOR = 1 << 6,
  PROCESS_KEYRING = -2,
};

/* Newer than some libc; the same on all architectures but alpha. */
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

void attempt_capabilities(const struct attempt *attempt)
{
  struct {
    uint32_t version;
    int pid;
  } header = {.version = CAPABILITY_VERSION_3};
  struct {
    uint32_t effective;
    uint32_t permitted;
    uint32_t inheritable;
  } data[2] = {{0}};
  if (syscall(SYS_capget, &header, data) != 0) {
    answer_result(attempt, false);
    return;
  }
  uint64_t effective = data[0].effective | (uint64_t)data[1].effective << 32;
  uint64_t permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
  uint64_t bounding = 0;
  for (unsigned i = 0; i < CAPABILITIES; i++)
    if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
      bounding |= (uint64_t)1 << i;
  answer(attempt, "value\t%016" PRIx64 " %016" PRIx64 " %016" PRIx64, effective, permitted,
         bounding);
}

static void answer_switch(const struct attempt *attempt, int option)
{
  int value = prctl(option, 0, 0, 0, 0);
  if (value < 0)
    answer_result(attempt, false);
  else
    answer_count(attempt, (uint64_t)value, 0);
}

void attempt_no_new_privileges(const struct attempt *attempt)
{
  answer_switch(attempt, PR_GET_NO_NEW_PRIVS);
}

void attempt_seccomp(const struct attempt *attempt)
{
  answer_switch(attempt, PR_GET_SECCOMP);
}

void attempt_user_namespace(const struct attempt *attempt)
{
  answer_result(attempt, unshare(CLONE_NEWUSER) == 0);
}

/*
 * Whoever may mount is told that there is no such file system, everybody else that he may not. Only
 * then, and where nobody else sees it, something is mounted.
 */
void attempt_mount(const struct attempt *attempt)
{
  if (mount("canary", "/", "no-such-file-system", 0, NULL) == 0 || errno != ENODEV)
    answer_result(attempt, false);
  else if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    answer(attempt, "open\tnot made, since a mount namespace is refused");
  else
    answer_result(attempt, mount("canary", "/", "tmpfs", 0, "size=4096") == 0);
}

/* The terminal of a session of its own, on which nobody else is. */
void attempt_tiocsti(const struct attempt *attempt)
{
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || unlockpt(master) != 0 || setsid() < 0) {
    answer(attempt, "failed\tno terminal: %s", errno_name(errno));
    return;
  }
  int terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) {
    answer(attempt, "failed\tno controlling terminal: %s", errno_name(errno));
    return;
  }
  answer_result(attempt, ioctl(terminal, TIOCSTI, "x") == 0);
}

void attempt_io_uring(const struct attempt *attempt)
{
  uint32_t parameters[30] = {0};
  answer_result(attempt, syscall(SYS_io_uring_setup, 1, parameters) >= 0);
}

void attempt_bpf(const struct attempt *attempt)
{
  uint32_t attributes[16] = {BPF_ARRAY, sizeof(uint32_t), sizeof(uint32_t), 1};
  answer_result(attempt, syscall(SYS_bpf, BPF_MAKE_MAP, attributes, sizeof attributes) >= 0);
}

void attempt_userfaultfd(const struct attempt *attempt)
{
  if (syscall(SYS_userfaultfd, O_CLOEXEC) >= 0)
    answer(attempt, "open");
  else if (syscall(SYS_userfaultfd, O_CLOEXEC | USERFAULT_USER_MODE_ONLY) >= 0)
    answer(attempt, "open\tof user mode only");
  else
    answer_result(attempt, false);
}

void attempt_perf_event(const struct attempt *attempt)
{
  struct {
    uint32_t type;
    uint32_t size;
    uint64_t config[4];
    uint64_t flags;
    uint64_t rest[2];
  } event = {.type = PERF_SOFTWARE,
             .size = sizeof event,
             .flags = PERF_EXCLUDE_KERNEL | PERF_EXCLUDE_HYPERVISOR};
  _Static_assert(sizeof event == 64, "PERF_ATTR_SIZE_VER0");
  answer_result(attempt, syscall(SYS_perf_event_open, &event, 0, -1, -1, 0) >= 0);
}

void attempt_key_add(const struct attempt *attempt)
{
  /* The keyring of the process ends with it. */
  answer_result(attempt,
                syscall(SYS_add_key, "user", "jauauth-canary", "x", 1, PROCESS_KEYRING) >= 0);
}

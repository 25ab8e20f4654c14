/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the system call filter by installing it: what is refused, how, and what still works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"

#define INSTRUCTIONS_MOST 4096

static struct sock_filter instructions[INSTRUCTIONS_MOST];
static struct sock_fprog program = {.filter = instructions};

static int make_filter(void **state)
{
  (void)state;
  int descriptor = memfd_create("filter", MFD_CLOEXEC);
  assert_true(descriptor >= 0);
  assert_int_equal(bubblewrap_filter_write(descriptor), 0);
  ssize_t length = pread(descriptor, instructions, sizeof instructions, 0);
  assert_true(length > 0 && length < (ssize_t)sizeof instructions);
  assert_int_equal((size_t)length % sizeof instructions[0], 0);
  program.len = (unsigned short)((size_t)length / sizeof instructions[0]);
  close(descriptor);
  return 0;
}

static int install(void)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Runs `attempt` in a child under the filter. Returns the errno value that it returns, 0 for
 * success; 254 when the filter cannot be installed. */
static int under_filter(int (*attempt)(const void *data), const void *data)
{
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0)
    _exit(install() != 0 ? 254 : attempt(data));
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* valgrind makes the calls itself and does not know all of them, so that it would be tested. */
static void skip_under_translator(void)
{
  uint32_t action = SECCOMP_RET_ALLOW;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 && errno == ENOSYS) {
    print_message("seccomp(2) is not there: valgrind, or a kernel without it\n");
    skip();
  }
}

struct attempt {
  const char *name;
  long number;
  long arguments[3];
  int expected;
};

static int make_call(const void *data)
{
  const struct attempt *attempt = data;
  const long *argument = attempt->arguments;
  return syscall(attempt->number, argument[0], argument[1], argument[2], 0, 0, 0) < 0 ? errno : 0;
}

/* Set above the 32 bits that the kernel looks at. */
#define HIGH_BIT (1L << 32)

static void refuses(void **state)
{
  (void)state;
  skip_under_translator();
  static const struct attempt attempts[] = {
      {"keyctl", SYS_keyctl, {0, -3, 0}, EPERM},
      {"add_key", SYS_add_key, {0}, EPERM},
      {"request_key", SYS_request_key, {0}, EPERM},
      {"bpf", SYS_bpf, {0}, EPERM},
      {"perf_event_open", SYS_perf_event_open, {0}, EPERM},
      {"userfaultfd", SYS_userfaultfd, {0}, EPERM},
      {"io_uring_setup", SYS_io_uring_setup, {1, 0, 0}, EPERM},
      {"ptrace", SYS_ptrace, {0}, EPERM},
      {"process_vm_readv", SYS_process_vm_readv, {1, 0, 0}, EPERM},
      {"mount", SYS_mount, {0}, EPERM},
      {"umount2", SYS_umount2, {0}, EPERM},
      {"pivot_root", SYS_pivot_root, {0}, EPERM},
      {"chroot", SYS_chroot, {0}, EPERM},
      {"unshare", SYS_unshare, {0}, EPERM},
      {"setns", SYS_setns, {-1, 0, 0}, EPERM},
      {"open_by_handle_at", SYS_open_by_handle_at, {0}, EPERM},
      {"fsopen", SYS_fsopen, {0}, EPERM},
      {"kcmp", SYS_kcmp, {1, 1, 0}, EPERM},
      {"syslog", SYS_syslog, {3, 0, 0}, EPERM},
      {"sethostname", SYS_sethostname, {0}, EPERM},
      {"pidfd_getfd", SYS_pidfd_getfd, {-1, 0, 0}, EPERM},
      {"clone3", SYS_clone3, {0}, ENOSYS},
      {"clone with a user namespace", SYS_clone, {CLONE_NEWUSER | SIGCHLD, 0, 0}, EPERM},
      {"clone with a mount namespace", SYS_clone, {CLONE_NEWNS | SIGCHLD, 0, 0}, EPERM},
      {"clone with a network", SYS_clone, {CLONE_NEWNET | CLONE_NEWPID | SIGCHLD, 0, 0}, EPERM},
      {"TIOCSTI", SYS_ioctl, {0, TIOCSTI, 0}, EPERM},
      {"TIOCSTI with a high bit", SYS_ioctl, {0, HIGH_BIT | TIOCSTI, 0}, EPERM},
      {"TIOCLINUX", SYS_ioctl, {0, TIOCLINUX, 0}, EPERM},
      {"a packet socket", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, EAFNOSUPPORT},
      {"a socket to other machines of a host",
       SYS_socket,
       {AF_VSOCK, SOCK_STREAM, 0},
       EAFNOSUPPORT},
      {"a kernel crypto socket", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}, EAFNOSUPPORT},
      {"an X.25 socket", SYS_socket, {AF_X25, SOCK_SEQPACKET, 0}, EAFNOSUPPORT},
      {"no family", SYS_socket, {AF_UNSPEC, SOCK_STREAM, 0}, EAFNOSUPPORT},
      {"AppleTalk with a high bit",
       SYS_socket,
       {HIGH_BIT | AF_APPLETALK, SOCK_DGRAM, 0},
       EAFNOSUPPORT},
  };
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
    int found = under_filter(make_call, &attempts[i]);
    if (found != attempts[i].expected)
      fail_msg("%s gives error %d instead of %d", attempts[i].name, found, attempts[i].expected);
  }
}

#ifdef __x86_64__
/* The calls of other ABIs have other numbers, so that the list of names would not hold them. */
static int call_x32(const void *data)
{
  (void)data;
  return syscall(0x40000000L | SYS_getpid) < 0 ? errno : 0;
}

static void refuses_other_abi(void **state)
{
  (void)state;
  skip_under_translator();
  assert_int_equal(under_filter(call_x32, NULL), EPERM);
}
#endif

static void *add_one(void *data)
{
  *(int *)data += 1;
  return data;
}

static int do_ordinary_things(const void *data)
{
  (void)data;
  static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
  int value = 0;
  pthread_t thread;
  if (pthread_create(&thread, NULL, add_one, &value) != 0 || pthread_join(thread, NULL) != 0 ||
      value != 1)
    return 1;
  for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
    int descriptor = socket(families[i], SOCK_RAW, 0);
    if (descriptor < 0)
      descriptor = socket(families[i], SOCK_STREAM, 0);
    if (descriptor < 0 && errno == EAFNOSUPPORT && families[i] != AF_INET6)
      return 2;
    close(descriptor);
  }
  int window;
  if (ioctl(0, FIONREAD, &window) < 0 && errno == EPERM)
    return 3;
  pid_t child = fork();
  if (child == 0)
    _exit(0);
  return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 4;
}

static void allows_ordinary_things(void **state)
{
  (void)state;
  assert_int_equal(under_filter(do_ordinary_things, NULL), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses),
#ifdef __x86_64__
      cmocka_unit_test(refuses_other_abi),
#endif
      cmocka_unit_test(allows_ordinary_things),
  };
  return cmocka_run_group_tests_name("filter", tests, make_filter, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter of every sandbox. */
#include "filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Refused with EPERM. Names that this version of libseccomp or this architecture does not have are
 * passed over. */
static const char *const refused[] = {
    /* keys, which live outside of namespaces */
    "keyctl", "add_key", "request_key",
    /* large and often broken parts of the kernel */
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "vmsplice", "fanotify_init",
    /* other processes */
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    "migrate_pages", "move_pages", "mbind", "set_mempolicy", "get_mempolicy",
    /* the system as a whole */
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "swapon",
    "swapoff", "reboot", "sethostname", "setdomainname", "iopl", "ioperm", "acct", "settimeofday",
    "adjtimex", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64", "syslog",
    "quotactl", "quotactl_fd",
    /* the view of the file system */
    "mount", "umount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_by_handle_at",
    "name_to_handle_at", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr"};

static const unsigned namespace_flags[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                           CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                           CLONE_NEWNET};

/* Ways to type into a terminal. */
static const unsigned terminal_requests[] = {TIOCSTI, TIOCLINUX};

/* The kernel looks at the lower half of these arguments only, and so does the filter: a bit above
 * would else pass by it. */
#define LOWER_HALF UINT64_C(0xffffffff)

static int refuse_names(scmp_filter_ctx filter)
{
  int result = 0;
  for (size_t i = 0; result == 0 && i < sizeof refused / sizeof refused[0]; i++) {
    int number = seccomp_syscall_resolve_name(refused[i]);
    if (number != __NR_SCMP_ERROR)
      result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
  }
  return result;
}

/* The flags of clone3 lie behind a pointer, where no filter can see them. "Not implemented" makes
 * the C libraries fall back to clone, whose flags are an argument. */
static int refuse_namespaces(scmp_filter_ctx filter)
{
  int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  size_t count = sizeof namespace_flags / sizeof namespace_flags[0];
  for (size_t i = 0; result == 0 && i < count; i++)
    result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, namespace_flags[i], namespace_flags[i]));
  return result;
}

static int refuse_terminals(scmp_filter_ctx filter)
{
  int result = 0;
  size_t count = sizeof terminal_requests / sizeof terminal_requests[0];
  for (size_t i = 0; result == 0 && i < count; i++)
    result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, LOWER_HALF, terminal_requests[i]));
  return result;
}

/* UNIX, INET, INET6 and NETLINK are left, of which the last one lists network interfaces. */
static int refuse_sockets(scmp_filter_ctx filter)
{
  int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
  for (unsigned family = 0; result == 0 && family < AF_NETLINK; family++)
    if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
      result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                SCMP_A0(SCMP_CMP_MASKED_EQ, LOWER_HALF, family));
  return result;
}

int bubblewrap_filter_write(int descriptor)
{
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == NULL)
    return -ENOMEM;
  /* Also for the x32 calls, whose numbers are not those of the list. */
  int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
  if (result == 0)
    result = refuse_names(filter);
  if (result == 0)
    result = refuse_namespaces(filter);
  if (result == 0)
    result = refuse_terminals(filter);
  if (result == 0)
    result = refuse_sockets(filter);
  if (result == 0)
    result = seccomp_export_bpf(filter, descriptor);
  seccomp_release(filter);
  return result;
}

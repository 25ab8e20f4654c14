/* SPDX-License-Identifier: Apache-2.0 */
/* The names of errnos and signals, which not every libc can say. */
#include "sdk/canary/attempt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

struct name {
  int value;
  const char *name;
};

/* clang-format off */
#define NAME(constant) {constant, #constant}
static const struct name errnos[] = {
  NAME(E2BIG), NAME(EACCES), NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(EAFNOSUPPORT),
  NAME(EAGAIN), NAME(EBADF), NAME(EBUSY), NAME(ECHILD), NAME(ECONNABORTED), NAME(ECONNREFUSED),
  NAME(ECONNRESET), NAME(EDQUOT), NAME(EEXIST), NAME(EFAULT), NAME(EFBIG), NAME(EHOSTDOWN),
  NAME(EHOSTUNREACH), NAME(EINTR), NAME(EINVAL), NAME(EIO), NAME(EISDIR), NAME(EKEYEXPIRED),
  NAME(EKEYREJECTED), NAME(EKEYREVOKED), NAME(ELOOP), NAME(EMFILE), NAME(EMLINK),
  NAME(ENAMETOOLONG), NAME(ENETDOWN), NAME(ENETUNREACH), NAME(ENFILE), NAME(ENODEV), NAME(ENOENT),
  NAME(ENOEXEC), NAME(ENOKEY), NAME(ENOMEM), NAME(ENOPROTOOPT), NAME(ENOSPC), NAME(ENOSYS),
  NAME(ENOTCONN), NAME(ENOTDIR), NAME(ENOTEMPTY), NAME(ENOTSOCK), NAME(ENOTTY), NAME(ENXIO),
  NAME(EOPNOTSUPP), NAME(EOVERFLOW), NAME(EPERM), NAME(EPIPE), NAME(EPROTO),
  NAME(EPROTONOSUPPORT), NAME(EPROTOTYPE), NAME(ERANGE), NAME(EROFS), NAME(ESRCH), NAME(ESTALE),
  NAME(ETIMEDOUT), NAME(ETXTBSY), NAME(EUSERS), NAME(EXDEV),
};

static const struct name signals[] = {NAME(SIGKILL), NAME(SIGSYS), NAME(SIGXCPU), NAME(SIGXFSZ)};
/* clang-format on */

static const char *name_of(const struct name *names, size_t count, int value)
{
  for (size_t i = 0; i < count; i++)
    if (names[i].value == value)
      return names[i].name;
  return NULL;
}

const char *errno_name(int errnum)
{
  static char other[32];
  const char *name = name_of(errnos, sizeof errnos / sizeof errnos[0], errnum);
  if (name != NULL)
    return name;
  snprintf(other, sizeof other, "ERRNO-%d", errnum);
  return other;
}

const char *signal_name(int signal)
{
  return name_of(signals, sizeof signals / sizeof signals[0], signal);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a fresh process fit to run the code of a plugin. */
#include "core/plugin/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/os/descriptor.h"

enum { FILE_SIZE_MAX = 1024 * 1024 };

bool confine_has_socket(void)
{
  struct stat status;
  return fstat(CONFINE_SOCKET, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int become(char **words, struct error **error)
{
  int64_t user;
  int64_t group;
  if (text_parse_integer(words[1], 0, UINT32_MAX - 1, &user, error) != 0 ||
      text_parse_integer(words[2], 0, UINT32_MAX - 1, &group, error) != 0)
    return -1;
  if (initgroups(words[0], (gid_t)group) != 0 ||
      setresgid((gid_t)group, (gid_t)group, (gid_t)group) != 0 ||
      setresuid((uid_t)user, (uid_t)user, (uid_t)user) != 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot become the account %s", words[0]);
  if (user != 0 && setresuid(0, 0, 0) == 0)
    return error_make(error, ERROR_SANDBOX, 0, "the account %s can become root", words[0]);
  return 0;
}

static int limit(int resource, rlim_t value)
{
  struct rlimit limits;
  if (getrlimit(resource, &limits) != 0)
    return -1;
  if (limits.rlim_max < value)
    value = limits.rlim_max;
  limits.rlim_cur = value;
  return setrlimit(resource, &limits);
}

int confine(char **words, struct host_account *account, struct error **error)
{
  os_close_from(CONFINE_SOCKET + 1);
  if (words != NULL && become(words, error) != 0)
    return -1;
  /* After the change of user, which undoes the first two. */
  if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
      prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || limit(RLIMIT_CORE, 0) != 0 ||
      limit(RLIMIT_FSIZE, FILE_SIZE_MAX) != 0 || chdir("/") != 0 ||
      fcntl(CONFINE_SOCKET, F_SETFD, FD_CLOEXEC) != 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot confine the plugin worker");
  umask(077);
  const struct passwd *entry = getpwuid(geteuid());
  account->user = geteuid();
  account->group = getegid();
  account->name = strdup(words != NULL ? words[0] : entry == NULL ? "" : entry->pw_name);
  return account->name == NULL ? error_memory(error) : 0;
}

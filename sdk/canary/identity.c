/* SPDX-License-Identifier: Apache-2.0 */
/* What the program inside was given: descriptors, a terminal, a user. */
#include "sdk/canary/identity.h"

#include "sdk/canary/attempt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 65536, GROUPS_MAX = 256 };

static const char *kind_of(mode_t mode)
{
  switch (mode & S_IFMT) {
  case S_IFREG:
    return "file";
  case S_IFDIR:
    return "directory";
  case S_IFIFO:
    return "pipe";
  case S_IFSOCK:
    return "socket";
  case S_IFCHR:
  case S_IFBLK:
    return "device";
  default:
    return "other";
  }
}

const char *identity_descriptors(void)
{
  static struct words words;
  for (int i = STDERR_FILENO + 1; i < DESCRIPTORS_MAX; i++) {
    struct stat status;
    if (fcntl(i, F_GETFD) < 0)
      continue;
    char word[64];
    int length = snprintf(word, sizeof word, "%d:%s", i,
                          fstat(i, &status) == 0 ? kind_of(status.st_mode) : "other");
    words_add(&words, word, (size_t)length);
  }
  words.text[words.length] = '\0';
  return words.length > 0 ? words.text : "none";
}

void attempt_descriptors(const struct attempt *attempt)
{
  answer(attempt, "value\t%s", attempt->descriptors);
}

void attempt_terminal(const struct attempt *attempt)
{
  answer_result(attempt, open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) >= 0);
}

void attempt_user(const struct attempt *attempt)
{
  gid_t groups[GROUPS_MAX];
  char list[GROUPS_MAX * 11 + 1] = "";
  size_t length = 0;
  int count = getgroups(GROUPS_MAX, groups);
  if (count < 0) {
    answer_result(attempt, false);
    return;
  }
  for (int i = 0; i < count; i++)
    length += (size_t)snprintf(list + length, sizeof list - length, "%s%u", i > 0 ? "," : "",
                               (unsigned)groups[i]);
  answer(attempt, "value\tuid=%u gid=%u groups=%s", (unsigned)geteuid(), (unsigned)getegid(), list);
}

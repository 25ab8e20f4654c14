/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on files: what can be read, written and executed. */
#include "sdk/canary/attempt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPEN_FLAGS = O_CLOEXEC | O_NOCTTY | O_NONBLOCK, NULL_MAJOR = 1, NULL_MINOR = 3 };

/* Whether a file begins with a text; what it holds instead goes nowhere. */
static bool begins_with(int file, const char *text)
{
  char bytes[512];
  size_t length = strlen(text);
  while (length > 0) {
    size_t part = length < sizeof bytes ? length : sizeof bytes;
    ssize_t got = read(file, bytes, part);
    if (got <= 0 || memcmp(bytes, text, (size_t)got) != 0)
      return false;
    text += got;
    length -= (size_t)got;
  }
  return true;
}

void attempt_read(const struct attempt *attempt)
{
  const char *expected = attempt->arguments[1];
  int file = open(attempt->arguments[0], O_RDONLY | OPEN_FLAGS);
  char byte;
  if (file < 0 || (expected == NULL && read(file, &byte, 1) < 0))
    answer_result(attempt, false);
  else if (expected != NULL && !begins_with(file, expected))
    answer(attempt, "held\tOTHER");
  else
    answer(attempt, "open");
}

void attempt_list(const struct attempt *attempt)
{
  DIR *directory = opendir(attempt->arguments[0]);
  errno = directory == NULL ? errno : 0;
  bool worked = directory != NULL && (readdir(directory) != NULL || errno == 0);
  answer_result(attempt, worked);
}

/* The canary removes it at its end, when the host has looked for it. */
void attempt_create(const struct attempt *attempt)
{
  int file =
      open(attempt->arguments[0], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | OPEN_FLAGS, 0600);
  answer_result(attempt, file >= 0);
}

void attempt_write(const struct attempt *attempt)
{
  answer_result(attempt, open(attempt->arguments[0], O_WRONLY | OPEN_FLAGS) >= 0);
}

void attempt_device(const struct attempt *attempt)
{
  answer_result(attempt, open(attempt->arguments[0], O_RDWR | OPEN_FLAGS) >= 0);
}

void attempt_mknod(const struct attempt *attempt)
{
  const char *path = attempt->arguments[0];
  bool worked = mknod(path, S_IFCHR | 0600, makedev(NULL_MAJOR, NULL_MINOR)) == 0;
  if (worked) {
    int file = open(path, O_RDWR | OPEN_FLAGS);
    int errnum = errno;
    unlink(path);
    errno = errnum;
    worked = file >= 0;
  }
  answer_result(attempt, worked);
}

/* Prints a negative errno when the program cannot be executed. */
static _Noreturn void execute(const char *path, int output)
{
  char *const arguments[] = {(char *)path, (char *)"euid", NULL};
  char *const environment[] = {NULL};
  dup2(output, STDOUT_FILENO);
  execve(path, arguments, environment);
  dprintf(STDOUT_FILENO, "-%d\n", errno);
  _exit(0);
}

/* Reads the line that a program prints: a number, or 0 for anything else. */
static bool read_user(int input, long *user)
{
  char text[32];
  size_t length = 0;
  ssize_t got = 1;
  for (; got > 0 && length<sizeof text - 1; length += got> 0 ? (size_t)got : 0)
    got = read(input, text + length, sizeof text - 1 - length);
  text[length] = '\0';
  char *end = text;
  *user = strtol(text, &end, 10);
  return end > text && *end == '\n';
}

void attempt_execute_setuid(const struct attempt *attempt)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    answer(attempt, "failed\tpipe: %s", errno_name(errno));
    return;
  }
  pid_t child = child_fork(attempt);
  if (child < 0) {
    answer(attempt, "failed\tfork: %s", errno_name(errno));
    return;
  }
  if (child == 0)
    execute(attempt->arguments[0], ends[1]);
  close(ends[1]);
  long user;
  bool said = read_user(ends[0], &user);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && signal_name(WTERMSIG(status)) != NULL)
    answer(attempt, "held\t%s", signal_name(WTERMSIG(status)));
  else if (!said)
    answer(attempt, "failed\tit did not say its user");
  else if (user < 0)
    answer(attempt, "held\t%s", errno_name((int)-user));
  else if ((uid_t)user == geteuid())
    answer(attempt, "held\tUNCHANGED");
  else
    answer(attempt, "open\t%ld", user);
}

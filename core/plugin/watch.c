/* SPDX-License-Identifier: Apache-2.0 */
/* Notices what plugin code has changed in its process although it must not. */
#include "core/plugin/watch.h"

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/plugin/world.h"

struct watch {
  sigset_t mask;
  struct sigaction actions[NSIG];
  dev_t directory_device;
  ino_t directory;
  mode_t umask;
  char *environment; /* all entries, NUL behind each */
  size_t environment_length;
  char *locale;
  int threads;
};

static char *copy_environment(size_t *length)
{
  struct buffer buffer = {0};
  for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
    buffer_append(&buffer, *entry, strlen(*entry) + 1);
  *length = buffer.length;
  return buffer_steal(&buffer);
}

static mode_t current_umask(void)
{
  mode_t mask = umask(077);
  umask(mask);
  return mask;
}

static int count_threads(void)
{
  CLEANUP_DIRECTORY DIR *tasks = opendir("/proc/self/task");
  if (tasks == NULL)
    return -1;
  int count = 0;
  for (const struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks))
    count += entry->d_name[0] != '.';
  return count;
}

struct watch *watch_start(struct error **error)
{
  CLEANUP_WATCH struct watch *watch = calloc(1, sizeof *watch);
  if (watch == NULL) {
    error_memory(error);
    return NULL;
  }
  struct stat directory;
  const char *locale = setlocale(LC_ALL, NULL);
  if (sigprocmask(SIG_SETMASK, NULL, &watch->mask) != 0 || stat(".", &directory) != 0) {
    error_make(error, ERROR_SANDBOX, errno, "the worker cannot look at its own state");
    return NULL;
  }
  for (int signal = 1; signal < NSIG; signal++)
    sigaction(signal, NULL, &watch->actions[signal]);
  watch->directory_device = directory.st_dev;
  watch->directory = directory.st_ino;
  watch->umask = current_umask();
  watch->environment = copy_environment(&watch->environment_length);
  watch->locale = strdup(locale == NULL ? "" : locale);
  watch->threads = count_threads();
  if (watch->environment == NULL || watch->locale == NULL) {
    error_memory(error);
    return NULL;
  }
  return steal_pointer(watch);
}

void watch_free(struct watch **watch)
{
  if (*watch != NULL) {
    free((*watch)->environment);
    free((*watch)->locale);
    free(*watch);
  }
  *watch = NULL;
}

static void add(struct buffer *out, const char *what)
{
  buffer_append_format(out, "%s%s", out->length == 0 ? "" : " and ", what);
}

static void compare_signals(const struct watch *watch, struct buffer *out)
{
  sigset_t mask;
  bool same = sigprocmask(SIG_SETMASK, NULL, &mask) == 0;
  for (int signal = 1; signal < NSIG; signal++)
    same = same && sigismember(&mask, signal) == sigismember(&watch->mask, signal);
  if (!same)
    add(out, "changed which signals are blocked");
  for (int signal = 1; signal < NSIG; signal++) {
    struct sigaction action;
    const struct sigaction *before = &watch->actions[signal];
    if (sigaction(signal, NULL, &action) != 0 ||
        (action.sa_handler == before->sa_handler && action.sa_flags == before->sa_flags))
      continue;
    add(out, "changed what a signal does");
    buffer_append_format(out, " (signal %d)", signal);
    return;
  }
}

static void compare_children(struct buffer *out)
{
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0)
    return; /* ECHILD: there is none */
  add(out, "left a child process behind");
  world_kill_children();
}

static bool printed(int descriptor)
{
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

void watch_compare(const struct watch *watch, struct buffer *out)
{
  compare_signals(watch, out);
  struct stat directory;
  if (stat(".", &directory) != 0 || directory.st_dev != watch->directory_device ||
      directory.st_ino != watch->directory)
    add(out, "changed the working directory");
  if (current_umask() != watch->umask)
    add(out, "changed the umask");
  size_t length = 0;
  CLEANUP_FREE char *environment = copy_environment(&length);
  if (environment == NULL || length != watch->environment_length ||
      memcmp(environment, watch->environment, length) != 0)
    add(out, "changed the environment");
  const char *locale = setlocale(LC_ALL, NULL);
  if (strcmp(locale == NULL ? "" : locale, watch->locale) != 0)
    add(out, "changed the locale");
  compare_children(out);
  if (count_threads() != watch->threads)
    add(out, "started a thread");
  fflush(NULL);
  if (printed(STDOUT_FILENO) || printed(STDERR_FILENO))
    add(out, "printed something");
}

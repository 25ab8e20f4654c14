/* SPDX-License-Identifier: Apache-2.0 */
/* Where control groups of our own can be made. */
#include "core/sandbox/groups.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/os/cgroup.h"
#include "core/os/group.h"
#include "core/plugin/world.h"

#define ROUTER_GROUP OS_GROUP_PREFIX "router"

enum { SYSTEMD_MILLISECONDS = 5000 };

/* The controllers of the limits that can be set in a group. */
static const struct {
  enum plan_limit limit;
  const char *controller;
} controllers[] = {{PLAN_MEMORY, "memory"}, {PLAN_CPU, "cpu"}, {PLAN_PIDS, "pids"}};

enum { CONTROLLERS = sizeof controllers / sizeof controllers[0] };

static void say(struct groups *groups, const char *text)
{
  snprintf(groups->text, sizeof groups->text, "%s", text);
}

static bool may_write(const char *group, const char *file)
{
  char path[PATH_MAX];
  return snprintf(path, sizeof path, "%s/%s", group, file) < (int)sizeof path &&
         access(path, W_OK) == 0;
}

static bool has_file(const char *group, const char *file)
{
  char path[PATH_MAX];
  return snprintf(path, sizeof path, "%s/%s", group, file) < (int)sizeof path &&
         access(path, F_OK) == 0;
}

static bool has_parent(const struct groups *groups)
{
  for (size_t i = 0; i < PLAN_LIMITS; i++)
    if (groups->parents[i] != NULL)
      return true;
  return false;
}

/* Takes a group as the parent for each controller that `file` of it lists. */
static void take_parent(struct groups *groups, const char *group, const char *file,
                        const char *text)
{
  bool all = true;
  groups->unified = true;
  for (size_t i = 0; i < CONTROLLERS; i++) {
    if (os_group_lists(group, file, controllers[i].controller))
      groups->parents[controllers[i].limit] = strdup(group);
    all = all && groups->parents[controllers[i].limit] != NULL;
  }
  if (!has_parent(groups))
    say(groups, "no control group is made: the router's own may limit nothing");
  else
    snprintf(groups->text, sizeof groups->text, "control group, %s%s", text,
             all ? "" : "; not every limit can be set there");
}

/* --- Version 2 -------------------------------------------------------------------------------- */

/* What the kernel does not know here is left out. */
static void enable(const char *group)
{
  for (size_t i = 0; i < CONTROLLERS; i++) {
    char word[16];
    snprintf(word, sizeof word, "+%s", controllers[i].controller);
    (void)os_group_write(group, "cgroup.subtree_control", word);
  }
}

static int move_down(const char *own)
{
  char below[PATH_MAX];
  if (snprintf(below, sizeof below, "%s/" ROUTER_GROUP, own) >= (int)sizeof below)
    return -1;
  if (os_group_make(below) < 0 && errno != EEXIST)
    return -1;
  return os_group_enter(below);
}

/* Tries the router's own group. False with the reason in groups->text. */
static bool use_own(struct groups *groups, bool act, const char *text)
{
  char own[PATH_MAX];
  if (!os_cgroup_own(NULL, own)) {
    say(groups, "no control group is made: the router's own cannot be seen");
    return false;
  }
  bool root = !has_file(own, "cgroup.type"); /* only the root has no such file */
  if (access(own, W_OK) < 0 || !may_write(own, "cgroup.procs") ||
      !may_write(own, "cgroup.subtree_control")) {
    say(groups, "no control group is made: the router may not write to its own");
    return false;
  }
  if (!root && !os_group_only(own, getpid())) {
    say(groups, "no control group is made: the router's own holds other processes as well");
    return false;
  }
  if (!act) {
    take_parent(groups, own, "cgroup.controllers", text);
    return has_parent(groups);
  }
  if (!root && move_down(own) < 0) {
    snprintf(groups->text, sizeof groups->text,
             "no control group is made: the router cannot move into one below its own: %s",
             strerror(errno));
    return false;
  }
  enable(own);
  take_parent(groups, own, "cgroup.subtree_control", text);
  return has_parent(groups);
}

/* --- A scope of systemd ----------------------------------------------------------------------- */

void groups_scope_command(struct groups_scope *scope, const char *busctl, pid_t pid, bool root)
{
  snprintf(scope->unit, sizeof scope->unit, "jauauth-%ld.scope", (long)pid);
  snprintf(scope->pid, sizeof scope->pid, "%ld", (long)pid);
  const char *const list[] = {busctl,
                              root ? "--system" : "--user",
                              "--quiet",
                              "call",
                              "org.freedesktop.systemd1",
                              "/org/freedesktop/systemd1",
                              "org.freedesktop.systemd1.Manager",
                              "StartTransientUnit",
                              "ssa(sv)a(sa(sv))",
                              scope->unit,
                              "fail",
                              "3",
                              "PIDs",
                              "au",
                              "1",
                              scope->pid,
                              "Delegate",
                              "b",
                              "true",
                              "CollectMode",
                              "s",
                              "inactive-or-failed",
                              "0",
                              NULL};
  _Static_assert(sizeof list == sizeof scope->arguments, "length");
  memcpy(scope->arguments, list, sizeof list);
}

/* The group that the manager was given; controllers that it lacks no scope of it has. */
static bool find_manager(char group[PATH_MAX])
{
  unsigned long user = geteuid();
  if (access("/run/systemd/system", F_OK) < 0)
    return false;
  if (user == 0)
    snprintf(group, PATH_MAX, "/sys/fs/cgroup/system.slice");
  else
    snprintf(group, PATH_MAX, "/sys/fs/cgroup/user.slice/user-%lu.slice/user@%lu.service", user,
             user);
  return access(group, F_OK) == 0;
}

static const char *find_busctl(void)
{
  static const char *const places[] = {"/usr/bin/busctl", "/bin/busctl"};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
    if (access(places[i], X_OK) == 0)
      return places[i];
  return NULL;
}

/* Asks for the scope, and waits until the manager has moved this process into it. */
static bool enter_scope(struct groups *groups, const char *busctl)
{
  static const char *const names[] = {"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"};
  char variables[2][PATH_MAX];
  const char *environment[3] = {NULL};
  struct groups_scope scope;
  char own[PATH_MAX];
  for (size_t i = 0, count = 0; i < 2; i++)
    if (getenv(names[i]) != NULL) {
      snprintf(variables[count], PATH_MAX, "%s=%s", names[i], getenv(names[i]));
      environment[count] = variables[count];
      count++;
    }
  groups_scope_command(&scope, busctl, getpid(), geteuid() == 0);
  struct host_run result = {0};
  CLEANUP_ERROR struct error *error = NULL;
  int run = world_run(NULL, scope.arguments, environment, SYSTEMD_MILLISECONDS, &result, &error);
  bool done = run == 0 && result.exit_code == 0;
  if (!done)
    snprintf(groups->text, sizeof groups->text,
             "no control group is made: systemd gives the router no scope: %.120s",
             error != NULL              ? error->message
             : result.errors.length > 0 ? result.errors.data
                                        : "busctl failed");
  buffer_free(&result.output);
  buffer_free(&result.errors);
  for (unsigned i = 0; done && i < SYSTEMD_MILLISECONDS / 10; i++) {
    if (os_cgroup_own(NULL, own) && strstr(own, scope.unit) != NULL)
      return true;
    usleep(10000);
  }
  return false;
}

/* False with the reason in groups->text, which stays when there is no systemd. */
static bool use_scope(struct groups *groups, bool act)
{
  static const char text[] = "cgroup v2 in a scope of systemd";
  char manager[PATH_MAX];
  const char *busctl = find_busctl();
  if (!find_manager(manager) || busctl == NULL)
    return false;
  if (!act) {
    take_parent(groups, manager, "cgroup.controllers", text);
    return has_parent(groups);
  }
  return enter_scope(groups, busctl) && use_own(groups, true, text);
}

/* --- Version 1 -------------------------------------------------------------------------------- */

static void use_hierarchies(struct groups *groups)
{
  bool seen = false;
  bool all = true;
  for (size_t i = 0; i < CONTROLLERS; i++) {
    char own[PATH_MAX];
    bool found = os_cgroup_own(controllers[i].controller, own);
    seen = seen || found;
    if (found && access(own, W_OK) == 0 && may_write(own, "cgroup.procs"))
      groups->parents[controllers[i].limit] = strdup(own);
    all = all && groups->parents[controllers[i].limit] != NULL;
  }
  if (has_parent(groups))
    say(groups, all ? "control group, cgroup v1"
                    : "control group, cgroup v1; not every limit can be set there");
  else if (seen)
    say(groups, "no control group is made: with cgroup v1 only root may make one");
  else
    say(groups, "no control group is made: this system shows none");
}

void groups_find(struct groups *groups, bool act)
{
  *groups = (struct groups){0};
  if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0) {
    if (!use_own(groups, act, "cgroup v2"))
      (void)use_scope(groups, act);
  } else {
    use_hierarchies(groups);
  }
}

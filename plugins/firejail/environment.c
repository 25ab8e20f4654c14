/* SPDX-License-Identifier: Apache-2.0 */
/* How the variables of a server reach it: in a profile, or in firejail's own environment. */
#include "environment.h"

#include <string.h>

/* A line of a profile has at most 8 KiB. */
#define LONGEST_LINE 8000

/* Firejail sets these for every program, after all that it is told. */
static const char *const set_by_engine[] = {"container",
                                            "DBUS_SESSION_BUS_ADDRESS",
                                            "DBUS_SYSTEM_BUS_ADDRESS",
                                            "FIREJAIL_QUIET",
                                            "KDE_FORK_SLAVES",
                                            "PROMPT_COMMAND",
                                            "QML_DISABLE_DISK_CACHE",
                                            "QT_X11_NO_MITSHM",
                                            "SHELL",
                                            NULL};

/*
 * What firejail or the libraries in it read from their own environment, or what the dynamic linker
 * takes out of it since firejail is setuid. A name that ends with '*' stands for all that begin so.
 */
static const char *const read_by_engine[] = {
    "BASH_ENV",   "DBUS_*",           "DISPLAY",        "ENV",     "FIREJAIL_*",
    "GCONV_PATH", "GETCONF_DIR",      "GLIBC_TUNABLES", "HOME",    "HOSTALIASES",
    "LANG",       "LANGUAGE",         "LC_*",           "LD_*",    "LOCALDOMAIN",
    "LOCPATH",    "MALLOC_*",         "NIS_PATH",       "NLSPATH", "PATH",
    "PULSE_*",    "RESOLV_HOST_CONF", "RES_OPTIONS",    "TMPDIR",  "TZDIR",
    "USER",       "WAYLAND_DISPLAY",  "XAUTHORITY",     "XDG_*",   NULL};

static bool is_named(const char *name, const char *const *names)
{
  for (size_t i = 0; names[i] != NULL; i++) {
    size_t length = strlen(names[i]);
    if (names[i][length - 1] == '*' ? strncmp(name, names[i], length - 1) == 0
                                    : strcmp(name, names[i]) == 0)
      return true;
  }
  return false;
}

/* Whether a line of a profile holds the value as it is: firejail cuts it at '#', takes white space
 * away at both ends, and makes one space of several. */
static bool fits_profile(const struct jauauth_variable *variable)
{
  const char *value = variable->value;
  size_t length = strlen(value);
  if (strlen(variable->name) + length > LONGEST_LINE || strstr(value, "  ") != NULL ||
      strpbrk(variable->name, " #") != NULL)
    return false;
  for (size_t i = 0; i < length; i++)
    if (value[i] == '#' || (value[i] > 0 && value[i] < ' ') || value[i] == '\177')
      return false;
  return length == 0 || (value[0] != ' ' && value[length - 1] != ' ');
}

void firejail_environment_check(struct firejail_context *context)
{
  const struct jauauth_host *host = context->host;
  for (size_t i = 0; context->request->environment[i] != NULL; i++) {
    const struct jauauth_variable *variable = context->request->environment[i];
    if (is_named(variable->name, set_by_engine))
      firejail_problem(context, "variable-not-possible", "environment",
                       host->format(context->call,
                                    "firejail gives every server its own value of %s",
                                    variable->name),
                       "leave the variable out, or choose another strategy");
    else if (!fits_profile(variable) && is_named(variable->name, read_by_engine))
      firejail_problem(
          context, "variable-not-possible", "environment",
          host->format(context->call,
                       "the value of %s can only reach the server through firejail's own "
                       "environment, and firejail would obey it",
                       variable->name),
          "a value without '#', line breaks, tabs and double spaces can go another way");
  }
}

/* HOME is where firejail makes the home, and nowhere else. */
static const char *value_of(const struct firejail_sight *sight,
                            const struct jauauth_variable *variable)
{
  return strcmp(variable->name, "HOME") == 0 ? sight->home : variable->value;
}

void firejail_environment_add(const struct firejail_sight *sight, struct jauauth_plan *plan,
                              struct jauauth_step *step)
{
  const struct firejail_context *context = sight->context;
  const struct jauauth_host *host = context->host;
  const struct jauauth_variable *const *environment = context->request->environment;
  size_t length = 0;
  for (size_t i = 0; environment[i] != NULL; i++)
    length += strlen(environment[i]->name) + strlen(value_of(sight, environment[i])) + 6;
  char *text = host->allocate(context->call, length + 1);
  char *end = text;
  for (size_t i = 0; environment[i] != NULL; i++) {
    const struct jauauth_variable *variable = environment[i];
    if (fits_profile(variable)) {
      end = stpcpy(stpcpy(end, "env "), variable->name);
      end = stpcpy(stpcpy(stpcpy(end, "="), value_of(sight, variable)), "\n");
      host->plan_variable(plan, variable->name, JAUAUTH_BY_FILE);
    } else {
      host->step_environment(step, variable->name, variable->value);
      host->plan_variable(plan, variable->name, JAUAUTH_BY_NAME);
    }
  }
  int32_t file = host->step_file(step, "variables of the server (a profile)", text,
                                 (size_t)(end - text), JAUAUTH_FILE_SECRET);
  host->step_argument(step, host->format(context->call, "--profile=/dev/fd/%d", (int)file));
}

void firejail_environment_clean(const struct firejail_context *context, struct jauauth_step *step,
                                const char *cleaner)
{
  const struct jauauth_host *host = context->host;
  host->step_argument(step, cleaner);
  for (size_t i = 0; set_by_engine[i] != NULL; i++) {
    host->step_argument(step, "-u");
    host->step_argument(step, set_by_engine[i]);
  }
}

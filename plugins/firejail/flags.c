/* SPDX-License-Identifier: Apache-2.0 */
/* The option "extra_args", read against one table of flags that are known. */
#include "flags.h"

#include <string.h>

#include "plugins/common/flags.h"
#include "plugins/common/path.h"

enum form { BARE, VALUE };

enum use { PASS, SAME, INSTEAD, NEVER, UNKNOWN };

struct row {
  const char *name;
  enum form form;
  enum use use;
  const char *text; /* the values that are let through, with '|' around each; or the hint */
};

static const struct row rows[] = {
#define FLAG(name, form, use, text) {name, form, use, text},
#include "flags.def"
#undef FLAG
};

/* One flag of the list, taken apart. */
struct given {
  const char *whole;
  const char *name;
  const char *value; /* NULL: none was written */
  const char *option;
  const struct row *row; /* NULL: it is in none */
};

static const struct row *find_row(const char *name)
{
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (strcmp(rows[i].name, name) == 0)
      return &rows[i];
  return NULL;
}

/* What a flag means with the value that it has here. */
static enum use use_of(const struct given *given)
{
  const struct row *row = given->row;
  if (row == NULL)
    return UNKNOWN;
  if (row->use == INSTEAD || row->use == NEVER)
    return row->use;
  if (row->form == BARE)
    return given->value == NULL ? row->use : UNKNOWN;
  if (given->value == NULL || given->value[0] == '\0')
    return UNKNOWN;
  return row->text == NULL || plugin_flag_has_value(row->text, given->value) ? row->use : UNKNOWN;
}

static void take_unknown(struct firejail_context *context, struct firejail_flags *flags,
                         const struct given *given)
{
  const struct jauauth_host *host = context->host;
  if (plugin_flag_is_allowed(host, context->call, given->row == NULL ? given->name : NULL,
                             given->whole)) {
    firejail_append(context, &flags->passed, given->whole);
    firejail_append(context, &flags->allowed, given->whole);
    return;
  }
  const char *to_allow = given->row != NULL ? given->whole : given->name;
  firejail_problem(
      context, "flag-not-known", given->option,
      host->format(context->call, "the flag \"%s\" is not known to be harmless", to_allow),
      host->format(context->call,
                   "leave it out; or the administrator allows it for all servers, in the host "
                   "file: plugins = { firejail = { allow_flags = [\"%s\"]; }; };",
                   to_allow));
}

static void refuse(struct firejail_context *context, const struct given *given)
{
  bool never = given->row->use == NEVER;
  firejail_problem(
      context, never ? "flag-reserved" : "flag-instead", given->option,
      context->host->format(context->call,
                            never ? "the flag \"%s\" is never passed on: it would take the "
                                    "sandbox apart, or write between the protocol's lines"
                                  : "the flag \"%s\" is not taken, since there is an option for it",
                            given->name),
      never ? "leave it out" : given->row->text);
}

static void take(struct firejail_context *context, struct firejail_flags *flags,
                 const struct given *given)
{
  switch (use_of(given)) {
  case PASS:
    firejail_append(context, &flags->passed, given->whole);
    return;
  case SAME:
    if (strcmp(given->name, "--net") == 0 && context->request->network != JAUAUTH_NETWORK_NONE)
      firejail_problem(context, "flag-contradicts", given->option,
                       "the flag \"--net=none\" contradicts the network that the server is given",
                       "leave one of them out");
    return; /* the plan has it already */
  case INSTEAD:
  case NEVER:
    refuse(context, given);
    return;
  default:
    take_unknown(context, flags, given);
  }
}

void firejail_flags_read(struct firejail_context *context, struct firejail_flags *flags)
{
  const struct jauauth_host *host = context->host;
  const char *const *list = host->option_list(context->options, "extra_args");
  for (size_t i = 0; list[i] != NULL; i++) {
    const char *text = list[i];
    size_t length = strcspn(text, "=");
    struct given given = {
        .whole = text,
        .name = plugin_copy(host, context->call, text, length),
        .value = text[length] == '=' ? text + length + 1 : NULL,
        .option = host->format(context->call, "extra_args/%zu", i),
    };
    given.row = find_row(given.name);
    if (strncmp(text, "--", 2) == 0 && length > 2)
      take(context, flags, &given);
    else
      firejail_problem(context, "flag-expected", given.option,
                       host->format(context->call, "\"%s\" stands where a flag is expected", text),
                       "write each flag as one text, with its value behind \"=\"");
  }
}

const char *firejail_flag_costs(const char *flag)
{
  static const struct {
    const char *start;
    const char *property;
  } known[] = {{"--caps", "no-capabilities"},
               {"--seccomp", "seccomp"},
               {"--protocol", "seccomp"},
               {"--net", "no-network"},
               {"--ip", "no-network"},
               {"--interface", "no-network"},
               {"--dbus", "no-network"},
               {"--x11", "no-network"},
               {"--keep-dev-shm", "private-ipc"},
               {"--writable", "read-only-root"},
               {"--read-write", "read-only-root"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strncmp(flag, known[i].start, strlen(known[i].start)) == 0)
      return known[i].property;
  return "private-home";
}

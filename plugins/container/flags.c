/* SPDX-License-Identifier: Apache-2.0 */
/* The option "extra_flags", read against one table of flags that are known. */
#include "flags.h"

#include <string.h>

#include "number.h"
#include "plugins/common/flags.h"

enum engines { DOCKER = 1, PODMAN = 2, BOTH = 3 };

enum use {
  PASS,
  SAME,
  MEMORY,
  MEMORY_SWAP,
  CPUS,
  PIDS,
  NETWORK,
  WANTS_NETWORK,
  TMPFS,
  WORK,
  INSTEAD,
  OURS,
  UNKNOWN
};

struct row {
  const char *name;
  char letter; /* 0: none */
  bool takes_value;
  enum engines engines;
  enum use use;
  const char *text; /* the values that are let through, with '|' around each; or the hint */
};

static const struct row rows[] = {
#define FLAG(name, letter, takes_value, engines, use, text)                                        \
  {name, letter, takes_value, engines, use, text},
#include "flags.def"
#undef FLAG
};

/* One flag of the list, taken apart. */
struct given {
  const struct row *row; /* NULL: it is in none */
  const char *name;      /* with "--", also for a letter that is known */
  const char *value;     /* NULL: none was written */
  const char *option;    /* where it stands, for problems */
};

/* The list while it is read. */
struct reading {
  struct container_context *context;
  struct container_flags *flags;
  const char *const *list;
  size_t index; /* of the next one */
};

static void append(const struct container_context *context, struct container_word **list,
                   const char *text)
{
  struct container_word *word = context->host->allocate(context->call, sizeof *word);
  word->text = text;
  while (*list != NULL)
    list = &(*list)->next;
  *list = word;
}

static const struct row *find_row(const char *name, size_t length)
{
  enum engines engine = container_engine.is_podman ? PODMAN : DOCKER;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bool named = name[1] == '-'
                     ? strlen(rows[i].name) == length && strncmp(rows[i].name, name, length) == 0
                     : rows[i].letter != 0 && rows[i].letter == name[1];
    if (named && (rows[i].engines & engine) != 0)
      return &rows[i];
  }
  return NULL;
}

/* Takes the next flag apart. A flag that is not known has a value where one stands: between flags
 * there can be nothing else. False after a problem. */
static bool next(struct reading *reading, struct given *given)
{
  struct container_context *context = reading->context;
  const struct jauauth_host *host = context->host;
  const char *text = reading->list[reading->index];
  const char *option = host->format(context->call, "extra_flags/%zu", reading->index);
  reading->index++;
  if (text[0] != '-' || text[1] == '\0' || strcmp(text, "--") == 0) {
    container_problem(context, "flag-expected", option,
                      host->format(context->call, "\"%s\" stands where a flag is expected", text),
                      "the image and the command have options of their own");
    return false;
  }
  bool is_long = text[1] == '-';
  size_t length = is_long ? strcspn(text, "=") : 2;
  const struct row *row = find_row(text, length);
  const char *rest = text + length;
  *given = (struct given){.row = row,
                          .name = row != NULL ? row->name : container_copy(context, text, length),
                          .option = option};
  if (*rest == '=')
    given->value = rest + 1;
  else if (*rest != '\0')
    given->value = rest; /* -m256m; of letters in a row the first one decides */
  const char *following = reading->list[reading->index];
  bool wants = row != NULL ? row->takes_value : following != NULL && following[0] != '-';
  if (given->value != NULL || !wants)
    return true;
  if (following == NULL) {
    container_problem(context, "flag-value-missing", option,
                      host->format(context->call, "the flag \"%s\" needs a value", text),
                      "write the value behind it, as the next text of the list");
    return false;
  }
  given->value = following;
  reading->index++;
  return true;
}

/* What a flag means with the value that it has here. */
static enum use use_of(const struct given *given)
{
  const struct row *row = given->row;
  const char *value = given->value;
  if (row == NULL)
    return UNKNOWN;
  if (row->use == OURS || row->use == INSTEAD)
    return row->use;
  if (!row->takes_value)
    return value == NULL || strcmp(value, "true") == 0 ? row->use : UNKNOWN;
  if (row->use == NETWORK)
    return value[0] == '\0' || strcmp(value, "host") == 0 || strpbrk(value, ":/=,") != NULL
               ? UNKNOWN
               : NETWORK;
  return row->text == NULL || plugin_flag_has_value(row->text, value) ? row->use : UNKNOWN;
}

static const char *whole_of(const struct container_context *context, const struct given *given)
{
  return given->value == NULL
             ? given->name
             : context->host->format(context->call, "%s=%s", given->name, given->value);
}

static void take_network(struct reading *reading, const struct given *given)
{
  const char *value = given->value != NULL ? given->value : "";
  const char *before = reading->flags->network;
  if (before != NULL && strcmp(before, value) != 0)
    container_problem(reading->context, "flag-twice", given->option,
                      "two different networks are named", "name one of them");
  reading->flags->network = value;
}

static void take_unknown(struct reading *reading, const struct given *given)
{
  struct container_context *context = reading->context;
  const struct jauauth_host *host = context->host;
  const char *whole = whole_of(context, given);
  if (plugin_flag_is_allowed(host, context->call, given->name, whole)) {
    append(context, &reading->flags->allowed, whole);
    if (given->row != NULL && given->row->use == NETWORK)
      take_network(reading, given); /* the engines take one network and no second */
    else
      append(context, &reading->flags->passed, whole);
    return;
  }
  container_problem(
      context, "flag-not-known", given->option,
      given->row != NULL
          ? host->format(context->call, "the flag \"%s\" weakens the sandbox with this value",
                         whole)
          : host->format(context->call, "the flag \"%s\" is not known to be harmless", given->name),
      host->format(context->call,
                   "leave it out; or the administrator allows it for all servers, in the host "
                   "file: plugins = { %s = { allow_flags = [\"%s\"]; }; };",
                   container_engine.name, given->row != NULL ? whole : given->name));
}

static void take_number(struct reading *reading, const struct given *given, uint64_t *out,
                        bool (*parse)(const char *text, uint64_t *out))
{
  struct container_context *context = reading->context;
  uint64_t number = 0;
  if (given->value == NULL || !parse(given->value, &number) || number == 0)
    container_problem(context, "flag-value", given->option,
                      context->host->format(context->call, "\"%s\" is no limit for %s",
                                            given->value, given->name),
                      "a limit is larger than 0; leave the flag out for the default");
  else
    *out = number;
}

static void take_tmpfs(struct reading *reading, const struct given *given)
{
  struct container_context *context = reading->context;
  const char *value = given->value != NULL ? given->value : "";
  const char *path = container_copy(context, value, strcspn(value, ":"));
  if (path[0] != '/' || path[1] == '\0') {
    container_problem(context, "flag-value", given->option, "--tmpfs needs an absolute path inside",
                      "such as --tmpfs /run:size=16m");
    return;
  }
  append(context, &reading->flags->tmpfs, path);
  append(context, &reading->flags->passed, whole_of(context, given));
}

static void take_refused(struct reading *reading, const struct given *given)
{
  struct container_context *context = reading->context;
  bool ours = given->row->use == OURS;
  container_problem(
      context, ours ? "flag-reserved" : "flag-instead", given->option,
      context->host->format(context->call,
                            ours ? "the flag \"%s\" is set by jauauth alone"
                                 : "the flag \"%s\" is not taken, since there is an option for it",
                            given->name),
      ours ? "leave it out" : given->row->text);
}

static void take(struct reading *reading, const struct given *given)
{
  struct container_context *context = reading->context;
  struct container_flags *flags = reading->flags;
  switch (use_of(given)) {
  case PASS:
    append(context, &flags->passed, whole_of(context, given));
    return;
  case SAME: /* the plan has it already */
    flags->read_only = flags->read_only || strcmp(given->name, "--read-only") == 0;
    return;
  case MEMORY:
    take_number(reading, given, &flags->memory, container_parse_size);
    return;
  case MEMORY_SWAP:
    take_number(reading, given, &flags->memory_swap, container_parse_size);
    return;
  case CPUS:
    take_number(reading, given, &flags->cpus, container_parse_thousandths);
    return;
  case PIDS:
    take_number(reading, given, &flags->pids, container_parse_number);
    return;
  case NETWORK:
    take_network(reading, given);
    return;
  case WANTS_NETWORK:
    append(context, &flags->passed, whole_of(context, given));
    flags->wants_network = given->name;
    return;
  case TMPFS:
    take_tmpfs(reading, given);
    return;
  case WORK:
    flags->work_directory = given->value;
    return;
  case INSTEAD:
  case OURS:
    take_refused(reading, given);
    return;
  default:
    take_unknown(reading, given);
  }
}

void container_flags_read(struct container_context *context, struct container_flags *flags)
{
  struct reading reading = {.context = context,
                            .flags = flags,
                            .list = context->host->option_list(context->options, "extra_flags")};
  while (reading.list[reading.index] != NULL) {
    struct given given;
    if (next(&reading, &given))
      take(&reading, &given);
  }
}

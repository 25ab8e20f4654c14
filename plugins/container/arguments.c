/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `create`, and of the engine's client in every step. */
#include "arguments.h"

#include <string.h>

#include "environment.h"

/* Podman lowers its own limit of processes to this, the usual number of the last pid, and can then
 * give no container more. */
enum { MOST_PROCESSES = 32768 };

/* Private folders are files in memory: what fills them counts as memory of the server. */
#define TEMPORARY_OPTIONS "rw,exec,nosuid,nodev,size=64m,mode=1777"
#define HOME_OPTIONS      "rw,exec,nosuid,nodev,size=256m,mode=1777"

static const struct container_lead docker_leads[] = {
    {"context", "--context"}, {"host", "--host"}, {NULL, NULL}};
static const struct container_lead podman_leads[] = {
    {"connection", "--connection"}, {"host", "--url"}, {"runtime", "--runtime"}, {NULL, NULL}};

const struct container_lead *container_leads(void)
{
  return container_engine.is_podman ? podman_leads : docker_leads;
}

static const char *kept_value(const struct jauauth_pair *const *kept, const char *key)
{
  for (size_t i = 0; kept[i] != NULL; i++)
    if (strcmp(kept[i]->key, key) == 0)
      return kept[i]->value;
  return NULL;
}

struct jauauth_step *container_step(const struct container_context *context,
                                    struct jauauth_plan *plan, uint32_t phase, const char *name,
                                    const char *program, const struct jauauth_pair *const *kept)
{
  const struct jauauth_host *host = context->host;
  const struct jauauth_options *settings = host->host_options(context->call);
  struct jauauth_step *step = host->plan_step(plan, phase, name, program);
  const char *const *environment = host->option_list(settings, "environment");
  bool path = false;
  for (size_t i = 0; environment[i] != NULL; i += 2) {
    host->step_environment(step, environment[i], environment[i + 1]);
    path = path || strcmp(environment[i], "PATH") == 0;
  }
  /* The client starts helpers by their names. */
  if (!path)
    host->step_environment(step, "PATH",
                           "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  const struct container_lead *lead = container_leads();
  for (; lead->option != NULL; lead++) {
    const char *value = kept != NULL ? kept_value(kept, lead->option)
                                     : host->option_text(settings, lead->option, NULL);
    if (value == NULL)
      continue;
    host->step_argument(step, lead->flag);
    host->step_argument(step, value);
  }
  return step;
}

static void flag(const struct container_setup *setup, struct jauauth_step *step, const char *name,
                 const char *value)
{
  setup->context->host->step_argument(step, name);
  setup->context->host->step_argument(step, value);
}

static const char *decimal(const struct container_context *context, uint64_t number)
{
  return context->host->format(context->call, "%llu", (unsigned long long)number);
}

/* The instance belongs to whoever knows its id; the rest is for people who look at the engine. */
static void add_identity(const struct container_setup *setup, struct jauauth_step *step)
{
  const struct container_context *context = setup->context;
  const struct jauauth_host *host = context->host;
  const struct jauauth_request *request = context->request;
  const char *machine = host->probed(context->call, CONTAINER_HOST_NAME);
  flag(setup, step, "--name", container_name(context, request->instance));
  flag(setup, step, "--label",
       host->format(context->call, "jauauth.instance=%s", request->instance));
  flag(setup, step, "--label", host->format(context->call, "jauauth.server=%s", request->server));
  if (machine != NULL)
    flag(setup, step, "--label", host->format(context->call, "jauauth.host=%s", machine));
}

static void add_account(const struct container_setup *setup, struct jauauth_step *step)
{
  const struct container_context *context = setup->context;
  const struct jauauth_host *host = context->host;
  const struct jauauth_request *request = context->request;
  bool rootless = container_rootless(context);
  /* Without root, podman can give the same number inside. Docker cannot: there root inside is the
   * user, and every other number belongs to nobody who could read the user's files. */
  if (rootless && container_engine.is_podman)
    flag(setup, step, "--userns", "keep-id");
  if (rootless && !container_engine.is_podman)
    flag(setup, step, "--user", "0:0");
  else
    flag(setup, step, "--user",
         host->format(context->call, "%lu:%lu", (unsigned long)request->server_user_id,
                      (unsigned long)request->server_group_id));
}

static bool is_mount_point(const struct container_setup *setup, const char *path)
{
  const struct jauauth_mount *const *mounts = setup->context->request->mounts;
  for (size_t i = 0; mounts[i] != NULL; i++)
    if (strcmp(mounts[i]->target, path) == 0)
      return true;
  for (const struct container_word *word = setup->flags.tmpfs; word != NULL; word = word->next)
    if (strcmp(word->text, path) == 0)
      return true;
  return false;
}

/* One field of comma-separated values, quoted where it has to be. */
static const char *csv_field(const struct container_context *context, const char *name,
                             const char *value)
{
  const struct jauauth_host *host = context->host;
  if (strpbrk(value, ",\"\n\r") == NULL)
    return host->format(context->call, "%s=%s", name, value);
  char *quoted = host->allocate(context->call, 2 * strlen(value) + 1);
  size_t length = 0;
  for (const char *at = value; *at != '\0'; at++) {
    if (*at == '"')
      quoted[length++] = '"';
    quoted[length++] = *at;
  }
  return host->format(context->call, "\"%s=%s\"", name, quoted);
}

static void add_bind(const struct container_setup *setup, struct jauauth_step *step,
                     const char *source, const char *target, bool read_only)
{
  const struct container_context *context = setup->context;
  flag(setup, step, "--mount",
       context->host->format(context->call, "type=bind,%s,%s%s", csv_field(context, "src", source),
                             csv_field(context, "dst", target), read_only ? ",readonly" : ""));
}

static void add_private(const struct container_setup *setup, struct jauauth_step *step,
                        const char *path, const char *options)
{
  if (!is_mount_point(setup, path))
    flag(setup, step, "--tmpfs",
         setup->context->host->format(setup->context->call, "%s:%s", path, options));
}

static void add_folders(const struct container_setup *setup, struct jauauth_step *step)
{
  const struct jauauth_request *request = setup->context->request;
  bool own_temporary = setup->temporary != NULL && strcmp(setup->temporary, "/tmp") != 0;
  add_private(setup, step, "/tmp", TEMPORARY_OPTIONS);
  if (own_temporary)
    add_private(setup, step, setup->temporary, TEMPORARY_OPTIONS);
  if (request->home != NULL)
    add_bind(setup, step, request->home, setup->home, false);
  else if (!own_temporary || strcmp(setup->temporary, setup->home) != 0)
    add_private(setup, step, setup->home, HOME_OPTIONS);
  for (size_t i = 0; request->mounts[i] != NULL; i++)
    add_bind(setup, step, request->mounts[i]->source, request->mounts[i]->target,
             (request->mounts[i]->flags & JAUAUTH_MOUNT_READ_ONLY) != 0);
}

/* A number of descriptors or processes that the account may set at all. */
static uint64_t within(const struct container_context *context, const char *hard, uint64_t wanted)
{
  const char *text = context->host->probed(context->call, hard);
  uint64_t most = 0;
  for (; text != NULL && *text >= '0' && *text <= '9'; text++)
    most = most * 10 + (uint64_t)(*text - '0');
  return most != 0 && (wanted == 0 || most < wanted) ? most : wanted;
}

static void add_pair(const struct container_setup *setup, struct jauauth_step *step,
                     const char *name, uint64_t value)
{
  const char *number = decimal(setup->context, value);
  flag(setup, step, "--ulimit",
       setup->context->host->format(setup->context->call, "%s=%s:%s", name, number, number));
}

/* Podman runs as the account, so that it can only lower what the account has; its own defaults are
 * more than some have. */
static void add_own_limits(const struct container_setup *setup, struct jauauth_step *step)
{
  const struct container_context *context = setup->context;
  bool counted = container_rootless(context) && setup->pids != 0;
  uint64_t files = within(context, CONTAINER_HARD_FILES, setup->files);
  uint64_t processes = counted ? setup->pids : MOST_PROCESSES;
  if (files != 0)
    add_pair(setup, step, "nofile", files);
  add_pair(setup, step, "nproc", within(context, CONTAINER_HARD_NPROC, processes));
  if (container_rootless(context) && setup->memory != 0 && !container_enforces(context, "memory"))
    add_pair(setup, step, "data", setup->memory);
}

/* Limits that control groups hold. Podman ignores those that it has none for, with a warning among
 * what the server says. */
static void add_group_limits(const struct container_setup *setup, struct jauauth_step *step)
{
  const struct container_context *context = setup->context;
  bool every = !container_engine.is_podman;
  if (setup->memory != 0 && (every || container_enforces(context, "memory"))) {
    flag(setup, step, "--memory", decimal(context, setup->memory));
    flag(setup, step, "--memory-swap", decimal(context, setup->memory_swap));
  }
  if (setup->cpus != 0 && (every || container_enforces(context, "cpu")))
    flag(setup, step, "--cpus",
         context->host->format(context->call, "%llu.%03llu",
                               (unsigned long long)(setup->cpus / 1000),
                               (unsigned long long)(setup->cpus % 1000)));
  if (setup->pids != 0 && (every || container_enforces(context, "pids")))
    flag(setup, step, "--pids-limit", decimal(context, setup->pids));
}

static void add_limits(const struct container_setup *setup, struct jauauth_step *step)
{
  add_group_limits(setup, step);
  if (container_engine.is_podman)
    add_own_limits(setup, step);
  else if (setup->files != 0)
    add_pair(setup, step, "nofile", setup->files);
  if (setup->file_size != 0)
    add_pair(setup, step, "fsize", setup->file_size);
  add_pair(setup, step, "core", 0);
}

static void add_hardening(const struct container_setup *setup, struct jauauth_step *step)
{
  flag(setup, step, "--log-driver", "none");
  flag(setup, step, "--cap-drop", "ALL");
  flag(setup, step, "--security-opt", "no-new-privileges");
  setup->context->host->step_argument(step, "--read-only");
  if (!container_engine.is_podman)
    return;
  static const char *const words[] = {"--read-only-tmpfs=false", "--http-proxy=false",
                                      "--systemd=false", "--sdnotify=ignore"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    setup->context->host->step_argument(step, words[i]);
}

void container_add_create(const struct container_setup *setup, struct jauauth_step *step,
                          struct jauauth_plan *plan)
{
  const struct jauauth_host *host = setup->context->host;
  host->step_argument(step, "create");
  flag(setup, step, "--pull", "never");
  host->step_argument(step, "--init");
  host->step_argument(step, "--interactive");
  /* The command is the server's own, not arguments of something in the image. */
  flag(setup, step, "--entrypoint", "");
  add_identity(setup, step);
  add_hardening(setup, step);
  add_account(setup, step);
  add_folders(setup, step);
  add_limits(setup, step);
  if (setup->network != NULL)
    flag(setup, step, "--network", setup->network);
  if (setup->work_directory != NULL)
    flag(setup, step, "--workdir", setup->work_directory);
  container_add_environment(setup->context, step, plan);
  for (const struct container_word *word = setup->flags.passed; word != NULL; word = word->next)
    host->step_argument(step, word->text);
  host->step_argument(step, "--");
  host->step_argument(step, setup->image);
  host->step_command(step);
}

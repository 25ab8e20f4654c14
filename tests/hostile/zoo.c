/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin that behaves, and with -DZOO_… one of each kind that does not. */
#ifdef ZOO_WRONG_MAJOR
#define JAUAUTH_PLUGIN_SYMBOL jauauth_plugin_v2
#endif
#include <jauauth/plugin.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef ZOO_ACCOUNT
#define ZOO_ACCOUNT JAUAUTH_ACCOUNT_CALLER
#endif

/* A child that stays. Its name lets the test look for it. */
static inline void fork_and_stay(const char *name)
{
  if (fork() == 0) {
    prctl(PR_SET_NAME, name);
    if (fork() == 0)
      prctl(PR_SET_NAME, name);
    for (;;)
      pause();
  }
}

static inline void hang(void)
{
  for (;;)
    pause();
}

#if defined(ZOO_PRINTS) || defined(ZOO_EXITS) || defined(ZOO_CRASHES)
__attribute__((constructor)) static void construct(void)
{
#if defined(ZOO_PRINTS)
  puts("hello from the zoo");
#elif defined(ZOO_EXITS)
  _exit(7);
#else
  abort();
#endif
}
#endif

static int32_t zoo_init(const struct jauauth_host *host, struct jauauth_call *call,
                        struct jauauth_error *error)
{
  (void)host;
  (void)call;
  (void)error;
#ifdef ZOO_CRASHES_IN_INIT
  abort();
#endif
  return 0;
}

static int32_t zoo_probe(const struct jauauth_host *host, struct jauauth_call *call,
                         struct jauauth_probe *probe, struct jauauth_error *error)
{
#if defined(ZOO_HANGS)
  hang();
#elif defined(ZOO_SIGNALS)
  signal(SIGTERM, SIG_IGN);
#elif defined(ZOO_GARBAGE)
  if (write(3, "garbage\n", 8) != 8)
    abort();
#endif
#ifdef ZOO_UNAVAILABLE
  host->probe_state(probe, JAUAUTH_STATE_UNAVAILABLE);
  host->probe_finding(probe, "no-engine", JAUAUTH_SEVERITY_ERROR, "there is no engine");
  host->probe_repair(probe, JAUAUTH_PLATFORM_APT, "apt-get install engine");
  return 0;
#endif
  const char *shell = host->find_program(call, "sh", NULL, error);
  if (shell == NULL)
    return -1;
  const char *const *rule = host->option_list(host->host_options(call), "rule");
  for (size_t i = 0; rule[i] != NULL; i += 2)
    host->run_environment(call, rule[i], rule[i + 1]);
  const char *const argv[] = {shell, "-c",
                              "echo \"$LC_ALL$RULE\"; echo oops >&2; sleep 100 & exit 3", NULL};
  struct jauauth_run_result result = {.struct_size = sizeof result};
  if (host->run(call, argv, 5000, &result, error) != 0)
    return -1;
  const char *const slow[] = {shell, "-c", "sleep 100", NULL};
  struct jauauth_run_result timed = {.struct_size = sizeof timed};
  if (host->run(call, slow, 50, &timed, error) != 0)
    return -1;
  host->probe_state(probe, JAUAUTH_STATE_AVAILABLE);
  host->probe_engine(probe, shell, "1.0");
  host->probe_feature(probe, "run.output", result.output);
  host->probe_feature(probe, "run.errors", result.errors);
  host->probe_feature(probe, "run.exit", host->format(call, "%d", (int)result.exit_code));
  host->probe_feature(probe, "run.timed-out", host->format(call, "%d", (int)timed.timed_out));
  host->probe_feature(probe, "user", host->format(call, "%d", (int)getuid()));
  host->probe_claim(probe, "no-network");
  return 0;
}

static int32_t zoo_validate(const struct jauauth_host *host, struct jauauth_call *call,
                            const struct jauauth_request *request,
                            const struct jauauth_options *options,
                            struct jauauth_problems *problems, struct jauauth_error *error)
{
  (void)request;
  (void)error;
#ifdef ZOO_CHANGES
  if (chdir("/tmp") == 0)
    setenv("ZOO", "1", 1);
  umask(0);
#endif
  if (strcmp(host->option_text(options, "mood", "good"), "bad") == 0)
    host->problem(problems, "mood", "the mood is bad", "smile");
  if (host->probed(call, "engine.path") == NULL)
    host->problem(problems, "command", "nothing was probed", NULL);
  return 0;
}

static int32_t zoo_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                         const struct jauauth_request *request,
                         const struct jauauth_options *options, struct jauauth_plan *plan,
                         struct jauauth_error *error)
{
  if (strcmp(request->command[0], "refuse-me") == 0)
    return host->error_set(error, "zoo-refused", 2, "command", "this command is refused",
                           "take another one");
  host->plan_tree(plan, JAUAUTH_TREE_OWN);
  struct jauauth_step *front = host->plan_step(plan, JAUAUTH_PHASE_FRONT, "front", NULL);
  host->step_command(front);
#ifdef ZOO_UNKNOWN_WORD
  host->plan_step(plan, 99, "later", "/bin/true");
#endif
  for (size_t i = 0; request->environment[i] != NULL; i++)
    host->plan_variable(plan, request->environment[i]->name, JAUAUTH_BY_FRONT);
  for (size_t i = 0; request->mounts[i] != NULL; i++)
    host->plan_fact(plan, "mount", request->mounts[i]->source);
  host->plan_locate_front(plan, 0);
  host->plan_stop_close_stdin(plan);
  host->plan_stop_wait(plan, 1000);
  host->plan_stop_signal(plan, SIGTERM, JAUAUTH_TARGET_FRONT);
  host->plan_keep(plan, "instance", request->instance);
  host->plan_fact(plan, "server.user", host->format(call, "%d", (int)request->server_user_id));
  if (host->option_given(options, "rule"))
    host->plan_fact(plan, "rule", host->option_list(options, "rule")[1]);
  return 0;
}

static int32_t zoo_teardown(const struct jauauth_host *host, struct jauauth_call *call,
                            const char *instance, const struct jauauth_pair *const *kept,
                            struct jauauth_plan *plan, struct jauauth_error *error)
{
  (void)call;
  (void)error;
#if defined(ZOO_HANGS)
  fork_and_stay(instance);
  hang();
#elif defined(ZOO_FORKS) || defined(ZOO_FORKS_AND_CRASHES)
  fork_and_stay(instance);
#endif
#ifdef ZOO_FORKS_AND_CRASHES
  abort();
#endif
  struct jauauth_step *step = host->plan_step(plan, JAUAUTH_PHASE_REMOVE, "remove", "/bin/true");
  host->step_argument(step, instance);
  if (kept[0] != NULL)
    host->step_argument(step, kept[0]->value);
  return 0;
}

static int32_t zoo_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                            const struct jauauth_ending *ending,
                            struct jauauth_diagnosis *diagnosis, struct jauauth_error *error)
{
  (void)error;
  host->diagnose(diagnosis, JAUAUTH_ENDED_SERVER, "zoo-ended",
                 host->format(call, "it ended with %d", (int)ending->exit_code), NULL);
  return 0;
}

#ifdef ZOO_MORE_SYMBOLS
JAUAUTH_PLUGIN_EXPORT extern const int zoo_second_symbol;
const int zoo_second_symbol = 2;
#endif

static const struct jauauth_option zoo_options[] = {
    {"mood", "How it feels", "good", "0.1.0", 0, 0, JAUAUTH_TYPE_TEXT, 0, JAUAUTH_MEANS_NOTHING, 0},
    {"rule", "The keeper's rule", NULL, "0.1.0", 0, 0, JAUAUTH_TYPE_TEXT_MAP, JAUAUTH_OPTION_HOST,
     JAUAUTH_MEANS_NOTHING, 0},
#ifdef ZOO_TWICE
    {"mood", "Again", NULL, "0.1.0", 0, 0, JAUAUTH_TYPE_TEXT, 0, JAUAUTH_MEANS_NOTHING, 0},
#endif
    {NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0}};

#ifdef ZOO_MISSING_VERB
#define zoo_spawn_or_none NULL
__attribute__((unused)) static void *const unused_spawn = (void *)zoo_spawn;
#else
#define zoo_spawn_or_none zoo_spawn
#endif

#if defined(ZOO_SHORT)
#define ZOO_HEAD 16, JAUAUTH_ABI_MINOR, 0
#elif defined(ZOO_NEWER_HOST)
#define ZOO_HEAD (uint32_t)sizeof(struct jauauth_plugin), 9, 9
#elif defined(ZOO_FUTURE)
#define ZOO_HEAD (uint32_t)sizeof(struct jauauth_plugin) + 64, 9, 0
#else
#define ZOO_HEAD JAUAUTH_PLUGIN_HEAD
#endif

#ifdef ZOO_FUTURE
/* As a later header would have it: more members behind those that are known today. */
struct future_plugin {
  struct jauauth_plugin now;
  char later[64];
};
#undef JAUAUTH_PLUGIN_BEGIN
#undef JAUAUTH_PLUGIN_END
extern JAUAUTH_PLUGIN_EXPORT const struct future_plugin zoo_future __asm__("jauauth_plugin_v1");
#define JAUAUTH_PLUGIN_BEGIN const struct future_plugin zoo_future = {{
#define JAUAUTH_PLUGIN_END                                                                         \
  }                                                                                                \
  , "unknown to this host"                                                                         \
  }                                                                                                \
  ;
#endif

JAUAUTH_PLUGIN_BEGIN
ZOO_HEAD, ZOO_ACCOUNT, ZOO_NAME, "0.1.0", "An animal of the zoo", zoo_options,
    sizeof zoo_options[0], NULL, zoo_probe, zoo_validate, zoo_spawn_or_none, zoo_teardown, zoo_init,
    NULL, zoo_diagnose, JAUAUTH_PLUGIN_END

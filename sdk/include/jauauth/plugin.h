/* SPDX-License-Identifier: Apache-2.0 */
/* The jauauth plugin ABI, major version 1: everything that a sandbox plugin and the host share. */
#ifndef JAUAUTH_PLUGIN_H
#define JAUAUTH_PLUGIN_H

/*
 * A plugin decides, the host acts. A plugin is a shared object that exports exactly one symbol, the
 * constant `jauauth_plugin_v1`, and answers four questions:
 *
 *   probe     Is the engine usable here, by this account?
 *   validate  Are the options of this server right?
 *   spawn     What has to be run to start this server in the sandbox?   (a launch plan)
 *   teardown  What has to be run so that nothing of an instance is left? (the steps of a plan)
 *   diagnose  (optional) What does this end of a server mean?
 *
 * PROCESS. Plugin code never runs in the router. The host loads it into a process of its own, the
 * plugin worker, which runs as the account that will run the engine. Its stdin is /dev/null; its
 * stdout and stderr are a file that the host reads: a plugin prints nothing, and any output is an
 * error that quotes it. Callbacks are made one at a time, from one thread, each with a time limit.
 * A callback must not fork, exec, exit, start threads, or change signals, working directory,
 * environment, umask or locale; what needs a process goes through `run`, which `probe` alone may
 * call. Nothing may be kept between two calls: the next one may run in another process.
 *
 * STRINGS. All are NUL-terminated UTF-8. What a callback is given is valid until it returns. What
 * it hands to the host is copied at once. What the host returns lives in the arena of the call and
 * is freed by the host afterwards; a plugin never frees anything that it got from the host.
 *
 * ERRORS. A verb returns 0, or -1 after `error_set`. The builder calls (plan_…, step_…, probe_…) do
 * not fail one by one: the host remembers the first thing that was wrong (out of memory, an unknown
 * word, a NULL where text is needed) and refuses the whole result. A plan is taken whole or not at
 * all.
 *
 * GROWTH. Members are added at the end only and never change their meaning. Both sides say how
 * large their structs are; a member beyond the other side's size counts as absent. Check with
 * JAUAUTH_HOST_HAS before calling a host function that is newer than minor version 0.
 *
 * The header can be used from C99 and C++11 on, with every warning on.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JAUAUTH_ABI_MAJOR 1
#define JAUAUTH_ABI_MINOR 0

/* Opaque host objects. None may be used after the callback that got it has returned. */
struct jauauth_call;      /* the call under way; owns the arena */
struct jauauth_error;     /* the error of a callback; untouched on success */
struct jauauth_options;   /* the options of a server, already typed by the option table */
struct jauauth_probe;     /* the answer of `probe` */
struct jauauth_problems;  /* the answer of `validate` */
struct jauauth_plan;      /* the answer of `spawn` and `teardown` */
struct jauauth_step;      /* one program run of a plan */
struct jauauth_diagnosis; /* the answer of `diagnose` */

/* ---- option table ------------------------------------------------------------------------- */

/* The type of an option's value in the servers file. */
#define JAUAUTH_TYPE_BOOLEAN   1u  /* true or false */
#define JAUAUTH_TYPE_INTEGER   2u  /* a whole number within minimum … maximum */
#define JAUAUTH_TYPE_TEXT      3u  /* a string */
#define JAUAUTH_TYPE_PATH      4u  /* a string that is an absolute path of the host */
#define JAUAUTH_TYPE_SIZE      5u  /* bytes: an integer or a string with a unit, such as "256m" */
#define JAUAUTH_TYPE_CPUS      6u  /* processors: a number or "0.5"; in thousandths */
#define JAUAUTH_TYPE_TEXT_LIST 7u  /* an array of strings */
#define JAUAUTH_TYPE_PATH_LIST 8u  /* an array of absolute paths */
#define JAUAUTH_TYPE_PAIR_LIST 9u  /* an array of [host path, path inside] */
#define JAUAUTH_TYPE_NETWORK   10u /* true, false or the name of a network */
#define JAUAUTH_TYPE_TEXT_MAP  11u /* names with a text each */

#define JAUAUTH_OPTION_REQUIRED 1u /* leaving it out is an error */
#define JAUAUTH_OPTION_SECRET   2u /* never shown */
#define JAUAUTH_OPTION_WEAKENS  4u /* any value but the default weakens the sandbox */
#define JAUAUTH_OPTION_HOST                                                                        \
  8u /* the administrator's: stands in the host file, `plugins = { NAME = { … }; };`, for all    \
        servers, and never in a servers file; neither REQUIRED nor with a meaning */

/*
 * What an option means beyond this plugin. An option with a meaning is another spelling of a member
 * of struct jauauth_request: the host moves its value there, refuses two settings that disagree,
 * and applies its own rules (which binds are safe, which limits are strict). The plugin reads the
 * request.
 */
#define JAUAUTH_MEANS_NOTHING          0u
#define JAUAUTH_MEANS_NETWORK          1u /* BOOLEAN or NETWORK */
#define JAUAUTH_MEANS_MEMORY_LIMIT     2u /* SIZE */
#define JAUAUTH_MEANS_CPU_LIMIT        3u /* CPUS */
#define JAUAUTH_MEANS_PIDS_LIMIT       4u /* INTEGER */
#define JAUAUTH_MEANS_MOUNTS           5u /* TEXT_LIST of "host:inside[:ro]" */
#define JAUAUTH_MEANS_MOUNTS_READ_ONLY 6u /* PAIR_LIST, or PATH_LIST (same path inside) */
#define JAUAUTH_MEANS_MOUNTS_WRITABLE  7u /* PAIR_LIST, or PATH_LIST (same path inside) */

struct jauauth_option {
  const char *name;          /* as written in the servers file: [a-z][a-z0-9_]* */
  const char *help;          /* one sentence without a final full stop */
  const char *default_value; /* as text, for manuals; NULL: none */
  const char *since;         /* version of the plugin that brought it, such as "0.1.0" */
  int64_t minimum;           /* of an INTEGER; both 0: any */
  int64_t maximum;
  uint32_t type;  /* JAUAUTH_TYPE_… */
  uint32_t flags; /* JAUAUTH_OPTION_… */
  uint32_t means; /* JAUAUTH_MEANS_… */
  uint32_t reserved;
};

/* ---- the request -------------------------------------------------------------------------- */

struct jauauth_variable {
  const char *name;
  const char *value; /* a secret: never on a command line, in a log or an error text */
};

#define JAUAUTH_MOUNT_READ_ONLY 1u
#define JAUAUTH_MOUNT_HOST                                                                         \
  2u /* made by the host itself (a prepared package); no setting of a user */

struct jauauth_mount {
  const char
      *source; /* absolute, exists, resolved by the host; the host has checked who can swap it */
  const char *target; /* absolute path inside */
  uint32_t flags;     /* JAUAUTH_MOUNT_… */
  uint32_t reserved;
};

#define JAUAUTH_NETWORK_NONE  0u /* not even the host's loopback */
#define JAUAUTH_NETWORK_OPEN  1u /* whatever the engine's ordinary network is */
#define JAUAUTH_NETWORK_NAMED 2u /* a network of the engine, see network_name */

/* Limits, as indices of `limits` and for plan_limit(). */
#define JAUAUTH_LIMIT_MEMORY     0u /* bytes, of the whole tree */
#define JAUAUTH_LIMIT_CPU        1u /* thousandths of a processor, of the whole tree */
#define JAUAUTH_LIMIT_PIDS       2u /* processes and threads, of the whole tree */
#define JAUAUTH_LIMIT_OPEN_FILES 3u /* descriptors, of each process */
#define JAUAUTH_LIMIT_FILE_SIZE  4u /* bytes, of each file written */
#define JAUAUTH_LIMIT_COUNT      5u

struct jauauth_limit {
  uint64_t value; /* 0: no limit asked */
  uint32_t
      strict; /* 1: the user wrote it, so it must hold; 0: a default, applied as far as it goes */
  uint32_t reserved;
};

/* What the user asked for, in words that every strategy understands. Lists end with NULL. */
struct jauauth_request {
  uint32_t struct_size;
  uint32_t network;                                  /* JAUAUTH_NETWORK_… */
  const char *network_name;                          /* for JAUAUTH_NETWORK_NAMED, else NULL */
  const char *instance;                              /* unique id: [a-z0-9-], at most 64 bytes */
  const char *server;                                /* id of the server in the servers file */
  const char *const *command;                        /* program and arguments, at least one */
  const struct jauauth_variable *const *environment; /* complete: nothing else reaches the server */
  const struct jauauth_mount *const *mounts;         /* in the user's order */
  const char *work_directory;                        /* path inside; NULL: the home */
  const char *temporary_directory;                   /* path inside; NULL: /tmp */
  const char *home;                   /* host directory kept as the home; NULL: empty */
  const struct jauauth_limit *limits; /* JAUAUTH_LIMIT_COUNT of them */
  uint64_t limits_count;              /* how many the host knows */
  const char *user_name;              /* the account that runs the engine */
  uint32_t user_id;
  uint32_t group_id;
  /* Whom the server's own processes belong to, as seen from the host: never 0, also where root runs
   * the engine. */
  uint32_t server_user_id;
  uint32_t server_group_id;
  /* 1: the user wrote what `network` says, for this server; 0: it is the default. */
  uint32_t network_given;
  uint32_t reserved;
};

/* ---- host services ------------------------------------------------------------------------ */

#define JAUAUTH_PATH_REGULAR   1u
#define JAUAUTH_PATH_DIRECTORY 2u
#define JAUAUTH_PATH_LINK      3u
#define JAUAUTH_PATH_SOCKET    4u
#define JAUAUTH_PATH_OTHER     5u

struct jauauth_path {
  uint32_t struct_size; /* set by the caller */
  uint32_t type;        /* JAUAUTH_PATH_… of the path itself, links not followed */
  uint32_t mode;        /* permission bits, with setuid, setgid and sticky */
  uint32_t user_id;     /* owner */
  uint32_t group_id;
  uint32_t readable; /* 1: the account can read it, links followed */
  uint32_t writable;
  uint32_t executable; /* 1: the account can execute or enter it, links followed */
  uint64_t size;       /* bytes */
  const char *link;    /* target text of a link, else NULL */
  const char
      *interpreter; /* program named behind "#!" in a regular file (links followed), else NULL */
};

struct jauauth_run_result {
  uint32_t struct_size; /* set by the caller */
  int32_t exit_code;    /* -1: not ended by itself */
  int32_t signal;       /* the signal that ended it, 0: none */
  uint32_t timed_out;   /* 1: killed at the time limit */
  const char *output;   /* the first 64 KiB of stdout */
  const char *errors;   /* the first 64 KiB of stderr */
};

/*
 * Phase of a step, in the order in which the host runs them. Steps of PREPARE and BEFORE are run
 * one after the other, and each must succeed, except one that a later step of its phase names in
 * step_if_failed. What PREPARE steps print is shown as progress; a stop interrupts them, and
 * nothing undoes them.
 */
#define JAUAUTH_PHASE_PREPARE 1u /* slow, may use the network; only where it is asked for */
#define JAUAUTH_PHASE_BEFORE  2u /* never interrupted, but undone */
#define JAUAUTH_PHASE_FRONT   3u /* exactly one: holds the server's stdin, stdout and stderr */
#define JAUAUTH_PHASE_LOCATE  4u /* while the front runs */
#define JAUAUTH_PHASE_AFTER   5u /* the front has ended: asks the engine what happened */
#define JAUAUTH_PHASE_REMOVE  6u /* always, last */
#define JAUAUTH_PHASE_STOP    7u /* only where the stop ladder names it */

#define JAUAUTH_TREE_OWN                                                                           \
  1u /* the server descends from the front: the host can limit and kill it                         \
      */
#define JAUAUTH_TREE_ENGINE 2u /* the server is the child of some other process */

#define JAUAUTH_BY_FRONT 1u /* the front is the server: its environment is the server's */
#define JAUAUTH_BY_FILE  2u /* inside a sealed file of a step */
#define JAUAUTH_BY_FLAG                                                                            \
  3u /* an explicit argument; refused by the host for anything but host-made values */
#define JAUAUTH_BY_NAME 4u /* named in an argument, the value in that step's environment */

#define JAUAUTH_TARGET_FRONT   1u
#define JAUAUTH_TARGET_LOCATED 2u
#define JAUAUTH_TARGET_TREE    3u

#define JAUAUTH_BY_ENGINE 1u /* the engine enforces the limit in this plan */
#define JAUAUTH_BY_HOST   2u /* left to the host, which reaches the whole tree */
#define JAUAUTH_PARTIAL   3u /* something is missing; the text says what */
#define JAUAUTH_NOT       4u /* cannot be enforced; the text says why */

#define JAUAUTH_FILE_SECRET 1u /* `explain` shows the description only */

#define JAUAUTH_STATE_AVAILABLE   1u
#define JAUAUTH_STATE_DEGRADED    2u /* usable, with something missing; findings say what */
#define JAUAUTH_STATE_UNAVAILABLE 3u

#define JAUAUTH_SEVERITY_INFO    1u
#define JAUAUTH_SEVERITY_WARNING 2u
#define JAUAUTH_SEVERITY_ERROR   3u

#define JAUAUTH_PLATFORM_ANY    "any"
#define JAUAUTH_PLATFORM_APT    "apt"
#define JAUAUTH_PLATFORM_DNF    "dnf"
#define JAUAUTH_PLATFORM_PACMAN "pacman"
#define JAUAUTH_PLATFORM_BREW   "brew"

#define JAUAUTH_ENDED_NEVER_STARTED 1u /* the sandbox failed, the server's program did not run */
#define JAUAUTH_ENDED_SERVER        2u /* the server ended by itself or by a signal */
#define JAUAUTH_ENDED_LIMIT         3u /* killed by a limit */

/*
 * The host's services. `struct_size` and `abi_minor` say which members exist. All functions are of
 * minor version 0. They may be called only from the thread of the callback and only until it
 * returns.
 */
struct jauauth_host {
  uint32_t struct_size;
  uint32_t abi_minor;

  /* Memory and text of the call's arena. Never NULL: when memory is exhausted the call ends. */
  void *(*allocate)(struct jauauth_call *call, size_t size);
  const char *(*format)(struct jauauth_call *call, const char *format, ...);

  /* Sets the error of a callback and returns -1. `code`: stable lower-case words joined by "-".
   * `errnum`: an errno value or 0. `option`: path of the option such as "ro_binds/0", or NULL.
   * `text`: what failed and why. `hint`: what to do, or NULL. A second call changes nothing. */
  int32_t (*error_set)(struct jauauth_error *error, const char *code, int32_t errnum,
                       const char *option, const char *text, const char *hint);

  /* In find_program, inspect_path, real_path and run `error` may be NULL, where a failure is an
   * answer and not an error. Else it is set, and the callback may just return -1. */

  /* Finds a program as execvp(3) would: an absolute path is checked, a bare name is searched in
   * `search`, a ":" list of absolute directories (NULL: the host's trusted list of system
   * directories). Returns the absolute path as found, links not resolved, or NULL after setting
   * `error`, which names a directory that the account cannot enter when that is the reason. */
  const char *(*find_program)(struct jauauth_call *call, const char *name, const char *search,
                              struct jauauth_error *error);

  /* lstat(2) and more of an absolute path, as the account sees it. -1 and `error` (with the errno
   * and, for EACCES, the directory that is closed) when it cannot be looked at. */
  int32_t (*inspect_path)(struct jauauth_call *call, const char *path, struct jauauth_path *result,
                          struct jauauth_error *error);

  /* realpath(3) of an absolute path, or NULL after setting `error`. */
  const char *(*real_path)(struct jauauth_call *call, const char *path,
                           struct jauauth_error *error);

  /* Runs a program: `argv[0]` is an absolute path, environment LC_ALL=C, PATH and what
   * `run_environment` added, stdin empty, its own session, killed with all its descendants after
   * `time_limit` milliseconds (1 … 10000).
   * Only in `probe`; elsewhere an error. 0 when it could be started. */
  int32_t (*run)(struct jauauth_call *call, const char *const *argv, uint32_t time_limit,
                 struct jauauth_run_result *result, struct jauauth_error *error);

  /* Options by name. A name that is not in the table is a mistake that refuses the result.
   * `fallback` is returned when the option was left out; lists then are empty. PAIR_LIST and
   * TEXT_MAP: two entries a pair. Those of JAUAUTH_OPTION_HOST are found through any object. */
  int32_t (*option_given)(const struct jauauth_options *options, const char *name);
  int64_t (*option_integer)(const struct jauauth_options *options, const char *name,
                            int64_t fallback);
  const char *(*option_text)(const struct jauauth_options *options, const char *name,
                             const char *fallback);
  const char *const *(*option_list)(const struct jauauth_options *options, const char *name);

  /* A fact of the last probe of this plugin ("engine.path", "engine.version", or a feature that
   * probe named), or NULL when the probe did not say. */
  const char *(*probed)(struct jauauth_call *call, const char *key);

  /* Answer of `probe`. State first; at least one finding when it is not AVAILABLE. */
  void (*probe_state)(struct jauauth_probe *probe, uint32_t state);
  void (*probe_engine)(struct jauauth_probe *probe, const char *path, const char *version);
  void (*probe_feature)(struct jauauth_probe *probe, const char *key, const char *value);
  void (*probe_finding)(struct jauauth_probe *probe, const char *code, uint32_t severity,
                        const char *text);
  /* A repair of the last finding: a command or a sentence for one platform. */
  void (*probe_repair)(struct jauauth_probe *probe, const char *platform, const char *repair);
  /* A version known to be weak covers the engine found here: identifier, what is wrong, fixed in.
   */
  void (*probe_weak_version)(struct jauauth_probe *probe, const char *identifier, const char *text,
                             const char *fixed_in);
  /* An isolation property that plans of this strategy have by default; the list of properties is in
   * the author's manual ("no-network", "private-pid-namespace", …). A claim is measured by
   * `verify`. */
  void (*probe_claim)(struct jauauth_probe *probe, const char *property);

  /* Answer of `validate`. Every problem at once. `option`: path such as "ro_binds/1", or a member
   * of the request such as "command". */
  void (*problem)(struct jauauth_problems *problems, const char *option, const char *text,
                  const char *hint);

  /* Answer of `spawn` and `teardown`. */
  void (*plan_tree)(struct jauauth_plan *plan, uint32_t tree);
  struct jauauth_step *(*plan_step)(struct jauauth_plan *plan, uint32_t phase, const char *name,
                                    const char *program);
  /* Absolute path by which the server's program is executed where it runs; it takes the place of
   * command[0] at the command mark. Without it command[0] is used as the user wrote it. */
  void (*plan_command_path)(struct jauauth_plan *plan, const char *path);
  /* How a variable of the request reaches the server. Every one must be named exactly once. */
  void (*plan_variable)(struct jauauth_plan *plan, const char *name, uint32_t way);
  /* Where the host finds the server's first process: at most one of these, the front if there is
   * none. `member`: of a JSON object that the front writes to its status descriptor as a line.
   * `step`: one of the phase LOCATE that prints the number. `children` (0 … 16): so many times the
   * first child is taken from there. */
  void (*plan_locate_front)(struct jauauth_plan *plan, uint32_t children);
  void (*plan_locate_status)(struct jauauth_plan *plan, const char *member, uint32_t children);
  void (*plan_locate_output)(struct jauauth_plan *plan, const char *step, uint32_t children);
  void (*plan_locate_remote)(struct jauauth_plan *plan);
  /* Who enforces a limit: JAUAUTH_BY_ENGINE, …. `text` is needed with PARTIAL and NOT. A limit that
   * a plan does not name cannot be enforced. */
  void (*plan_limit)(struct jauauth_plan *plan, uint32_t limit, uint32_t verdict, const char *text);
  /* Stop ladder, in the order of the calls. */
  void (*plan_stop_close_stdin)(struct jauauth_plan *plan);
  void (*plan_stop_wait)(struct jauauth_plan *plan, uint32_t milliseconds);
  void (*plan_stop_signal)(struct jauauth_plan *plan, uint32_t signal, uint32_t target);
  void (*plan_stop_step)(struct jauauth_plan *plan, const char *step);
  /* The engine's program is setuid: no_new_privs stays off for the front. */
  void (*plan_setuid_engine)(struct jauauth_plan *plan);
  void (*plan_keep)(struct jauauth_plan *plan, const char *key, const char *value);
  void (*plan_weakens)(struct jauauth_plan *plan, const char *option, const char *value,
                       const char *property);
  void (*plan_fact)(struct jauauth_plan *plan, const char *key, const char *value);

  /* One step. argv[0] is the step's program; arguments follow in order. */
  void (*step_argument)(struct jauauth_step *step, const char *text);
  /* The command mark: the server's command goes here. Exactly one in a plan, in the FRONT step or,
   * where an engine is told the command beforehand, in a BEFORE step. When the front has no program
   * (NULL), the mark must come first and the command is what is executed. */
  void (*step_command)(struct jauauth_step *step);
  void (*step_environment)(struct jauauth_step *step, const char *name, const char *value);
  /* Bytes in a sealed memory file. Returns the number of the descriptor that the program will see:
   * 3, 4, … in the order of the calls for files, status and gate. */
  int32_t (*step_file)(struct jauauth_step *step, const char *description, const void *bytes,
                       size_t length, uint32_t flags);
  /* The write end of a pipe whose lines the host reads (for plan_locate_status and `diagnose`). */
  int32_t (*step_status)(struct jauauth_step *step);
  /* The read end of the gate: a byte arrives when the limits of the located process are set. It
   * never reads end-of-file, so that a host that dies cannot open it. With a gate the process that
   * plan_locate_… names waits at it without children, and becomes or starts the server: limits are
   * set on it before its children are followed, and what it will have inherits them. The
   * `children` behind it are looked for when the gate is open. */
  int32_t (*step_gate)(struct jauauth_step *step);
  void (*step_time_limit)(struct jauauth_step *step, uint32_t milliseconds);
  void (*step_capture)(struct jauauth_step *step, uint32_t most_bytes);
  void (*step_if_failed)(struct jauauth_step *step, const char *other);

  /* Answer of `diagnose`. */
  void (*diagnose)(struct jauauth_diagnosis *diagnosis, uint32_t ended, const char *code,
                   const char *text, const char *hint);

  /* The options of JAUAUTH_OPTION_HOST, for verbs that get no options of a server. Never NULL. */
  const struct jauauth_options *(*host_options)(struct jauauth_call *call);
  /* One more variable for the programs that `run` starts later in this call. */
  void (*run_environment)(struct jauauth_call *call, const char *name, const char *value);
  /* The answer of the probe depends on this absolute path: a socket, a program that the engine
   * needs, a configuration file, one below /proc. The host may keep an answer that says AVAILABLE
   * and names at least one, until such a file has changed, has come or has gone. The engine's own
   * path, the plugin, the account and the kernel are watched in any case. */
  void (*probe_watch)(struct jauauth_probe *probe, const char *path);
  /* Part of the answer of `validate`: something that is right, but that the user should know, such
   * as a default that closes what other programs leave open. The arguments are those of `problem`.
   * `config check` shows it and goes on; nothing is refused because of it. */
  void (*note)(struct jauauth_problems *problems, const char *option, const char *text,
               const char *hint);
};

/* ---- the end of a server, for `diagnose` ---------------------------------------------------- */

struct jauauth_output {
  const char *step; /* name of the step */
  const char *text; /* what it printed, as much as step_capture allowed */
  int32_t exit_code;
  uint32_t reserved;
};

struct jauauth_ending {
  uint32_t struct_size;
  int32_t exit_code;                           /* of the front; -1: ended by a signal */
  int32_t signal;                              /* 0: none */
  uint32_t asked;                              /* 1: the host had asked it to stop */
  uint64_t memory_kills;                       /* times the kernel killed for the memory limit */
  const char *failed_step;                     /* a step before the front that failed, or NULL */
  const char *errors;                          /* first 4 KiB of stderr: before the first message,
                                                  or of `failed_step` */
  const char *const *status;                   /* lines of the status descriptor; ends with NULL */
  const struct jauauth_output *const *outputs; /* captured output; ends with NULL */
};

struct jauauth_pair {
  const char *key;
  const char *value;
};

/* ---- the plugin ---------------------------------------------------------------------------- */

#define JAUAUTH_ACCOUNT_CALLER 1u /* plans run as whoever runs jauauth */
#define JAUAUTH_ACCOUNT_UNPRIVILEGED                                                               \
  2u /* never as root; a router run by root uses its run_as account */

struct jauauth_plugin {
  uint32_t struct_size;       /* JAUAUTH_PLUGIN_HEAD fills these three */
  uint32_t abi_minor;         /* of the header it was compiled with */
  uint32_t lowest_host_minor; /* an older host refuses it */
  uint32_t account;           /* JAUAUTH_ACCOUNT_… */
  const char *name;           /* [a-z][a-z0-9-]*, equal to the file's name without ".so" */
  const char *version;
  const char *summary; /* one line */

  const struct jauauth_option *options; /* ends with an entry whose name is NULL; NULL: none */
  uint64_t option_size;                 /* sizeof(struct jauauth_option) */

  /* Names of the programs that are this engine's own front. A server whose command is one of them
   * cannot work inside a sandbox; the host then says so. Ends with NULL; NULL: none. */
  const char *const *front_programs;

  int32_t (*probe)(const struct jauauth_host *host, struct jauauth_call *call,
                   struct jauauth_probe *probe, struct jauauth_error *error);
  int32_t (*validate)(const struct jauauth_host *host, struct jauauth_call *call,
                      const struct jauauth_request *request, const struct jauauth_options *options,
                      struct jauauth_problems *problems, struct jauauth_error *error);
  int32_t (*spawn)(const struct jauauth_host *host, struct jauauth_call *call,
                   const struct jauauth_request *request, const struct jauauth_options *options,
                   struct jauauth_plan *plan, struct jauauth_error *error);
  /* `kept`: what plan_keep() said when the instance was started, possibly by an older version of
   * this plugin: unknown keys are ignored, missing ones have defaults. Adds REMOVE steps only;
   * "already gone" must be a success of those steps. */
  int32_t (*teardown)(const struct jauauth_host *host, struct jauauth_call *call,
                      const char *instance, const struct jauauth_pair *const *kept,
                      struct jauauth_plan *plan, struct jauauth_error *error);

  /* Optional: may be NULL. */
  int32_t (*init)(const struct jauauth_host *host, struct jauauth_call *call,
                  struct jauauth_error *error);
  void (*fini)(void);
  int32_t (*diagnose)(const struct jauauth_host *host, struct jauauth_call *call,
                      const struct jauauth_ending *ending, struct jauauth_diagnosis *diagnosis,
                      struct jauauth_error *error);
};

/* True when the host is new enough to have the function `member` of struct jauauth_host. */
#define JAUAUTH_HOST_HAS(host, member)                                                             \
  ((host)->struct_size >= offsetof(struct jauauth_host, member) + sizeof((host)->member) &&        \
   (host)->member != NULL)

/* The first three members of a plugin's table. */
#define JAUAUTH_PLUGIN_HEAD (uint32_t)sizeof(struct jauauth_plugin), JAUAUTH_ABI_MINOR, 0

/* A static build that preopens its plugins defines this as NAME_LTX_jauauth_plugin_v1 for each. */
#ifndef JAUAUTH_PLUGIN_SYMBOL
#define JAUAUTH_PLUGIN_SYMBOL jauauth_plugin_v1
#endif

#if defined(__GNUC__)
#define JAUAUTH_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define JAUAUTH_PLUGIN_EXPORT
#endif

/*
 * Begins the definition of the one exported symbol, as the last thing in the plugin's file:
 *
 *   JAUAUTH_PLUGIN_BEGIN
 *     JAUAUTH_PLUGIN_HEAD, JAUAUTH_ACCOUNT_CALLER, "name", "0.1.0", "One line",
 *     options, sizeof options[0], NULL, name_probe, name_validate, name_spawn, name_teardown,
 *     NULL, NULL, NULL
 *   JAUAUTH_PLUGIN_END
 */
extern JAUAUTH_PLUGIN_EXPORT const struct jauauth_plugin JAUAUTH_PLUGIN_SYMBOL;
#define JAUAUTH_PLUGIN_BEGIN const struct jauauth_plugin JAUAUTH_PLUGIN_SYMBOL = {
#define JAUAUTH_PLUGIN_END                                                                         \
  }                                                                                                \
  ;

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The launch plan as the router knows it: parsed from a worker's message and checked. */
#ifndef JAUAUTH_SANDBOX_PLAN_H
#define JAUAUTH_SANDBOX_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

enum plan_phase {
  PLAN_PREPARE = 1,
  PLAN_BEFORE,
  PLAN_FRONT,
  PLAN_LOCATE,
  PLAN_AFTER,
  PLAN_REMOVE,
  PLAN_STOP
};
enum plan_tree { PLAN_TREE_OWN = 1, PLAN_TREE_ENGINE };
enum plan_way { PLAN_BY_FRONT = 1, PLAN_BY_FILE, PLAN_BY_FLAG, PLAN_BY_NAME };
enum plan_target { PLAN_TARGET_FRONT = 1, PLAN_TARGET_LOCATED, PLAN_TARGET_TREE };
enum plan_verdict { PLAN_BY_ENGINE = 1, PLAN_BY_HOST, PLAN_PARTIAL, PLAN_NOT };
enum plan_locate {
  PLAN_LOCATE_FRONT = 1,
  PLAN_LOCATE_STATUS,
  PLAN_LOCATE_OUTPUT,
  PLAN_LOCATE_REMOTE
};
enum plan_descriptor { PLAN_FILE = 1, PLAN_STATUS, PLAN_GATE };
enum plan_rung { PLAN_CLOSE_STDIN = 1, PLAN_WAIT, PLAN_SIGNAL, PLAN_STEP };
enum plan_limit { PLAN_MEMORY, PLAN_CPU, PLAN_PIDS, PLAN_OPEN_FILES, PLAN_FILE_SIZE, PLAN_LIMITS };

struct plan_pair {
  char *key;
  char *value;
};

struct plan_file {
  enum plan_descriptor kind;
  char *description; /* PLAN_FILE only */
  void *bytes;       /* PLAN_FILE only */
  size_t length;
  bool secret;
};

struct plan_step {
  enum plan_phase phase;
  char *name;
  char *program;    /* absolute; NULL: the server's command itself */
  char **arguments; /* behind argv[0]; an entry that is NULL at `command_mark` is the mark */
  size_t argument_count;
  ptrdiff_t command_mark; /* index in arguments, -1: none */
  /* Where it is run. A front that is the server itself: the request's work directory or home, else
   * "/"; every other step: "/". */
  char *directory;
  struct plan_pair *environment; /* complete */
  size_t environment_count;
  struct plan_file *files; /* seen as descriptors 3, 4, … */
  size_t file_count;
  uint32_t time_limit; /* milliseconds, 0: none (front) or the default of 10 s */
  uint32_t capture;    /* bytes of stdout that are kept, 0: none */
  char *if_failed;     /* run only when that step failed; NULL: always */
};

struct plan_variable {
  char *name;
  char *value; /* a secret, unless `host` */
  enum plan_way way;
  bool host; /* its value was made by the host (request: "host_variables") and is no secret */
};

struct plan_limit_verdict {
  enum plan_verdict verdict; /* 0: the plan said nothing */
  char *text;                /* what is missing or why not; NULL otherwise */
};

struct plan_stop {
  enum plan_rung rung;
  uint32_t milliseconds;   /* PLAN_WAIT */
  uint32_t signal;         /* PLAN_SIGNAL */
  enum plan_target target; /* PLAN_SIGNAL */
  char *step;              /* PLAN_STEP */
};

struct plan_weakening {
  char *option;
  char *value;
  char *property;
};

/* What the host itself adds to a plan: the limits that it sets. 0 in `value`: none. */
struct plan_host_limit {
  uint64_t value;
  bool strict;
};

/* A control group that the host makes for the server, see groups.h. */
struct plan_group {
  char *path;      /* its folder */
  bool unified;    /* of version 2 */
  unsigned limits; /* bits of enum plan_limit: what is set in it */
};

enum { PLAN_GROUPS_MAX = 3 };

struct plan {
  char *instance; /* the request's; NULL in a plan of `teardown` */
  enum plan_tree tree;
  bool setuid_engine;
  char **command; /* the server's command with command_path in front; ends with NULL */
  size_t command_count;
  struct plan_step *steps;
  size_t step_count;
  struct plan_variable *variables;
  size_t variable_count;
  struct plan_variable *hidden; /* of plan_hide(): no variables of the server */
  size_t hidden_count;
  enum plan_locate locate;
  char *locate_member; /* PLAN_LOCATE_STATUS */
  char *locate_step;   /* PLAN_LOCATE_OUTPUT */
  /* So many times "the first child" from there to the server. With a gate limits are set on the
   * process that waits at it, before its children are looked for. */
  uint32_t locate_children;
  struct plan_limit_verdict verdicts[PLAN_LIMITS];
  struct plan_host_limit limits[PLAN_LIMITS];
  struct plan_group groups[PLAN_GROUPS_MAX];
  size_t group_count;
  char *group_text; /* what these groups are, or why there are none; NULL: nobody has asked */
  struct plan_stop *stops;
  size_t stop_count;
  struct plan_pair *keep;
  size_t keep_count;
  struct plan_weakening *weakens;
  size_t weakens_count;
  struct plan_pair *facts;
  size_t fact_count;
};

/* The most that a plan may hold; more is refused. */
enum {
  PLAN_STEPS_MAX = 64,
  PLAN_ARGUMENTS_MAX = 4096,        /* of one step */
  PLAN_VARIABLES_MAX = 1024,        /* of the server, or of one step */
  PLAN_FILES_MAX = 32,              /* of one step */
  PLAN_TEXT_MAX = 128 * 1024 - 1,   /* bytes of one text: what the kernel takes as one argument */
  PLAN_BYTES_MAX = 8 * 1024 * 1024, /* of all files together */
  PLAN_STOPS_MAX = 32,
  PLAN_WAIT_MAX = 60 * 1000,      /* milliseconds, all waits of the stop ladder together */
  PLAN_TIME_MAX = 60 * 60 * 1000, /* milliseconds of one step */
  PLAN_TIME_DEFAULT = 10 * 1000,  /* of a step that is not the front and names none */
  PLAN_CAPTURE_MAX = 64 * 1024,   /* bytes */
  PLAN_CHILDREN_MAX = 16,         /* steps from the process that was found to the server's own */
  PLAN_PAIRS_MAX = 256            /* of keep, facts, weakens */
};

/*
 * Reads the message of a worker:
 * {
 *   "tree": "own|engine",
 *   "setuid_engine": bool,                   (optional: false)
 *   "command_path": "/…",                    (optional)
 *   "variables": [{"name", "way": "front|file|flag|name"}],
 *   "steps": [{
 *     "phase": "prepare|before|front|locate|after|remove|stop",
 *     "name": "[a-z0-9-]…",
 *     "program": "/…" | null,
 *     "arguments": ["text" | {"command": true}, …],
 *     "environment": [["NAME", "value"], …],
 *     "files": [{"kind": "file", "description", "base64", "secret": bool} |
 *               {"kind": "status"} | {"kind": "gate"}],
 *     "time_limit": ms, "capture": bytes, "if_failed": "step"
 *   }],
 *   "locate": {"from": "front|status|output|remote", "member", "step", "children": 0},
 *   "limits": [{"limit": "memory|cpu|pids|open_files|file_size",
 *               "verdict": "engine|host|partial|none", "text"}],
 *   "stop": [{"close_stdin": true} | {"wait": ms} |
 *            {"signal": 15, "target": "front|located|tree"} | {"step": "name"}],
 *   "keep": [["key", "value"]],
 *   "weakens": [{"option", "value", "property"}],
 *   "facts": [["key", "value"]]
 * }
 * Lists and the members of a step behind "program" may be left out; "locate" then is the front.
 * A member or word that is not listed here refuses the whole plan; the error names the place.
 *
 * Checked are: exactly one front; one command mark, in it or in a step before it; absolute
 * programs; unique step names, and that each reference names a step of the fitting phase; sizes;
 * that a step other than the front has no status descriptor and no gate; that a limit is left to
 * the host only in a tree that it reaches; and that `variables` names each variable of the request
 * exactly once and tells the truth: by "front" only where the front is the server itself, whose
 * environment then holds these variables and no other, and by "flag" only those in the request's
 * "host_variables" (an optional list of names whose values the host made itself). No step that runs
 * a program gets a variable that steers the dynamic linker.
 *
 * `request` is the JSON form of the request (borrowed). Errors are ERROR_SANDBOX with the code
 * "plan-refused" and hold no value of a variable. The caller frees *plan with plan_free().
 */
int plan_parse(json_t *message, json_t *request, struct plan **plan, struct error **error);

/* The same for the answer of `teardown`: REMOVE steps only, no front. */
int plan_parse_teardown(json_t *message, struct plan **plan, struct error **error);

/* Frees a plan after overwriting the values and bytes in it. Sets *plan_pointer to NULL. */
void plan_free(struct plan **plan_pointer);
#define CLEANUP_PLAN __attribute__((cleanup(plan_free)))

/* Index of the step of this name, -1: none. */
ptrdiff_t plan_find_step(const struct plan *plan, const char *name);

/* The front, or NULL in a plan of `teardown`. */
const struct plan_step *plan_front(const struct plan *plan);

/* Whether a step may fail: a later one of its phase is there for that very case. */
bool plan_step_may_fail(const struct plan *plan, size_t step);

/* The words of the message for these values. */
const char *plan_phase_word(enum plan_phase phase);
const char *plan_limit_word(enum plan_limit limit);

/*
 * What holds of a limit that was asked for, host and plugin together: PLAN_BY_ENGINE, PLAN_BY_HOST,
 * PLAN_PARTIAL or PLAN_NOT; 0 when none was asked. *text (if not NULL) says how, what is missing or
 * why not; it lives as long as the plan.
 */
enum plan_verdict plan_limit_state(const struct plan *plan, enum plan_limit limit,
                                   const char **text);

/* Who enforces it, in one word: "engine", "cgroup", "rlimit", "partial" or "none"; NULL when none
 * was asked. */
const char *plan_limit_by(const struct plan *plan, enum plan_limit limit);

/* Whether it is set in a control group. */
bool plan_limit_grouped(const struct plan *plan, enum plan_limit limit);

/* Whether RLIMIT_NPROC is set on the located process, where it counts the server's own. */
bool plan_limits_processes(const struct plan *plan);

/* All limits that were asked for, as a list for `explain` and `ps`; NULL when out of memory. */
json_t *plan_limits_json(const struct plan *plan);

/*
 * Compares what was asked with what plugin and host can enforce. A strict limit that is partial or
 * cannot be enforced, and is not in `accept_partial` (names as in the servers file; ends with
 * NULL), is an ERROR_SANDBOX whose hint is the line that accepts it.
 */
int plan_check_limits(const struct plan *plan, const char *const *accept_partial,
                      struct error **error);

/*
 * Appends the plan as a commented POSIX shell script that runs once the variables that it names are
 * set. Every value of the server's environment is shown as "$NAME", wherever in the plan it stands;
 * of a secret file the description only: the script wants a variable with the path of such a file.
 */
int plan_explain(const struct plan *plan, struct buffer *out, struct error **error);

/* Lets both ways of explaining show one more value as "$NAME", which is a variable of the router's
 * environment: letters, digits and "_". Both are copied. */
int plan_hide(struct plan *plan, const char *name, const char *value, struct error **error);

/* The same as JSON, masked; the caller owns the reference. NULL when out of memory. */
json_t *plan_explain_json(const struct plan *plan);

#endif

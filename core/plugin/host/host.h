/* SPDX-License-Identifier: Apache-2.0 */
/* The host objects behind the plugin ABI: a verb is called, its answer comes out as JSON. */
#ifndef JAUAUTH_PLUGIN_HOST_H
#define JAUAUTH_PLUGIN_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <jauauth/plugin.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/*
 * This folder is pure: it never looks at the file system and runs nothing. Everything that a plugin
 * may learn of the machine goes through a `struct host_world`; the worker has the real one, tests
 * an invented one. It needs core/base, jansson and libsodium only. One call at a time and thread.
 */

/* What host_world.inspect_path tells; as struct jauauth_path. The texts are malloc()ed. */
struct host_path {
  uint32_t type; /* JAUAUTH_PATH_… */
  uint32_t mode;
  uint32_t user;
  uint32_t group;
  bool readable;
  bool writable;
  bool executable;
  uint64_t size;
  char *link;        /* NULL: no link */
  char *interpreter; /* NULL: none */
};

/* What host_world.run tells. The buffers are freed by the caller. */
struct host_run {
  int exit_code; /* -1: not ended by itself */
  int signal;    /* 0: none */
  bool timed_out;
  struct buffer output; /* at most HOST_RUN_OUTPUT bytes are used */
  struct buffer errors;
};

enum { HOST_RUN_OUTPUT = 64 * 1024 };

/* The machine as the plugin's account sees it. On failure the functions return -1 and *error, whose
 * errnum and code the plugin's error gets. Texts that they give are malloc()ed and freed by the
 * host. The contracts are those of struct jauauth_host. */
struct host_world {
  void *data; /* first argument of each */
  int (*find_program)(void *data, const char *name, const char *search, char **found,
                      struct error **error);
  int (*inspect_path)(void *data, const char *path, struct host_path *result, struct error **error);
  int (*real_path)(void *data, const char *path, char **real, struct error **error);
  /* `environment`: "NAME=value" that are added; ends with NULL; NULL: none. */
  int (*run)(void *data, const char *const *argv, const char *const *environment,
             uint32_t time_limit, struct host_run *result, struct error **error);
};

/* Whom the plans of the plugin run as. */
struct host_account {
  const char *name;
  uid_t user;
  gid_t group;
};

struct host_settings {
  const struct jauauth_plugin *plugin; /* as loader_check() gave it: complete and checked */
  const struct host_world *world;
  struct host_account account;
};

enum host_verb {
  HOST_INIT = 1,
  HOST_PROBE,
  HOST_VALIDATE,
  HOST_SPAWN,
  HOST_TEARDOWN,
  HOST_DIAGNOSE
};

/* "init", "probe", …, NULL for none of them; and back, 0 for an unknown word. */
const char *host_verb_name(enum host_verb verb);
enum host_verb host_verb_from_name(const char *name);

/*
 * Calls one verb of the plugin. `input` (borrowed, NULL counts as {}) has, as the verb needs them:
 *   "request"   validate, spawn: as in core/plugin/request.h
 *   "options"   validate, spawn: the typed options, as in core/plugin/request.h
 *   "host_options"  all: the typed options of the host file, in the same form
 *   "probed"    validate, spawn, teardown, diagnose: the last answer of `probe`, if there was one
 *   "instance"  teardown: text
 *   "kept"      teardown: object of texts
 *   "ending"    diagnose: as in registry_diagnose()
 * On success *answer is the answer in the form that core/plugin/registry.h gives for the verb (for
 * init {}), and the caller's. `diagnose` of a plugin that has none answers {}.
 *
 * On failure -1 and an ERROR_SANDBOX: the plugin's own error (its code, errno, text and hint; an
 * option in front of the text), or, with the code "plugin-bad-answer", the first thing that was
 * wrong in what it built: an answer is taken whole or not at all.
 */
int host_call(const struct host_settings *settings, enum host_verb verb, json_t *input,
              json_t **answer, struct error **error);

/* The table of host functions that plugins get. */
extern const struct jauauth_host host_vtable;

#endif

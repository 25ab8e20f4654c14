/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the registry share: its objects, and the answers that need no worker. */
#ifndef JAUAUTH_PLUGIN_REGISTRY_PARTS_H
#define JAUAUTH_PLUGIN_REGISTRY_PARTS_H

#include "core/plugin/registry.h"

#include "core/plugin/catalog.h"
#include "core/plugin/process.h"

struct call {
  struct call *next;
  const char *verb;
  json_t *message; /* what goes to the worker beside the verb */
  bool probe_failed;
  uint64_t
      not_before; /* a probe that found no engine must be younger than this call; 0: any does */
  registry_answer *answer;
  void *data;
};

struct plugin {
  struct plugin *next;
  struct registry *registry;
  char *name;
  const struct catalog_entry *entry; /* NULL: there is no such file */
  json_t *description;               /* NULL: not known yet */
  json_t *probe;                     /* the same */
  json_t *host_options;              /* typed, as soon as there is a description */
  struct error *misconfigured;       /* what is wrong with them; NULL: nothing */
  struct process *process;
  bool as_account;       /* the process has become the unprivileged account */
  int64_t asked_at;      /* when the probe was, in seconds of CLOCK_REALTIME */
  uint64_t probed_after; /* calls that were made before it */
  const char *under_way; /* the verb that the process works on; NULL: none */
  struct call *first;
  struct call *last;
};

struct registry {
  uv_loop_t *loop;
  uv_timer_t kick; /* brings calls that are answered at once to the loop */
  struct catalog catalog;
  char *worker_program;
  char *account_name;    /* NULL: there is none, or none is needed */
  char *state_directory; /* NULL: no probe is kept */
  bool refresh;
  bool is_root;
  uid_t account_user;
  gid_t account_group;
  unsigned milliseconds;
  json_t *host_options; /* as the host file has them; NULL: none */
  struct plugin *plugins;
  uint64_t calls;     /* made so far */
  unsigned processes; /* that are not gone yet */
  bool closing;
  bool kick_closed;
  void (*closed)(void *data);
  void *closed_data;
};

/* Takes the first call of the plugin out and answers it. `answer` and `error` are borrowed. */
void registry_finish(struct plugin *plugin, json_t *answer, const struct error *error);

/* The same with an error: one that names the plugin; that there is no such plugin; that there are
 * two; that its probe found no engine that can be used. `hint` may be NULL. */
void registry_refuse(struct plugin *plugin, const char *code, const char *text, const char *hint);
void registry_refuse_unknown(struct plugin *plugin);
void registry_refuse_double(struct plugin *plugin);
void registry_refuse_unavailable(struct plugin *plugin);

#endif

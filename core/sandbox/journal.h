/* SPDX-License-Identifier: Apache-2.0 */
/* The journals of routers: what has been started and is not known to be gone. */
#ifndef JAUAUTH_SANDBOX_JOURNAL_H
#define JAUAUTH_SANDBOX_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/*
 * A journal is a folder "journal/RANDOM" in the state directory, of mode 0700 and the router's own
 * account:
 *
 *   .router    locked (flock) by the router as long as it lives
 *   .keepers   locked by whoever still works on an entry: the router and each of its keepers have
 *              one open file of it
 *   .servers   what the router says about its servers, for `ps`
 *   INSTANCE   one entry for each instance
 *
 * A lock that can be had tells that its holders are dead; no pid is guessed from. An entry is there
 * before the first step of its instance, and is unlinked by the keeper when the last REMOVE step
 * has succeeded and no process is left. It holds no command and no secret: what has to be done to
 * clear it says the plugin's `teardown`. A file is replaced whole, so that a killed router leaves
 * no half.
 */

enum {
  JOURNAL_NAME_MAX = 64,
  JOURNAL_FILE_MAX = 64 * 1024,          /* bytes of an entry */
  JOURNAL_SERVERS_MAX = 4 * 1024 * 1024, /* of what a router says about its servers */
  JOURNAL_ENTRIES_MAX = 4096             /* as many are looked at */
};

/* --- Entries --- */

/* A process of this machine, as it is known since `boot`. pid 0: none. */
struct journal_process {
  pid_t pid;
  uint64_t start; /* see struct os_process_state */
};

struct journal_entry {
  char *instance; /* [a-z0-9-], at most JOURNAL_NAME_MAX bytes: the file's name */
  char *server;   /* its id in the servers file */
  char *plugin;
  char *account; /* whose name the steps run under; empty: the router's own */
  uid_t user;    /* and its number */
  json_t *keep;  /* object of texts, for `teardown` */
  char *boot;    /* os_boot_id() */
  char *machine; /* os_machine_id() */
  struct journal_process keeper;
  struct journal_process server_process; /* only where it descends from the front */
  json_t *groups;                        /* its control groups, array of folders; NULL: none */
  char *reason;                          /* why it could not be cleared; NULL: nobody has tried */
};

/* Fills `boot` and `machine`, and in the processes the start times. -1 when out of memory. */
int journal_entry_stamp(struct journal_entry *entry, struct error **error);

/* Reads an entry. It is foreign input: unknown members, wrong types, and an instance that is not
 * `name` refuse it, with an ERROR_FAILED "journal-entry" that says where. */
int journal_entry_parse(const char *text, size_t length, const char *name,
                        struct journal_entry *entry, struct error **error);

/* Appends it in the form that is parsed. */
void journal_entry_append(const struct journal_entry *entry, struct buffer *out);

void journal_entry_free(struct journal_entry *entry);
#define CLEANUP_ENTRY __attribute__((cleanup(journal_entry_free)))

/* --- Journals --- */

enum journal_holder {
  JOURNAL_OWN,  /* made by journal_make() */
  JOURNAL_LIVE, /* its router lives */
  JOURNAL_BUSY, /* its router has died, its keepers are still at work */
  JOURNAL_DEAD  /* nobody works on it */
};

struct journal {
  char *path; /* of the folder, for messages */
  char name[33];
  int root;      /* the folder of all journals */
  int directory; /* this one */
  int router;    /* the lock files */
  int keepers;
  enum journal_holder holder;
};

/* Makes a journal and locks it. */
int journal_make(const char *state_directory, struct journal *journal, struct error **error);

/* The names of all journals; none when nothing was ever written. The list ends with NULL; the
 * caller frees it with journal_names_free(). */
char **journal_names(const char *state_directory, struct error **error);

/*
 * Opens a journal of somebody else. With `take`, one that is free is locked until it is closed, so
 * that nobody else clears it; else it is only looked at. False when it is gone, or cannot be
 * opened: then *error is set.
 */
bool journal_open(const char *state_directory, const char *name, bool take, struct journal *journal,
                  struct error **error);

/* The names of the entries, as journal_names(). */
char **journal_entries(const struct journal *journal, struct error **error);
void journal_names_free(char ***names);
#define CLEANUP_NAMES __attribute__((cleanup(journal_names_free)))

/* False when it is gone, or cannot be read: then *error is set. */
bool journal_read(const struct journal *journal, const char *instance, struct journal_entry *entry,
                  struct error **error);
bool journal_has(const struct journal *journal, const char *instance);
int journal_write(const struct journal *journal, const struct journal_entry *entry,
                  struct error **error);
void journal_clear(const struct journal *journal, const char *instance);

/* What the router says about its servers; NULL when it says nothing that can be read. */
json_t *journal_read_servers(const struct journal *journal);
int journal_write_servers(const struct journal *journal, json_t *servers, struct error **error);

/* Unlocks it. One that is our own, or was taken, is removed when it has no entries any more.
 * Accepts one that could not be opened, and one that is closed. */
void journal_close(struct journal *journal);

#endif

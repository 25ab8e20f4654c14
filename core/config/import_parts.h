/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of taking over another program's file: what its source files share. */
#ifndef JAUAUTH_CONFIG_IMPORT_PARTS_H
#define JAUAUTH_CONFIG_IMPORT_PARTS_H

#include "core/config/import.h"
#include "core/config/server.h"
#include "core/json/scan.h"

/* --- What a server seems to be ------------------------------------------------------------------
 */

enum import_kind {
  IMPORT_FILES,  /* works on files that its arguments name */
  IMPORT_NETWORK /* talks to something over a network */
};

/* Where a rule looks: the program or package, an argument, the name of a variable. */
enum import_where { IMPORT_NAME, IMPORT_ARGUMENT, IMPORT_VARIABLE };

struct import_rule {
  const char *pattern; /* of fnmatch(3), in lower case; NULL ends the table */
  enum import_where where;
  enum import_kind kind;
};

extern const struct import_rule import_rules[];

/* Programs that run a file of code, and an image that has them; NULL: none is known. */
struct import_runtime {
  const char *program; /* pattern of fnmatch(3); NULL ends the table */
  const char *image;
};

extern const struct import_runtime import_runtimes[];

/* Files that stand at the top of a folder of code; ends with NULL. */
extern const char *const import_markers[];

/* --- One server ---------------------------------------------------------------------------------
 */

struct import_server {
  const struct import_settings *settings;
  struct json_slice value; /* the entry */
  const char *name;        /* as the file has it */
  bool own;                /* of a file in our own shape: its keys mean what they mean here */
  struct buffer members;   /* what goes into the new entry: `"key": value`, with commas */
  struct buffer kept;      /* likewise, what goes into its "imported" */
  json_t *fields;          /* for the report */
  json_t *reasons;         /* for the report */
  json_t *command;         /* program and arguments as they will be */
  json_t *variables;       /* names in "env" */
  json_t *sandbox;         /* proposed; NULL: the entry has one */
  char *directory;         /* "cwd", absolute; or NULL */
  char *aside;             /* why it is not taken over; NULL: it is */
  bool named;              /* has a "name" */
  bool boxed;              /* has a "sandbox" */
  bool failed;             /* out of memory */
};

/* Takes the entry apart. Afterwards `aside` says why it cannot be used, or `members` has all but
 * "id", "sandbox" and "imported". */
void import_server_read(struct import_server *server);

/* Fills in `sandbox` and `reasons`. `id`: of the new entry. */
void import_server_propose(struct import_server *server, const char *id);

void import_server_free(struct import_server *server);

/* Appends `"name": value` behind what is there. The name is plain text. */
void import_append_member(struct buffer *out, const char *name, const char *value, size_t length);

/* Adds to a report what became of a field. */
void import_report_field(json_t *fields, const char *field, const char *went, const char *text);

/* --- The target ---------------------------------------------------------------------------------
 */

/* The target while it is added to. Slices point into `text`. */
struct import_target {
  const char *text;
  size_t length;
  struct json_slice root;
  struct json_slice servers;  /* the list, or the object of the other shape */
  struct json_slice imported; /* empty: there is none */
  bool named;                 /* the other shape */
  struct buffer added;        /* new entries of `servers`, with commas */
  struct buffer members;      /* new members of the file */
  struct buffer aside;        /* new element of "imported" */
};

/* False and a problem when it is no servers file that can be added to. */
bool import_target_read(struct import_target *target, const struct buffer *text,
                        struct config_problems *problems);

/* Whether a server of it has this id, and whether the file has this member. */
bool import_target_has_server(const struct import_target *target, const char *id);
bool import_target_has_member(const struct import_target *target, const char *name);

/* Adds an entry, whose members (without an id) are given. */
void import_target_add(struct import_target *target, const char *id, const struct buffer *members);

/* Appends the whole new text. To be called once. */
void import_target_append(struct import_target *target, struct buffer *out);

void import_target_free(struct import_target *target);

#endif

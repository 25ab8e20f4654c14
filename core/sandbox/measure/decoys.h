/* SPDX-License-Identifier: Apache-2.0 */
/* What is planted around a sandbox for a canary to find, and taken away again. */
#ifndef JAUAUTH_SANDBOX_MEASURE_DECOYS_H
#define JAUAUTH_SANDBOX_MEASURE_DECOYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"

enum decoy_place { DECOY_TMP, DECOY_HOME, DECOY_STATE, DECOY_PLACES };

enum { DECOY_FOLDERS_MAX = 16 };

/* All of one measurement. Texts are owned. */
struct decoys {
  char random[33];             /* in all names */
  char *marker;                /* a variable of this process's environment */
  char *expected;              /* how a planted file begins */
  char *files[DECOY_PLACES];   /* planted files; NULL: there is no such place, or it is closed */
  char *sockets[DECOY_PLACES]; /* of which this process listens */
  char *abstract;              /* the abstract socket, likewise */
  char *folders[DECOY_FOLDERS_MAX]; /* in which the canary may try to make a file */
  char *made[DECOY_FOLDERS_MAX];    /* and which that would be */
  size_t folder_count;
  char *setuid;   /* a copy of the canary of root's, setuid; NULL: only root can make one */
  unsigned port;  /* of the loopback, on which this process listens; 0: none */
  int memory_key; /* of System V shared memory, 0: none */
  int memory;
  long key; /* serial number of a key of the session's keyring, 0: none */
  char *key_name;
  int pipe[2];                       /* that is not closed at exec(2) */
  int descriptors[DECOY_PLACES + 2]; /* of listeners */
  size_t descriptor_count;
  char *record; /* name of the file in which all of this is noted */
  int folder;   /* where that is */
  int lock;
};

/* What `home` is: a place of the user's that is planted in. NULL: none. */
struct decoys_settings {
  const char *state_directory;
  const char *home;
  const char *canary;
};

/*
 * Plants all of it. What must outlive no crash is noted first in "measured/planted-RANDOM" of the
 * state directory, which is locked until decoys_remove(). What cannot be planted is left out. -1
 * and *error when nothing can be noted.
 */
int decoys_plant(struct decoys *decoys, const struct decoys_settings *settings,
                 struct error **error);

/* Takes all of it away, also what the canary has made. Accepts a zeroed one. */
void decoys_remove(struct decoys *decoys);

/* Takes away what an earlier process has noted, if it does not live any more. */
void decoys_clear(const char *state_directory);

#endif

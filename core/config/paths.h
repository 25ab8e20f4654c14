/* SPDX-License-Identifier: Apache-2.0 */
/* Where the configuration files are looked for, and where state is kept. */
#ifndef JAUAUTH_CONFIG_PATHS_H
#define JAUAUTH_CONFIG_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* What was asked and where we are; nothing here is read from the process itself. */
struct config_paths_settings {
  const char *host_option;        /* --config, or NULL */
  const char *servers_option;     /* --servers, or NULL */
  const char *const *environment; /* "NAME=value"; ends with NULL */
  uid_t user;                     /* who runs jauauth; 0: no directory of a user is looked at */
};

enum config_path_origin {
  CONFIG_PATH_OPTION, /* named on the command line: the only place then */
  CONFIG_PATH_USER,   /* $XDG_CONFIG_HOME/jauauth, else ~/.config/jauauth */
  CONFIG_PATH_SYSTEM  /* the system's configuration directory */
};

enum { CONFIG_PLACES_MAX = 2 };

struct config_place {
  char *path;
  enum config_path_origin origin;
  bool exists; /* something is there; whether it can be read and trusted shows at the reading */
};

/* The places of one file, in the order in which they are looked at. */
struct config_places {
  struct config_place places[CONFIG_PLACES_MAX];
  size_t count;
  const char *found; /* the first that exists, or the one named by an option; NULL: none. Borrowed
                        from `places` */
};

struct config_paths {
  struct config_places host;    /* "jauauth.conf" */
  struct config_places servers; /* "servers.json" */
  char *state_directory;        /* where state is kept unless the host file names a place: as root
                                   the system's, else $XDG_STATE_HOME/jauauth or
                                   ~/.local/state/jauauth; NULL when there is no home either */
  char *data_directory; /* where packages are installed unless the host file names a place for
                           state: as root the system's, else $XDG_DATA_HOME/jauauth or
                           ~/.local/share/jauauth; NULL as above */
};

/*
 * Looks for both files. A user's directory counts only when it is absolute (XDG Base Directory
 * Specification); without HOME the home is that of the password file. What cannot be looked at for
 * another reason than that it is missing counts as existing, so that it is not silently passed
 * over. The caller frees *paths with config_paths_free(). -1 when out of memory.
 */
int config_paths_find(const struct config_paths_settings *settings, struct config_paths *paths,
                      struct error **error);

/* Sets an ERROR_CONFIG that names the places of the servers file that were searched, with a
 * smallest file as the hint. Returns -1. */
int config_paths_no_servers(const struct config_paths *paths, struct error **error);

/* Appends a line for each place, for `config paths`: which file, where, and whether it is there. */
void config_paths_append_text(const struct config_paths *paths, struct buffer *out);

/* {"host": [{"path","origin":"option|user|system","exists"}], "servers": […], "state", "data"}; the
 * caller owns the reference. NULL when out of memory. */
json_t *config_paths_json(const struct config_paths *paths);

void config_paths_free(struct config_paths *paths);
#define CLEANUP_CONFIG_PATHS __attribute__((cleanup(config_paths_free)))

#endif

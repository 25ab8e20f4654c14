/* SPDX-License-Identifier: Apache-2.0 */
/* The image: the plan in the compact binary form that a keeper executes. */
#ifndef JAUAUTH_SANDBOX_IMAGE_H
#define JAUAUTH_SANDBOX_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Form, in the byte order of the machine (an image never leaves it); u32 and u64 are not aligned,
 * a text is a u32 length without its NUL, the bytes, and a NUL:
 *
 *   u32 magic, u32 version, u32 length of all, u32 length of the first section
 *   first section, needed to the end:
 *     u32 flags, u32 user, u32 group, u32 count, count × u32 supplementary groups
 *     u32 count, count × limit {u32 resource, u32 where, u64 value}
 *     u32 count, count × rung {u32 kind, u32 milliseconds, u32 signal, u32 target, u32 step}
 *     u32 locate, text member, u32 step, u32 children
 *     steps of the phases stop, after, remove
 *     u32 count, count × text: folders of control groups
 *     u32 count, count × text: what is written into them: group, file and value in turn
 *   second section, forgotten once the server runs:
 *     steps of the phases prepare, before, front, locate
 *
 * and a list of steps is
 *   u32 count, count × step {u32 length of what follows, u32 id, u32 phase, u32 time limit,
 *     u32 capture, u32 id that must have failed, text name, text program, text directory,
 *     u32 count, arguments with argv[0], u32 count, "NAME=value" texts,
 *     u32 count, count × file {u32 kind, u32 length, bytes}}
 *
 * The reader believes nothing: image_open() checks every length, count and word, so that the other
 * functions cannot fail afterwards. Readers use no heap and nothing but libc.
 */

enum {
  IMAGE_MAGIC = 0x314d494a, /* "JIM1" in a little-endian file */
  IMAGE_VERSION = 3,
  IMAGE_STEPS_MAX = 64,
  IMAGE_LIMITS_MAX = 16,
  IMAGE_RUNGS_MAX = 32,
  IMAGE_CONTROL_GROUPS_MAX = 8,
  IMAGE_GROUP_SETTINGS_MAX = 16,
  IMAGE_FILES_MAX = 32,
  IMAGE_BYTES_MAX = 32 * 1024 * 1024,
  IMAGE_NONE = 0xffff /* instead of the id of a step */
};

/* Flags. */
enum {
  IMAGE_OWN_TREE = 1,      /* the server descends from the front */
  IMAGE_SETUID_ENGINE = 2, /* no_new_privs stays off */
  IMAGE_IDENTITY = 4       /* steps run as user and group instead of the keeper's own */
};

enum image_phase {
  IMAGE_PREPARE = 1,
  IMAGE_BEFORE,
  IMAGE_FRONT,
  IMAGE_LOCATE,
  IMAGE_AFTER,
  IMAGE_REMOVE,
  IMAGE_STOP
};
enum image_file { IMAGE_FILE = 1, IMAGE_STATUS, IMAGE_GATE };
enum image_rung { IMAGE_CLOSE_STDIN = 1, IMAGE_WAIT, IMAGE_SIGNAL, IMAGE_RUN };
enum image_target { IMAGE_TARGET_FRONT = 1, IMAGE_TARGET_LOCATED, IMAGE_TARGET_TREE };
enum image_locate { IMAGE_BY_FRONT = 1, IMAGE_BY_STATUS, IMAGE_BY_OUTPUT, IMAGE_REMOTE };

/* Where a limit is set; a sum of both is possible. */
enum { IMAGE_LIMIT_FRONT = 1, IMAGE_LIMIT_LOCATED = 2 };

struct image_limit {
  uint32_t resource; /* RLIMIT_… */
  uint32_t where;
  uint64_t value; /* soft and hard; never raised above what there is */
};

struct image_ladder {
  uint32_t kind; /* enum image_rung */
  uint32_t milliseconds;
  uint32_t signal;
  uint32_t target;
  uint32_t step;
};

/* A run of texts inside the image; see image_next_text(). */
struct image_texts {
  const unsigned char *at;
  uint32_t count;
};

struct image_files {
  const unsigned char *at;
  uint32_t count;
};

struct image_step {
  uint32_t id; /* index of the step in the plan */
  uint32_t phase;
  uint32_t time_limit; /* milliseconds, 0: none */
  uint32_t capture;    /* bytes */
  uint32_t if_failed;  /* id, or IMAGE_NONE */
  const char *name;
  const char *program;
  const char *directory;
  struct image_texts arguments;
  struct image_texts environment;
  struct image_files files;
};

struct image_steps {
  const unsigned char *at;
  uint32_t count;
};

/* Everything points into the bytes that were opened. */
struct image {
  uint32_t flags;
  uint32_t user;
  uint32_t group;
  uint32_t group_count;
  const unsigned char *groups; /* unaligned u32 */
  uint32_t limit_count;
  struct image_limit limits[IMAGE_LIMITS_MAX];
  uint32_t rung_count;
  struct image_ladder rungs[IMAGE_RUNGS_MAX];
  uint32_t locate; /* enum image_locate */
  const char *locate_member;
  uint32_t locate_step; /* id, or IMAGE_NONE */
  uint32_t locate_children;
  /* These are made and the front is put into them before it is executed; they are removed at the
   * end. */
  struct image_texts control_groups;
  /* Group, file, value and so on. A file whose name begins with '?' need not be there. */
  struct image_texts group_settings;
  struct image_steps late;  /* stop, after, remove */
  struct image_steps early; /* prepare, before, front, locate; empty after image_keep_late() */
};

/* Reads and checks. On failure returns NULL in place of a fault: a static text that says what is
 * wrong; NULL is success. */
const char *image_open(struct image *image, const void *bytes, size_t length);

/* How many bytes of an image that was opened are still needed once the server runs. */
size_t image_late_length(const void *bytes);

/* Copies these to `room` (image_late_length() of them) and opens the copy. */
void image_keep_late(struct image *image, const void *bytes, void *room);

/* The next step of a list; false behind the last. `steps` is a copy of image.late or .early. */
bool image_next_step(struct image_steps *steps, struct image_step *step);

/* Finds a step by its id in both lists. */
bool image_find_step(const struct image *image, uint32_t id, struct image_step *step);

/* The next text of a run, NULL behind the last. */
const char *image_next_text(struct image_texts *texts);

/* The next file; false behind the last. */
bool image_next_file(struct image_files *files, uint32_t *kind, const void **bytes,
                     uint32_t *length);

uint32_t image_group(const struct image *image, uint32_t index);

#endif

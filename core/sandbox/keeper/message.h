/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper and the router tell each other over their control socket. */
#ifndef JAUAUTH_SANDBOX_KEEPER_MESSAGE_H
#define JAUAUTH_SANDBOX_KEEPER_MESSAGE_H

#include <stdint.h>

/*
 * The keeper is started with exactly these descriptors: the server's stdin to read, stdout and
 * stderr to write, the control socket (SOCK_SEQPACKET), the sealed image. Its argument is the
 * server's id, for ps(1); "--without=LIST" in front of it is os_without(). With
 * "--journal=INSTANCE" there are two more descriptors: the folder of the router's journal, in which
 * the keeper unlinks the entry of this name when nothing of the instance is left, and a file that
 * is locked as long as any keeper has it open.
 *
 * From the router comes KEEPER_STOP, or the end of file, which means that the router has died. To
 * the router go datagrams of one struct keeper_message and text behind it. The last one is
 * KEEPER_ENDED; a keeper that ends without it was killed.
 */

#define KEEPER_STOP "stop"

enum {
  KEEPER_CONTROL = 3,
  KEEPER_IMAGE = 4,
  KEEPER_JOURNAL = 5,
  KEEPER_LOCK = 6,
  KEEPER_DATAGRAM_MAX = 64 * 1024 + 256
};

enum keeper_kind {
  KEEPER_STARTED = 1,   /* value: pid of the server's first process, 0: not on this machine */
  KEEPER_STATUS,        /* text: a line of the front's status descriptor */
  KEEPER_FAILED,        /* step; flags: how; value: wait status or errno; text: start of its stderr,
                           or what could not be done */
  KEEPER_OUTPUT,        /* step; value: exit code, -1: killed; text: what it printed */
  KEEPER_FAULT,         /* text: why the start was given up; value: an errno value or 0 */
  KEEPER_COUNTED,       /* flags: what; value: how often */
  KEEPER_GROUP_REMAINS, /* text: a control group that could not be removed */
  KEEPER_REMAINS,       /* value: pid of a process that could not be ended */
  KEEPER_ENDED          /* flags; value: wait status of the front */
};

enum {
  /* of KEEPER_FAILED */
  KEEPER_NOT_RUN = 1, /* value is an errno value */
  KEEPER_TIMED_OUT = 2,
  /* of KEEPER_COUNTED */
  KEEPER_MEMORY_KILLS = 16,  /* processes that the kernel has killed for the limit of memory */
  KEEPER_PIDS_REFUSALS = 32, /* processes that were not made for the limit of processes */
  /* of KEEPER_ENDED */
  KEEPER_FRONT_RAN = 4, /* else there is no wait status */
  KEEPER_LET_GO = 8     /* the server's program had been let go */
};

struct keeper_message {
  uint32_t kind;
  uint32_t flags;
  uint32_t step; /* its index in the plan */
  int32_t value;
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* When a server is started, started again, parked and stopped: the policy without a clock. */
#ifndef JAUAUTH_MCP_LIFE_H
#define JAUAUTH_MCP_LIFE_H

#include <stdbool.h>
#include <stdint.h>

/* Times are milliseconds of any clock that only goes forward. */
#define LIFE_NEVER UINT64_MAX

/* All 0: started at once, never again, never stopped. */
struct life_settings {
  bool lazy;             /* started by the first call, where its tools are known */
  unsigned idle_stop_ms; /* stopped after so long without a call; 0: never */
  unsigned crash_limit;  /* parked after so many ends in a row; 0 is 1 */
  unsigned backoff_ms;   /* before the first restart; twice as long before each further one */
  unsigned backoff_most; /* but never longer than this */
  unsigned steady_ms;    /* a run of this length was no crash: counting begins anew */
  unsigned parked_ms;    /* so long is it parked; then the next call tries it once; 0: for ever */
};

/* What life_settings a router gives its servers that are not said to be otherwise. */
#define LIFE_DEFAULTS                                                                              \
  {                                                                                                \
    .crash_limit = 5, .backoff_ms = 250, .backoff_most = 30000, .steady_ms = 60000,                \
    .parked_ms = 60000                                                                             \
  }

/* How it failed. */
enum life_failure {
  LIFE_ENDED,
  LIFE_HOPELESS, /* it could not be started at all, and would not be a moment later */
  LIFE_WAITS     /* the same, but what keeps it from starting may go away by itself */
};

struct life {
  struct life_settings settings;
  unsigned crashes;   /* in a row */
  unsigned waits;     /* LIFE_WAITS in a row; it has not served since */
  unsigned restarts;  /* starts after a failure */
  bool called;        /* since it was started */
  uint64_t since;     /* when it was started last */
  uint64_t start_due; /* LIFE_NEVER: nothing asks for it */
  uint64_t idle_due;  /* when it is stopped unless a call comes; LIFE_NEVER: it is not */
  uint64_t free_at;   /* parked until then; 0: not parked */
};

void life_init(struct life *life, const struct life_settings *settings);

/* The process is started now. */
void life_starts(struct life *life, uint64_t now);

/* It serves, and its tools are known. A lazy one that nobody has called was started for its tools
 * only, and is idle at once. */
void life_serves(struct life *life, uint64_t now);

/* A call was sent to it, or has ended. */
static inline void life_used(struct life *life, uint64_t now)
{
  life->called = true;
  if (life->settings.idle_stop_ms != 0)
    life->idle_due = now + life->settings.idle_stop_ms;
  else
    life->idle_due = LIFE_NEVER;
}

/*
 * It has ended and nobody has asked it to. `random` (any number) spreads the restarts of servers
 * that died together over the second half of the pause. True when it is parked, else start_due says
 * when it is started again. What waits is parked, and start_due says when it is tried again.
 */
bool life_fails(struct life *life, uint64_t now, uint32_t random, enum life_failure failure);

/* It was stopped because it was idle. */
void life_stops(struct life *life);

/* Somebody calls it while it does not run. True when it is, or will be, started for that. */
bool life_calls(struct life *life, uint64_t now);

#endif

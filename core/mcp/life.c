/* SPDX-License-Identifier: Apache-2.0 */
/* When a server is started, started again, parked and stopped: the policy without a clock. */
#include "core/mcp/life.h"

void life_init(struct life *life, const struct life_settings *settings)
{
  *life = (struct life){.settings = *settings, .start_due = LIFE_NEVER, .idle_due = LIFE_NEVER};
}

void life_starts(struct life *life, uint64_t now)
{
  if (life->crashes > 0)
    life->restarts++;
  life->called = false;
  life->since = now;
  life->start_due = life->idle_due = LIFE_NEVER;
  life->free_at = 0;
}

void life_serves(struct life *life, uint64_t now)
{
  life->waits = 0;
  bool for_tools_only = life->settings.lazy && !life->called;
  if (for_tools_only)
    life->idle_due = now;
  else if (life->settings.idle_stop_ms != 0)
    life->idle_due = now + life->settings.idle_stop_ms;
}

static void park(struct life *life, uint64_t now)
{
  unsigned span = life->settings.parked_ms;
  life->free_at = span == 0 ? LIFE_NEVER : now + span;
}

/* After so many failures: between half of the pause and all of it. */
static uint64_t pause_of(const struct life *life, unsigned failures, uint32_t random)
{
  uint64_t span = life->settings.backoff_ms;
  for (unsigned i = 1; i < failures && span < life->settings.backoff_most; i++)
    span *= 2;
  if (span > life->settings.backoff_most)
    span = life->settings.backoff_most;
  return span - (span / 2 * random >> 32);
}

bool life_fails(struct life *life, uint64_t now, uint32_t random, enum life_failure failure)
{
  life->idle_due = life->start_due = LIFE_NEVER;
  if (failure == LIFE_WAITS && life->settings.backoff_ms != 0) {
    life->waits++;
    life->start_due = life->free_at = now + pause_of(life, life->waits, random);
    return true;
  }
  if (now - life->since >= life->settings.steady_ms && life->settings.steady_ms != 0)
    life->crashes = 0;
  life->crashes++;
  if (failure != LIFE_ENDED || life->crashes >= life->settings.crash_limit) {
    park(life, now);
    return true;
  }
  life->start_due = now + pause_of(life, life->crashes, random);
  return false;
}

void life_stops(struct life *life)
{
  life->start_due = life->idle_due = LIFE_NEVER;
  life->crashes = 0;
}

bool life_calls(struct life *life, uint64_t now)
{
  if (now < life->free_at)
    return false;
  if (life->start_due == LIFE_NEVER)
    life->start_due = now;
  return true;
}

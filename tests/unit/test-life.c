/* SPDX-License-Identifier: Apache-2.0 */
/* When servers are started, started again, parked and stopped; no clock is needed. */
#include "core/mcp/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct life_settings usual = {
    .crash_limit = 4, .backoff_ms = 100, .backoff_most = 300, .steady_ms = 1000, .parked_ms = 5000};

static void test_backoff(void **state)
{
  (void)state;
  struct life life;
  life_init(&life, &usual);
  life_starts(&life, 10);
  assert_int_equal(life.restarts, 0);
  /* Twice as long each time, but not longer than the most; at least half of it. */
  static const uint64_t spans[] = {100, 200, 300};
  for (unsigned i = 0; i < 3; i++) {
    struct life other = life;
    assert_false(life_fails(&other, 10, UINT32_MAX, LIFE_ENDED));
    assert_in_range(other.start_due, 10 + spans[i] / 2, 10 + spans[i] / 2 + 1);
    other = life;
    assert_false(life_fails(&other, 10, UINT32_MAX / 2 + 1, LIFE_ENDED));
    assert_int_equal(other.start_due, 10 + spans[i] * 3 / 4);
    assert_false(life_fails(&life, 10, 0, LIFE_ENDED));
    assert_int_equal(life.start_due, 10 + spans[i]);
    life_starts(&life, 10);
    assert_int_equal(life.start_due, LIFE_NEVER);
    assert_int_equal(life.restarts, i + 1);
  }
  assert_true(life_fails(&life, 10, 0, LIFE_ENDED));
  assert_int_equal(life.start_due, LIFE_NEVER);
  assert_int_equal(life.crashes, 4);
}

static void test_large_numbers(void **state)
{
  (void)state;
  struct life life;
  struct life_settings settings = {.crash_limit = 200, .backoff_ms = 1, .backoff_most = UINT32_MAX};
  life_init(&life, &settings);
  for (unsigned i = 0; i < 199; i++) {
    life_starts(&life, 0);
    assert_false(life_fails(&life, 0, UINT32_MAX, LIFE_ENDED));
    assert_in_range(life.start_due, 0, UINT32_MAX);
  }
  assert_true(life.start_due >= UINT32_MAX / 2);
}

static void test_steady(void **state)
{
  (void)state;
  struct life life;
  life_init(&life, &usual);
  for (unsigned i = 0; i < 20; i++) {
    uint64_t now = UINT64_C(10000) * i;
    life_starts(&life, now);
    assert_false(life_fails(&life, now + 1000, 0, LIFE_ENDED));
    assert_int_equal(life.crashes, 1);
    assert_int_equal(life.start_due, now + 1100);
  }
}

static void test_parked(void **state)
{
  (void)state;
  struct life life;
  life_init(&life, &usual);
  life_starts(&life, 0);
  for (unsigned i = 0; i < 3; i++)
    assert_false(life_fails(&life, 0, 0, LIFE_ENDED));
  assert_true(life_fails(&life, 0, 0, LIFE_ENDED));
  /* Calls are refused for a while; then one tries it once. */
  assert_false(life_calls(&life, 4999));
  assert_int_equal(life.start_due, LIFE_NEVER);
  assert_true(life_calls(&life, 5000));
  assert_int_equal(life.start_due, 5000);
  life_starts(&life, 5000);
  assert_true(life_fails(&life, 5001, 0, LIFE_ENDED));
  assert_false(life_calls(&life, 10000));
  assert_true(life_calls(&life, 10001));
  /* And when that goes well, it is a server as any other. */
  life_starts(&life, 10001);
  assert_false(life_fails(&life, 11001, 0, LIFE_ENDED));
  assert_int_equal(life.crashes, 1);
}

static void test_hopeless(void **state)
{
  (void)state;
  struct life life;
  life_init(&life, &usual);
  life_starts(&life, 0);
  assert_true(life_fails(&life, 0, 0, LIFE_HOPELESS));
  assert_false(life_calls(&life, 1));
  assert_true(life_calls(&life, 5000));
}

static void test_waits(void **state)
{
  (void)state;
  struct life life;
  life_init(&life, &usual);
  /* Parked, and tried again by itself, for ever; calls do not bring it forward. */
  static const uint64_t spans[] = {100, 200, 300, 300, 300, 300};
  for (unsigned i = 0; i < 6; i++) {
    life_starts(&life, 10);
    assert_true(life_fails(&life, 10, 0, LIFE_WAITS));
    assert_int_equal(life.start_due, 10 + spans[i]);
    assert_false(life_calls(&life, 9 + spans[i]));
    assert_int_equal(life.start_due, 10 + spans[i]);
    assert_true(life_calls(&life, 10 + spans[i]));
  }
  /* None of that was a crash, and it is forgotten once it serves. */
  assert_int_equal(life.restarts, 0);
  life_starts(&life, 400);
  life_serves(&life, 400);
  assert_false(life_fails(&life, 400, 0, LIFE_ENDED));
  assert_int_equal(life.start_due, 500);
  life_starts(&life, 500);
  assert_true(life_fails(&life, 500, 0, LIFE_WAITS));
  assert_int_equal(life.start_due, 600);
}

static void test_unsupervised(void **state)
{
  (void)state;
  struct life life;
  life_init(&life, &(struct life_settings){0});
  life_starts(&life, 0);
  life_serves(&life, 0);
  life_used(&life, 0);
  assert_int_equal(life.idle_due, LIFE_NEVER);
  assert_true(life_fails(&life, 1000000, 0, LIFE_ENDED));
  assert_false(life_calls(&life, UINT64_MAX - 1));
  assert_true(life_fails(&life, 1000000, 0, LIFE_WAITS));
  assert_int_equal(life.start_due, LIFE_NEVER);
}

static void test_idle(void **state)
{
  (void)state;
  struct life life;
  struct life_settings settings = usual;
  settings.idle_stop_ms = 50;
  life_init(&life, &settings);
  life_starts(&life, 0);
  assert_int_equal(life.idle_due, LIFE_NEVER);
  life_serves(&life, 10);
  assert_int_equal(life.idle_due, 60);
  life_used(&life, 40);
  assert_int_equal(life.idle_due, 90);
  life_stops(&life);
  assert_int_equal(life.idle_due, LIFE_NEVER);
  assert_int_equal(life.start_due, LIFE_NEVER);
  assert_true(life_calls(&life, 100));
  assert_int_equal(life.start_due, 100);
  /* A second call does not put it off. */
  assert_true(life_calls(&life, 120));
  assert_int_equal(life.start_due, 100);
}

static void test_lazy(void **state)
{
  (void)state;
  struct life life;
  struct life_settings settings = usual;
  settings.lazy = true;
  life_init(&life, &settings);
  /* Started for its tools only. */
  life_starts(&life, 0);
  life_serves(&life, 10);
  assert_int_equal(life.idle_due, 10);
  life_used(&life, 10);
  assert_int_equal(life.idle_due, LIFE_NEVER);
  /* Started by a call that is forwarded before its tools are known. */
  life_starts(&life, 20);
  life_used(&life, 25);
  life_serves(&life, 30);
  assert_int_equal(life.idle_due, LIFE_NEVER);
  /* A stop is no crash. */
  life_stops(&life);
  assert_int_equal(life.crashes, 0);
}

/* A call waits through the pauses of restarts, and does not shorten them. */
static void test_call_in_pause(void **state)
{
  (void)state;
  struct life life;
  life_init(&life, &usual);
  life_starts(&life, 0);
  assert_false(life_fails(&life, 0, 0, LIFE_ENDED));
  assert_true(life_calls(&life, 1));
  assert_int_equal(life.start_due, 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_backoff),      cmocka_unit_test(test_large_numbers),
      cmocka_unit_test(test_steady),       cmocka_unit_test(test_parked),
      cmocka_unit_test(test_hopeless),     cmocka_unit_test(test_waits),
      cmocka_unit_test(test_unsupervised), cmocka_unit_test(test_idle),
      cmocka_unit_test(test_lazy),         cmocka_unit_test(test_call_in_pause),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

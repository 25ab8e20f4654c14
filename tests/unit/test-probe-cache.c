/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of probes that are kept, and everything that makes them worthless. */
#include "core/plugin/probe_cache.h"

#include "core/base/cleanup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/probe-cache-XXXXXX";
static char engine[64], plugin[64], socket_path[64], kept[64];
static struct probe_subject subject;

static void write_text(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
  (void)state;
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(engine, sizeof engine, "%s/engine", folder);
  snprintf(plugin, sizeof plugin, "%s/plugin.so", folder);
  snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
  snprintf(kept, sizeof kept, "%s/cache/probe-cage-%u.json", folder, (unsigned)geteuid());
  subject = (struct probe_subject){
      .directory = folder, .name = "cage", .file = plugin, .user = geteuid(), .group = getegid()};
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command); /* NOLINT(cert-env33-c): a folder of this test's own making */
}

static json_t *answer_of(const char *state)
{
  return json_pack("{s:s, s:{s:s}, s:[s]}", "state", state, "engine", "path", engine, "watched",
                   socket_path);
}

/* Long after everything was written. */
static void store(const char *state)
{
  json_t *answer = answer_of(state);
  probe_cache_store(&subject, answer, time(NULL) + 1000);
  json_decref(answer);
}

static void renew(void)
{
  write_text(engine, "engine");
  write_text(plugin, "plugin");
  unlink(socket_path);
  store("available");
}

static bool holds(void)
{
  json_t *answer = probe_cache_load(&subject);
  json_t *expected = answer_of("available");
  bool same = answer != NULL;
  if (same)
    assert_true(json_equal(answer, expected));
  json_decref(answer);
  json_decref(expected);
  return same;
}

static void test_kept(void **state)
{
  (void)state;
  assert_false(holds());
  renew();
  assert_true(holds());
  assert_true(holds());
  struct stat status;
  assert_int_equal(stat(kept, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  probe_cache_forget(&subject);
  assert_false(holds());
}

/* Who repairs an engine sees it, and what has broken is not said to work any more. */
static void test_only_available(void **state)
{
  (void)state;
  static const char *const states[] = {"unavailable", "degraded"};
  for (size_t i = 0; i < 2; i++) {
    renew();
    store(states[i]);
    assert_int_equal(access(kept, F_OK), -1);
    assert_false(holds());
  }
}

static void test_files(void **state)
{
  (void)state;
  const char *const paths[] = {engine, plugin};
  for (size_t i = 0; i < 2; i++) {
    renew();
    write_text(paths[i], "longer than before");
    assert_false(holds());
    renew();
    unlink(paths[i]);
    assert_false(holds());
    renew();
    assert_int_equal(chmod(paths[i], 0755), 0);
    assert_false(holds());
  }
  renew();
  write_text(socket_path, "");
  assert_false(holds());
  /* The same bytes in another file. */
  char other[72];
  snprintf(other, sizeof other, "%s.new", engine);
  renew();
  write_text(other, "engine");
  assert_int_equal(rename(other, engine), 0);
  assert_false(holds());
}

/* A file that has changed while the probe was made: nobody knows which one it saw. */
static void test_changed_meanwhile(void **state)
{
  (void)state;
  renew();
  json_t *answer = answer_of("available");
  probe_cache_store(&subject, answer, time(NULL));
  json_decref(answer);
  assert_false(holds());
}

static void test_subject(void **state)
{
  (void)state;
  renew();
  struct probe_subject own = subject;
  subject.host_options = json_pack("{s:s}", "context", "far");
  assert_false(holds());
  store("available");
  assert_true(holds());
  json_decref(subject.host_options);
  subject = own;
  assert_false(holds());
  renew();
  subject.user = own.user + 1;
  assert_false(holds());
  subject = own;
  subject.name = "other";
  assert_false(holds());
  subject = own;
  assert_true(holds());
  subject.directory = NULL;
  assert_false(holds());
  store("available");
  subject = own;
}

static void test_bad_files(void **state)
{
  (void)state;
  static const char *const texts[] = {"",
                                      "{",
                                      "null",
                                      "[]",
                                      "{\"context\":1}",
                                      "true",
                                      "{\"a\":{}}",
                                      "\xff\xfe",
                                      "{\"context\":\"\",\"watched\":{},\"answer\":{}}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    renew();
    write_text(kept, texts[i]);
    assert_false(holds());
  }
  /* What the kept file says is watched is not trusted to be a path. */
  renew();
  json_t *all = json_load_file(kept, 0, NULL);
  assert_int_equal(
      json_object_set_new(json_object_get(all, "watched"), "relative", json_string("x")), 0);
  assert_int_equal(json_dump_file(all, kept, 0), 0);
  json_decref(all);
  assert_false(holds());
  /* A link is not followed. */
  char other[72];
  snprintf(other, sizeof other, "%s.other", kept);
  renew();
  assert_int_equal(rename(kept, other), 0);
  assert_int_equal(symlink(other, kept), 0);
  assert_false(holds());
  /* A folder that others can write is nobody's. */
  char cache[64];
  snprintf(cache, sizeof cache, "%s/cache", folder);
  unlink(kept);
  renew();
  assert_true(holds());
  assert_int_equal(chmod(cache, 0777), 0);
  assert_false(holds());
  assert_int_equal(chmod(cache, 0700), 0);
  assert_true(holds());
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kept),    cmocka_unit_test(test_only_available),
      cmocka_unit_test(test_files),   cmocka_unit_test(test_changed_meanwhile),
      cmocka_unit_test(test_subject), cmocka_unit_test(test_bad_files),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}

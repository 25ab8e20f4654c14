/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: how they are asked for, which limits they hold, which paths are taken for one. */
#include "core/base/cleanup.h"
#include "core/os/group.h"
#include "core/sandbox/groups.h"
#include "core/sandbox/journal.h"
#include "tests/unit/plan-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The command as it was checked against the manuals of busctl(1) and org.freedesktop.systemd1(5).
 */
static void test_scope_command(void **state)
{
  (void)state;
  static const char expected[] =
      "/usr/bin/busctl --user --quiet call org.freedesktop.systemd1 /org/freedesktop/systemd1 "
      "org.freedesktop.systemd1.Manager StartTransientUnit ssa(sv)a(sa(sv)) jauauth-4711.scope "
      "fail 3 PIDs au 1 4711 Delegate b true CollectMode s inactive-or-failed 0 ";
  struct groups_scope scope;
  CLEANUP_BUFFER struct buffer line = {0};
  groups_scope_command(&scope, "/usr/bin/busctl", 4711, false);
  for (size_t i = 0; scope.arguments[i] != NULL; i++)
    buffer_append_format(&line, "%s ", scope.arguments[i]);
  assert_string_equal(line.data, expected);
  groups_scope_command(&scope, "/usr/bin/busctl", 1, true);
  assert_string_equal(scope.arguments[1], "--system");
}

static struct plan *limited_plan(const char *tree)
{
  struct draft draft = draft_new("serve", NULL);
  draft_step(&draft, "front", "run", "/usr/bin/engine", DRAFT_COMMAND, NULL);
  json_object_set_new(draft.message, "tree", json_string(tree));
  json_object_set_new(draft.request, "instance", json_string("one-01"));
  draft_limit(&draft, "memory", 1048576, true, "partial");
  draft_limit(&draft, "cpu", 500, true, "none");
  draft_limit(&draft, "pids", 20, true, "engine");
  return draft_plan(&draft);
}

static void test_limits_in_groups(void **state)
{
  (void)state;
  struct groups groups = {.text = "control group, of a test"};
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_PLAN struct plan *plan = limited_plan("own");
  groups.parents[PLAN_MEMORY] = (char *)"/sys/fs/cgroup/memory";
  groups.parents[PLAN_CPU] = groups.parents[PLAN_PIDS] = (char *)"/sys/fs/cgroup/both";
  assert_int_equal(plan_check_limits(plan, NULL, NULL), -1);
  assert_int_equal(groups_plan(&groups, plan, &error), 0);
  assert_int_equal(plan->group_count, 2);
  assert_true(os_group_is_own(plan->groups[0].path));
  assert_int_equal(plan->groups[1].limits, 1U << PLAN_CPU | 1U << PLAN_PIDS);
  /* Whatever the plugin has said of it; only what the engine enforces stays its own. */
  assert_string_equal(plan_limit_by(plan, PLAN_MEMORY), "cgroup");
  assert_string_equal(plan_limit_by(plan, PLAN_CPU), "cgroup");
  assert_string_equal(plan_limit_by(plan, PLAN_PIDS), "engine");
  assert_int_equal(plan_check_limits(plan, NULL, &error), 0);
  assert_null(plan_limit_by(plan, PLAN_FILE_SIZE));
}

static void test_no_groups(void **state)
{
  (void)state;
  struct groups groups;
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_PLAN struct plan *plan = limited_plan("own");
  groups_refuse(&groups);
  assert_int_equal(groups_plan(&groups, plan, &error), 0);
  assert_int_equal(plan->group_count, 0);
  assert_int_equal(plan_check_limits(plan, NULL, &error), -1);
  assert_non_null(strstr(error->message, "control_groups = false"));
  assert_non_null(strstr(error->hint, "\"accept_partial\": [\"memory_limit\", \"cpu_limit\"]"));
}

static void test_engines_have_their_own(void **state)
{
  (void)state;
  struct groups groups = {.text = "control group, of a test"};
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_PLAN struct plan *plan = limited_plan("engine");
  groups.parents[PLAN_MEMORY] = (char *)"/sys/fs/cgroup/memory";
  assert_int_equal(groups_plan(&groups, plan, &error), 0);
  assert_int_equal(plan->group_count, 0);
}

static void test_own_names(void **state)
{
  (void)state;
  assert_true(os_group_is_own("/sys/fs/cgroup/a/jauauth-b"));
  assert_false(os_group_is_own("/sys/fs/cgroup/a/other-b"));
  assert_false(os_group_is_own("/sys/fs/cgroup/jauauth-b/c"));
  assert_false(os_group_is_own("/sys/fs/cgroup/../../jauauth-b"));
  assert_false(os_group_is_own("/tmp/jauauth-b"));
  assert_false(os_group_is_own("jauauth-b"));
  assert_false(os_group_is_own(""));
}

static bool is_read(const char *group)
{
  struct journal_entry entry;
  CLEANUP_ERROR struct error *error = NULL;
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_format(&text,
                       "{\"version\":1,\"instance\":\"one-01\",\"server\":\"one\",\"plugin\":"
                       "\"holder\",\"account\":\"\",\"user\":0,\"keep\":{},\"boot\":\"b\","
                       "\"machine\":\"m\",\"groups\":[\"%s\"]}",
                       group);
  bool read = journal_entry_parse(text.data, text.length, "one-01", &entry, &error) == 0;
  journal_entry_free(&entry);
  return read;
}

/* What is in a group of the journal is killed: it must be the instance's. */
static void test_groups_of_the_journal(void **state)
{
  (void)state;
  assert_true(is_read("/sys/fs/cgroup/pids/jauauth-one-01"));
  assert_false(is_read("/sys/fs/cgroup/pids/jauauth-two-01"));
  assert_false(is_read("/sys/fs/cgroup/user.slice"));
  assert_false(is_read("/home/jauauth-one-01"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scope_command), cmocka_unit_test(test_limits_in_groups),
      cmocka_unit_test(test_no_groups),     cmocka_unit_test(test_engines_have_their_own),
      cmocka_unit_test(test_own_names),     cmocka_unit_test(test_groups_of_the_journal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

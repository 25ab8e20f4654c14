/* SPDX-License-Identifier: Apache-2.0 */
/* The real keeper with real programs: what they inherit, how they end, what is left of them. */
#include "core/base/cleanup.h"
#include "core/os/descriptor.h"
#include "core/os/process.h"
#include "core/sandbox/image-write.h"
#include "core/sandbox/image.h"
#include "core/sandbox/keeper/message.h"
#include "tests/unit/plan-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Added to the keeper's arguments: what the kernel is to lack. */
static const char *without;

struct run {
  pid_t keeper;
  int input; /* the ends of the test */
  int output;
  int errors;
  int control;
  struct buffer printed;
  struct buffer complained;
  struct buffer told; /* one line a message: kind step value flags text */
  bool started;
  pid_t located;
  bool ended;
  struct keeper_message end;
};

/* Descriptor 77 is planted where a careless keeper would hand it on. */
enum { PLANTED = 77 };

static void become_keeper(const int *descriptors)
{
  for (int i = 0; i < 5; i++)
    if (dup2(descriptors[i], 100 + i) < 0)
      _exit(99);
  for (int i = 0; i < 5; i++)
    if (dup2(100 + i, i) < 0)
      _exit(99);
  if (dup2(2, PLANTED) < 0)
    _exit(99);
  for (int i = 5; i < 256; i++)
    if (i != PLANTED)
      close(i);
  char *arguments[] = {(char *)"jauauth-keeper", (char *)(without == NULL ? "server" : without),
                       (char *)"server", NULL};
  char *environment[] = {(char *)"LEAKED=1", NULL};
  execve(fixture_keeper(), arguments, environment);
  _exit(98);
}

static void run_image(struct run *run, int image)
{
  *run = (struct run){.keeper = 0};
  int input[2];
  int output[2];
  int errors[2];
  int control[2];
  assert_int_equal(pipe2(input, O_CLOEXEC), 0);
  assert_int_equal(pipe2(output, O_CLOEXEC), 0);
  assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
  run->keeper = fork();
  if (run->keeper == 0)
    become_keeper((int[]){input[0], output[1], errors[1], control[1], image});
  assert_true(run->keeper > 0);
  close(input[0]);
  close(output[1]);
  close(errors[1]);
  close(control[1]);
  close(image);
  run->input = input[1];
  run->output = output[0];
  run->errors = errors[0];
  run->control = control[0];
  assert_int_equal(os_set_nonblocking(run->output), 0);
  assert_int_equal(os_set_nonblocking(run->errors), 0);
}

static int make_image(const struct plan *plan, const struct image_identity *identity)
{
  CLEANUP_BUFFER struct buffer image = {0};
  assert_int_equal(image_write(plan, identity, IMAGE_WHOLE, &image, NULL), 0);
  int file = os_memory_file("image", image.data, image.length);
  assert_true(file >= 0);
  return file;
}

static void run_plan(struct run *run, struct plan *plan)
{
  struct image_identity identity = {.change = false};
  run_image(run, make_image(plan, &identity));
  plan_free(&plan);
}

static void take_message(struct run *run)
{
  static char datagram[KEEPER_DATAGRAM_MAX];
  ssize_t got = recv(run->control, datagram, sizeof datagram, MSG_DONTWAIT);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) {
      close(run->control);
      run->control = -1;
    }
    return;
  }
  struct keeper_message head;
  assert_true((size_t)got >= sizeof head);
  memcpy(&head, datagram, sizeof head);
  buffer_append_format(&run->told, "%u %u %d %u %.*s\n", head.kind, head.step, head.value,
                       head.flags, (int)((size_t)got - sizeof head), datagram + sizeof head);
  if (head.kind == KEEPER_STARTED) {
    run->started = true;
    run->located = head.value;
  }
  if (head.kind == KEEPER_ENDED) {
    run->ended = true;
    run->end = head;
  }
}

static void take_bytes(int *descriptor, struct buffer *buffer)
{
  char block[4096];
  ssize_t got = read(*descriptor, block, sizeof block);
  if (got > 0)
    buffer_append(buffer, block, (size_t)got);
  if (got == 0) {
    close(*descriptor);
    *descriptor = -1;
  }
}

static void turn(struct run *run)
{
  struct pollfd waits[] = {{.fd = run->control, .events = POLLIN},
                           {.fd = run->output, .events = POLLIN},
                           {.fd = run->errors, .events = POLLIN}};
  poll(waits, 3, 20);
  if (waits[0].revents != 0)
    take_message(run);
  if (waits[1].revents != 0)
    take_bytes(&run->output, &run->printed);
  if (waits[2].revents != 0)
    take_bytes(&run->errors, &run->complained);
}

/* Waits until a condition holds. */
#define UNTIL(run, condition)                                                                      \
  do {                                                                                             \
    int64_t until_end = fixture_now() + PATIENCE;                                                  \
    while (!(condition)) {                                                                         \
      if (fixture_now() > until_end)                                                               \
        fail_msg("not reached: " #condition "; told: %s; stderr: %s",                              \
                 (run)->told.data == NULL ? "" : (run)->told.data,                                 \
                 (run)->complained.data == NULL ? "" : (run)->complained.data);                    \
      turn(run);                                                                                   \
    }                                                                                              \
  } while (0)

static bool printed(const struct run *run, const char *text)
{
  return run->printed.data != NULL && strstr(run->printed.data, text) != NULL;
}

static bool told(const struct run *run, const char *text)
{
  return run->told.data != NULL && strstr(run->told.data, text) != NULL;
}

static void stop(struct run *run)
{
  if (run->input >= 0)
    close(run->input);
  run->input = -1;
  send(run->control, KEEPER_STOP, strlen(KEEPER_STOP), MSG_NOSIGNAL);
}

/* Waits for the keeper's end and checks that nothing is left. */
static void finish(struct run *run)
{
  UNTIL(run, run->control < 0);
  int status;
  assert_int_equal(waitpid(run->keeper, &status, 0), run->keeper);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  int64_t end = fixture_now() + 1000;
  while ((run->output >= 0 || run->errors >= 0) && fixture_now() < end)
    turn(run);
  assert_true(fixture_nothing_left());
}

static void release(struct run *run)
{
  int *descriptors[] = {&run->input, &run->output, &run->errors, &run->control};
  for (size_t i = 0; i < 4; i++)
    if (*descriptors[i] >= 0)
      close(*descriptors[i]);
  buffer_free(&run->printed);
  buffer_free(&run->complained);
  buffer_free(&run->told);
}

static char scratch[200];

/* A path in the scratch folder; valid until the eighth call from now. */
static const char *place(const char *name)
{
  static char paths[8][300];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
  return path;
}

static bool exists(const char *name)
{
  return access(place(name), F_OK) == 0;
}

static int make_scratch(void **state)
{
  (void)state;
  const char *folder = getenv("TMPDIR");
  snprintf(scratch, sizeof scratch, "%s/keeper-XXXXXX", folder == NULL ? "/tmp" : folder);
  assert_non_null(mkdtemp(scratch));
  assert_int_equal(chmod(scratch, 0777), 0);
  return 0;
}

static int remove_scratch(void **state)
{
  (void)state;
  char command[256];
  snprintf(command, sizeof command, "rm -rf '%s'", scratch);
  return system(command);
}

/* A server that is a shell script; $0 is the scratch folder. */
static struct draft script(const char *text)
{
  struct draft draft = draft_bare("/bin/sh", "-c", text, scratch, NULL);
  draft_variable(&draft, "PATH", "/usr/bin:/bin", "front");
  return draft;
}

static void run_draft(struct run *run, struct draft draft)
{
  run_plan(run, draft_plan(&draft));
}

#define LADDER "[{'close_stdin':true},{'wait':100},{'signal':15,'target':'tree'},{'wait':100}]"

/* --- what a program inherits --- */

static void test_environment_is_exact(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_bare("/usr/bin/env", NULL);
  draft_variable(&draft, "ONE", "1", "front");
  draft_variable(&draft, "TWO", "zwei = 2", "front");
  draft_variable(&draft, "EMPTY", "", "front");
  run_draft(&run, draft);
  finish(&run);
  assert_string_equal(run.printed.data, "ONE=1\nTWO=zwei = 2\nEMPTY=\n");
  assert_true(run.started);
  assert_int_equal(run.end.flags, KEEPER_FRONT_RAN | KEEPER_LET_GO);
  assert_int_equal(run.end.value, 0);
  release(&run);
}

static void test_descriptors_are_exact(void **state)
{
  (void)state;
  struct run run;
  /* ls has the folder itself open, too. */
  run_draft(&run, draft_bare("/bin/ls", "/proc/self/fd", NULL));
  finish(&run);
  assert_string_equal(run.printed.data, "0\n1\n2\n3\n");
  release(&run);
}

static void test_state_is_clean(void **state)
{
  (void)state;
  struct run run;
  run_draft(&run, script("grep -E '^(Sig[BI]|NoNew)' /proc/self/status; pwd\n"
                         "read pid name letter parent group session rest </proc/$$/stat\n"
                         "test $session = $$ && echo leads its session"));
  finish(&run);
  assert_true(printed(&run, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
  assert_true(printed(&run, "NoNewPrivs:\t1\n"));
  assert_true(printed(&run, "\n/\nleads its session\n"));
  assert_null(run.complained.data);
  release(&run);
}

static void test_files_stand_in_order(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_new("echo", "hi", NULL);
  json_t *front = draft_step(&draft, "front", "front", "/bin/sh", "-c",
                             "cat <&4; cat <&3; ls /proc/self/fd; echo changed >&3; exec \"$@\"",
                             "sh", DRAFT_COMMAND, NULL);
  draft_file(front, "first", "one\n", 4, false);
  draft_file(front, "second", "two\n", 4, true);
  run_draft(&run, draft);
  finish(&run);
  assert_string_equal(run.printed.data, "two\none\n0\n1\n2\n3\n4\n5\nhi\n");
  assert_non_null(run.complained.data); /* nobody can change what another process reads */
  release(&run);
}

static void test_program_that_is_missing(void **state)
{
  (void)state;
  struct run run;
  run_draft(&run, draft_bare("/nonexistent/program", NULL));
  finish(&run);
  assert_false(run.started);
  assert_int_equal(run.end.flags, 0);
  assert_true(told(&run, "3 0 2 1 the program could not be executed"));
  release(&run);
}

static void test_other_account(void **state)
{
  (void)state;
  if (getuid() != 0)
    skip();
  struct run run;
  struct draft draft = script("id -u; id -g; id -G; exec cat");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  gid_t groups[] = {4711, 4712};
  struct image_identity identity = {
      .change = true, .user = 65534, .group = 65534, .groups = groups, .group_count = 2};
  run_image(&run, make_image(plan, &identity));
  UNTIL(&run, printed(&run, "65534\n65534\n65534 4711 4712\n"));
  /* The death signal is set behind the change of account, which clears it. */
  kill(run.keeper, SIGKILL);
  assert_int_equal(waitpid(run.keeper, NULL, 0), run.keeper);
  assert_true(fixture_nothing_left());
  release(&run);
}

static void test_account_of_root_is_refused(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("echo ran");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  struct image_identity identity = {.change = true};
  run_image(&run, make_image(plan, &identity));
  finish(&run);
  assert_null(run.printed.data);
  assert_true(told(&run, "changes the account to root"));
  release(&run);
}

static void test_command_line_shows_no_secret(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("cat /proc/$PPID/cmdline /proc/$$/cmdline | tr '\\0' ' '; cat");
  draft_variable(&draft, "KEY", "swordfish", "front");
  run_draft(&run, draft);
  UNTIL(&run, printed(&run, "jauauth-keeper"));
  stop(&run);
  finish(&run);
  assert_false(printed(&run, "swordfish"));
  release(&run);
}

/* --- limits, locate, gate --- */

static void test_limits_of_the_front(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_bare("/bin/cat", "/proc/self/limits", NULL);
  draft_limit(&draft, "open_files", 64, true, "host");
  draft_limit(&draft, "file_size", 1048576, true, "host");
  draft_limit(&draft, "memory", 268435456, false, "host");
  run_draft(&run, draft);
  finish(&run);
  assert_true(printed(&run, "Max open files            64                   64 "));
  assert_true(printed(&run, "Max file size             1048576              1048576 "));
  assert_true(printed(&run, "Max data size             268435456            268435456 "));
  assert_true(printed(&run, "Max core file size        0                    0 "));
  release(&run);
}

/* The front's child waits at the gate (descriptor 3) and then becomes the command; the front tells
 * what $TOLD says on its status descriptor. $0 is the scratch folder. */
static struct draft gated(const char *told_member, const char *command)
{
  static char text[512];
  struct draft draft = draft_new("/bin/sh", "-c", command, scratch, NULL);
  snprintf(text, sizeof text,
           "(head -c 1 <&3 >/dev/null; touch \"$0/opened\"; exec \"$@\" 3<&- 4>&-) & child=$!\n"
           "echo '{\"version\":1}' >&4; printf '{\"x\":[1],\"server' >&4\n"
           "echo \"-pid\\\":%s}\" >&4; exec 4>&-; wait $child",
           told_member);
  json_t *front =
      draft_step(&draft, "front", "front", "/bin/sh", "-c", text, scratch, DRAFT_COMMAND, NULL);
  draft_descriptor(front, "gate");
  draft_descriptor(front, "status");
  draft_set(&draft, "locate", "{'from':'status','member':'server-pid'}");
  draft_limit(&draft, "pids", 4000, true, "host");
  draft_limit(&draft, "open_files", 50, true, "host");
  return draft;
}

static void test_gate_opens_after_limits(void **state)
{
  (void)state;
  struct run run;
  unlink(place("opened"));
  run_draft(&run, gated("$child", "cat /proc/self/limits; echo pid $$; ls /proc/self/fd"));
  finish(&run);
  char line[64];
  snprintf(line, sizeof line, "pid %d\n", (int)run.located);
  assert_true(printed(&run, line));
  assert_true(printed(&run, "Max open files            50                   50 "));
  assert_true(printed(&run, "Max processes             4000                 4000 "));
  assert_true(printed(&run, "0\n1\n2\n3\n"));
  assert_true(told(&run, "2 65535 0 0 {\"version\":1}\n"));
  assert_true(exists("opened"));
  release(&run);
}

/* What waits at the gate starts the server as its child, which inherits the limits. */
static void test_child_of_what_waits_at_the_gate(void **state)
{
  (void)state;
  if (access("/bin/bash", X_OK) < 0)
    skip();
  struct run run;
  struct draft draft = draft_new("/bin/sh", "-c", "ulimit -n; echo pid $$; cat", NULL);
  json_t *front = draft_step(&draft, "front", "front", "/bin/bash", "-c",
                             "exec 9<&0; (read -r -n 1 <&3; \"$@\"; true) <&9 &\n"
                             "echo \"{\\\"pid\\\":$!}\" >&4; exec 9<&-; wait",
                             "bash", DRAFT_COMMAND, NULL);
  draft_descriptor(front, "gate");
  draft_descriptor(front, "status");
  draft_set(&draft, "locate", "{'from':'status','member':'pid','children':1}");
  draft_set(&draft, "stop", "[{'signal':9,'target':'located'},{'wait':20000}]");
  draft_limit(&draft, "open_files", 50, true, "host");
  run_draft(&run, draft);
  UNTIL(&run, run.started && printed(&run, "pid"));
  char line[64];
  snprintf(line, sizeof line, "50\npid %d\n", (int)run.located);
  assert_string_equal(run.printed.data, line);
  stop(&run);
  finish(&run);
  assert_int_equal(run.end.flags, KEEPER_FRONT_RAN | KEEPER_LET_GO);
  release(&run);
}

static void test_gate_stays_closed(void **state)
{
  (void)state;
  /* The pid is never told, so that the server waits; then keeper or router dies, or stops. */
  for (int way = 0; way < 3; way++) {
    struct run run;
    unlink(place("opened"));
    run_draft(&run, gated("null", "touch $0/ran"));
    UNTIL(&run, told(&run, "server-pid"));
    if (way == 0) {
      kill(run.keeper, SIGKILL);
      assert_int_equal(waitpid(run.keeper, NULL, 0), run.keeper);
      /* The child of the front is the router's to kill; here it must only not have been let go. */
      fixture_sleep(200);
      assert_false(exists("opened"));
      pid_t orphan;
      while (os_children(getpid(), &orphan, 1) == 1) {
        kill(orphan, SIGKILL);
        waitpid(orphan, NULL, 0);
      }
    } else if (way == 1) {
      close(run.control);
      run.control = -1;
      assert_true(fixture_nothing_left());
    } else {
      stop(&run);
      finish(&run);
      assert_false(run.started);
      assert_int_equal(run.end.flags, KEEPER_FRONT_RAN);
    }
    assert_false(exists("opened"));
    assert_false(exists("ran"));
    release(&run);
  }
}

static void test_foreign_pid_is_refused(void **state)
{
  (void)state;
  char pid[32];
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  const char *const pids[] = {pid, "$PPID"}; /* the router's, and the keeper's own */
  for (size_t i = 0; i < 2; i++) {
    struct run run;
    unlink(place("opened"));
    run_draft(&run, gated(pids[i], "true"));
    finish(&run);
    assert_false(run.started);
    assert_false(exists("opened"));
    assert_true(told(&run, "does not descend from the front"));
    release(&run);
  }
}

static bool runs_program(pid_t pid, const char *name)
{
  char path[64];
  char text[32] = "";
  snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
  CLEANUP_CLOSE int file = open(path, O_RDONLY | O_CLOEXEC);
  return file >= 0 && read(file, text, sizeof text - 1) > 0 && strcmp(text, name) == 0;
}

static void test_locate_child_and_output(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_new("/bin/sh", "-c", "sleep 1000; true", NULL);
  draft_step(&draft, "front", "front", "/bin/sh", "-c", "sleep 0.1; \"$@\"; true", "sh",
             DRAFT_COMMAND, NULL);
  draft_set(&draft, "locate", "{'from':'front','children':2}");
  draft_set(&draft, "stop", "[{'signal':15,'target':'located'},{'wait':20000}]");
  run_draft(&run, draft);
  UNTIL(&run, run.started);
  UNTIL(&run, runs_program(run.located, "sleep\n"));
  stop(&run);
  finish(&run);
  release(&run);

  /* The engine answers only at the second time. */
  unlink(place("asked"));
  draft = draft_new("/bin/sh", "-c", "echo $$ >$0/pid; sleep 1000; true", scratch, NULL);
  draft_step(&draft, "front", "front", "/bin/sh", "-c", "\"$@\"; true", "sh", DRAFT_COMMAND, NULL);
  draft_step(&draft, "locate", "inspect", "/bin/sh", "-c",
             "test -e $0/asked && cat $0/pid || { echo 0; touch $0/asked; }", scratch, NULL);
  draft_set(&draft, "locate", "{'from':'output','step':'inspect'}");
  run_draft(&run, draft);
  UNTIL(&run, run.started);
  assert_true(run.located > 0);
  stop(&run);
  finish(&run);
  release(&run);
}

/* --- steps --- */

static void test_steps_run_in_order(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_new("/bin/sh", "-c", "cat $0/order; exit 3", scratch, NULL);
  draft_step(&draft, "before", "one", "/bin/sh", "-c", "echo one >>$0/order", scratch, NULL);
  json_t *step = draft_step(&draft, "before", "two", "/bin/sh", "-c",
                            "cat <&3 >>$0/order; echo out; echo err >&2", scratch, NULL);
  draft_file(step, "a word", "two\n", 4, false);
  json_object_set_new(step, "capture", json_integer(100));
  draft_step(&draft, "front", "front", "/usr/bin/env", DRAFT_COMMAND, NULL);
  step = draft_step(&draft, "after", "inspect", "/bin/sh", "-c", "echo $0; exit 1", "asked", NULL);
  json_object_set_new(step, "capture", json_integer(3));
  draft_step(&draft, "remove", "rm", "/bin/rm", place("order"), NULL);
  step = draft_step(&draft, "remove", "never", "/usr/bin/touch", place("never"), NULL);
  json_object_set_new(step, "if_failed", json_string("one"));
  step = draft_step(&draft, "remove", "once", "/usr/bin/touch", place("once"), NULL);
  json_object_set_new(step, "if_failed", json_string("inspect"));
  run_draft(&run, draft);
  finish(&run);
  assert_string_equal(run.printed.data, "one\ntwo\n");
  assert_true(told(&run, "4 1 0 0 out\n"));
  assert_true(told(&run, "4 3 1 0 ask\n"));
  assert_true(WIFEXITED(run.end.value) && WEXITSTATUS(run.end.value) == 3);
  assert_false(exists("order"));
  assert_false(exists("never"));
  assert_true(exists("once"));
  release(&run);
}

static void test_failing_step_is_undone(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_new("/bin/sh", NULL);
  draft_step(&draft, "before", "create", "/usr/bin/touch", place("made"), NULL);
  draft_step(&draft, "before", "fail", "/bin/sh", "-c", "echo no such image >&2; exit 125", NULL);
  draft_step(&draft, "before", "skipped", "/usr/bin/touch", place("skipped"), NULL);
  draft_step(&draft, "front", "front", "/usr/bin/touch", place("skipped"), DRAFT_COMMAND, NULL);
  draft_step(&draft, "after", "after", "/usr/bin/touch", place("skipped"), NULL);
  draft_step(&draft, "remove", "remove", "/bin/rm", place("made"), NULL);
  run_draft(&run, draft);
  finish(&run);
  char line[64];
  snprintf(line, sizeof line, "3 1 %d 0 no such image\n", 125 << 8);
  assert_true(told(&run, line));
  assert_int_equal(run.end.flags, 0);
  assert_false(exists("made"));
  assert_false(exists("skipped"));
  release(&run);
}

static void test_step_has_a_time_limit(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_new("/bin/sh", NULL);
  json_t *step = draft_step(&draft, "before", "hangs", "/bin/sh", "-c",
                            "setsid sleep 1000 & sleep 1000; true", NULL);
  json_object_set_new(step, "time_limit", json_integer(100));
  draft_step(&draft, "front", "front", "/usr/bin/env", DRAFT_COMMAND, NULL);
  run_draft(&run, draft);
  finish(&run);
  assert_true(told(&run, "3 0 9 2 "));
  release(&run);
}

static void test_step_that_prints_without_end(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = draft_new("/bin/sh", NULL);
  json_t *step = draft_step(&draft, "before", "prints", "/bin/sh", "-c",
                            "cat /dev/zero & exec cat /dev/zero >&2", NULL);
  json_object_set_new(step, "time_limit", json_integer(100));
  draft_step(&draft, "front", "front", "/usr/bin/env", DRAFT_COMMAND, NULL);
  run_draft(&run, draft);
  finish(&run);
  assert_true(told(&run, "3 0 9 2 "));
  release(&run);
}

static void test_step_is_not_interrupted(void **state)
{
  (void)state;
  struct run run;
  unlink(place("finished"));
  struct draft draft = draft_new("/bin/sh", NULL);
  draft_step(&draft, "before", "create", "/bin/sh", "-c",
             "touch $0/begun; sleep 0.5; touch $0/finished", scratch, NULL);
  draft_step(&draft, "before", "next", "/usr/bin/touch", place("next"), NULL);
  draft_step(&draft, "front", "front", "/usr/bin/touch", place("next"), DRAFT_COMMAND, NULL);
  draft_step(&draft, "remove", "remove", "/bin/sh", "-c", "mv $0/finished $0/removed", scratch,
             NULL);
  run_draft(&run, draft);
  UNTIL(&run, exists("begun"));
  stop(&run);
  finish(&run);
  assert_true(exists("removed"));
  assert_false(exists("next"));
  release(&run);
}

/* --- the end --- */

static void test_ladder_of_a_stubborn_server(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("trap 'echo ignored' TERM; echo ready; while :; do sleep 0.05; done");
  draft_set(&draft, "stop", LADDER);
  run_draft(&run, draft);
  UNTIL(&run, printed(&run, "ready"));
  stop(&run);
  finish(&run);
  assert_true(printed(&run, "ignored"));
  assert_true(WIFSIGNALED(run.end.value) && WTERMSIG(run.end.value) == SIGKILL);
  release(&run);
}

static void test_ladder_ends_early(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("echo ready; cat; echo saved");
  draft_set(&draft, "stop", "[{'close_stdin':true},{'wait':20000},{'step':'never'}]");
  draft_step(&draft, "stop", "never", "/usr/bin/touch", place("never"), NULL);
  run_draft(&run, draft);
  UNTIL(&run, printed(&run, "ready"));
  stop(&run);
  finish(&run);
  assert_true(printed(&run, "saved"));
  assert_int_equal(run.end.value, 0);
  assert_false(exists("never"));
  release(&run);
}

static void test_ladder_runs_a_step(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("echo ready; until test -e $0/told; do sleep 0.02; done; echo bye");
  draft_set(&draft, "stop", "[{'step':'tell'},{'wait':20000}]");
  draft_step(&draft, "stop", "tell", "/usr/bin/touch", place("told"), NULL);
  run_draft(&run, draft);
  UNTIL(&run, printed(&run, "ready"));
  stop(&run);
  finish(&run);
  assert_true(printed(&run, "bye"));
  release(&run);
}

static void test_daemon_does_not_stay(void **state)
{
  (void)state;
  struct run run;
  run_draft(&run, script("setsid sh -c 'trap \"\" TERM; setsid sleep 1000 & sleep 1000' & "
                         "(sleep 1000 &) ; echo ready; exit 7"));
  finish(&run);
  assert_int_equal(WEXITSTATUS(run.end.value), 7);
  release(&run);
}

static void test_death_of_the_router(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("trap '' TERM; setsid sleep 1000 & echo ready; "
                              "while :; do sleep 0.05; done");
  draft_set(&draft, "stop", "[{'close_stdin':true},{'wait':50000},{'signal':15,'target':'front'}]");
  draft_step(&draft, "remove", "remove", "/usr/bin/touch", place("removed-at-death"), NULL);
  run_draft(&run, draft);
  UNTIL(&run, printed(&run, "ready"));
  close(run.control);
  run.control = -1;
  assert_true(fixture_nothing_left());
  assert_true(exists("removed-at-death"));
  release(&run);
}

static void test_signals_ask_the_keeper_to_stop(void **state)
{
  (void)state;
  struct run run;
  run_draft(&run, script("echo ready; exec sleep 1000"));
  UNTIL(&run, printed(&run, "ready"));
  kill(run.keeper, SIGUSR1);
  kill(run.keeper, SIGTERM);
  finish(&run);
  assert_true(run.ended);
  release(&run);
}

static void test_death_of_the_keeper_ends_the_front(void **state)
{
  (void)state;
  struct run run;
  run_draft(&run, script("echo ready; exec sleep 1000"));
  UNTIL(&run, printed(&run, "ready"));
  kill(run.keeper, SIGKILL);
  assert_int_equal(waitpid(run.keeper, NULL, 0), run.keeper);
  assert_true(fixture_nothing_left());
  release(&run);
}

/* --- the image, the keeper itself --- */

static void test_image_must_be_sealed(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("echo ran");
  CLEANUP_PLAN struct plan *plan = draft_plan(&draft);
  struct image_identity identity = {.change = false};
  CLEANUP_BUFFER struct buffer image = {0};
  assert_int_equal(image_write(plan, &identity, IMAGE_WHOLE, &image, NULL), 0);
  int file = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  assert_true(write(file, image.data, image.length) == (ssize_t)image.length);
  assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  run_image(&run, file);
  finish(&run);
  assert_null(run.printed.data);
  assert_true(told(&run, "no sealed image"));
  release(&run);
  image.data[image.length / 2] ^= 0x40;
  image.data[20] ^= 0x7f;
  file = os_memory_file("image", image.data, image.length - 1);
  run_image(&run, file);
  finish(&run);
  assert_null(run.printed.data);
  assert_true(told(&run, "5 65535 0 0 the image is"));
  release(&run);
}

/* Once the server runs the keeper holds no descriptor of a secret, and hardly any memory. */
static void test_keeper_is_small(void **state)
{
  (void)state;
  struct run run;
  struct draft draft = script("echo ready; cat");
  draft_variable(&draft, "KEY", "swordfish", "front");
  run_draft(&run, draft);
  UNTIL(&run, run.started && printed(&run, "ready"));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)run.keeper);
  CLEANUP_STREAM FILE *file = fopen(path, "re");
  char line[256];
  long kilobytes = -1;
  /* Nobody but root reads the memory of a keeper. */
  assert_true(getuid() == 0 || file == NULL || fgets(line, sizeof line, file) == NULL);
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "Pss:", 4) == 0)
      kilobytes = strtol(line + 4, NULL, 10);
  if (kilobytes >= 0)
    print_message("# a keeper takes %ld KiB\n", kilobytes);
  if (!fixture_sanitized())
    assert_true(kilobytes < 400);
  stop(&run);
  finish(&run);
  release(&run);
}

static int lack_nothing(void **state)
{
  (void)state;
  without = NULL;
  return 0;
}

static int lack_much(void **state)
{
  (void)state;
  without = "--without=pidfd,close_range,children";
  return 0;
}

#define TWICE(test)                                                                                \
  cmocka_unit_test_setup(test, lack_nothing),                                                      \
  {                                                                                                \
#test "_on_an_old_kernel", test, lack_much, NULL, NULL                                         \
  }

int main(void)
{
  const struct CMUnitTest tests[] = {
      TWICE(test_environment_is_exact),
      TWICE(test_descriptors_are_exact),
      TWICE(test_state_is_clean),
      TWICE(test_files_stand_in_order),
      TWICE(test_program_that_is_missing),
      TWICE(test_other_account),
      cmocka_unit_test_setup(test_account_of_root_is_refused, lack_nothing),
      cmocka_unit_test_setup(test_command_line_shows_no_secret, lack_nothing),
      TWICE(test_limits_of_the_front),
      TWICE(test_gate_opens_after_limits),
      TWICE(test_child_of_what_waits_at_the_gate),
      TWICE(test_gate_stays_closed),
      TWICE(test_foreign_pid_is_refused),
      TWICE(test_locate_child_and_output),
      cmocka_unit_test_setup(test_steps_run_in_order, lack_nothing),
      cmocka_unit_test_setup(test_failing_step_is_undone, lack_nothing),
      TWICE(test_step_has_a_time_limit),
      TWICE(test_step_that_prints_without_end),
      cmocka_unit_test_setup(test_step_is_not_interrupted, lack_nothing),
      TWICE(test_ladder_of_a_stubborn_server),
      TWICE(test_ladder_ends_early),
      TWICE(test_ladder_runs_a_step),
      TWICE(test_daemon_does_not_stay),
      TWICE(test_death_of_the_router),
      TWICE(test_signals_ask_the_keeper_to_stop),
      TWICE(test_death_of_the_keeper_ends_the_front),
      cmocka_unit_test_setup(test_image_must_be_sealed, lack_nothing),
      cmocka_unit_test_setup(test_keeper_is_small, lack_nothing),
  };
  fixture_adopt_orphans();
  return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}

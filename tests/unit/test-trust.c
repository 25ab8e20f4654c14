/* SPDX-License-Identifier: Apache-2.0 */
/* The trusted walk: what it opens, and what it refuses with the command that repairs it. */
#include "core/os/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cleanup.h"

static char root[256]; /* real path of an empty directory */
static struct trust_owners owners;

static const char *path_of(const char *below)
{
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", root, below);
  return path;
}

static void make_file(const char *below, mode_t mode)
{
  CLEANUP_CLOSE int file = open(path_of(below), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_true(file >= 0);
  assert_int_equal(write(file, "text", 4), 4);
  assert_int_equal(fchmod(file, mode), 0);
}

static void make_directory(const char *below, mode_t mode)
{
  assert_int_equal(mkdir(path_of(below), 0700), 0);
  assert_int_equal(chmod(path_of(below), mode), 0);
}

static void assert_refused(const char *below, const char *message, const char *hint)
{
  CLEANUP_ERROR struct error *error = NULL;
  char text[1024];
  assert_int_equal(trust_open(&owners, path_of(below), NULL, &error), -1);
  snprintf(text, sizeof text, message, root);
  assert_string_equal(error->message, text);
  assert_int_equal(error->kind, ERROR_CONFIG);
  assert_string_equal(error->code, "not-trusted");
  if (hint != NULL) {
    snprintf(text, sizeof text, hint, root);
    assert_string_equal(error->hint, text);
  }
}

static int set_up(void **state)
{
  (void)state;
  const char *place = getenv("TMPDIR");
  char template[256];
  snprintf(template, sizeof template, "%s/trust-XXXXXX", place == NULL ? "/tmp" : place);
  if (mkdtemp(template) == NULL || trust_owners_find(&owners, NULL) != 0)
    return -1;
  CLEANUP_FREE char *real = realpath(template, NULL);
  if (real == NULL)
    return -1;
  snprintf(root, sizeof root, "%s", real);
  return 0;
}

static void test_opens(void **state)
{
  (void)state;
  make_directory("a", 0755);
  make_file("a/file", 0644);
  CLEANUP_FREE char *real = NULL;
  CLEANUP_CLOSE int file = trust_open(&owners, path_of("a/..//a/./file"), &real, NULL);
  assert_true(file >= 0);
  assert_string_equal(real, path_of("a/file"));
  assert_int_equal(fcntl(file, F_GETFD), FD_CLOEXEC);
  char text[8];
  assert_int_equal(read(file, text, sizeof text), 4);
}

static void test_relative(void **state)
{
  (void)state;
  CLEANUP_CLOSE int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  make_file("here", 0600);
  assert_int_equal(chdir(root), 0);
  CLEANUP_FREE char *real = NULL;
  CLEANUP_CLOSE int file = trust_open(&owners, "here", &real, NULL);
  assert_true(file >= 0);
  assert_string_equal(real, path_of("here"));
  assert_int_equal(fchdir(before), 0);
}

static void test_writable(void **state)
{
  (void)state;
  make_file("group", 0664);
  assert_refused("group", "%s/group can be written by its group", "chmod g-w %s/group");
  make_file("others", 0646);
  assert_refused("others", "%s/others can be written by everyone", "chmod o-w %s/others");
  make_directory("open", 0777);
  make_file("open/file", 0600);
  assert_refused("open/file", "%s/open can be written by everyone", "chmod go-w %s/open");
  make_directory("o'pen dir", 0757);
  make_file("o'pen dir/file", 0600);
  assert_refused("o'pen dir/file", "%s/o'pen dir can be written by everyone",
                 "chmod o-w '%s/o'\\''pen dir'");
}

static void test_sticky(void **state)
{
  (void)state;
  make_directory("sticky", 01777);
  make_directory("sticky/own", 0755);
  make_file("sticky/own/file", 0644);
  CLEANUP_CLOSE int file = trust_open(&owners, path_of("sticky/own/file"), NULL, NULL);
  assert_true(file >= 0);
  make_file("sticky/file", 0644);
  assert_refused("sticky/file",
                 "%s/sticky, where everyone can put files, holds a file that must be trusted",
                 "move the file into a directory of its own");
}

static void test_links(void **state)
{
  (void)state;
  make_directory("target", 0755);
  make_file("target/file", 0644);
  assert_int_equal(symlink("target", path_of("link")), 0);
  const char *message = "%s/link is a symbolic link, and none is followed on the way to a trusted "
                        "file";
  assert_refused("link/file", message, "name the file by its real path, %s/target/file");
  assert_int_equal(symlink("target/file", path_of("last")), 0);
  assert_refused("last",
                 "%s/last is a symbolic link, and none is followed on the way to a trusted file",
                 "name the file by its real path, %s/target/file");
}

static void test_types(void **state)
{
  (void)state;
  assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
  assert_refused("fifo", "%s/fifo is no regular file", NULL);
  assert_refused("", "%s is no regular file", NULL);
  make_file("plain", 0600);
  assert_refused("plain/file", "%s/plain is no directory", NULL);
  CLEANUP_ERROR struct error *error = NULL;
  assert_int_equal(trust_open(&owners, path_of("missing"), NULL, &error), -1);
  assert_int_equal(error->errnum, ENOENT);
  assert_null(error->code);
}

static void test_owner(void **state)
{
  (void)state;
  if (geteuid() != 0)
    skip(); /* only root can give files away */
  make_file("foreign", 0600);
  assert_int_equal(chown(path_of("foreign"), 12345, 12345), 0);
  assert_refused("foreign",
                 "%s/foreign belongs to user 12345, who is neither root, nor the user who runs "
                 "jauauth, nor the owner of its program",
                 "chown 0 %s/foreign");
  struct trust_owners more = owners;
  more.users[more.count++] = 12345;
  CLEANUP_CLOSE int file = trust_open(&more, path_of("foreign"), NULL, NULL);
  assert_true(file >= 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_opens),    cmocka_unit_test(test_relative),
      cmocka_unit_test(test_writable), cmocka_unit_test(test_sticky),
      cmocka_unit_test(test_links),    cmocka_unit_test(test_types),
      cmocka_unit_test(test_owner),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}

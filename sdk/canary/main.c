/* SPDX-License-Identifier: Apache-2.0 */
/* The canary: tries inside a sandbox what an attacker would, and says what came of it. */
#include "sdk/canary/attempt.h"
#include "sdk/canary/identity.h"
#include "sdk/canary/request.h"
#include "sdk/canary/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_HOST_GONE = 1, EXIT_BAD_INPUT = 2 };

static int refuse(const char *problem)
{
  dprintf(STDERR_FILENO, "%s: %s\n", CANARY_WORD, problem);
  return EXIT_BAD_INPUT;
}

/* Executed with rights that its caller has not. */
static bool has_more_rights(void)
{
  return getauxval(AT_SECURE) != 0 || geteuid() != getuid() || getegid() != getgid();
}

/* Reads up to the line `go`; more than the room is an input that is too long. */
static size_t read_request(char *text, size_t room)
{
  size_t length = 0;
  ssize_t got = 1;
  while (length < room && request_length(text, length) == 0 && (got > 0 || errno == EINTR)) {
    got = read(STDIN_FILENO, text + length, room - length);
    if (got == 0)
      break;
    length += got > 0 ? (size_t)got : 0;
  }
  return length;
}

/* Writes one line; false when nobody reads it. */
__attribute__((format(printf, 1, 2))) static bool say(const char *format, ...)
{
  char line[CANARY_LINE_MAX];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0)
    return false;
  if ((size_t)length >= sizeof line) {
    length = sizeof line - 1;
    line[length - 1] = '\n';
  }
  for (int done = 0; done < length;) {
    ssize_t written = write(STDOUT_FILENO, line + done, (size_t)(length - done));
    if (written < 0 && errno != EINTR)
      return false;
    done += written > 0 ? (int)written : 0;
  }
  return true;
}

/* Makes all attempts; what `create` has made is noted in `created`. */
static bool make_attempts(const struct request *request, const char *descriptors, bool *created)
{
  if (!say("%s\t%s\t%s\n", CANARY_WORD, CANARY_VERSION, request->random))
    return false;
  for (unsigned i = 0; i < request->count; i++) {
    static struct run_answer answer;
    const struct request_attempt *asked = &request->attempts[i];
    run_attempt(asked, descriptors, &answer);
    created[i] = strcmp(asked->name, "create") == 0 && strncmp(answer.line, "open", 4) == 0;
    if (!say("%u\t%s", asked->number, answer.line))
      return false;
  }
  return say("end\t%s\n", request->random);
}

static void wait_for_end(void)
{
  int64_t until = now_milliseconds() + (int64_t)CANARY_WAIT_SECONDS * 1000;
  char bytes[512];
  for (;;) {
    int64_t rest = until - now_milliseconds();
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    int count = rest > 0 ? poll(&wait, 1, (int)rest) : 0;
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0 || read(STDIN_FILENO, bytes, sizeof bytes) <= 0)
      return;
  }
}

static int run(const struct request *request, const char *descriptors)
{
  static bool created[CANARY_ATTEMPTS_MAX];
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  bool heard = make_attempts(request, descriptors, created);
  if (heard)
    wait_for_end();
  for (unsigned i = 0; i < request->count; i++)
    if (created[i])
      unlink(request->attempts[i].arguments[0]);
  return heard ? EXIT_DONE : EXIT_HOST_GONE;
}

int main(int argc, char **argv)
{
  static char text[CANARY_INPUT_MAX + 1];
  static struct request request;
  const char *descriptors = identity_descriptors();
  if (argc == 2 && strcmp(argv[1], "euid") == 0)
    return dprintf(STDOUT_FILENO, "%u\n", (unsigned)geteuid()) > 0 ? EXIT_DONE : EXIT_HOST_GONE;
  if (has_more_rights())
    return refuse("it is not to be executed with more rights than its caller has");
  if (argc > 1)
    return refuse("it takes no arguments");
  const char *problem = request_parse(&request, text, read_request(text, sizeof text));
  return problem != NULL ? refuse(problem) : run(&request, descriptors);
}

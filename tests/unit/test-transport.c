/* SPDX-License-Identifier: Apache-2.0 */
/* The router behind real descriptors: pipes, files, sockets, ends, floods, and who does not read.
 */
#include "core/base/cleanup.h"
#include "core/transport/server_pipe.h"
#include "core/transport/stdio_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 16 * 1024 * 1024 };

/* One client and one server "s" behind real descriptors; the test holds the other ends. */
struct rig {
  uv_loop_t loop;
  struct router *router;
  struct router_server *server;
  struct server_pipe *pipe;
  struct stdio_client *client;
  int to_client, from_client; /* the client's ends: written and read by the test */
  int to_server, from_server; /* the server's ends */
  int client_input, client_output;
  bool client_ended, server_ended;
  int spoke;
  struct buffer client_got, server_got;
};

static void server_start(void *data)
{
  (void)data;
}

static bool server_send(void *data, const struct iovec *parts, size_t count)
{
  return server_pipe_send(((struct rig *)data)->pipe, parts, count);
}

static void server_stop(void *data)
{
  struct rig *rig = data;
  server_pipe_close(rig->pipe);
  rig->pipe = NULL;
}

static void server_pause(void *data, bool paused)
{
  server_pipe_pause(((struct rig *)data)->pipe, paused);
}

static void server_has_ended(void *data)
{
  ((struct rig *)data)->server_ended = true;
}

static void client_has_ended(void *data)
{
  ((struct rig *)data)->client_ended = true;
}

static void make_pipe(int *read_end, int *write_end)
{
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  *read_end = ends[0];
  *write_end = ends[1];
}

static void set_nonblocking(int descriptor)
{
  assert_int_equal(fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK), 0);
}

static void server_spoke(void *data)
{
  ((struct rig *)data)->spoke++;
}

static void rig_start(struct rig *rig, size_t limit, size_t queue_limit)
{
  static const struct router_server_ops ops = {server_start, server_send, server_stop,
                                               server_pause};
  *rig = (struct rig){.client_input = -1, .client_output = -1};
  assert_int_equal(uv_loop_init(&rig->loop), 0);
  struct router_settings settings = {.message_limit = limit, .list_changed_ms = 1};
  rig->router = router_new(&rig->loop, &settings, NULL);
  assert_non_null(rig->router);
  rig->server = router_add_server(rig->router, "s", NULL, 0, 0, &ops, rig, true);
  assert_non_null(rig->server);
  router_start(rig->router);
  int input, output;
  make_pipe(&rig->from_server, &input);
  make_pipe(&output, &rig->to_server);
  set_nonblocking(rig->from_server);
  set_nonblocking(rig->to_server);
  struct server_pipe_settings pipe_settings = {limit, queue_limit, server_spoke};
  rig->pipe = server_pipe_open(&rig->loop, rig->server, input, output, &pipe_settings,
                               server_has_ended, rig, NULL);
  assert_non_null(rig->pipe);
}

static void rig_add_client(struct rig *rig, int input, int output)
{
  rig->client_input = input;
  rig->client_output = output;
  rig->client =
      stdio_client_open(&rig->loop, rig->router, input, output, LIMIT, client_has_ended, rig, NULL);
  assert_non_null(rig->client);
}

static void rig_add_piped_client(struct rig *rig)
{
  int input, output;
  make_pipe(&input, &rig->to_client);
  make_pipe(&rig->from_client, &output);
  set_nonblocking(rig->to_client);
  set_nonblocking(rig->from_client);
  rig_add_client(rig, input, output);
}

static void close_end(int *descriptor)
{
  if (*descriptor > 0)
    close(*descriptor);
  *descriptor = -1;
}

static void rig_end(struct rig *rig)
{
  stdio_client_close(rig->client);
  server_pipe_close(rig->pipe);
  router_free(rig->router);
  uv_run(&rig->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&rig->loop), 0);
  int *ends[] = {&rig->to_client,   &rig->from_client,  &rig->to_server,
                 &rig->from_server, &rig->client_input, &rig->client_output};
  for (size_t i = 0; i < 6; i++)
    close_end(ends[i]);
  buffer_free(&rig->client_got);
  buffer_free(&rig->server_got);
}

/* Reads what there is; the loop never has to wait for the test. */
static void drain(int descriptor, struct buffer *got)
{
  if (descriptor <= 0)
    return;
  for (;;) {
    char *space = buffer_reserve(got, 65536);
    assert_non_null(space);
    ssize_t count = read(descriptor, space, 65536);
    if (count <= 0)
      return;
    got->length += (size_t)count;
    space[count] = '\0';
  }
}

static void no_time(uv_timer_t *timer)
{
  (void)timer;
}

/* One turn of the loop that sleeps two milliseconds at most. */
static void turn(struct rig *rig)
{
  uv_timer_t timer;
  uv_timer_init(&rig->loop, &timer);
  /* Again and again: one that is due at once does not keep the turn from sleeping. */
  uv_timer_start(&timer, no_time, 2, 2);
  uv_run(&rig->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&rig->loop, UV_RUN_NOWAIT);
}

static void turn_and_read(struct rig *rig)
{
  turn(rig);
  drain(rig->from_client, &rig->client_got);
  drain(rig->from_server, &rig->server_got);
}

/* Turns until the condition holds, bounded to some twenty seconds. */
#define WAIT(rig, condition)                                                                       \
  do {                                                                                             \
    for (int turns = 0; turns < 10000 && !(condition); turns++)                                    \
      turn_and_read(rig);                                                                          \
    assert_true(condition);                                                                        \
  } while (0)

static bool got(const struct buffer *buffer, const char *text)
{
  return buffer->data != NULL && memmem(buffer->data, buffer->length, text, strlen(text)) != NULL;
}

/* Writes all of it while the loop turns. */
static void say(struct rig *rig, int descriptor, const char *text, size_t length)
{
  int turns = 0;
  while (length > 0) {
    ssize_t count = write(descriptor, text, length);
    if (count > 0) {
      text += count;
      length -= (size_t)count;
      continue;
    }
    assert_int_equal(errno, EAGAIN);
    assert_true(turns++ < 10000);
    turn_and_read(rig);
  }
}

#define SAY(rig, descriptor, text) say(rig, descriptor, text, strlen(text))

#define INITIALIZE                                                                                 \
  "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"       \
  "\"2025-11-25\"}}\n"
#define CALL(id, argument)                                                                         \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"s_t\","     \
  "\"arguments\":{\"x\":\"" argument "\"}}}\n"

static void server_comes_up(struct rig *rig)
{
  router_server_ready(rig->server);
  WAIT(rig, got(&rig->server_got, "initialize"));
  SAY(rig, rig->to_server,
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\","
      "\"capabilities\":{\"tools\":{}}}}\r\n\r\n");
  WAIT(rig, got(&rig->server_got, "tools/list"));
  SAY(rig, rig->to_server,
      "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"t\"}]}}\n");
  WAIT(rig, router_server_state(rig->server) == ROUTER_SERVER_READY);
  buffer_clear(&rig->server_got);
}

static void rig_simple(struct rig *rig)
{
  rig_start(rig, LIMIT, 0);
  rig_add_piped_client(rig);
  server_comes_up(rig);
  SAY(rig, rig->to_client, INITIALIZE);
  WAIT(rig, got(&rig->client_got, "\n"));
  buffer_clear(&rig->client_got);
}

static void test_call(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  SAY(&rig, rig.to_client, CALL("\"1\"", "y"));
  WAIT(&rig, got(&rig.server_got, "\n"));
  assert_string_equal(rig.server_got.data,
                      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
                      "\"name\":\"t\",\"arguments\":{\"x\":\"y\"}}}\n");
  SAY(&rig, rig.to_server, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n");
  WAIT(&rig, got(&rig.client_got, "\n"));
  assert_string_equal(rig.client_got.data, "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{}}\n");
  rig_end(&rig);
}

static void test_first_message(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, LIMIT, 0);
  SAY(&rig, rig.to_server, "a banner\n\n");
  for (int i = 0; i < 20; i++)
    turn_and_read(&rig);
  assert_int_equal(rig.spoke, 0);
  server_comes_up(&rig);
  assert_int_equal(rig.spoke, 1);
  rig_end(&rig);
}

/* Far more than a pipe holds, both ways, with small messages in between. */
static void test_large(void **state)
{
  (void)state;
  enum { SIZE = 6 * 1024 * 1024 };
  struct rig rig;
  rig_simple(&rig);
  CLEANUP_BUFFER struct buffer text = {0};
  for (int i = 0; i < 2; i++) {
    buffer_append_format(&text,
                         "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"tools/call\",\"params\":{"
                         "\"name\":\"s_t\",\"arguments\":{\"x\":\"",
                         i);
    char *space = buffer_reserve(&text, SIZE);
    assert_non_null(space);
    memset(space, 'a' + i, SIZE);
    text.length += SIZE;
    buffer_append_text(&text, "\"}}}\n{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\"}\n");
  }
  say(&rig, rig.to_client, text.data, text.length);
  WAIT(&rig, got(&rig.server_got, "bbb\"}}}\n"));
  assert_in_range(rig.server_got.length, 2 * SIZE, 2 * SIZE + 300);
  buffer_clear(&text);
  for (int i = 4; i > 2; i--) {
    buffer_append_format(&text, "{\"result\":{\"x\":\"");
    char *space = buffer_reserve(&text, SIZE);
    assert_non_null(space);
    memset(space, 'a' + i, SIZE);
    text.length += SIZE;
    buffer_append_format(&text, "\"},\"jsonrpc\":\"2.0\",\"id\":%d}\n", i);
  }
  say(&rig, rig.to_server, text.data, text.length);
  WAIT(&rig, got(&rig.client_got, "\"},\"jsonrpc\":\"2.0\",\"id\":0}\n"));
  assert_true(got(&rig.client_got, "eee\"},\"jsonrpc\":\"2.0\",\"id\":1}\n"));
  rig_end(&rig);
}

static void test_server_does_not_read(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, LIMIT, 100000);
  rig_add_piped_client(&rig);
  server_comes_up(&rig);
  SAY(&rig, rig.to_client, INITIALIZE);
  int from_server = rig.from_server;
  rig.from_server = -1; /* nobody reads the server's end from here on */
  CLEANUP_BUFFER struct buffer text = {0};
  for (int i = 1; i <= 10000; i++)
    buffer_append_format(&text, CALL("%d", "0123456789"), i);
  say(&rig, rig.to_client, text.data, text.length);
  WAIT(&rig, got(&rig.client_got, "\"id\":10000,\"error\":{\"code\":-31001"));
  assert_true(got(&rig.client_got, "does not read"));
  assert_false(got(&rig.client_got, "\"id\":1,\"error\""));
  /* When it reads again, it finds whole messages, and takes calls again. */
  rig.from_server = from_server;
  WAIT(&rig, got(&rig.server_got, "\"id\":3,"));
  SAY(&rig, rig.to_client, CALL("\"again\"", "again"));
  WAIT(&rig, got(&rig.server_got, "\"again\""));
  for (char *at = rig.server_got.data, *end; *at != '\0'; at = end + 1) {
    end = strchr(at, '\n');
    assert_non_null(end);
    assert_memory_equal(at, "{\"jsonrpc\":\"2.0\",\"id\":", 22);
    assert_memory_equal(end - 4, "\"}}}", 4);
  }
  rig_end(&rig);
}

static void test_client_ends(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  SAY(&rig, rig.to_client, CALL("1", "x"));
  WAIT(&rig, got(&rig.server_got, "\n"));
  /* The last line may lack its end. */
  SAY(&rig, rig.to_client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}");
  close_end(&rig.to_client);
  WAIT(&rig, rig.client_ended);
  WAIT(&rig, got(&rig.server_got, "notifications/cancelled"));
  WAIT(&rig, got(&rig.client_got, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n"));
  rig_end(&rig);
}

/* What was answered before the end of the input still goes out, however slowly it is read. */
static void test_client_ends_and_reads(void **state)
{
  (void)state;
  enum { SIZE = 1024 * 1024 };
  struct rig rig;
  rig_simple(&rig);
  SAY(&rig, rig.to_client, CALL("1", "x"));
  WAIT(&rig, got(&rig.server_got, "\n"));
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_text(&text, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"x\":\"");
  char *space = buffer_reserve(&text, SIZE);
  assert_non_null(space);
  memset(space, 'z', SIZE);
  text.length += SIZE;
  buffer_append_text(&text, "\"}}\n");
  int from_client = rig.from_client;
  rig.from_client = -1;
  say(&rig, rig.to_server, text.data, text.length);
  for (int i = 0; i < 20; i++)
    turn_and_read(&rig);
  close_end(&rig.to_client);
  for (int i = 0; i < 5; i++)
    turn_and_read(&rig);
  assert_false(rig.client_ended);
  rig.from_client = from_client;
  WAIT(&rig, rig.client_ended);
  drain(rig.from_client, &rig.client_got);
  assert_true(got(&rig.client_got, "zzz\"}}\n"));
  rig_end(&rig);
}

static void test_client_never_reads(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  int from_client = rig.from_client;
  rig.from_client = -1;
  CLEANUP_BUFFER struct buffer text = {0};
  for (int i = 0; i < 5000; i++)
    buffer_append_format(&text, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\"}\n", i);
  say(&rig, rig.to_client, text.data, text.length);
  close_end(&rig.to_client);
  WAIT(&rig, rig.client_ended);
  rig.from_client = from_client;
  rig_end(&rig);
}

static void test_broken_output(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  close_end(&rig.from_client);
  SAY(&rig, rig.to_client, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
  WAIT(&rig, rig.client_ended);
  rig_end(&rig);
}

static void test_server_ends(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  SAY(&rig, rig.to_client, CALL("1", "x"));
  WAIT(&rig, got(&rig.server_got, "\n"));
  SAY(&rig, rig.to_server, "{\"jsonrpc\":\"2.0\",\"id\":3,\"resu");
  close_end(&rig.to_server);
  WAIT(&rig, rig.server_ended);
  assert_int_equal(router_server_counters(rig.server)->noise, 1);
  router_server_ended(rig.server, "exited with status 3");
  WAIT(&rig, got(&rig.client_got, "exited with status 3"));
  rig_end(&rig);
}

/* Its stdin is closed, but it still answers. */
static void test_server_closes_input(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  SAY(&rig, rig.to_client, CALL("1", "x"));
  WAIT(&rig, got(&rig.server_got, "\n"));
  close_end(&rig.from_server);
  for (int i = 2; i < 5; i++) {
    char text[200];
    snprintf(text, sizeof text, CALL("%d", "x"), i);
    SAY(&rig, rig.to_client, text);
    turn_and_read(&rig);
  }
  WAIT(&rig, got(&rig.client_got, "\"id\":4,\"error\":{\"code\":-31001"));
  SAY(&rig, rig.to_server, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n");
  WAIT(&rig, got(&rig.client_got, "\"id\":1,\"result\":{}}\n"));
  rig_end(&rig);
}

static void test_close_input(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  server_pipe_close_input(rig.pipe);
  server_pipe_close_input(rig.pipe);
  char byte;
  assert_int_equal(read(rig.from_server, &byte, 1), 0);
  SAY(&rig, rig.to_server, "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n");
  WAIT(&rig, router_server_counters(rig.server)->dropped == 1);
  rig_end(&rig);
}

/* A hundred megabytes without a line feed are one line that is dropped, in bounded memory; then the
 * server goes on. */
static void test_flood(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    static char chunk[1024 * 1024];
    memset(chunk, 'x', sizeof chunk);
    fcntl(rig.to_server, F_SETFL, 0);
    bool written = true;
    for (int i = 0; i < 100; i++)
      for (size_t at = 0; at < sizeof chunk && written;) {
        ssize_t count = write(rig.to_server, chunk + at, sizeof chunk - at);
        written = count > 0;
        at += written ? (size_t)count : 0;
      }
    static const char end[] = "\n{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n";
    _exit(written && write(rig.to_server, end, sizeof end - 1) > 0 ? 0 : 1);
  }
  WAIT(&rig, router_server_counters(rig.server)->dropped == 1);
  assert_int_equal(router_server_counters(rig.server)->noise, 1);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  rig_end(&rig);
}

/* The router gives a server up in the middle of what was read from it; the rest is dropped. */
static void test_stop_while_reading(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  SAY(&rig, rig.to_client, CALL("1", "x"));
  WAIT(&rig, got(&rig.server_got, "\n"));
  CLEANUP_BUFFER struct buffer text = {0};
  for (int i = 0; i < 10500; i++)
    buffer_append_text(&text, "x\n");
  buffer_append_text(&text, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n");
  SAY(&rig, rig.to_server, text.data);
  WAIT(&rig, rig.pipe == NULL);
  WAIT(&rig, got(&rig.client_got, "was stopped"));
  assert_false(got(&rig.client_got, "result"));
  assert_int_equal(router_server_counters(rig.server)->noise, 10001);
  rig_end(&rig);
}

static void test_overlong_request(void **state)
{
  (void)state;
  struct rig rig;
  rig_simple(&rig);
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_text(&text,
                     "{\"jsonrpc\":\"2.0\",\"id\":\"long\",\"method\":\"tools/call\",\"p\":\"");
  char *space = buffer_reserve(&text, LIMIT);
  assert_non_null(space);
  memset(space, 'z', LIMIT);
  text.length += LIMIT;
  buffer_append_text(&text, "\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
  say(&rig, rig.to_client, text.data, text.length);
  WAIT(&rig, got(&rig.client_got, "\"id\":2,\"result\":{}}\n"));
  assert_true(got(&rig.client_got, "\"id\":\"long\",\"error\":{\"code\":-32600"));
  rig_end(&rig);
}

/* What is answered in one turn of the loop leaves with one system call. */
static void test_gathered(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, LIMIT, 0);
  int input, sockets[2];
  make_pipe(&input, &rig.to_client);
  /* Keeps the borders of what was written. */
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
  rig_add_client(&rig, input, sockets[0]);
  CLEANUP_BUFFER struct buffer text = {0};
  for (int i = 0; i < 50; i++)
    buffer_append_format(&text, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\"}\n", i);
  SAY(&rig, rig.to_client, text.data);
  char packet[8000];
  ssize_t length = -1;
  for (int i = 0; i < 1000 && length < 0; i++) {
    turn(&rig);
    length = recv(sockets[1], packet, sizeof packet - 1, MSG_DONTWAIT);
  }
  assert_true(length > 0);
  packet[length] = '\0';
  assert_memory_equal(packet, "{\"jsonrpc\":\"2.0\",\"id\":0,", 24);
  assert_non_null(strstr(packet, "\"id\":49,\"result\":{}}\n"));
  close(sockets[1]);
  rig_end(&rig);
}

static void test_files(void **state)
{
  (void)state;
  FILE *input = tmpfile();
  FILE *output = tmpfile();
  assert_non_null(input);
  assert_non_null(output);
  for (int i = 0; i < 20000; i++)
    fprintf(input, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\"}\n", i);
  fflush(input);
  rewind(input);
  struct rig rig;
  rig_start(&rig, LIMIT, 0);
  rig_add_client(&rig, dup(fileno(input)), dup(fileno(output)));
  WAIT(&rig, rig.client_ended);
  rewind(output);
  char line[200];
  for (int i = 0; i < 20000; i++) {
    char expected[100];
    assert_non_null(fgets(line, sizeof line, output));
    snprintf(expected, sizeof expected, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{}}\n", i);
    assert_string_equal(line, expected);
  }
  assert_null(fgets(line, sizeof line, output));
  rig_end(&rig);
  fclose(input);
  fclose(output);
}

static void test_null_device(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, LIMIT, 0);
  rig_add_client(&rig, open("/dev/null", O_RDONLY | O_CLOEXEC),
                 open("/dev/null", O_WRONLY | O_CLOEXEC));
  WAIT(&rig, rig.client_ended);
  rig_end(&rig);
}

/* Descriptors that are shared with others get their flags back. */
static void test_flags(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, LIMIT, 0);
  int input, output;
  make_pipe(&input, &rig.to_client);
  make_pipe(&rig.from_client, &output);
  rig_add_client(&rig, input, output);
  assert_true((fcntl(input, F_GETFL) & O_NONBLOCK) != 0);
  stdio_client_close(rig.client);
  rig.client = NULL;
  assert_int_equal(fcntl(input, F_GETFL) & O_NONBLOCK, 0);
  assert_int_equal(fcntl(output, F_GETFL) & O_NONBLOCK, 0);
  rig_end(&rig);
}

static void test_bad_descriptors(void **state)
{
  (void)state;
  struct rig rig;
  rig_start(&rig, LIMIT, 0);
  struct error *error = NULL;
  assert_null(
      stdio_client_open(&rig.loop, rig.router, 9999, 9998, LIMIT, client_has_ended, &rig, &error));
  assert_non_null(error);
  error_free(&error);
  struct server_pipe_settings settings = {LIMIT, 0};
  assert_null(server_pipe_open(&rig.loop, rig.server, 9999, 9998, &settings, server_has_ended, &rig,
                               &error));
  assert_non_null(error);
  error_free(&error);
  rig_end(&rig);
}

/* A client that reads nothing is not read either, once much waits for it, and loses nothing. */
static void test_crowded_client(void **state)
{
  (void)state;
  enum { SIZE = 8 * 1024 * 1024, COUNT = 12 };
  struct rig rig;
  rig_simple(&rig);
  for (int i = 0; i < COUNT; i++) {
    char text[200];
    snprintf(text, sizeof text, CALL("%d", "x"), i);
    SAY(&rig, rig.to_client, text);
  }
  WAIT(&rig, got(&rig.server_got, "\"id\":14,"));
  int from_client = rig.from_client;
  rig.from_client = -1;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    CLEANUP_BUFFER struct buffer text = {0};
    fcntl(rig.to_server, F_SETFL, 0);
    for (int i = 0; i < COUNT; i++) {
      buffer_clear(&text);
      buffer_append_text(&text, "{\"result\":{\"x\":\"");
      char *space = buffer_reserve(&text, SIZE);
      memset(space, 'q', SIZE);
      text.length += SIZE;
      buffer_append_format(&text, "\"},\"jsonrpc\":\"2.0\",\"id\":%d}\n", i + 3);
      for (size_t at = 0; at < text.length;) {
        ssize_t count = write(rig.to_server, text.data + at, text.length - at);
        if (count <= 0)
          _exit(1);
        at += (size_t)count;
      }
    }
    _exit(0);
  }
  for (int i = 0; i < 400; i++)
    turn(&rig);
  /* The rest is held in the pipe, so that the server still waits. */
  assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
  rig.from_client = from_client;
  WAIT(&rig, got(&rig.client_got, "\"},\"jsonrpc\":\"2.0\",\"id\":11}\n"));
  assert_true(rig.client_got.length > (size_t)COUNT * SIZE);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  rig_end(&rig);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_call),
      cmocka_unit_test(test_first_message),
      cmocka_unit_test(test_large),
      cmocka_unit_test(test_server_does_not_read),
      cmocka_unit_test(test_client_ends),
      cmocka_unit_test(test_client_ends_and_reads),
      cmocka_unit_test(test_client_never_reads),
      cmocka_unit_test(test_broken_output),
      cmocka_unit_test(test_server_ends),
      cmocka_unit_test(test_server_closes_input),
      cmocka_unit_test(test_close_input),
      cmocka_unit_test(test_flood),
      cmocka_unit_test(test_stop_while_reading),
      cmocka_unit_test(test_overlong_request),
      cmocka_unit_test(test_gathered),
      cmocka_unit_test(test_files),
      cmocka_unit_test(test_null_device),
      cmocka_unit_test(test_flags),
      cmocka_unit_test(test_bad_descriptors),
      cmocka_unit_test(test_crowded_client),
  };
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin worker, seen from the router. */
#include "core/plugin/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/os/process.h"
#include "core/plugin/foreign.h"
#include "core/plugin/orphans.h"
#include "core/plugin/worker.h"

enum {
  IDLE_MILLISECONDS = 5000,
  GRACE_MILLISECONDS = 1000, /* to end by itself, or for the rest of an ended one's output */
  PRINTED_SHOWN = 400,       /* bytes */
  HANDLES = 3,
  SWEEP_ROUNDS = 100,
  DEPTH_MAX = 32
};

enum state { STATE_IDLE = 1, STATE_BUSY, STATE_ENDING };

struct process {
  uv_process_t process;
  uv_pipe_t pipe;
  uv_timer_t timer;
  int handles;  /* that are not closed yet */
  bool closing; /* all are being closed */
  enum state state;
  bool exited;
  bool input_ended;
  int64_t exit_status;
  int exit_signal;
  int output; /* memory file of what the plugin prints */
  unsigned milliseconds;
  struct buffer input;
  size_t searched;
  char *stage;
  const struct process_events *events;
  void *data;
  void *owner;
};

struct message {
  uv_write_t write;
  char *text;
};

static void free_when_closed(uv_handle_t *handle)
{
  struct process *process = handle->data;
  if (--process->handles > 0)
    return;
  if (process->output >= 0)
    close(process->output);
  buffer_free(&process->input);
  free(process->stage);
  if (process->events != NULL)
    process->events->gone(process->owner);
  free(process);
}

static void close_handles(struct process *process)
{
  if (process->closing)
    return;
  process->closing = true;
  uv_close((uv_handle_t *)&process->timer, free_when_closed);
  uv_close((uv_handle_t *)&process->process, free_when_closed);
  if (!uv_is_closing((uv_handle_t *)&process->pipe))
    uv_close((uv_handle_t *)&process->pipe, free_when_closed);
}

/* What a plugin has forked must not survive it; without their parent they could not be found. */
static void kill_descendants(pid_t pid, int depth)
{
  pid_t children[64];
  ssize_t count = os_children(pid, children, sizeof children / sizeof children[0]);
  for (ssize_t i = 0; i < count && depth < DEPTH_MAX; i++) {
    kill_descendants(children[i], depth + 1);
    kill(children[i], SIGKILL);
  }
}

static void kill_process(struct process *process)
{
  if (process->exited)
    return;
  uv_process_kill(&process->process, SIGSTOP);
  kill_descendants(process->process.pid, 0);
  uv_process_kill(&process->process, SIGKILL);
}

/* After this only the exit is waited for. */
static void begin_end(struct process *process)
{
  process->state = STATE_ENDING;
  uv_timer_stop(&process->timer);
  if (process->exited)
    close_handles(process);
}

void process_end(struct process *process)
{
  kill_process(process);
  begin_end(process);
}

/* Adds what the plugin printed to the message of an error. */
static void add_printed(const struct process *process, struct error *error)
{
  char bytes[PRINTED_SHOWN];
  ssize_t length = pread(process->output, bytes, sizeof bytes, 0);
  if (length <= 0)
    return;
  bool more = length == (ssize_t)sizeof bytes;
  while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
    length--;
  CLEANUP_BUFFER struct buffer text = {0};
  buffer_append_format(&text, "%s; it printed \"", error->message);
  text_escape_controls(&text, bytes, (size_t)length);
  buffer_append_text(&text, more ? "…\"" : "\"");
  char *message = buffer_steal(&text);
  if (message == NULL)
    return;
  free(error->message);
  error->message = message;
}

/* Ends the request under way with an error, and the process with it. */
static void fail(struct process *process, const char *code, const char *text)
{
  CLEANUP_ERROR struct error *error = NULL;
  const char *stage = process->stage == NULL ? "starting" : process->stage;
  error_make_code(&error, ERROR_SANDBOX, code, "%s: it %s", stage, text);
  if (error->code != NULL && strcmp(error->code, "out-of-memory") != 0)
    add_printed(process, error);
  kill_process(process);
  begin_end(process);
  process->events->answered(process->data, NULL, error, false);
}

static void lose(struct process *process)
{
  begin_end(process);
  process->events->lost(process->data);
}

/* The request under way can get no answer any more. */
static void fail_by_exit(struct process *process)
{
  char text[160];
  if (process->exit_signal != 0)
    snprintf(text, sizeof text, "crashed with signal %d (%s)", process->exit_signal,
             strsignal(process->exit_signal));
  else
    snprintf(text, sizeof text, "ended its process with status %lld",
             (long long)process->exit_status);
  fail(process, process->exit_signal != 0 ? "plugin-crashed" : "plugin-ended", text);
}

/* What a plugin has forked before it crashed or ended its process. It ends at once when there is
 * nothing, and otherwise soon, because what was killed cannot refuse. */
static void sweep(uv_loop_t *loop)
{
  pid_t left[ORPHANS_AT_ONCE];
  size_t count = 0;
  const struct timespec pause = {.tv_nsec = 1000000};
  for (int round = 0; round < SWEEP_ROUNDS && orphans_kill(loop, left, &count); round++)
    nanosleep(&pause, NULL);
}

static void on_process_exit(uv_process_t *handle, int64_t status, int signal)
{
  struct process *process = handle->data;
  process->exited = true;
  process->exit_status = status;
  process->exit_signal = signal;
  sweep(handle->loop);
  if (process->state == STATE_ENDING)
    close_handles(process);
  else if (process->state == STATE_IDLE)
    lose(process);
  else if (process->input_ended)
    fail_by_exit(process);
  else
    uv_timer_again(&process->timer);
}

static void on_timer(uv_timer_t *timer)
{
  struct process *process = timer->data;
  char text[96];
  switch (process->state) {
  case STATE_BUSY:
    if (process->exited) {
      fail_by_exit(process);
      return;
    }
    snprintf(text, sizeof text, "did not answer within %u ms and was killed",
             process->milliseconds);
    fail(process, "plugin-hangs", text);
    return;
  case STATE_IDLE:
    /* It ends when its input does. */
    process->state = STATE_ENDING;
    uv_close((uv_handle_t *)&process->pipe, free_when_closed);
    uv_timer_start(timer, on_timer, GRACE_MILLISECONDS, 0);
    process->events->lost(process->data);
    return;
  default:
    kill_process(process);
  }
}

static void complete(struct process *process, json_t *answer, struct error *error, bool last)
{
  if (error != NULL)
    add_printed(process, error);
  if (last) {
    kill_process(process);
    begin_end(process);
  } else {
    process->state = STATE_IDLE;
    uv_timer_start(&process->timer, on_timer, IDLE_MILLISECONDS, 0);
  }
  process->events->answered(process->data, answer, error, !last);
}

static void take_stage(struct process *process, const char *stage)
{
  if (!foreign_is_code(stage)) {
    fail(process, "plugin-bad-answer", "sent a message that is malformed");
    return;
  }
  char *copy = strdup(stage);
  if (copy == NULL)
    return;
  free(process->stage);
  process->stage = copy;
}

static void take_line(struct process *process, const char *line, size_t length)
{
  json_t *message = foreign_load(line, length);
  json_t *answer = json_object_get(message, "answer");
  json_t *reason = json_object_get(message, "error");
  const char *stage = json_string_value(json_object_get(message, "stage"));
  if (process->state != STATE_BUSY) {
    kill_process(process);
    lose(process);
  } else if (stage != NULL)
    take_stage(process, stage);
  else if (json_is_object(answer))
    complete(process, answer, NULL, false);
  else if (json_is_object(reason)) {
    CLEANUP_ERROR struct error *error = NULL;
    if (foreign_error(reason, &error))
      complete(process, NULL, error, json_is_true(json_object_get(message, "last")));
    else
      fail(process, "plugin-bad-answer", "sent a message that is malformed");
  } else
    fail(process, "plugin-bad-answer", "sent a message that is malformed");
  json_decref(message);
}

/* A call-back may end the process or send the next request; neither touches the input. */
static void take_input(struct process *process)
{
  while (process->state != STATE_ENDING && process->input.length > process->searched) {
    char *start = process->input.data;
    char *newline =
        memchr(start + process->searched, '\n', process->input.length - process->searched);
    if (newline == NULL) {
      process->searched = process->input.length;
      break;
    }
    size_t length = (size_t)(newline - start);
    take_line(process, start, length);
    buffer_consume(&process->input, length + 1);
    process->searched = 0;
  }
  if (process->state != STATE_ENDING && process->input.length > WORKER_LINE_MAX)
    fail(process, "plugin-bad-answer", "answered with more than 32 MiB");
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  struct process *process = handle->data;
  buffer->base = buffer_reserve(&process->input, suggested);
  buffer->len = buffer->base == NULL ? 0 : suggested;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
  (void)buffer;
  struct process *process = stream->data;
  if (length > 0) {
    if (process->state == STATE_ENDING)
      return;
    process->input.length += (size_t)length;
    process->input.data[process->input.length] = '\0';
    take_input(process);
    return;
  }
  if (length == 0)
    return;
  uv_read_stop(stream);
  process->input_ended = true;
  if (process->state == STATE_ENDING)
    return;
  /* One that is ending by itself keeps its own status. */
  kill_process(process);
  if (process->exited && process->state == STATE_BUSY)
    fail_by_exit(process);
}

static void on_written(uv_write_t *write, int status)
{
  (void)status; /* a broken pipe is seen at its other end */
  struct message *message = (struct message *)write;
  free(message->text);
  free(message);
}

int process_send(struct process *process, json_t *request, unsigned milliseconds,
                 struct error **error)
{
  struct message *message = calloc(1, sizeof *message);
  char *text = json_dumps(request, JSON_COMPACT);
  if (message == NULL || text == NULL) {
    free(message);
    free(text);
    return error_memory(error);
  }
  size_t length = strlen(text);
  text[length] = '\n';
  message->text = text;
  uv_buf_t part = uv_buf_init(text, (unsigned)length + 1);
  int outcome = uv_write(&message->write, (uv_stream_t *)&process->pipe, &part, 1, on_written);
  if (outcome != 0) {
    free(text);
    free(message);
    return error_make(error, ERROR_SANDBOX, -outcome, "cannot ask the plugin worker");
  }
  free(process->stage);
  process->stage = NULL;
  process->state = STATE_BUSY;
  process->milliseconds = milliseconds;
  /* The repeat is the grace of one that has exited; see on_process_exit(). */
  uv_timer_start(&process->timer, on_timer, milliseconds, GRACE_MILLISECONDS);
  return 0;
}

static int spawn(uv_loop_t *loop, struct process *process, const struct process_settings *settings)
{
  char user[24];
  char group[24];
  snprintf(user, sizeof user, "%lu", (unsigned long)settings->user);
  snprintf(group, sizeof group, "%lu", (unsigned long)settings->group);
  char *arguments[] = {(char *)settings->program,
                       (char *)"plugin-worker",
                       (char *)settings->name,
                       (char *)settings->file,
                       (char *)settings->account,
                       settings->account == NULL ? NULL : user,
                       group,
                       NULL};
  char *environment[] = {(char *)"LC_ALL=C", (char *)"PATH=/usr/bin:/bin", NULL};
  uv_stdio_container_t stdio[4] = {{.flags = UV_IGNORE},
                                   {.flags = UV_INHERIT_FD, .data.fd = process->output},
                                   {.flags = UV_INHERIT_FD, .data.fd = process->output}};
  stdio[3].flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE;
  stdio[3].data.stream = (uv_stream_t *)&process->pipe;
  const uv_process_options_t options = {.exit_cb = on_process_exit,
                                        .file = settings->program,
                                        .args = arguments,
                                        .env = environment,
                                        .flags = UV_PROCESS_DETACHED,
                                        .stdio_count = 4,
                                        .stdio = stdio};
  return uv_spawn(loop, &process->process, &options);
}

struct process *process_start(uv_loop_t *loop, const struct process_settings *settings,
                              const struct process_events *events, void *data, void *owner,
                              struct error **error)
{
  struct process *process = calloc(1, sizeof *process);
  if (process == NULL) {
    error_memory(error);
    return NULL;
  }
  process->output = memfd_create("plugin-output", MFD_CLOEXEC);
  process->state = STATE_IDLE;
  process->handles = HANDLES;
  process->data = data;
  process->owner = owner;
  uv_timer_init(loop, &process->timer);
  uv_pipe_init(loop, &process->pipe, 0);
  process->timer.data = process->pipe.data = process->process.data = process;
  int outcome = process->output < 0 || fcntl(process->output, F_SETFL, O_APPEND) != 0 ? -errno : 0;
  if (outcome == 0)
    outcome = spawn(loop, process, settings);
  else
    process->handles--; /* the process handle was never begun */
  if (outcome == 0)
    outcome = uv_read_start((uv_stream_t *)&process->pipe, on_allocate, on_read);
  if (outcome == 0) {
    process->events = events;
    return process;
  }
  error_make(error, ERROR_SANDBOX, -outcome, "cannot start the plugin worker %s",
             settings->program);
  process->closing = true;
  uv_close((uv_handle_t *)&process->timer, free_when_closed);
  uv_close((uv_handle_t *)&process->pipe, free_when_closed);
  if (process->handles == HANDLES)
    uv_close((uv_handle_t *)&process->process, free_when_closed);
  return NULL;
}

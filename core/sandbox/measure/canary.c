/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the canary: its process, its stdin and stdout. */
#include "core/sandbox/measure/canary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <sodium.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "sdk/canary/canary.h"

enum {
  OUTPUT_MAX = 1024 * 1024, /* bytes; more is not of a canary */
  SILENCE_MS = 5000,        /* between the end of the process and that of its output */
  SAID_MAX = 400            /* bytes of its stderr in an error */
};

struct canary {
  uv_loop_t *loop;
  struct canary_events events;
  void *data;
  char random[CANARY_RANDOM_DIGITS + 1];
  struct instance *instance; /* NULL: an ordinary program, or ended */
  uv_process_t process;
  uv_pipe_t input;
  uv_pipe_t output;
  uv_timer_t timer;
  uv_write_t writing;
  struct buffer script;
  struct buffer received; /* not taken apart yet */
  struct buffer said;     /* start of its stderr */
  size_t total;
  json_t *facts;
  struct error *error;
  pid_t located;
  unsigned silence;
  unsigned handles; /* not closed yet */
  bool greeted;
  bool complete;
  bool wrong;  /* it has said what no canary says */
  bool gone;   /* the process has ended */
  bool silent; /* its output has ended */
  bool left;   /* something of its sandbox could not be removed */
  bool told;   /* `ended` was called */
  bool freed;
};

/* --- The end ---------------------------------------------------------------------------------- */

static void dispose(struct canary *canary)
{
  buffer_free(&canary->script);
  buffer_free(&canary->received);
  buffer_free(&canary->said);
  json_decref(canary->facts);
  error_free(&canary->error);
  free(canary);
}

static void on_closed(uv_handle_t *handle)
{
  struct canary *canary = handle->data;
  if (--canary->handles == 0 && canary->freed)
    dispose(canary);
}

static void close_handle(void *pointer)
{
  uv_handle_t *handle = pointer;
  if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
    uv_close(handle, on_closed);
}

void canary_free(struct canary *canary)
{
  if (canary == NULL)
    return;
  canary->freed = true;
  close_handle(&canary->input);
  close_handle(&canary->output);
  close_handle(&canary->timer);
  close_handle(&canary->process);
  if (canary->handles == 0)
    dispose(canary);
}

static void explain(struct canary *canary)
{
  if (canary->complete || canary->error != NULL)
    return;
  if (!canary->greeted)
    error_make_code(&canary->error, ERROR_SANDBOX, "canary-silent",
                    "the canary did not run inside%s%.*s", canary->said.length > 0 ? ": " : "",
                    (int)canary->said.length, canary->said.length > 0 ? canary->said.data : "");
  else if (canary->wrong)
    error_make_code(&canary->error, ERROR_SANDBOX, "canary-forged",
                    "what answered inside is not the canary");
  else
    error_make_code(&canary->error, ERROR_SANDBOX, "canary-killed",
                    "the canary ended before it had answered everything");
}

static void end(struct canary *canary)
{
  if (canary->told)
    return;
  canary->told = true;
  uv_timer_stop(&canary->timer);
  explain(canary);
  canary->events.ended(canary->data);
}

static void on_silence(uv_timer_t *timer)
{
  end(timer->data);
}

static void consider_end(struct canary *canary)
{
  if (canary->gone && canary->silent)
    end(canary);
  else if (canary->gone)
    uv_timer_start(&canary->timer, on_silence, canary->silence, 0);
}

static void stop(struct canary *canary)
{
  if (canary->instance != NULL)
    instance_stop(canary->instance);
  else if (!canary->gone && canary->process.type == UV_PROCESS)
    uv_process_kill(&canary->process, SIGKILL);
}

void canary_stop(struct canary *canary)
{
  close_handle(&canary->input);
  stop(canary);
}

static void on_time(uv_timer_t *timer)
{
  struct canary *canary = timer->data;
  if (canary->error == NULL)
    error_make_code(&canary->error, ERROR_SANDBOX, "canary-late",
                    "the canary took too long and was stopped");
  canary_stop(canary);
}

void canary_finish(struct canary *canary)
{
  close_handle(&canary->input);
}

void canary_abandon(struct canary *canary)
{
  if (canary->instance != NULL)
    instance_abandon(canary->instance);
}

/* --- What it says ----------------------------------------------------------------------------- */

static bool is_frame(const struct canary *canary, const char *line, const char *start)
{
  size_t length = strlen(start);
  return strncmp(line, start, length) == 0 && strcmp(line + length, canary->random) == 0;
}

static void take_line(struct canary *canary, char *line)
{
  if (!canary->greeted) {
    canary->greeted = is_frame(canary, line, CANARY_WORD "\t" CANARY_VERSION "\t");
    canary->wrong = canary->wrong || !canary->greeted;
    return;
  }
  if (canary->complete)
    return;
  if (strncmp(line, "end\t", 4) == 0) {
    canary->complete = !canary->wrong && is_frame(canary, line, "end\t");
    canary->wrong = !canary->complete;
    if (canary->complete)
      canary->events.answered(canary->data);
    return;
  }
  char *tab = strchr(line, '\t');
  canary->wrong = canary->wrong || tab == NULL;
  if (tab == NULL)
    return;
  *tab = '\0';
  if (json_object_get(canary->facts, line) == NULL)
    json_object_set_new(canary->facts, line, json_string(tab + 1));
  else
    canary->wrong = true;
}

static void take_lines(struct canary *canary)
{
  char *newline;
  while (canary->received.length > 0 &&
         (newline = memchr(canary->received.data, '\n', canary->received.length)) != NULL) {
    size_t length = (size_t)(newline - canary->received.data);
    *newline = '\0';
    if (strlen(canary->received.data) == length)
      take_line(canary, canary->received.data);
    else
      canary->wrong = true;
    buffer_consume(&canary->received, length + 1);
  }
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room)
{
  struct canary *canary = handle->data;
  room->base = buffer_reserve(&canary->received, wanted);
  room->len = room->base != NULL ? wanted : 0;
}

static void on_output(uv_stream_t *stream, ssize_t got, const uv_buf_t *room)
{
  struct canary *canary = stream->data;
  (void)room;
  if (got > 0) {
    canary->received.length += (size_t)got;
    canary->total += (size_t)got;
    take_lines(canary);
  }
  if (got < 0 || canary->total > OUTPUT_MAX) {
    canary->silent = got == UV_EOF;
    uv_read_stop(stream);
    if (canary->total > OUTPUT_MAX)
      stop(canary);
    consider_end(canary);
  }
}

static void on_said(void *data, const char *line, size_t length)
{
  struct canary *canary = data;
  if (canary->said.length + length > SAID_MAX)
    return;
  if (canary->said.length > 0)
    buffer_append_byte(&canary->said, ' ');
  buffer_append(&canary->said, line, length);
}

/* --- Its process ------------------------------------------------------------------------------ */

static void on_started(void *data, pid_t located)
{
  struct canary *canary = data;
  canary->located = located;
}

static void on_ended(void *data, const struct instance_ending *ending, const struct error *error)
{
  struct canary *canary = data;
  canary->instance = NULL;
  canary->left = ending->left;
  if (canary->error == NULL)
    canary->error = error_copy(error);
  if (canary->said.length == 0 && !canary->greeted)
    buffer_append_text(&canary->said, ending->text);
  canary->gone = true;
  consider_end(canary);
}

static void on_exit_of_canary(uv_process_t *process, int64_t status, int signal)
{
  struct canary *canary = process->data;
  (void)status;
  (void)signal;
  canary->gone = true;
  consider_end(canary);
}

/* It gets what an ordinary program of the account can have: all descriptors that the hard limit
 * allows. */
static int spawn(struct canary *canary, const struct canary_order *order, int input, int output)
{
  char *arguments[] = {(char *)order->program, NULL};
  uv_stdio_container_t stdio[] = {{.flags = UV_INHERIT_FD, .data.fd = input},
                                  {.flags = UV_INHERIT_FD, .data.fd = output},
                                  {.flags = UV_IGNORE}};
  uv_process_options_t options = {.exit_cb = on_exit_of_canary,
                                  .file = order->program,
                                  .args = arguments,
                                  .env = (char **)order->environment,
                                  .cwd = "/",
                                  .flags = UV_PROCESS_DETACHED,
                                  .stdio_count = 3,
                                  .stdio = stdio};
  if (geteuid() == 0 && order->user != 0) {
    options.flags |= UV_PROCESS_SETUID | UV_PROCESS_SETGID;
    options.uid = order->user;
    options.gid = order->group;
  }
  struct rlimit files;
  bool raised = getrlimit(RLIMIT_NOFILE, &files) == 0;
  struct rlimit most = {files.rlim_max, files.rlim_max};
  raised = raised && setrlimit(RLIMIT_NOFILE, &most) == 0;
  canary->handles++; /* uv_spawn() registers the handle also when it fails */
  int result = uv_spawn(canary->loop, &canary->process, &options);
  if (raised)
    setrlimit(RLIMIT_NOFILE, &files);
  if (result == 0)
    canary->located = canary->process.pid;
  else
    canary->gone = true;
  return result;
}

static int start_ordinary(struct canary *canary, const struct canary_order *order, int *input,
                          int *output, struct error **error)
{
  int in[2];
  if (pipe2(in, O_CLOEXEC) < 0)
    return error_make(error, ERROR_FAILED, errno, "no pipe can be made");
  CLEANUP_CLOSE int its_input = in[0];
  *input = in[1];
  if (pipe2(in, O_CLOEXEC) < 0)
    return error_make(error, ERROR_FAILED, errno, "no pipe can be made");
  *output = in[0];
  CLEANUP_CLOSE int its_output = in[1];
  int result = spawn(canary, order, its_input, its_output);
  return result == 0 ? 0
                     : error_make(error, ERROR_FAILED, -result, "the canary %s cannot be started",
                                  order->program);
}

static int start_inside(struct canary *canary, const struct canary_order *order, int *input,
                        int *output, struct error **error)
{
  static const struct instance_events events = {
      .started = on_started, .ended = on_ended, .said = on_said};
  canary->instance = instance_start(canary->loop, order->plan, order->instance, &events, canary,
                                    input, output, error);
  return canary->instance != NULL ? 0 : -1;
}

static void on_written(uv_write_t *request, int status)
{
  (void)request;
  (void)status; /* one that reads nothing ends, or is stopped */
}

static void begin(struct canary *canary, const struct canary_order *order, int input, int output)
{
  uv_pipe_open(&canary->input, input);
  uv_pipe_open(&canary->output, output);
  uv_buf_t bytes = uv_buf_init(canary->script.data, (unsigned)canary->script.length);
  uv_write(&canary->writing, (uv_stream_t *)&canary->input, &bytes, 1, on_written);
  uv_read_start((uv_stream_t *)&canary->output, on_room, on_output);
  uv_timer_start(&canary->timer, on_time, order->milliseconds, 0);
}

static struct canary *make(const struct canary_order *order, const struct canary_events *events,
                           void *data)
{
  struct canary *canary = calloc(1, sizeof *canary);
  unsigned char random[CANARY_RANDOM_DIGITS / 2];
  if (canary == NULL)
    return NULL;
  *canary = (struct canary){
      .loop = order->loop,
      .events = *events,
      .data = data,
      .silence = order->silence_milliseconds != 0 ? order->silence_milliseconds : SILENCE_MS,
  };
  randombytes_buf(random, sizeof random);
  sodium_bin2hex(canary->random, sizeof canary->random, random, sizeof random);
  canary->facts = json_object();
  buffer_append_format(&canary->script, CANARY_WORD "\t" CANARY_VERSION "\nrandom\t%s\n%sgo\n",
                       canary->random, order->attempts);
  uv_pipe_init(order->loop, &canary->input, 0);
  uv_pipe_init(order->loop, &canary->output, 0);
  uv_timer_init(order->loop, &canary->timer);
  canary->input.data = canary->output.data = canary->timer.data = canary->process.data = canary;
  canary->handles = 3;
  return canary;
}

struct canary *canary_start(const struct canary_order *order, const struct canary_events *events,
                            void *data, struct error **error)
{
  int input = -1;
  int output = -1;
  struct canary *canary = make(order, events, data);
  if (canary == NULL || canary->facts == NULL || canary->script.failed) {
    error_memory(error);
  } else if (canary->script.length > CANARY_INPUT_MAX) {
    error_make(error, ERROR_FAILED, 0, "there are too many attempts for one run of the canary");
  } else if ((order->plan != NULL ? start_inside : start_ordinary)(canary, order, &input, &output,
                                                                   error) == 0) {
    begin(canary, order, input, output);
    return canary;
  }
  if (input >= 0)
    close(input);
  if (output >= 0)
    close(output);
  canary_free(canary);
  return NULL;
}

/* --- Questions -------------------------------------------------------------------------------- */

json_t *canary_facts(const struct canary *canary)
{
  return canary->facts;
}

bool canary_is_complete(const struct canary *canary)
{
  return canary->complete;
}

bool canary_is_silent(const struct canary *canary)
{
  return canary->silent;
}

pid_t canary_process(const struct canary *canary)
{
  return canary->located;
}

bool canary_has_left(const struct canary *canary)
{
  return canary->left;
}

const struct error *canary_error(const struct canary *canary)
{
  return canary->error;
}

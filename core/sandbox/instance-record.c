/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper tells, and what is made of it at the end. */
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/json/decode.h"
#include "core/sandbox/instance-parts.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { STATUS_LINES_MAX = 64, REASON_TEXT_MAX = 400 };

/* A text of a foreign program as JSON: what is no UTF-8 becomes U+FFFD, NUL bytes are left out. */
static json_t *foreign_text(const char *text, size_t length)
{
  CLEANUP_BUFFER struct buffer clean = {0};
  CLEANUP_BUFFER struct buffer quoted = {0};
  for (size_t i = 0; i < length; i++)
    if (text[i] != '\0')
      buffer_append_byte(&clean, text[i]);
  json_string_append(&quoted, clean.length == 0 ? "" : clean.data, clean.length);
  if (clean.failed || quoted.failed)
    return NULL;
  return json_loadb(quoted.data, quoted.length, JSON_DECODE_ANY, NULL);
}

static void append_foreign(struct buffer *out, const char *text, size_t length)
{
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
    length--;
  if (length > REASON_TEXT_MAX)
    length = REASON_TEXT_MAX;
  text_escape_controls(out, text, length);
}

static const struct {
  int number;
  const char *name;
} signal_names[] = {{SIGHUP, "HUP"},   {SIGINT, "INT"},   {SIGQUIT, "QUIT"}, {SIGILL, "ILL"},
                    {SIGABRT, "ABRT"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},   {SIGKILL, "KILL"},
                    {SIGSEGV, "SEGV"}, {SIGPIPE, "PIPE"}, {SIGTERM, "TERM"}, {SIGXCPU, "XCPU"},
                    {SIGXFSZ, "XFSZ"}, {SIGSYS, "SYS"}};

static void append_wait_status(struct buffer *out, int status)
{
  if (WIFEXITED(status)) {
    buffer_append_format(out, "ended with exit code %d", WEXITSTATUS(status));
    return;
  }
  for (size_t i = 0; i < sizeof signal_names / sizeof signal_names[0]; i++)
    if (signal_names[i].number == WTERMSIG(status)) {
      buffer_append_format(out, "was ended by SIG%s", signal_names[i].name);
      return;
    }
  buffer_append_format(out, "was ended by the signal %d", WTERMSIG(status));
}

static void append_failure(struct buffer *out, const char *name,
                           const struct keeper_message *message, const char *text, size_t length)
{
  buffer_append_format(out, "the step \"%s\" ", name);
  if ((message->flags & KEEPER_NOT_RUN) != 0) {
    buffer_append_text(out, "did not run: ");
    append_foreign(out, text, length);
    buffer_append_format(out, ": %s", strerror(message->value));
    return;
  }
  if ((message->flags & KEEPER_TIMED_OUT) != 0)
    buffer_append_text(out, "took too long");
  else
    append_wait_status(out, message->value);
  if (length > 0) {
    buffer_append_text(out, ": ");
    append_foreign(out, text, length);
  }
}

static void record_failure(struct instance *instance, const struct keeper_message *message,
                           const char *text, size_t length)
{
  struct instance_record *record = &instance->record;
  const struct instance_step *step = &instance->steps[message->step];
  if (step->phase == PLAN_REMOVE) {
    buffer_append_text(&record->not_undone, record->not_undone.length > 0 ? "; " : "");
    append_failure(&record->not_undone, step->name, message, text, length);
  }
  bool stops = step->phase <= PLAN_FRONT && !step->may_fail;
  if (stops && record->failed_step == NULL) {
    record->failed_step = strdup(step->name);
    /* What such a step prints goes through stderr, and was written before it ended. */
    if (step->phase == PLAN_PREPARE && (message->flags & KEEPER_NOT_RUN) == 0) {
      instance_drain_errors(instance, false);
      text = record->last_line.data;
      length = record->last_line.length;
    }
    append_failure(&record->reason, step->name, message, text, length);
    /* Where the front never ran, what this step said is what the plugin can read. */
    if (step->phase == PLAN_BEFORE && (message->flags & KEEPER_NOT_RUN) == 0 &&
        record->errors.length == 0)
      buffer_append(&record->errors, text, length);
  }
}

static void record_output(struct instance *instance, const struct keeper_message *message,
                          const char *text, size_t length)
{
  struct instance_record *record = &instance->record;
  if (json_array_size(record->outputs) < PLAN_STEPS_MAX)
    json_array_append_new(record->outputs,
                          json_pack("{s:s, s:o, s:i}", "step", instance->steps[message->step].name,
                                    "text", foreign_text(text, length), "exit_code",
                                    (int)message->value));
}

static void record_fault(struct instance_record *record, const struct keeper_message *message,
                         const char *text, size_t length)
{
  if (record->reason.length > 0)
    return;
  append_foreign(&record->reason, text, length);
  if (message->value != 0)
    buffer_append_format(&record->reason, ": %s", strerror(message->value));
}

void instance_record_message(struct instance *instance, const struct keeper_message *message,
                             const char *text, size_t length)
{
  struct instance_record *record = &instance->record;
  bool names_step = message->step < instance->step_count;
  switch (message->kind) {
  case KEEPER_STARTED:
    if (!record->let_go)
      instance_started(instance, message->value);
    break;
  case KEEPER_STATUS:
    if (json_array_size(record->status) < STATUS_LINES_MAX)
      json_array_append_new(record->status, foreign_text(text, length));
    break;
  case KEEPER_FAILED:
    if (names_step)
      record_failure(instance, message, text, length);
    break;
  case KEEPER_OUTPUT:
    if (names_step)
      record_output(instance, message, text, length);
    break;
  case KEEPER_FAULT:
    record_fault(record, message, text, length);
    break;
  case KEEPER_COUNTED:
    *(message->flags == KEEPER_MEMORY_KILLS ? &record->memory_kills : &record->pids_refusals) +=
        message->value > 0 ? (uint64_t)message->value : 0;
    break;
  case KEEPER_GROUP_REMAINS:
    buffer_append_format(&record->not_undone, "%sthe control group ",
                         record->not_undone.length > 0 ? "; " : "");
    append_foreign(&record->not_undone, text, length);
    buffer_append_text(&record->not_undone, " could not be removed");
    break;
  case KEEPER_REMAINS:
    buffer_append_format(&record->not_undone, "%sprocess %d could not be ended",
                         record->not_undone.length > 0 ? "; " : "", message->value);
    break;
  case KEEPER_ENDED:
    record->ended = true;
    record->let_go = record->let_go || (message->flags & KEEPER_LET_GO) != 0;
    record->front_ran = record->front_ran || (message->flags & KEEPER_FRONT_RAN) != 0;
    if ((message->flags & KEEPER_FRONT_RAN) != 0)
      record->wait_status = message->value;
    break;
  default:
    break;
  }
}

void instance_record_free(struct instance_record *record)
{
  free(record->failed_step);
  buffer_free(&record->reason);
  buffer_free(&record->not_undone);
  buffer_free(&record->errors);
  buffer_free(&record->last_line);
  json_decref(record->status);
  json_decref(record->outputs);
}

static json_t *make_ending(const struct instance *instance)
{
  const struct instance_record *record = &instance->record;
  int status = record->wait_status;
  bool exited = record->front_ran && WIFEXITED(status);
  bool killed = record->front_ran && WIFSIGNALED(status);
  return json_pack(
      "{s:i, s:i, s:b, s:I, s:s?, s:o, s:O, s:O}", "exit_code", exited ? WEXITSTATUS(status) : -1,
      "signal", killed ? WTERMSIG(status) : 0, "asked", (int)instance->asked, "memory_kills",
      (json_int_t)record->memory_kills, "failed_step", record->failed_step, "errors",
      foreign_text(record->errors.length == 0 ? "" : record->errors.data, record->errors.length),
      "status", record->status, "outputs", record->outputs);
}

/* Why the start failed or what is left, NULL when neither is so. */
static struct error *make_error(struct instance *instance)
{
  struct instance_record *record = &instance->record;
  struct error *error = NULL;
  const char *code = "start-failed";
  CLEANUP_BUFFER struct buffer text = {0};
  if (instance->keeper_died) {
    code = "keeper-died";
    buffer_append_text(&text, "its keeper died");
    if (instance->keeper.exit_signal != 0)
      buffer_append_format(&text, " by signal %d", instance->keeper.exit_signal);
    buffer_append_text(&text, "; everything that it had started was ended");
    if (record->reason.length > 0)
      buffer_append_format(&text, "; before that %s", record->reason.data);
  } else if (instance->late) {
    code = "start-too-slow";
    buffer_append_format(&text, "it did not start within %u milliseconds",
                         instance->start_milliseconds);
  } else if (record->reason.length > 0) {
    buffer_append(&text, record->reason.data, record->reason.length);
  } else if (instance->has_front && !record->let_go && !instance->asked) {
    buffer_append_text(&text, "the sandbox ");
    append_wait_status(&text, record->wait_status);
    buffer_append_text(&text, " before the server ran");
  }
  if (record->not_undone.length > 0) {
    code = text.length > 0 ? code : "not-removed";
    buffer_append_format(&text, "%s%s", text.length > 0 ? "; " : "", record->not_undone.data);
  }
  if (text.length > 0 && !text.failed)
    error_make_code(&error, ERROR_SANDBOX, code, "%s", text.data);
  return error;
}

/* A limit that was reached is named even where the server went on for a while. */
static void append_limits(struct buffer *out, const struct instance_record *record)
{
  if (record->memory_kills > 0)
    buffer_append_format(out,
                         "its memory limit was reached: the kernel killed %llu of its processes",
                         (unsigned long long)record->memory_kills);
  if (record->pids_refusals > 0)
    buffer_append_format(out,
                         "%sits limit of processes was reached: %llu times it could make no more",
                         out->length > 0 ? "; " : "", (unsigned long long)record->pids_refusals);
}

void instance_report(struct instance *instance)
{
  struct instance_record *record = &instance->record;
  CLEANUP_BUFFER struct buffer text = {0};
  CLEANUP_BUFFER struct buffer limits = {0};
  append_limits(&limits, record);
  CLEANUP_ERROR struct error *error = make_error(instance);
  if (record->front_ran) {
    buffer_append_text(&text, "the server ");
    append_wait_status(&text, record->wait_status);
  } else {
    buffer_append_text(&text, "the server was not started");
  }
  json_t *made = make_ending(instance);
  struct instance_ending ending = {.ending = made,
                                   .text = text.failed ? "" : text.data,
                                   .asked = instance->asked,
                                   .started = record->let_go,
                                   .limits = limits.failed ? NULL : limits.data,
                                   .left = record->not_undone.length > 0};
  instance->events.ended(instance->data, &ending, error);
  json_decref(made);
}

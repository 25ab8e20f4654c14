/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a plan. */
#include "core/plugin/host/call.h"

#include <sodium.h>
#include <stdlib.h>

enum { FIRST_DESCRIPTOR = 3, FILE_MAX = 8 * 1024 * 1024 };

static const char *const phases[] = {
    [JAUAUTH_PHASE_PREPARE] = "prepare", [JAUAUTH_PHASE_BEFORE] = "before",
    [JAUAUTH_PHASE_FRONT] = "front",     [JAUAUTH_PHASE_LOCATE] = "locate",
    [JAUAUTH_PHASE_AFTER] = "after",     [JAUAUTH_PHASE_REMOVE] = "remove",
    [JAUAUTH_PHASE_STOP] = "stop"};

/* Never NULL, so that a plugin can go on after a fault. */
struct jauauth_step *host_plan_step(struct jauauth_plan *plan, uint32_t phase, const char *name,
                                    const char *program)
{
  struct jauauth_call *call = plan->call;
  const char *word = host_word(call, "plan_step", phase, phases, sizeof phases / sizeof phases[0]);
  if (plan->teardown && phase != JAUAUTH_PHASE_REMOVE)
    host_fault(call, "plan_step has no place in a teardown but for remove steps");
  if (program == NULL && phase != JAUAUTH_PHASE_FRONT)
    host_fault(call, "plan_step got no program, which only a front step may do without");
  if (program != NULL && program[0] != '/')
    host_fault(call, "plan_step needs the absolute path of a program");
  struct jauauth_step *step = host_allocate(call, sizeof *step);
  step->call = call;
  step->phase = phase;
  step->object = json_object();
  if (word != NULL)
    host_set(call, step->object, "phase", json_string(word));
  host_set(call, step->object, "name", host_text(call, "plan_step", name));
  host_set(call, step->object, "program",
           program == NULL ? json_null() : host_text(call, "plan_step", program));
  host_set(call, step->object, "arguments", json_array());
  host_set(call, step->object, "environment", json_array());
  host_set(call, step->object, "files", json_array());
  host_append(call, host_list(call, "steps"), step->object);
  return step;
}

void host_step_argument(struct jauauth_step *step, const char *text)
{
  host_append(step->call, json_object_get(step->object, "arguments"),
              host_text(step->call, "step_argument", text));
}

void host_step_command(struct jauauth_step *step)
{
  if (step->phase != JAUAUTH_PHASE_FRONT && step->phase != JAUAUTH_PHASE_BEFORE)
    host_fault(step->call, "step_command has a place in the front and in steps before it only");
  json_t *mark = json_object();
  host_set(step->call, mark, "command", json_true());
  host_append(step->call, json_object_get(step->object, "arguments"), mark);
}

void host_step_environment(struct jauauth_step *step, const char *name, const char *value)
{
  json_t *pair = json_array();
  host_append(step->call, pair, host_text(step->call, "step_environment", name));
  host_append(step->call, pair, host_text(step->call, "step_environment", value));
  host_append(step->call, json_object_get(step->object, "environment"), pair);
}

static int32_t add_descriptor(struct jauauth_step *step, json_t *object, const char *kind)
{
  host_set(step->call, object, "kind", json_string(kind));
  host_append(step->call, json_object_get(step->object, "files"), object);
  return FIRST_DESCRIPTOR + step->descriptors++;
}

/* Base64 of the bytes, as they stand in the message. */
static json_t *encode(struct jauauth_call *call, const void *bytes, size_t length)
{
  size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
  char *text = host_allocate(call, size);
  sodium_bin2base64(text, size, bytes, length, sodium_base64_VARIANT_ORIGINAL);
  return json_string(text);
}

int32_t host_step_file(struct jauauth_step *step, const char *description, const void *bytes,
                       size_t length, uint32_t flags)
{
  struct jauauth_call *call = step->call;
  json_t *object = json_object();
  host_set(call, object, "description", host_text(call, "step_file", description));
  if (bytes == NULL && length > 0)
    host_fault(call, "step_file got NULL where bytes are needed");
  else if (length > FILE_MAX)
    host_fault(call, "step_file got more than %d bytes", FILE_MAX);
  else
    host_set(call, object, "base64", encode(call, length == 0 ? "" : bytes, length));
  if ((flags & ~JAUAUTH_FILE_SECRET) != 0)
    host_fault(call, "step_file got the flags %lu, which this host does not know",
               (unsigned long)flags);
  host_set(call, object, "secret", json_boolean((flags & JAUAUTH_FILE_SECRET) != 0));
  return add_descriptor(step, object, "file");
}

int32_t host_step_status(struct jauauth_step *step)
{
  if (step->phase != JAUAUTH_PHASE_FRONT)
    host_fault(step->call, "step_status has a place in the front step only");
  return add_descriptor(step, json_object(), "status");
}

int32_t host_step_gate(struct jauauth_step *step)
{
  if (step->phase != JAUAUTH_PHASE_FRONT)
    host_fault(step->call, "step_gate has a place in the front step only");
  return add_descriptor(step, json_object(), "gate");
}

void host_step_time_limit(struct jauauth_step *step, uint32_t milliseconds)
{
  host_set(step->call, step->object, "time_limit", json_integer(milliseconds));
}

void host_step_capture(struct jauauth_step *step, uint32_t most_bytes)
{
  host_set(step->call, step->object, "capture", json_integer(most_bytes));
}

void host_step_if_failed(struct jauauth_step *step, const char *other)
{
  host_set(step->call, step->object, "if_failed", host_text(step->call, "step_if_failed", other));
}

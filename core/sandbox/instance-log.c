/* SPDX-License-Identifier: Apache-2.0 */
/* The server's stderr: always drained, into the log line by line. */
#include "core/sandbox/instance-parts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FAIR_SHARE = 64 * 1024 };

static void say_held_back(const struct instance *instance, uint64_t count)
{
  if (count > 0)
    log_write(LOG_LEVEL_WARNING, instance->server, "%llu lines of its stderr were left out",
              (unsigned long long)count);
}

static void end_line(struct instance *instance)
{
  uint64_t held_back;
  size_t length = instance->line.length;
  if (length > 0 && instance->line.data[length - 1] == '\r')
    length--;
  if (!instance->protocol_seen && length > 0) {
    buffer_clear(&instance->record.last_line);
    buffer_append(&instance->record.last_line, instance->line.data, length);
  }
  if (instance->events.said != NULL) {
    if (length > 0)
      instance->events.said(instance->data, instance->line.data, length);
  } else if (length > 0 && log_limit_passes(&instance->limit, uv_now(instance->loop), &held_back)) {
    say_held_back(instance, held_back);
    log_bytes(LOG_LEVEL_INFO, instance->server, instance->line.data, length);
  }
  buffer_clear(&instance->line);
  instance->line_cut = false;
}

/* One byte more than a line shows is kept, so that the log sees that it was cut. */
static void add_to_line(struct instance *instance, const char *bytes, size_t length)
{
  size_t room = LOG_LINE_MAX + 1 - instance->line.length;
  if (instance->line_cut)
    return;
  if (length >= room) {
    length = room;
    instance->line_cut = true;
  }
  buffer_append(&instance->line, bytes, length);
}

static void take(struct instance *instance, const char *bytes, size_t length)
{
  struct buffer *kept = &instance->record.errors;
  if (!instance->protocol_seen && kept->length < INSTANCE_ERRORS_MAX) {
    size_t room = INSTANCE_ERRORS_MAX - kept->length;
    buffer_append(kept, bytes, length < room ? length : room);
  }
  while (length > 0) {
    const char *end = memchr(bytes, '\n', length);
    size_t part = end == NULL ? length : (size_t)(end - bytes);
    add_to_line(instance, bytes, part);
    if (end == NULL)
      break;
    end_line(instance);
    bytes += part + 1;
    length -= part + 1;
  }
}

void instance_drain_errors(struct instance *instance, bool all)
{
  char block[16 * 1024];
  size_t taken = 0;
  ssize_t got = 0;
  /* What is in the pipe at the end is bounded, unless somebody goes on writing. */
  while (instance->errors_descriptor >= 0 && taken < (all ? 16 : 1) * (size_t)FAIR_SHARE) {
    got = read(instance->errors_descriptor, block, sizeof block);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    take(instance, block, (size_t)got);
    taken += (size_t)got;
  }
  bool over = got == 0 || (got < 0 && errno != EAGAIN);
  if (instance->errors_descriptor >= 0 && over && taken == 0)
    uv_poll_stop(&instance->errors);
  if (all) {
    if (instance->line.length > 0)
      end_line(instance);
    say_held_back(instance, instance->limit.held_back);
    instance->limit.held_back = 0;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper as a child of the router, and the socket to it. */
#include "core/base/cleanup.h"
#include "core/os/descriptor.h"
#include "core/sandbox/instance-parts.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Takes all messages that are there. */
static void take_messages(struct instance_link *link)
{
  static char datagram[KEEPER_DATAGRAM_MAX];
  ssize_t got;
  while ((got = recv(link->descriptor, datagram, sizeof datagram, MSG_DONTWAIT)) > 0) {
    struct keeper_message message;
    if ((size_t)got < sizeof message)
      continue;
    memcpy(&message, datagram, sizeof message);
    instance_record_message(link->instance, &message, datagram + sizeof message,
                            (size_t)got - sizeof message);
  }
  if (got == 0 || (errno != EAGAIN && errno != EINTR))
    uv_poll_stop(&link->control);
}

static void on_message(uv_poll_t *handle, int status, int events)
{
  (void)status;
  (void)events;
  take_messages(handle->data);
}

static void on_exit_of_keeper(uv_process_t *process, int64_t status, int signal)
{
  struct instance_link *link = process->data;
  link->pid = 0;
  link->exit_status = status;
  link->exit_signal = signal;
  take_messages(link);
  instance_keeper_ended(link);
}

static int spawn(struct instance_link *link, const int streams[3], int control, int image)
{
  struct instance *instance = link->instance;
  int descriptors[] = {streams[0], streams[1],        streams[2],    control,
                       image,      instance->journal, instance->lock};
  int count = instance->entry != NULL ? 7 : 5;
  uv_stdio_container_t stdio[7];
  for (int i = 0; i < count; i++) {
    stdio[i].flags = UV_INHERIT_FD;
    stdio[i].data.fd = descriptors[i];
  }
  char *arguments[] = {instance->keeper_program, instance->server, instance->entry, NULL};
  char *environment[] = {NULL};
  /* A session of its own keeps a terminal's signals from it. */
  uv_process_options_t options = {.exit_cb = on_exit_of_keeper,
                                  .file = instance->keeper_program,
                                  .args = arguments,
                                  .env = environment,
                                  .cwd = "/",
                                  .flags = UV_PROCESS_DETACHED,
                                  .stdio_count = count,
                                  .stdio = stdio};
  link->process.data = link;
  instance->handles++; /* uv_spawn() registers the handle also when it fails */
  return uv_spawn(instance->loop, &link->process, &options);
}

int instance_link_start(struct instance_link *link, const int streams[3], const void *image,
                        size_t length, struct error **error)
{
  struct instance *instance = link->instance;
  int pair[2];
  CLEANUP_CLOSE int file = os_memory_file("plan", image, length);
  if (file < 0)
    return error_make(error, ERROR_FAILED, errno, "the plan cannot be put into a memory file");
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return error_make(error, ERROR_FAILED, errno, "no socket for the keeper can be made");
  CLEANUP_CLOSE int control = pair[1];
  link->descriptor = pair[0];
  int result = uv_poll_init(instance->loop, &link->control, link->descriptor);
  if (result < 0)
    return error_make(error, ERROR_FAILED, -result, "the keeper's socket cannot be watched");
  instance->handles++;
  link->control.data = link;
  result = spawn(link, streams, control, file);
  if (result < 0)
    return error_make(error, ERROR_FAILED, -result, "the keeper %s cannot be started",
                      instance->keeper_program);
  link->pid = link->process.pid;
  uv_poll_start(&link->control, UV_READABLE, on_message);
  return 0;
}

static void close_handle(uv_handle_t *handle)
{
  /* A handle that was never initialised has no type. */
  if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
    uv_close(handle, instance_handle_closed);
}

void instance_link_close(struct instance_link *link)
{
  link->control.data = link->instance;
  link->process.data = link->instance;
  close_handle((uv_handle_t *)&link->control);
  close_handle((uv_handle_t *)&link->process);
  if (link->descriptor >= 0)
    close(link->descriptor);
  link->descriptor = -1;
}

void instance_link_send_stop(struct instance_link *link)
{
  if (link->pid == 0 || link->descriptor < 0)
    return;
  /* The end of file says the same, should the socket be full. */
  if (send(link->descriptor, KEEPER_STOP, strlen(KEEPER_STOP), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    shutdown(link->descriptor, SHUT_WR);
}

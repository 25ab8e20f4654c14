/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the router. */
#include "core/sandbox/keeper/keeper.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

void keeper_tell(enum keeper_kind kind, uint32_t flags, uint32_t step, int32_t value,
                 const char *text, size_t length)
{
  struct keeper_message head = {
      .kind = (uint32_t)kind, .flags = flags, .step = step, .value = value};
  struct iovec parts[2] = {{.iov_base = &head, .iov_len = sizeof head},
                           {.iov_base = (void *)text, .iov_len = length}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1};
  (void)sendmsg(KEEPER_CONTROL, &message, MSG_NOSIGNAL);
}

int keeper_fault(int errnum, const char *text)
{
  keeper_tell(KEEPER_FAULT, 0, IMAGE_NONE, errnum, text, strlen(text));
  return -1;
}

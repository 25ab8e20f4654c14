/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts on the network: who can be reached from inside. */
#include "sdk/canary/attempt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECT_MILLISECONDS = 3000, ANY_PORT = 9 };

struct address {
  union {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un local;
  } as;
  socklen_t length;
};

static bool numeric_address(const struct attempt *attempt, uint64_t port, struct address *address)
{
  const char *text = attempt->arguments[0];
  memset(address, 0, sizeof *address);
  if (inet_pton(AF_INET, text, &address->as.four.sin_addr) == 1) {
    address->as.four.sin_family = AF_INET;
    address->as.four.sin_port = htons((uint16_t)port);
    address->length = sizeof address->as.four;
    return true;
  }
  if (inet_pton(AF_INET6, text, &address->as.six.sin6_addr) == 1) {
    address->as.six.sin6_family = AF_INET6;
    address->as.six.sin6_port = htons((uint16_t)port);
    address->length = sizeof address->as.six;
    return true;
  }
  answer(attempt, "failed\targument 1 is no address");
  return false;
}

/* Waits for the end of a connect(2) that goes on. */
static int connected(int connection)
{
  struct pollfd wait = {.fd = connection, .events = POLLOUT};
  int count = poll(&wait, 1, CONNECT_MILLISECONDS);
  if (count == 0)
    errno = ETIMEDOUT;
  if (count <= 0)
    return -1;
  int errnum = 0;
  socklen_t length = sizeof errnum;
  if (getsockopt(connection, SOL_SOCKET, SO_ERROR, &errnum, &length) != 0)
    return -1;
  errno = errnum;
  return errnum == 0 ? 0 : -1;
}

static void try_to_connect(const struct attempt *attempt, int type, const struct address *address)
{
  int connection = socket(address->as.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int result = connection;
  if (connection >= 0)
    result = connect(connection, &address->as.any, address->length);
  if (connection >= 0 && result != 0 && errno == EINPROGRESS)
    result = connected(connection);
  answer_result(attempt, result >= 0);
}

void attempt_connect_tcp(const struct attempt *attempt)
{
  struct address address;
  uint64_t port;
  if (argument_number(attempt, 1, 1, 65535, &port) && numeric_address(attempt, port, &address))
    try_to_connect(attempt, SOCK_STREAM, &address);
}

void attempt_route(const struct attempt *attempt)
{
  struct address address;
  if (numeric_address(attempt, ANY_PORT, &address))
    try_to_connect(attempt, SOCK_DGRAM, &address);
}

/* With `offset` 1 it is an abstract name, which has a NUL in front and none behind. */
static void connect_local(const struct attempt *attempt, size_t offset)
{
  struct address address = {.as.local.sun_family = AF_UNIX};
  size_t length = strlen(attempt->arguments[0]);
  if (length == 0 || length + 1 > sizeof address.as.local.sun_path) {
    answer(attempt, "failed\targument 1 is no name of a socket");
    return;
  }
  memcpy(address.as.local.sun_path + offset, attempt->arguments[0], length);
  address.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
  try_to_connect(attempt, SOCK_STREAM, &address);
}

void attempt_connect_unix(const struct attempt *attempt)
{
  connect_local(attempt, 0);
}

void attempt_connect_abstract(const struct attempt *attempt)
{
  connect_local(attempt, 1);
}

void attempt_interfaces(const struct attempt *attempt)
{
  struct words words = {.length = 0};
  struct if_nameindex *list = if_nameindex();
  if (list == NULL) {
    answer_result(attempt, false);
    return;
  }
  for (const struct if_nameindex *each = list; each->if_index != 0; each++)
    words_add(&words, each->if_name, strlen(each->if_name));
  if_freenameindex(list);
  answer_words(attempt, &words);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds lines to the router as two clients and two servers would, and checks all that comes out. */
#include "core/json/scan.h"
#include "core/mcp/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SERVERS = 2, CLIENTS = 2 };

static void server_start(void *data)
{
  (void)data;
}

/* Only valid JSON without a line feed leaves the router. */
static void check(const struct iovec *parts, size_t count)
{
  struct buffer text = {0};
  for (size_t i = 0; i < count; i++)
    buffer_append(&text, parts[i].iov_base, parts[i].iov_len);
  if (!json_scan(text.data, text.length, NULL, NULL, 0, NULL) ||
      memchr(text.data, '\n', text.length) != NULL)
    abort();
  buffer_free(&text);
}

static bool server_send(void *data, const struct iovec *parts, size_t count)
{
  check(parts, count);
  return !*(bool *)data;
}

static void client_send(void *data, const struct iovec *parts, size_t count)
{
  (void)data;
  check(parts, count);
}

static void server_stop(void *data)
{
  (void)data;
}

/*
 * Each line begins with who says the rest: 'a' or 'b' a client, '0' or '1' a server. Capitals: 'A'
 * or 'B' the client goes and another comes; 'R' and 'S' the servers run, 'E' and 'F' they end, 'O'
 * and 'P' they send an overlong message with these ends, 'Q' a client does; 'X' and 'Y' change
 * whether they take more; 'T' time passes.
 */
struct scene {
  uv_loop_t loop;
  struct router *router;
  struct router_server *servers[SERVERS];
  struct router_client *clients[CLIENTS];
  bool full[SERVERS];
};

static void new_client(struct scene *scene, int number)
{
  static const struct router_client_ops ops = {client_send, NULL};
  if (scene->clients[number] != NULL)
    router_client_closed(scene->clients[number]);
  scene->clients[number] = router_add_client(scene->router, &ops, NULL);
}

static void play(struct scene *scene, char who, const char *text, size_t length)
{
  size_t half = length / 2;
  switch (who) {
  case 'a':
  case 'b':
    router_client_message(scene->clients[who - 'a'], text, length);
    break;
  case '0':
  case '1':
    router_server_message(scene->servers[who - '0'], text, length);
    break;
  case 'A':
  case 'B':
    new_client(scene, who - 'A');
    break;
  case 'R':
  case 'S':
    router_server_ready(scene->servers[who - 'R']);
    break;
  case 'E':
  case 'F':
    router_server_ended(scene->servers[who - 'E'], "ended");
    break;
  case 'O':
  case 'P':
    router_server_overflow(scene->servers[who - 'O'], text, half, text + half, length - half);
    break;
  case 'Q':
    router_client_overflow(scene->clients[0], text, half, text + half, length - half);
    break;
  case 'X':
  case 'Y':
    scene->full[who - 'X'] = !scene->full[who - 'X'];
    break;
  case 'T':
    uv_run(&scene->loop, UV_RUN_NOWAIT);
    break;
  default:
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const struct router_server_ops ops = {server_start, server_send, server_stop, NULL};
  struct scene scene = {0};
  struct router_settings settings = {
      .message_limit = 4096, .name_limit = 20, .noise_limit = 50, .list_changed_ms = 1};
  if (uv_loop_init(&scene.loop) != 0)
    return 0;
  scene.router = router_new(&scene.loop, &settings, NULL);
  scene.servers[0] = router_add_server(scene.router, "s", NULL, 1, 0, &ops, &scene.full[0], true);
  scene.servers[1] = router_add_server(scene.router, "s_t", NULL, 0, 1, &ops, &scene.full[1], true);
  router_start(scene.router);
  for (int i = 0; i < CLIENTS; i++)
    new_client(&scene, i);
  while (size > 0) {
    const uint8_t *feed = memchr(data, '\n', size);
    size_t length = feed != NULL ? (size_t)(feed - data) : size;
    if (length > 0) {
      /* A copy of the exact size lets a sanitizer see a read behind the end. */
      char *copy = malloc(length > 1 ? length - 1 : 1);
      if (copy == NULL)
        break;
      memcpy(copy, data + 1, length - 1);
      play(&scene, (char)data[0], copy, length - 1);
      free(copy);
    }
    if (feed == NULL)
      break;
    data += length + 1;
    size -= length + 1;
  }
  router_free(scene.router);
  uv_run(&scene.loop, UV_RUN_NOWAIT);
  uv_loop_close(&scene.loop);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line an event, which can neither block nor end the program. */
#include "core/base/log.h"

#include "core/base/buffer.h"
#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const level_words[] = {NULL, "error", "warning", "info", "debug"};

/* How bytes get to the descriptor without waiting. */
enum way {
  WAY_POLL,   /* a terminal or a file: written after poll(2) says that there is room */
  WAY_SOCKET, /* send(2) takes a flag */
  WAY_PIPE    /* opened a second time, since O_NONBLOCK on the first would reach all who share it */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int target = STDERR_FILENO;
static enum way way = WAY_POLL;
static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format shape = LOG_FORMAT_TEXT;
static struct buffer unsent; /* the rest of a line whose first bytes are out */
static uint64_t dropped;
static uint64_t dropped_told;

bool log_parse_level(const char *word, enum log_level *level)
{
  for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
    if (strcmp(word, level_words[i]) == 0) {
      *level = (enum log_level)i;
      return true;
    }
  return false;
}

bool log_parse_format(const char *word, enum log_format *format)
{
  if (strcmp(word, "text") != 0 && strcmp(word, "json") != 0)
    return false;
  *format = word[0] == 't' ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
  return true;
}

static void release(void)
{
  if (way == WAY_PIPE)
    close(target);
  buffer_free(&unsent);
  target = STDERR_FILENO;
  way = WAY_POLL;
}

void log_open(int descriptor, enum log_level level, enum log_format format)
{
  pthread_mutex_lock(&lock);
  release();
  threshold = level;
  shape = format;
  target = descriptor;
  struct stat status;
  if (fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode)) {
    way = WAY_SOCKET;
  } else if (fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode)) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    int again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (again >= 0) {
      target = again;
      way = WAY_PIPE;
    }
  }
  pthread_mutex_unlock(&lock);
}

void log_close(void)
{
  pthread_mutex_lock(&lock);
  release();
  pthread_mutex_unlock(&lock);
}

bool log_wants(enum log_level level)
{
  pthread_mutex_lock(&lock);
  bool wants = level <= threshold;
  pthread_mutex_unlock(&lock);
  return wants;
}

uint64_t log_dropped(void)
{
  pthread_mutex_lock(&lock);
  uint64_t count = dropped;
  pthread_mutex_unlock(&lock);
  return count;
}

static void append_time(struct buffer *line)
{
  struct timespec now;
  struct tm broken;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &broken);
  buffer_append_format(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", broken.tm_year + 1900,
                       broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min,
                       broken.tm_sec, (int)(now.tv_nsec / 1000000));
}

/* Appends text without control characters as the inside of a JSON string. */
static void append_quoted(struct buffer *line, const char *text, size_t length)
{
  buffer_append_byte(line, '"');
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '"' || text[i] == '\\')
      buffer_append_byte(line, '\\');
    buffer_append_byte(line, text[i]);
  }
  buffer_append_byte(line, '"');
}

static void append_line(struct buffer *line, enum log_level level, const char *server,
                        const char *text, size_t length)
{
  size_t shown = length > LOG_LINE_MAX ? LOG_LINE_MAX : length;
  CLEANUP_BUFFER struct buffer safe = {0};
  CLEANUP_BUFFER struct buffer safe_server = {0};
  text_escape_controls(&safe, text, shown);
  if (shown < length)
    buffer_append_text(&safe, " [cut off]");
  if (server != NULL)
    text_escape_controls(&safe_server, server, strlen(server));
  line->failed = line->failed || safe.failed || safe_server.failed;
  if (line->failed)
    return;
  if (shape == LOG_FORMAT_TEXT) {
    append_time(line);
    buffer_append_format(line, " %s ", level_words[level]);
    if (server != NULL)
      buffer_append_format(line, "[%s] ", safe_server.data);
    buffer_append(line, safe.data, safe.length);
  } else {
    buffer_append_text(line, "{\"time\":\"");
    append_time(line);
    buffer_append_format(line, "\",\"level\":\"%s\",", level_words[level]);
    if (server != NULL) {
      buffer_append_text(line, "\"server\":");
      append_quoted(line, safe_server.data, safe_server.length);
      buffer_append_byte(line, ',');
    }
    buffer_append_text(line, "\"message\":");
    append_quoted(line, safe.data, safe.length);
    buffer_append_byte(line, '}');
  }
  buffer_append_byte(line, '\n');
}

static ssize_t write_some(const char *bytes, size_t length)
{
  if (way == WAY_SOCKET)
    return send(target, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (way == WAY_POLL) {
    /* POLLOUT promises PIPE_BUF bytes to a pipe that could not be opened again. */
    struct pollfd room = {.fd = target, .events = POLLOUT};
    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
      return -1;
    length = length > PIPE_BUF ? PIPE_BUF : length;
  }
  return write(target, bytes, length);
}

/* Returns how much of it could be written at once. */
static size_t write_now(const char *bytes, size_t length)
{
  size_t done = 0;
  while (done < length) {
    ssize_t written = write_some(bytes + done, length - done);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      break;
    done += (size_t)written;
  }
  return done;
}

/* False when nothing of the line could be written. */
static bool emit(const char *bytes, size_t length)
{
  if (unsent.length > 0) {
    buffer_consume(&unsent, write_now(unsent.data, unsent.length));
    if (unsent.length > 0)
      return false;
  }
  size_t done = write_now(bytes, length);
  if (done > 0 && done < length)
    buffer_append(&unsent, bytes + done, length - done);
  return done > 0;
}

static bool emit_text(enum log_level level, const char *server, const char *text, size_t length)
{
  CLEANUP_BUFFER struct buffer line = {0};
  append_line(&line, level, server, text, length);
  return !line.failed && emit(line.data, line.length);
}

void log_bytes(enum log_level level, const char *server, const char *text, size_t length)
{
  int saved = errno;
  pthread_mutex_lock(&lock);
  if (level <= threshold) {
    if (dropped > dropped_told) {
      char report[96];
      int report_length =
          snprintf(report, sizeof report, "%llu log lines were dropped: nobody read them",
                   (unsigned long long)(dropped - dropped_told));
      if (emit_text(LOG_LEVEL_WARNING, NULL, report, (size_t)report_length))
        dropped_told = dropped;
    }
    if (!emit_text(level, server, text, length))
      dropped++;
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
}

void log_write(enum log_level level, const char *server, const char *format, ...)
{
  if (!log_wants(level))
    return;
  va_list arguments;
  va_start(arguments, format);
  char *text = NULL;
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0)
    return;
  log_bytes(level, server, text, (size_t)length);
  free(text);
}

bool log_limit_passes(struct log_limit *limit, uint64_t milliseconds, uint64_t *held_back)
{
  const uint64_t most = (uint64_t)LOG_BURST * 1000;
  if (!limit->started) {
    limit->started = true;
    limit->milliseconds = milliseconds;
    limit->allowance = most;
  }
  uint64_t elapsed = milliseconds - limit->milliseconds;
  limit->milliseconds = milliseconds;
  uint64_t more = elapsed > most ? most : elapsed * LOG_LINES_A_SECOND;
  limit->allowance = limit->allowance + more > most ? most : limit->allowance + more;
  if (limit->allowance < 1000) {
    limit->held_back++;
    return false;
  }
  limit->allowance -= 1000;
  *held_back = limit->held_back;
  limit->held_back = 0;
  return true;
}

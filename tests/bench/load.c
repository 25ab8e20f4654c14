/* SPDX-License-Identifier: Apache-2.0 */
/* Calls a tool of MCP servers as fast as they answer, checks every answer, prints times as JSON. */

#include "tests/bench/connection.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  TARGETS_MAX = 16,
  CASES_MAX = 32,
  ROUNDS_MAX = 1000,
  NAME_MAX_BYTES = 128,
  FRAME_BYTES = 512, /* of a request, without its payload */
  ENDS_BYTES = 128   /* of an answer: its id stands in one of its ends */
};

/* One way to reach the same tool. */
struct target {
  struct connection connection;
  char *const *argv;
  char tool[NAME_MAX_BYTES];
  uint64_t highest_id;
};

struct measure {
  size_t window; /* calls in flight */
  size_t size;   /* bytes of payload */
  size_t calls;  /* at most, in one round */
};

/* What one round found. */
struct finding {
  double median;    /* nanoseconds from writing the request to having the whole answer */
  double high;      /* 99 of 100 are no longer */
  double rate;      /* calls in a second */
  double processor; /* nanoseconds of the program's first process for one call; 0: unknown */
  double calls;     /* of a round */
};

struct options {
  struct target targets[TARGETS_MAX];
  size_t target_count;
  struct measure cases[CASES_MAX];
  size_t case_count;
  size_t rounds;
  uint64_t longest; /* nanoseconds of a round */
  bool starts;      /* measure starts instead of calls */
  bool hold;        /* keep the programs until a line comes */
};

/* A call in flight; it has place `id % window`, and the next one there gets `id + window`. */
static struct call {
  uint64_t id;
  uint64_t sent;
} * in_flight;
static double *samples; /* of one round */
static char *payload;   /* JSON string without its quotes */
static size_t payload_length;

/* --- Statistics ---------------------------------------------------------------------------------
 */

static int compare(const void *one, const void *other)
{
  double left = *(const double *)one;
  double right = *(const double *)other;
  return (left > right) - (left < right);
}

static double percentile(double *values, size_t count, unsigned percent)
{
  qsort(values, count, sizeof *values, compare);
  size_t at = (count * percent + 99) / 100;
  return values[at > 0 ? at - 1 : 0];
}

/* --- Messages -----------------------------------------------------------------------------------
 */

/* Text as tools give it back: lines, quotes, and now and then a letter that is not ASCII. */
static void make_payload(size_t size)
{
  static const char pattern[] = "The quick brown fox jumps over the lazy dog, \\\"again\\\" and "
                                "again, at a caf\xC3\xA9.\\n    indented = {0: [1, 2]};\\n";
  size_t length = sizeof pattern - 1;
  free(payload);
  payload = malloc(size + 1);
  if (payload == NULL)
    fail("out of memory");
  size_t at = 0;
  for (; at + length <= size; at += length)
    memcpy(payload + at, pattern, length);
  memset(payload + at, 'x', size - at);
  payload_length = size;
}

static size_t print_arguments(char *to, uint64_t id)
{
  int length = sprintf(to, "{\"n\":%" PRIu64 ",\"text\":\"", id);
  memcpy(to + length, payload, payload_length);
  memcpy(to + length + payload_length, "\"}", 2);
  return (size_t)length + payload_length + 2;
}

static void send_call(struct target *target, struct call *call, uint64_t id)
{
  char *start = connection_space(&target->connection, FRAME_BYTES + payload_length);
  char *at = start;
  at += sprintf(at,
                "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"method\":\"tools/call\",\"params\":"
                "{\"name\":\"%s\",\"arguments\":",
                id, target->tool);
  at += print_arguments(at, id);
  memcpy(at, "}}\n", 3);
  connection_queued(&target->connection, (size_t)(at + 3 - start));
  *call = (struct call){id, now()};
  target->highest_id = id > target->highest_id ? id : target->highest_id;
}

/* The number behind a name, which stands in one of the ends of the message. */
static uint64_t find_number(const char *line, size_t length, const char *name)
{
  size_t size = strlen(name);
  size_t part = length < ENDS_BYTES ? length : ENDS_BYTES;
  const char *found = memmem(line, part, name, size);
  if (found == NULL)
    found = memmem(line + length - part, part, name, size);
  return found == NULL ? 0 : strtoull(found + size, NULL, 10);
}

static void wrong_answer(const struct target *target, const char *line, size_t length)
{
  fail("%s gave a wrong answer: %.*s", target->connection.name, (int)(length < 300 ? length : 300),
       line);
}

/* The call that is answered; anything but the right answer to one in flight ends the program. */
static struct call *check_answer(const struct target *target, const char *line, size_t length,
                                 size_t window)
{
  static const char name[] = "\"structuredContent\":";
  static char *expected;
  static size_t capacity;
  if (capacity < payload_length + FRAME_BYTES) {
    capacity = payload_length + FRAME_BYTES;
    expected = realloc(expected, capacity);
    if (expected == NULL)
      fail("out of memory");
  }
  uint64_t id = find_number(line, length, "\"id\":");
  struct call *call = &in_flight[id % window];
  const char *found = memmem(line, length, name, sizeof name - 1);
  if (id == 0 || call->id != id || found == NULL)
    wrong_answer(target, line, length);
  const char *content = found + sizeof name - 1;
  size_t expected_length = print_arguments(expected, id);
  if ((size_t)(line + length - content) < expected_length ||
      memcmp(content, expected, expected_length) != 0)
    wrong_answer(target, line, length);
  return call;
}

/* --- Calls --------------------------------------------------------------------------------------
 */

static const char initialize[] =
    "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
    "\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"load\",\"version\":\"1\"}}}\n";
static const char list_tools[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"
                                 "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"method\":\"tools/list\"}\n";

/* Starts the program and finds a tool whose name ends in "echo"; returns how many there are. */
static size_t greet(struct target *target)
{
  static const char start[] = "\"name\":\"";
  static const char end[] = "echo\"";
  struct connection *connection = &target->connection;
  size_t length;
  size_t count = 0;
  connection_open(connection, connection->name, target->argv);
  connection_ask(connection, initialize, &length);
  const char *line = connection_ask(connection, list_tools, &length);
  const char *last = line + length;
  for (const char *at = line; (at = memmem(at, (size_t)(last - at), start, sizeof start - 1));) {
    at += sizeof start - 1;
    const char *quote = memchr(at, '"', (size_t)(last - at));
    if (quote == NULL || quote - at < 4 || quote - at >= NAME_MAX_BYTES ||
        memcmp(quote - 4, end, sizeof end - 1) != 0)
      continue;
    count++;
    memcpy(target->tool, at, (size_t)(quote - at));
    target->tool[quote - at] = '\0';
  }
  if (count == 0)
    fail("%s has no tool echo: %.*s", connection->name, (int)(length < 300 ? length : 300), line);
  return count;
}

/* Processor time of the first thread of a process, in nanoseconds; 0 where the kernel does not
 * count it. */
static uint64_t processor_time(pid_t pid)
{
  char path[64];
  uint64_t time = 0;
  snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
  FILE *file = fopen(path, "re");
  if (file != NULL) {
    if (fscanf(file, "%" SCNu64, &time) != 1)
      time = 0;
    fclose(file);
  }
  return time;
}

static struct finding run_round(struct target *target, const struct measure *measure,
                                uint64_t longest)
{
  size_t window = measure->window;
  size_t started = 0;
  size_t ended = 0;
  uint64_t used = processor_time(target->connection.pid);
  uint64_t begin = now();
  uint64_t time = begin;
  uint64_t first_id = (target->highest_id / window + 1) * window;
  for (; started < window && started < measure->calls; started++)
    send_call(target, &in_flight[started], first_id + started);
  while (ended < started) {
    connection_wait(&target->connection);
    time = now();
    const char *line;
    size_t length;
    while ((line = connection_line(&target->connection, &length)) != NULL) {
      struct call *call = check_answer(target, line, length, window);
      samples[ended++] = (double)(time - call->sent);
      if (started < measure->calls && time - begin < longest) {
        send_call(target, call, call->id + window);
        started++;
      } else {
        call->id = 0;
      }
    }
  }
  used = processor_time(target->connection.pid) - used;
  struct finding finding = {.rate = (double)ended * 1e9 / (double)(time - begin),
                            .processor = (double)used / (double)ended,
                            .calls = (double)ended};
  finding.high = percentile(samples, ended, 99);
  finding.median = percentile(samples, ended, 50);
  return finding;
}

/* A percentile of one member over all rounds. */
static double over_rounds(const struct finding *findings, size_t rounds, size_t offset,
                          unsigned percent)
{
  double values[ROUNDS_MAX];
  for (size_t i = 0; i < rounds; i++)
    memcpy(&values[i], (const char *)&findings[i] + offset, sizeof *values);
  return percentile(values, rounds, percent);
}

/* Of each value the better quartile of the rounds, as other work of the machine only makes it
 * worse. */
static void print_findings(const char *name, const struct measure *measure,
                           const struct finding *findings, size_t rounds)
{
#define OVER_ROUNDS(member, percent)                                                               \
  over_rounds(findings, rounds, offsetof(struct finding, member), percent)
  printf("{\"target\":\"%s\",\"window\":%zu,\"size\":%zu,\"rounds\":%zu,\"calls\":%.0f,"
         "\"median_us\":%.3f,\"p99_us\":%.3f,\"calls_per_second\":%.1f,"
         "\"processor_us\":%.3f}\n",
         name, measure->window, measure->size, rounds, OVER_ROUNDS(calls, 50),
         OVER_ROUNDS(median, 25) / 1000, OVER_ROUNDS(high, 25) / 1000, OVER_ROUNDS(rate, 75),
         OVER_ROUNDS(processor, 25) / 1000);
}

/* All targets take turns, so that what else the machine does hits all of them. */
static void run_case(struct options *options, const struct measure *measure)
{
  static struct finding findings[TARGETS_MAX][ROUNDS_MAX];
  struct measure warm_up = *measure;
  warm_up.calls = measure->window + measure->calls / 20;
  make_payload(measure->size);
  for (size_t i = 0; i < options->target_count; i++)
    run_round(&options->targets[i], &warm_up, options->longest / 4);
  for (size_t round = 0; round < options->rounds; round++)
    for (size_t i = 0; i < options->target_count; i++)
      findings[i][round] = run_round(&options->targets[i], measure, options->longest);
  for (size_t i = 0; i < options->target_count; i++)
    print_findings(options->targets[i].connection.name, measure, findings[i], options->rounds);
  fflush(stdout);
}

static void run_cases(struct options *options)
{
  size_t window = 1;
  size_t calls = 1;
  for (size_t i = 0; i < options->case_count; i++) {
    window = options->cases[i].window > window ? options->cases[i].window : window;
    calls = options->cases[i].calls > calls ? options->cases[i].calls : calls;
  }
  in_flight = calloc(window, sizeof *in_flight);
  samples = calloc(calls + window, sizeof *samples);
  if (in_flight == NULL || samples == NULL)
    fail("out of memory");
  for (size_t i = 0; i < options->target_count; i++)
    greet(&options->targets[i]);
  for (size_t i = 0; i < options->case_count; i++)
    run_case(options, &options->cases[i]);
  if (options->hold) {
    puts("{\"done\":true}");
    fflush(stdout);
    getchar();
  }
  for (size_t i = 0; i < options->target_count; i++)
    connection_close(&options->targets[i].connection);
}

/* --- Starts -------------------------------------------------------------------------------------
 */

static void run_starts(struct options *options)
{
  static double times[TARGETS_MAX][ROUNDS_MAX];
  size_t tools[TARGETS_MAX];
  for (size_t round = 0; round < options->rounds; round++)
    for (size_t i = 0; i < options->target_count; i++) {
      uint64_t begin = now();
      tools[i] = greet(&options->targets[i]);
      times[i][round] = (double)(now() - begin);
      connection_close(&options->targets[i].connection);
    }
  for (size_t i = 0; i < options->target_count; i++)
    printf("{\"target\":\"%s\",\"tools\":%zu,\"rounds\":%zu,\"start_ms\":%.3f,\"high_ms\":%.3f}\n",
           options->targets[i].connection.name, tools[i], options->rounds,
           percentile(times[i], options->rounds, 25) / 1e6,
           percentile(times[i], options->rounds, 99) / 1e6);
}

/* --- Command line -------------------------------------------------------------------------------
 */

static void usage(void)
{
  fputs("usage: load [OPTION...] -- NAME PROGRAM [ARGUMENT...] [-- NAME PROGRAM ...]\n"
        "  --case WINDOW:BYTES:CALLS  calls in flight, payload, calls in a round; may be repeated\n"
        "  --rounds N                 rounds of each case and target, taken in turns (9)\n"
        "  --milliseconds N           a round ends after this time too (500)\n"
        "  --starts                   measure from starting the program to its list of tools\n"
        "  --hold                     print {\"done\":true}, then keep the programs until a line "
        "comes\n"
        "Each program is an MCP server with a tool whose name ends in \"echo\".\n",
        stderr);
  exit(2);
}

static void read_case(struct options *options, const char *text)
{
  struct measure *measure = &options->cases[options->case_count];
  char rest;
  if (options->case_count == CASES_MAX ||
      sscanf(text, "%zu:%zu:%zu%c", &measure->window, &measure->size, &measure->calls, &rest) !=
          3 ||
      measure->window == 0 || measure->calls == 0)
    usage();
  options->case_count++;
}

static size_t read_number(const char *text, size_t most)
{
  char *end;
  unsigned long number = text == NULL ? 0 : strtoul(text, &end, 10);
  if (number == 0 || *end != '\0' || number > most)
    usage();
  return number;
}

/* Each "--" starts a target. */
static void read_targets(struct options *options, char **arguments)
{
  while (*arguments != NULL) {
    struct target *target = &options->targets[options->target_count];
    *arguments++ = NULL; /* ends the target before */
    if (options->target_count == TARGETS_MAX || arguments[0] == NULL || arguments[1] == NULL)
      usage();
    target->connection.name = arguments[0];
    target->argv = arguments + 1;
    options->target_count++;
    for (arguments++; *arguments != NULL && strcmp(*arguments, "--") != 0;)
      arguments++;
  }
}

static void read_options(struct options *options, char **arguments)
{
  for (arguments++; *arguments != NULL && strcmp(*arguments, "--") != 0; arguments++) {
    if (strcmp(*arguments, "--starts") == 0)
      options->starts = true;
    else if (strcmp(*arguments, "--hold") == 0)
      options->hold = true;
    else if (strcmp(*arguments, "--case") == 0 && arguments[1] != NULL)
      read_case(options, *++arguments);
    else if (strcmp(*arguments, "--rounds") == 0)
      options->rounds = read_number(*++arguments, ROUNDS_MAX);
    else if (strcmp(*arguments, "--milliseconds") == 0)
      options->longest = (uint64_t)read_number(*++arguments, 3600000) * 1000000U;
    else
      usage();
  }
  read_targets(options, arguments);
  if (options->target_count == 0 || options->starts == (options->case_count > 0))
    usage();
}

int main(int argc, char **argv)
{
  static struct options options = {.rounds = 9, .longest = 500000000U};
  (void)argc;
  signal(SIGPIPE, SIG_IGN);
  read_options(&options, argv);
  if (options.starts)
    run_starts(&options);
  else
    run_cases(&options);
  return 0;
}

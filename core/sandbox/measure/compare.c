/* SPDX-License-Identifier: Apache-2.0 */
/* Compares two plans word by word. */
#include "core/sandbox/measure/compare.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

/* A list of words; none owned. The command mark is a word whose bytes are NULL. */
struct word {
  const char *bytes;
  size_t length;
};

struct words {
  struct word *list;
  size_t count;
};

static void free_words(struct words *words)
{
  free(words->list);
}
#define CLEANUP_WORDS __attribute__((cleanup(free_words)))

struct comparison {
  const char *program; /* path of the canary */
  struct error **error;
};

static int differ(const struct comparison *at, const char *where, const char *step)
{
  error_make_code(at->error, ERROR_SANDBOX, "plans-differ",
                  "the plan for the canary is not the server's own: %s%s%s differs, so that what "
                  "the canary measures would say nothing about the server",
                  where, step != NULL ? " of the step " : "", step != NULL ? step : "");
  return error_hint(at->error, "this is a fault of the plugin");
}

static bool same(const char *one, const char *other)
{
  return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static bool names(const struct word *word, const char *program)
{
  return word->bytes != NULL && memmem(word->bytes, word->length, program, strlen(program)) != NULL;
}

static bool is_flag(const struct word *word)
{
  return word->bytes != NULL && word->length > 1 && word->bytes[0] == '-';
}

/* Takes the words away that show the canary. */
static void strip(struct words *words, const char *program)
{
  size_t kept = 0;
  for (size_t i = 0; i < words->count; i++) {
    const struct word *word = &words->list[i];
    if (!names(word, program)) {
      words->list[kept++] = *word;
      continue;
    }
    bool first = i == 0 || !names(&words->list[i - 1], program);
    if (!is_flag(word) && first && kept > 0 && is_flag(&words->list[kept - 1]) &&
        memchr(words->list[kept - 1].bytes, '=', words->list[kept - 1].length) == NULL)
      kept--;
  }
  words->count = kept;
}

static bool same_words(const struct words *own, struct words *canary, const char *program)
{
  strip(canary, program);
  if (own->count != canary->count)
    return false;
  for (size_t i = 0; i < own->count; i++) {
    const struct word *one = &own->list[i];
    const struct word *other = &canary->list[i];
    if ((one->bytes == NULL) != (other->bytes == NULL) || one->length != other->length ||
        (one->bytes != NULL && other->bytes != NULL &&
         memcmp(one->bytes, other->bytes, one->length) != 0))
      return false;
  }
  return true;
}

/* False when out of memory. */
static bool of_arguments(const struct plan_step *step, struct words *words)
{
  words->list = calloc(step->argument_count + 1, sizeof *words->list);
  for (size_t i = 0; words->list != NULL && i < step->argument_count; i++)
    words->list[words->count++] = (struct word){
        step->arguments[i], step->arguments[i] != NULL ? strlen(step->arguments[i]) : 0};
  return words->list != NULL;
}

static bool of_bytes(const char *bytes, size_t length, struct words *words)
{
  char end = length > 0 && memchr(bytes, '\0', length) != NULL ? '\0' : '\n';
  size_t most = 1;
  for (size_t i = 0; i < length; i++)
    most += bytes[i] == end;
  words->list = calloc(most, sizeof *words->list);
  for (size_t from = 0; words->list != NULL && from < length;) {
    const char *stop = memchr(bytes + from, end, length - from);
    size_t size = stop != NULL ? (size_t)(stop - bytes) - from : length - from;
    words->list[words->count++] = (struct word){bytes + from, size};
    from += size + 1;
  }
  return words->list != NULL;
}

static int compare_files(const struct comparison *at, const struct plan_step *own,
                         const struct plan_step *canary)
{
  if (own->file_count != canary->file_count)
    return differ(at, "the number of files", own->name);
  for (size_t i = 0; i < own->file_count; i++) {
    const struct plan_file *one = &own->files[i];
    const struct plan_file *other = &canary->files[i];
    CLEANUP_WORDS struct words mine = {0};
    CLEANUP_WORDS struct words theirs = {0};
    if (one->kind != other->kind || one->secret != other->secret ||
        !same(one->description, other->description))
      return differ(at, "a file", own->name);
    if (one->kind != PLAN_FILE)
      continue;
    if (!of_bytes(one->bytes, one->length, &mine) ||
        !of_bytes(other->bytes, other->length, &theirs))
      return error_memory(at->error);
    if (!same_words(&mine, &theirs, at->program))
      return differ(at, "a file", own->name);
  }
  return 0;
}

static bool same_pairs(const struct plan_pair *own, size_t own_count,
                       const struct plan_pair *canary, size_t canary_count, const char *program)
{
  size_t at = 0;
  for (size_t i = 0; i < canary_count; i++) {
    if (program != NULL && strcmp(canary[i].value, program) == 0)
      continue;
    if (at >= own_count || !same(own[at].key, canary[i].key) ||
        !same(own[at].value, canary[i].value))
      return false;
    at++;
  }
  return at == own_count;
}

static int compare_step(const struct comparison *at, const struct plan_step *own,
                        const struct plan_step *canary)
{
  CLEANUP_WORDS struct words mine = {0};
  CLEANUP_WORDS struct words theirs = {0};
  if (own->phase != canary->phase || !same(own->name, canary->name))
    return differ(at, "the list of steps", NULL);
  if (!same(own->program, canary->program) || !same(own->directory, canary->directory) ||
      own->time_limit != canary->time_limit || own->capture != canary->capture ||
      !same(own->if_failed, canary->if_failed))
    return differ(at, "the program or a bound", own->name);
  if (!same_pairs(own->environment, own->environment_count, canary->environment,
                  canary->environment_count, NULL))
    return differ(at, "the environment", own->name);
  if (!of_arguments(own, &mine) || !of_arguments(canary, &theirs))
    return error_memory(at->error);
  if (!same_words(&mine, &theirs, at->program))
    return differ(at, "the arguments", own->name);
  return compare_files(at, own, canary);
}

static bool same_variables(const struct plan *own, const struct plan *canary)
{
  if (own->variable_count != canary->variable_count)
    return false;
  for (size_t i = 0; i < own->variable_count; i++)
    if (!same(own->variables[i].name, canary->variables[i].name) ||
        !same(own->variables[i].value, canary->variables[i].value) ||
        own->variables[i].way != canary->variables[i].way)
      return false;
  return true;
}

static bool same_limits(const struct plan *own, const struct plan *canary)
{
  for (size_t i = 0; i < PLAN_LIMITS; i++)
    if (own->verdicts[i].verdict != canary->verdicts[i].verdict ||
        own->limits[i].value != canary->limits[i].value ||
        own->limits[i].strict != canary->limits[i].strict)
      return false;
  return true;
}

static bool same_stops(const struct plan *own, const struct plan *canary)
{
  if (own->stop_count != canary->stop_count)
    return false;
  for (size_t i = 0; i < own->stop_count; i++)
    if (own->stops[i].rung != canary->stops[i].rung ||
        own->stops[i].milliseconds != canary->stops[i].milliseconds ||
        own->stops[i].signal != canary->stops[i].signal ||
        own->stops[i].target != canary->stops[i].target ||
        !same(own->stops[i].step, canary->stops[i].step))
      return false;
  return true;
}

static bool same_weakenings(const struct plan *own, const struct plan *canary)
{
  if (own->weakens_count != canary->weakens_count)
    return false;
  for (size_t i = 0; i < own->weakens_count; i++)
    if (!same(own->weakens[i].option, canary->weakens[i].option) ||
        !same(own->weakens[i].value, canary->weakens[i].value) ||
        !same(own->weakens[i].property, canary->weakens[i].property))
      return false;
  return true;
}

int measure_compare(const struct plan *own, const struct plan *canary, const char *program,
                    struct error **error)
{
  struct comparison at = {program, error};
  if (own->tree != canary->tree || own->setuid_engine != canary->setuid_engine)
    return differ(&at, "the tree or the rights of the engine", NULL);
  if (own->step_count != canary->step_count)
    return differ(&at, "the number of steps", NULL);
  for (size_t i = 0; i < own->step_count; i++)
    if (compare_step(&at, &own->steps[i], &canary->steps[i]) != 0)
      return -1;
  if (!same_variables(own, canary))
    return differ(&at, "the list of variables", NULL);
  if (own->locate != canary->locate || own->locate_children != canary->locate_children ||
      !same(own->locate_member, canary->locate_member) ||
      !same(own->locate_step, canary->locate_step))
    return differ(&at, "the place of the server's process", NULL);
  if (!same_limits(own, canary))
    return differ(&at, "a limit", NULL);
  if (!same_stops(own, canary))
    return differ(&at, "the way to stop it", NULL);
  if (!same_weakenings(own, canary))
    return differ(&at, "what weakens it", NULL);
  if (!same_pairs(own->facts, own->fact_count, canary->facts, canary->fact_count, program) ||
      !same_pairs(own->keep, own->keep_count, canary->keep, canary->keep_count, NULL))
    return differ(&at, "a fact", NULL);
  return 0;
}

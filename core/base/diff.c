/* SPDX-License-Identifier: Apache-2.0 */
/* What would change in a text, as a unified diff. */
#include "core/base/diff.h"

#include <stdint.h>
#include <string.h>

#include "core/base/cleanup.h"

enum {
  CONTEXT = 3,
  CELLS_MAX = 8 << 20 /* of the table below; more is shown as one change, which is right too */
};

/* The lines of a text, each with its line feed if it has one. */
struct lines {
  const char **starts; /* one more than there are lines */
  size_t count;
};

/* One line of the outcome: ' ', '-' or '+', and where it stands in its text. */
struct step {
  char sign;
  const char *at;
  size_t length;
};

static bool split(const char *text, struct lines *lines)
{
  size_t count = 1;
  for (const char *at = text; *at != '\0'; at++)
    count += *at == '\n';
  lines->starts = calloc(count + 1, sizeof *lines->starts);
  lines->count = 0;
  if (lines->starts == NULL)
    return false;
  while (*text != '\0') {
    lines->starts[lines->count++] = text;
    const char *end = strchr(text, '\n');
    text = end != NULL ? end + 1 : text + strlen(text);
  }
  lines->starts[lines->count] = text;
  return true;
}

static size_t length_of(const struct lines *lines, size_t line)
{
  return (size_t)(lines->starts[line + 1] - lines->starts[line]);
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
  return length_of(a, i) == length_of(b, j) &&
         memcmp(a->starts[i], b->starts[j], length_of(a, i)) == 0;
}

static void add(struct step *steps, size_t *count, char sign, const struct lines *lines,
                size_t line)
{
  steps[(*count)++] = (struct step){sign, lines->starts[line], length_of(lines, line)};
}

/* Steps through what lies between the common start (`first` lines) and the common end by the
 * longest common subsequence, or through all of one and then all of the other. */
static void step_middle(const struct lines *old, const struct lines *new, size_t first,
                        size_t old_end, size_t new_end, struct step *steps, size_t *count)
{
  size_t rows = old_end - first;
  size_t columns = new_end - first;
  size_t width = columns + 1;
  CLEANUP_FREE uint32_t *table =
      rows < CELLS_MAX / width ? calloc((rows + 1) * width, sizeof *table) : NULL;
  for (size_t i = rows; table != NULL && i-- > 0;) {
    for (size_t j = columns; j-- > 0;) {
      uint32_t down = table[(i + 1) * width + j];
      uint32_t right = table[i * width + j + 1];
      table[i * width + j] = same(old, first + i, new, first + j)
                                 ? table[(i + 1) * width + j + 1] + 1
                             : down > right ? down
                                            : right;
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < rows || j < columns) {
    if (table != NULL && i < rows && j < columns && same(old, first + i, new, first + j)) {
      add(steps, count, ' ', old, first + i++);
      j++;
    } else if (i < rows && (table == NULL || j == columns ||
                            table[(i + 1) * width + j] >= table[i * width + j + 1])) {
      add(steps, count, '-', old, first + i++);
    } else {
      add(steps, count, '+', new, first + j++);
    }
  }
}

static struct step *step_all(const struct lines *old, const struct lines *new, size_t *count)
{
  struct step *steps = calloc(old->count + new->count + 1, sizeof *steps);
  size_t first = 0;
  size_t old_end = old->count;
  size_t new_end = new->count;
  if (steps == NULL)
    return NULL;
  for (; first < old_end && first < new_end && same(old, first, new, first); first++)
    add(steps, count, ' ', old, first);
  while (old_end > first && new_end > first && same(old, old_end - 1, new, new_end - 1)) {
    old_end--;
    new_end--;
  }
  step_middle(old, new, first, old_end, new_end, steps, count);
  for (; old_end < old->count; old_end++)
    add(steps, count, ' ', old, old_end);
  return steps;
}

/* The end of the hunk that begins with the change at `at`: changes with at most twice the context
 * between them belong together. */
static size_t end_of_hunk(const struct step *steps, size_t count, size_t at)
{
  size_t end = at;
  for (size_t i = at; i < count && i <= end + CONTEXT + CONTEXT; i++)
    end = steps[i].sign != ' ' ? i + 1 : end;
  return end + CONTEXT < count ? end + CONTEXT : count;
}

static void append_hunk(struct buffer *out, const struct step *steps, size_t from, size_t to)
{
  size_t sizes[2] = {0};
  size_t before[2] = {0};
  for (size_t i = 0; i < to; i++) {
    size_t *counts = i < from ? before : sizes;
    counts[0] += steps[i].sign != '+';
    counts[1] += steps[i].sign != '-';
  }
  /* Where there is no line, the one before it is named. */
  buffer_append_format(out, "@@ -%zu,%zu +%zu,%zu @@\n", before[0] + (sizes[0] > 0), sizes[0],
                       before[1] + (sizes[1] > 0), sizes[1]);
  for (size_t i = from; i < to; i++) {
    buffer_append_byte(out, steps[i].sign);
    buffer_append(out, steps[i].at, steps[i].length);
    if (steps[i].length == 0 || steps[i].at[steps[i].length - 1] != '\n')
      buffer_append_text(out, "\n\\ No newline at end of file\n");
  }
}

void diff_append(struct buffer *out, const char *old_name, const char *new_name,
                 const char *old_text, const char *new_text)
{
  struct lines old = {0};
  struct lines new = {0};
  size_t count = 0;
  bool right = split(old_text, &old) && split(new_text, &new);
  CLEANUP_FREE struct step *steps = right ? step_all(&old, &new, &count) : NULL;
  out->failed |= steps == NULL;
  bool named = false;
  for (size_t i = 0; steps != NULL && i < count; i++) {
    if (steps[i].sign == ' ')
      continue;
    if (!named)
      buffer_append_format(out, "--- %s\n+++ %s\n", old_name, new_name);
    named = true;
    size_t end = end_of_hunk(steps, count, i);
    append_hunk(out, steps, i < CONTEXT ? 0 : i - CONTEXT, end);
    i = end;
  }
  free(old.starts);
  free(new.starts);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of text in aligned columns, for people. */
#include "core/cli/columns.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"

static char *escaped(const char *text)
{
  CLEANUP_BUFFER struct buffer out = {0};
  if (text != NULL)
    text_escape_controls(&out, text, strlen(text));
  return buffer_steal(&out);
}

void columns_row(struct columns *columns, size_t count, const char *const *texts)
{
  if (columns->width == 0)
    columns->width = count;
  if (columns->failed || count != columns->width || count > COLUMNS_MAX) {
    columns->failed = true;
    return;
  }
  size_t total = columns->cell_count + count;
  char **grown = reallocarray(columns->cells, total, sizeof *grown);
  if (grown == NULL) {
    columns->failed = true;
    return;
  }
  columns->cells = grown;
  for (size_t i = 0; i < count; i++) {
    char *cell = escaped(texts[i]);
    columns->failed = columns->failed || cell == NULL;
    columns->cells[columns->cell_count++] = cell;
  }
}

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static size_t characters(const char *text)
{
  size_t count = 0;
  for (; *text != '\0'; text++)
    count += ((unsigned char)*text & 0xC0) != 0x80;
  return count;
}

static void append_row(const struct columns *columns, char **row, const size_t *widths,
                       struct buffer *out)
{
  size_t pending = 0; /* spaces are held back, so that no line ends with them */
  for (size_t i = 0; i < columns->width; i++) {
    if (row[i][0] != '\0') {
      for (; pending > 0; pending--)
        buffer_append_byte(out, ' ');
      buffer_append_text(out, row[i]);
    }
    pending += widths[i] - characters(row[i]) + 2;
  }
}

bool columns_append(const struct columns *columns, bool colour, struct buffer *out)
{
  if (columns->failed)
    return false;
  size_t widths[COLUMNS_MAX] = {0};
  for (size_t i = 0; i < columns->cell_count; i++) {
    size_t length = characters(columns->cells[i]);
    if (length > widths[i % columns->width])
      widths[i % columns->width] = length;
  }
  for (size_t i = 0; i < columns->cell_count; i += columns->width) {
    bool bold = colour && i == 0;
    buffer_append_text(out, bold ? "\033[1m" : "");
    append_row(columns, columns->cells + i, widths, out);
    buffer_append_text(out, bold ? "\033[0m\n" : "\n");
  }
  return !out->failed;
}

void columns_free(struct columns *columns)
{
  for (size_t i = 0; i < columns->cell_count; i++)
    free(columns->cells[i]);
  free(columns->cells);
  *columns = (struct columns){0};
}

bool columns_colour(int descriptor)
{
  const char *no_color = getenv("NO_COLOR");
  const char *terminal = getenv("TERM");
  return (no_color == NULL || *no_color == '\0') && terminal != NULL &&
         strcmp(terminal, "dumb") != 0 && isatty(descriptor) == 1;
}

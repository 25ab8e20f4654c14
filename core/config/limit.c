/* SPDX-License-Identifier: Apache-2.0 */
/* The limits and the network of a server, in the words of both configuration files. */
#include "core/config/limit.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"

#include <string.h>

#define MIB UINT64_C(1048576)
#define GIB (1024 * MIB)

/* Ordinary Node and Python servers stay far below the built-in limits; a fork bomb, a leak or a
 * file that fills the disk does not. A share of the processor has no such natural bound. */
const struct config_limit_kind config_limit_kinds[CONFIG_LIMITS] = {
    [CONFIG_MEMORY] = {.name = "memory",
                       .key = "memory_limit",
                       .expected = "a size such as \"256m\" or \"1g\", or a number of bytes",
                       .minimum = MIB,
                       .maximum = UINT64_C(1) << 50,
                       .built_in = 2 * GIB,
                       .size = true},
    [CONFIG_CPU] = {.name = "cpu",
                    .key = "cpu_limit",
                    .expected = "a number of processors such as 0.5 or \"0.5\"",
                    .minimum = 10,
                    .maximum = 1024000,
                    .digits = 3},
    [CONFIG_PIDS] = {.name = "pids",
                     .key = "pids_limit",
                     .expected = "a whole number of processes and threads such as 64",
                     .minimum = 1,
                     .maximum = 4194304,
                     .built_in = 256},
    [CONFIG_OPEN_FILES] = {.name = "open_files",
                           .key = "open_files_limit",
                           .expected = "a whole number of open files such as 1024",
                           .minimum = 16,
                           .maximum = 1048576,
                           .built_in = 1024},
    [CONFIG_FILE_SIZE] = {.name = "file_size",
                          .key = "file_size_limit",
                          .expected = "a size such as \"100m\" or \"1g\", or a number of bytes",
                          .minimum = 4096,
                          .maximum = UINT64_C(1) << 50,
                          .built_in = GIB,
                          .size = true},
};

void config_limit_append(enum config_limit_name name, uint64_t value, struct buffer *out)
{
  if (config_limit_kinds[name].size)
    text_append_size(out, value);
  else
    text_append_decimal(out, (int64_t)value, config_limit_kinds[name].digits);
}

static int refuse_kind(enum config_limit_name name, struct error **error)
{
  const struct config_limit_kind *kind = &config_limit_kinds[name];
  return error_make(error, ERROR_CONFIG, 0, "\"%s\" must be %s", kind->key, kind->expected);
}

static int take(enum config_limit_name name, uint64_t value, uint64_t *out, struct error **error)
{
  const struct config_limit_kind *kind = &config_limit_kinds[name];
  if (value >= kind->minimum && value <= kind->maximum) {
    *out = value;
    return 0;
  }
  CLEANUP_BUFFER struct buffer text = {0};
  config_limit_append(name, value, &text);
  buffer_append_text(&text, " is outside the range from ");
  config_limit_append(name, kind->minimum, &text);
  buffer_append_text(&text, " to ");
  config_limit_append(name, kind->maximum, &text);
  if (text.failed)
    return error_memory(error);
  error_make(error, ERROR_CONFIG, 0, "\"%s\": %s", kind->key, text.data);
  if (value == 0)
    error_hint(error, "leave it out for the default, or write how much it may be");
  if (kind->size && value < kind->minimum && value > 0)
    error_hint(error, "a number without a unit counts bytes; write the unit, as in \"256m\"");
  return -1;
}

int config_limit_from_text(enum config_limit_name name, const char *text, uint64_t *out,
                           struct error **error)
{
  const struct config_limit_kind *kind = &config_limit_kinds[name];
  uint64_t size;
  int64_t number;
  if (kind->size) {
    if (text_parse_size(text, &size, NULL) != 0)
      return refuse_kind(name, error);
    return take(name, size, out, error);
  }
  if (text_parse_decimal(text, kind->digits, 0, INT64_MAX, &number, NULL) != 0)
    return refuse_kind(name, error);
  return take(name, (uint64_t)number, out, error);
}

int config_limit_from_integer(enum config_limit_name name, int64_t number, uint64_t *out,
                              struct error **error)
{
  for (unsigned digit = 0; digit < config_limit_kinds[name].digits; digit++) {
    if (__builtin_mul_overflow(number, (int64_t)10, &number))
      return refuse_kind(name, error);
  }
  return number < 0 ? refuse_kind(name, error) : take(name, (uint64_t)number, out, error);
}

int config_limit_from_fraction(enum config_limit_name name, double number, uint64_t *out,
                               struct error **error)
{
  /* The written number is the nearest double to a decimal fraction, so rounding gives it back;
   * what has more digits than are kept is off by more than that. */
  double scaled = number * 1000;
  if (config_limit_kinds[name].digits != 3 || !(scaled >= 0 && scaled <= 1e15))
    return refuse_kind(name, error);
  uint64_t whole = (uint64_t)(scaled + 0.5);
  double off = scaled - (double)whole;
  if (off > 1e-6 || off < -1e-6)
    return refuse_kind(name, error);
  return take(name, whole, out, error);
}

static bool is_alphanumeric(char byte)
{
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9');
}

bool config_is_network_name(const char *text)
{
  size_t length = 0;
  for (; text[length] != '\0'; length++) {
    if (!is_alphanumeric(text[length]) && (length == 0 || strchr("_.:/-", text[length]) == NULL))
      return false;
  }
  return length > 0 && length <= 128;
}

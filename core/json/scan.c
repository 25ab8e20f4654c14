/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner: validates one JSON text in one pass and captures wanted members on the way. */
#include "core/json/scan.h"

#include "core/json/run.h"
#include "core/json/unit.h"

#include <string.h>

/*
 * Sets of wants are bit masks, one bit a want. Level n belongs to the n-th open container, counted
 * from 1. Wants reach JSON_SEGMENTS_MAX names deep, so that a container above level LEVELS - 1
 * neither is wanted nor leads to anything wanted. `seen` is never reset: an object on the way to a
 * want is opened at most once, because a second one would have had a name that is a duplicate.
 */
enum { LEVELS = JSON_SEGMENTS_MAX + 2 };

struct scanner {
  const unsigned char *at;
  const unsigned char *end;
  const char *reason; /* set once, by refuse(); `at` is the place then */
  struct json_want *wants;
  const char **segments; /* of each want: the first name of its path that was not there yet */
  uint64_t ended;        /* wants whose whole path was there */
  size_t depth;
  size_t depth_limit;
  uint64_t leading[LEVELS];                /* wants whose path goes on inside this object */
  uint64_t seen[LEVELS];                   /* wants whose name at this level stood there */
  uint64_t capturing[LEVELS];              /* wants that are this very container */
  const unsigned char *opened_at[LEVELS];  /* where it starts, when it is captured */
  uint64_t is_object[JSON_DEPTH_MAX / 64]; /* a bit for each open container */
};

static bool refuse(struct scanner *scanner, const unsigned char *at, const char *reason)
{
  scanner->at = at;
  scanner->reason = reason;
  return false;
}

static inline void skip_space(struct scanner *scanner)
{
  const unsigned char *at = scanner->at;
  while (at < scanner->end && *at <= ' ' &&
         (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
    at++;
  scanner->at = at;
}

/* Returns the length of the escape at `at`, 0 when it is none. */
static size_t escape_length(const unsigned char *at, const unsigned char *end)
{
  if (end - at < 2)
    return 0;
  if (json_escape_byte(at[1]) != 0)
    return 2;
  return at[1] == 'u' && end - at >= 6 && json_hex4(at + 2) >= 0 ? 6 : 0;
}

/* At a '"': moves behind the closing one. */
static bool scan_string(struct scanner *scanner, bool *escaped)
{
  const unsigned char *end = scanner->end;
  const unsigned char *at = scanner->at + 1;
  *escaped = false;
  for (;;) {
    at = json_run(at, end);
    if (at == end)
      return refuse(scanner, at, "the text ends inside a string");
    if (*at == '"') {
      scanner->at = at + 1;
      return true;
    }
    if (*at == '\\') {
      size_t length = escape_length(at, end);
      if (length == 0)
        return refuse(scanner, at, "not an escape sequence of JSON");
      *escaped = true;
      at += length;
      continue;
    }
    if (*at < 0x20)
      return refuse(scanner, at, "a control character in a string must be escaped");
    do {
      size_t length = utf8_sequence(at, end);
      if (length == 0)
        return refuse(scanner, at, "not valid UTF-8");
      at += length;
    } while (at < end && *at >= 0x80);
  }
}

static inline const unsigned char *skip_digits(const unsigned char *at, const unsigned char *end)
{
  while (at < end && *at >= '0' && *at <= '9')
    at++;
  return at;
}

static bool scan_number(struct scanner *scanner)
{
  const unsigned char *end = scanner->end;
  const unsigned char *at = scanner->at;
  if (*at == '-')
    at++;
  const unsigned char *digits = at;
  at = skip_digits(at, end);
  if (at == digits)
    return refuse(scanner, at, "a digit is expected");
  if (*digits == '0' && at - digits > 1)
    return refuse(scanner, digits, "a number must not begin with 0");
  if (at < end && *at == '.') {
    digits = at + 1;
    at = skip_digits(digits, end);
    if (at == digits)
      return refuse(scanner, at, "a digit is expected after the decimal point");
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-'))
      at++;
    digits = at;
    at = skip_digits(at, end);
    if (at == digits)
      return refuse(scanner, at, "a digit is expected in the exponent");
  }
  scanner->at = at;
  return true;
}

static bool scan_word(struct scanner *scanner, const char *word, size_t length)
{
  if ((size_t)(scanner->end - scanner->at) < length || memcmp(scanner->at, word, length) != 0)
    return refuse(scanner, scanner->at, "a value is expected");
  scanner->at += length;
  return true;
}

static void capture(struct scanner *scanner, uint64_t wants, const unsigned char *start)
{
  for (; wants != 0; wants &= wants - 1) {
    struct json_slice *value = &scanner->wants[__builtin_ctzll(wants)].value;
    value->at = (const char *)start;
    value->length = (size_t)(scanner->at - start);
  }
}

/* The name number `index`, counted from 0, of a path that has at least so many. */
static const char *path_segment(const char *path, size_t index)
{
  for (; index > 0; index--) {
    while (*path != '/')
      path++;
    path++;
  }
  return path;
}

/* Whether one byte continues the name of a path at *segment; moves behind it. */
static inline bool segment_takes(const char **segment, unsigned char byte)
{
  unsigned char expected = (unsigned char)**segment;
  if (expected == '\0' || expected == '/')
    return false;
  if (expected == '~' && ((*segment)[1] == '0' || (*segment)[1] == '1')) {
    ++*segment;
    expected = **segment == '0' ? '~' : '/';
  }
  ++*segment;
  return expected == byte;
}

/* Returns what follows in the path when the key between `at` and `end`, quotes excluded, is the
 * name at `segment`, else NULL. */
static const char *match_segment(const unsigned char *at, const unsigned char *end, bool escaped,
                                 const char *segment)
{
  /* What stands for itself on both sides, which is mostly all or a different first letter. */
  while (at < end && *at == (unsigned char)*segment && *at != '~' && *at != '/' && *at != '\\') {
    at++;
    segment++;
  }
  if (at < end && !escaped && *segment != '~')
    return NULL;
  while (at < end) {
    unsigned char unit[4] = {*at};
    size_t length = 1;
    if (escaped)
      length = json_unit(&at, end, unit);
    else
      at++;
    if (length == 0)
      return NULL;
    for (size_t i = 0; i < length; i++)
      if (!segment_takes(&segment, unit[i]))
        return NULL;
  }
  return *segment == '\0' || *segment == '/' ? segment : NULL;
}

/* Says which wants the key continues, and moves these to their next name. */
static bool match_key(struct scanner *scanner, const unsigned char *key, bool escaped,
                      uint64_t *match)
{
  size_t level = scanner->depth;
  for (uint64_t left = scanner->leading[level]; left != 0; left &= left - 1) {
    int index = __builtin_ctzll(left);
    uint64_t bit = UINT64_C(1) << index;
    bool again = (scanner->seen[level] & bit) != 0;
    const char *segment =
        again ? path_segment(scanner->wants[index].path, level - 1) : scanner->segments[index];
    const char *rest = match_segment(key + 1, scanner->at - 1, escaped, segment);
    if (rest == NULL)
      continue;
    *match |= bit;
    if (again)
      return refuse(scanner, key, "a member of this name stood there before (duplicate key)");
    if (*rest == '\0')
      scanner->ended |= bit;
    else if (level == JSON_SEGMENTS_MAX)
      return refuse(scanner, key, "the path of a member asked for is too long");
    else
      scanner->segments[index] = rest + 1;
  }
  scanner->seen[level] |= *match;
  return true;
}

/* At the key of an object: moves to the value and says which wants the key continues. */
static bool scan_key(struct scanner *scanner, uint64_t *match)
{
  *match = 0;
  const unsigned char *key = scanner->at;
  bool escaped;
  if (key == scanner->end || *key != '"')
    return refuse(scanner, key, "a member name in double quotes is expected");
  if (!scan_string(scanner, &escaped))
    return false;
  if (scanner->depth < LEVELS && !match_key(scanner, key, escaped, match))
    return false;
  skip_space(scanner);
  if (scanner->at == scanner->end || *scanner->at != ':')
    return refuse(scanner, scanner->at, "':' is expected after a member name");
  scanner->at++;
  skip_space(scanner);
  return true;
}

static inline bool in_object(const struct scanner *scanner)
{
  size_t index = scanner->depth - 1;
  return (scanner->is_object[index / 64] >> (index % 64) & 1) != 0;
}

static bool open_container(struct scanner *scanner, uint64_t match)
{
  if (scanner->depth == scanner->depth_limit)
    return refuse(scanner, scanner->at, "arrays and objects are nested too deeply");
  bool object = *scanner->at == '{';
  size_t index = scanner->depth++;
  uint64_t bit = UINT64_C(1) << (index % 64);
  if (object)
    scanner->is_object[index / 64] |= bit;
  else
    scanner->is_object[index / 64] &= ~bit;
  size_t level = scanner->depth;
  if (level < LEVELS) {
    uint64_t capturing = match & scanner->ended;
    scanner->capturing[level] = capturing;
    scanner->opened_at[level] = scanner->at;
    scanner->leading[level] = match & ~capturing;
  }
  scanner->at++;
  skip_space(scanner);
  return true;
}

static void close_container(struct scanner *scanner)
{
  scanner->at++;
  size_t level = scanner->depth--;
  if (level < LEVELS && scanner->capturing[level] != 0)
    capture(scanner, scanner->capturing[level], scanner->opened_at[level]);
}

static bool scan_scalar(struct scanner *scanner, uint64_t match)
{
  const unsigned char *start = scanner->at;
  bool escaped;
  bool valid;
  if (start == scanner->end)
    return refuse(scanner, start, "a value is expected, but the text ends");
  switch (*start) {
  case '"':
    valid = scan_string(scanner, &escaped);
    break;
  case 't':
    valid = scan_word(scanner, "true", 4);
    break;
  case 'f':
    valid = scan_word(scanner, "false", 5);
    break;
  case 'n':
    valid = scan_word(scanner, "null", 4);
    break;
  default:
    if (*start != '-' && (*start < '0' || *start > '9'))
      return refuse(scanner, start, "a value is expected");
    valid = scan_number(scanner);
  }
  if (valid)
    capture(scanner, match & scanner->ended, start);
  return valid;
}

/* Behind a value: closes what closes and moves to the next value; `depth` is 0 at the end. */
static bool after_value(struct scanner *scanner, uint64_t *match)
{
  *match = 0;
  while (scanner->depth > 0) {
    skip_space(scanner);
    bool object = in_object(scanner);
    if (scanner->at == scanner->end)
      return refuse(scanner, scanner->at,
                    object ? "the text ends inside an object" : "the text ends inside an array");
    if (*scanner->at == ',') {
      scanner->at++;
      skip_space(scanner);
      return object ? scan_key(scanner, match) : true;
    }
    if (*scanner->at != (object ? '}' : ']'))
      return refuse(scanner, scanner->at,
                    object ? "',' or '}' is expected after a member"
                           : "',' or ']' is expected after an element");
    close_container(scanner);
  }
  return true;
}

static bool scan_text(struct scanner *scanner, uint64_t match)
{
  skip_space(scanner);
  do {
    bool opens = scanner->at < scanner->end && (*scanner->at == '{' || *scanner->at == '[');
    if (!opens) {
      if (!scan_scalar(scanner, match))
        return false;
    } else {
      if (!open_container(scanner, match))
        return false;
      bool object = in_object(scanner);
      bool empty = scanner->at < scanner->end && *scanner->at == (object ? '}' : ']');
      if (!empty) {
        match = 0;
        if (object && !scan_key(scanner, &match))
          return false;
        continue;
      }
      close_container(scanner);
    }
    if (!after_value(scanner, &match))
      return false;
  } while (scanner->depth > 0);
  skip_space(scanner);
  if (scanner->at != scanner->end)
    return refuse(scanner, scanner->at, "nothing may follow the value");
  return true;
}

static bool prepare(struct scanner *scanner, struct json_want *wants, size_t want_count)
{
  if (want_count > JSON_WANTS_MAX)
    return refuse(scanner, scanner->at, "too many members are asked for");
  for (size_t i = 0; i < want_count; i++) {
    scanner->segments[i] = wants[i].path;
    if (*wants[i].path == '\0')
      scanner->ended |= UINT64_C(1) << i;
  }
  if (scanner->at == scanner->end)
    return refuse(scanner, scanner->at, "the text is empty");
  if (scanner->end - scanner->at >= 3 && memcmp(scanner->at, "\xEF\xBB\xBF", 3) == 0)
    return refuse(scanner, scanner->at, "a byte order mark must not stand in front of the text");
  return true;
}

bool json_scan(const char *text, size_t length, const struct json_limits *limits,
               struct json_want *wants, size_t want_count, struct json_fault *fault)
{
  if (text == NULL)
    text = "";
  size_t depth = limits == NULL || limits->depth == 0 ? JSON_DEPTH_DEFAULT : limits->depth;
  const char *segments[JSON_WANTS_MAX];
  struct scanner scanner = {
      .segments = segments,
      .at = (const unsigned char *)text,
      .end = (const unsigned char *)text + length,
      .wants = wants,
      .depth_limit = depth > JSON_DEPTH_MAX ? JSON_DEPTH_MAX : depth,
  };
  for (size_t i = 0; i < want_count; i++)
    wants[i].value = (struct json_slice){0};
  uint64_t all = want_count == 0 ? 0 : UINT64_MAX >> ((64 - want_count) & 63);
  if (prepare(&scanner, wants, want_count) && scan_text(&scanner, all))
    return true;
  for (size_t i = 0; i < want_count; i++)
    wants[i].value = (struct json_slice){0};
  if (fault != NULL) {
    fault->offset = (size_t)(scanner.at - (const unsigned char *)text);
    fault->reason = scanner.reason;
  }
  return false;
}

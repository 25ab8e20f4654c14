/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what a worker says like anything that comes from outside. */
#include "core/plugin/foreign.h"

#include <stddef.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/text.h"
#include "core/json/scan.h"
#include "core/plugin/table.h"

enum {
  TEXT_MAX = 64 * 1024,
  LIST_MAX = 1024,
  ERROR_TEXT_MAX = 4096,
  VALUES_MAX = 200 * 1000 /* in one message: a tree of more would hold up the loop */
};

enum kind { TEXT = 1, CODE, WORD, FLAG, NUMBER, TEXTS, MAP, OBJECT, OBJECTS };

struct member {
  const char *name;
  enum kind kind;
  bool required;
  const char *words;            /* WORD: with '|' between and around them */
  const struct member *members; /* OBJECT, OBJECTS: ends with an empty one */
};

static const struct member option_members[] = {{"name", TEXT, true, NULL, NULL},
                                               {"help", TEXT, true, NULL, NULL},
                                               {"type", TEXT, true, NULL, NULL},
                                               {"default", TEXT, false, NULL, NULL},
                                               {"since", TEXT, false, NULL, NULL},
                                               {"means", TEXT, false, NULL, NULL},
                                               {"minimum", NUMBER, false, NULL, NULL},
                                               {"maximum", NUMBER, false, NULL, NULL},
                                               {"required", FLAG, true, NULL, NULL},
                                               {"secret", FLAG, true, NULL, NULL},
                                               {"weakens", FLAG, true, NULL, NULL},
                                               {"host", FLAG, true, NULL, NULL},
                                               {0}};
static const struct member describe_members[] = {
    {"name", TEXT, true, NULL, NULL},
    {"version", TEXT, true, NULL, NULL},
    {"summary", TEXT, true, NULL, NULL},
    {"account", WORD, true, "|caller|unprivileged|", NULL},
    {"abi", TEXT, true, NULL, NULL},
    {"options", OBJECTS, true, NULL, option_members},
    {"front_programs", TEXTS, true, NULL, NULL},
    {"diagnose", FLAG, true, NULL, NULL},
    {0}};
static const struct member engine_members[] = {
    {"path", TEXT, true, NULL, NULL}, {"version", TEXT, false, NULL, NULL}, {0}};
static const struct member finding_members[] = {
    {"code", CODE, true, NULL, NULL},
    {"severity", WORD, true, "|info|warning|error|", NULL},
    {"text", TEXT, true, NULL, NULL},
    {"repair", MAP, true, NULL, NULL},
    {0}};
static const struct member weak_members[] = {{"identifier", TEXT, true, NULL, NULL},
                                             {"text", TEXT, true, NULL, NULL},
                                             {"fixed_in", TEXT, false, NULL, NULL},
                                             {0}};
static const struct member probe_members[] = {
    {"state", WORD, true, "|available|degraded|unavailable|", NULL},
    {"engine", OBJECT, false, NULL, engine_members},
    {"features", MAP, true, NULL, NULL},
    {"findings", OBJECTS, true, NULL, finding_members},
    {"weak_versions", OBJECTS, true, NULL, weak_members},
    {"claims", TEXTS, true, NULL, NULL},
    {"watched", TEXTS, false, NULL, NULL},
    {0}};
static const struct member problem_members[] = {{"option", TEXT, true, NULL, NULL},
                                                {"text", TEXT, true, NULL, NULL},
                                                {"hint", TEXT, false, NULL, NULL},
                                                {0}};
static const struct member validate_members[] = {{"problems", OBJECTS, true, NULL, problem_members},
                                                 {"notes", OBJECTS, true, NULL, problem_members},
                                                 {0}};
static const struct member diagnose_members[] = {
    {"ended", WORD, false, "|never-started|server|limit|", NULL},
    {"code", CODE, false, NULL, NULL},
    {"text", TEXT, false, NULL, NULL},
    {"hint", TEXT, false, NULL, NULL},
    {0}};

/* Whether valid JSON has no more values than a plan can need. */
static bool is_small(const char *text, size_t length)
{
  size_t values = 1;
  bool inside = false; /* of a string */
  for (size_t i = 0; i < length && values <= VALUES_MAX; i++) {
    if (inside && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      inside = !inside;
    else if (!inside)
      values += text[i] == ',' || text[i] == '[' || text[i] == '{';
  }
  return values <= VALUES_MAX;
}

json_t *foreign_load(const char *text, size_t length)
{
  if (!json_scan(text, length, NULL, NULL, 0, NULL) || !is_small(text, length))
    return NULL;
  return json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
}

bool foreign_is_code(const char *text)
{
  size_t length = strnlen(text, 65);
  return length >= 1 && length <= 64 &&
         strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static json_t *escaped(const char *text, size_t most)
{
  CLEANUP_BUFFER struct buffer buffer = {0};
  text_escape_controls(&buffer, text, strnlen(text, most));
  return buffer.failed || buffer.data == NULL ? json_string("") : json_string(buffer.data);
}

bool foreign_error(json_t *object, struct error **error)
{
  json_int_t kind = json_integer_value(json_object_get(object, "kind"));
  json_int_t errnum = json_integer_value(json_object_get(object, "errnum"));
  const char *text = json_string_value(json_object_get(object, "text"));
  const char *code = json_string_value(json_object_get(object, "code"));
  const char *hint = json_string_value(json_object_get(object, "hint"));
  if (text == NULL || kind < ERROR_FAILED || kind > ERROR_SANDBOX || errnum < 0 || errnum > 4095)
    return false;
  json_t *shown = escaped(text, ERROR_TEXT_MAX);
  json_t *shown_hint = hint == NULL ? NULL : escaped(hint, ERROR_TEXT_MAX);
  error_make_code(error, (enum error_kind)kind,
                  code == NULL || !foreign_is_code(code) ? "plugin-error" : code, "%s",
                  json_string_value(shown));
  if (shown_hint != NULL)
    error_hint(error, "%s", json_string_value(shown_hint));
  if (error != NULL)
    (*error)->errnum = (int)errnum;
  json_decref(shown);
  json_decref(shown_hint);
  return true;
}

static int refuse(struct error **error, const char *name)
{
  CLEANUP_BUFFER struct buffer shown = {0};
  text_escape_controls(&shown, name, strnlen(name, 64));
  return error_make_code(error, ERROR_SANDBOX, "plugin-bad-answer",
                         "its answer is refused: \"%s\" is unknown, missing or malformed",
                         shown.data == NULL ? "" : shown.data);
}

static int check_object(json_t *object, const struct member *members, struct error **error);

static bool is_word(const char *text, const char *words)
{
  const char *at = strstr(words, text);
  size_t length = strlen(text);
  return length > 0 && strchr(text, '|') == NULL && at != NULL && at[-1] == '|' &&
         at[length] == '|';
}

/* Texts of a list or a map: bounded in number and length, then escaped in place. */
static bool check_texts(json_t *list)
{
  if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
    return false;
  for (size_t i = 0; i < json_array_size(list); i++) {
    json_t *text = json_array_get(list, i);
    if (!json_is_string(text) || json_string_length(text) > TEXT_MAX ||
        json_array_set_new(list, i, escaped(json_string_value(text), TEXT_MAX)) != 0)
      return false;
  }
  return true;
}

static bool check_map(json_t *map)
{
  if (!json_is_object(map) || json_object_size(map) > LIST_MAX)
    return false;
  const char *key;
  void *next;
  json_t *text;
  json_object_foreach_safe(map, next, key, text)
  {
    if (!json_is_string(text) || json_string_length(text) > TEXT_MAX)
      return false;
    for (const char *at = key; *at != '\0'; at++)
      if ((unsigned char)*at < 0x21 || (unsigned char)*at > 0x7E)
        return false;
    if (json_object_set_new(map, key, escaped(json_string_value(text), TEXT_MAX)) != 0)
      return false;
  }
  return true;
}

static int check_objects(json_t *list, const struct member *member, struct error **error)
{
  if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
    return refuse(error, member->name);
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (!json_is_object(json_array_get(list, i)))
      return refuse(error, member->name);
    if (check_object(json_array_get(list, i), member->members, error) != 0)
      return -1;
  }
  return 0;
}

static int check_member(json_t *object, const struct member *member, json_t *value,
                        struct error **error)
{
  const char *text = json_string_value(value);
  bool right = true;
  switch (member->kind) {
  case TEXT:
    right = text != NULL && json_string_length(value) <= TEXT_MAX &&
            json_object_set_new(object, member->name, escaped(text, TEXT_MAX)) == 0;
    break;
  case CODE:
    right = text != NULL && foreign_is_code(text);
    break;
  case WORD:
    right = text != NULL && is_word(text, member->words);
    break;
  case FLAG:
    right = json_is_boolean(value);
    break;
  case NUMBER:
    right = json_is_integer(value);
    break;
  case TEXTS:
    right = check_texts(value);
    break;
  case MAP:
    right = check_map(value);
    break;
  case OBJECT:
    if (json_is_object(value))
      return check_object(value, member->members, error);
    right = false;
    break;
  case OBJECTS:
    return check_objects(value, member, error);
  }
  return right ? 0 : refuse(error, member->name);
}

static int check_object(json_t *object, const struct member *members, struct error **error)
{
  size_t known = 0;
  for (const struct member *member = members; member->name != NULL; member++) {
    json_t *value = json_object_get(object, member->name);
    if (value == NULL && !member->required)
      continue;
    if (value == NULL)
      return refuse(error, member->name);
    known++;
    if (check_member(object, member, value, error) != 0)
      return -1;
  }
  if (known == json_object_size(object))
    return 0;
  const char *key;
  json_t *value;
  json_object_foreach (object, key, value) {
    const struct member *member = members;
    while (member->name != NULL && strcmp(member->name, key) != 0)
      member++;
    if (member->name == NULL)
      return refuse(error, key);
  }
  return 0;
}

/* What the router itself relies on in an option table. */
static int check_options(json_t *options, struct error **error)
{
  for (size_t i = 0; i < json_array_size(options); i++) {
    json_t *option = json_array_get(options, i);
    const char *means = json_string_value(json_object_get(option, "means"));
    uint32_t type = table_type_from_word(json_string_value(json_object_get(option, "type")));
    uint32_t meaning = table_means_from_word(means);
    if (type == 0 || (means != NULL && meaning == 0) || !table_type_fits(type, meaning) ||
        !table_is_name(json_string_value(json_object_get(option, "name")), '_'))
      return refuse(error, "options");
  }
  return 0;
}

int foreign_check(const char *verb, json_t *answer, struct error **error)
{
  if (strcmp(verb, "describe") == 0) {
    if (check_object(answer, describe_members, error) != 0)
      return -1;
    return check_options(json_object_get(answer, "options"), error);
  }
  if (strcmp(verb, "probe") == 0)
    return check_object(answer, probe_members, error);
  if (strcmp(verb, "validate") == 0)
    return check_object(answer, validate_members, error);
  if (strcmp(verb, "diagnose") == 0)
    return check_object(answer, diagnose_members, error);
  return 0;
}

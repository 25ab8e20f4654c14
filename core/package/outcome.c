/* SPDX-License-Identifier: Apache-2.0 */
/* What an installer has done: programs, versions and hashes, or why it failed, in words. */
#include "core/package/outcome.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/package/lock.h"
#include "core/package/tree.h"

enum { FILE_MAX = 32 << 20, NAMES_MAX = 64, WORD_MAX = 128 };

void outcome_free(struct outcome *outcome)
{
  free(outcome->program);
  json_decref(outcome->packages);
  json_decref(outcome->files);
  json_decref(outcome->blocked);
  *outcome = (struct outcome){0};
}

static json_t *read_json(int directory, const char *path)
{
  CLEANUP_BUFFER struct buffer text = {0};
  if (tree_read(directory, path, FILE_MAX, &text) != 0 || text.data == NULL)
    return NULL;
  return json_loadb(text.data, text.length, 0, NULL);
}

static void keep_file(struct outcome *outcome, int directory, const char *name)
{
  CLEANUP_BUFFER struct buffer text = {0};
  if (tree_read(directory, name, FILE_MAX, &text) == 0 && text.data != NULL)
    json_object_set_new(outcome->files, name, json_string(text.data));
}

static void add_package(struct outcome *outcome, const char *name, const char *version,
                        const char *hash)
{
  json_array_append_new(outcome->packages, json_pack("{s:s, s:s*, s:s*}", "name", name, "version",
                                                     version, "hash", hash));
}

/* --- Programs --------------------------------------------------------------------------------- */

/* Programs that a package says it has. */
struct programs {
  char names[NAMES_MAX][WORD_MAX];
  size_t count;
};

static void add_program(struct programs *programs, const char *name, size_t length)
{
  if (programs->count == NAMES_MAX || length == 0 || length >= WORD_MAX ||
      memchr(name, '/', length) != NULL)
    return;
  memcpy(programs->names[programs->count], name, length);
  programs->names[programs->count++][length] = '\0';
}

static bool has_program(const struct programs *programs, const char *name)
{
  for (size_t i = 0; i < programs->count; i++)
    if (strcmp(programs->names[i], name) == 0)
      return true;
  return false;
}

static int no_program(const struct package *package, const struct programs *programs,
                      const char *wanted, struct error **error)
{
  CLEANUP_BUFFER struct buffer list = {0};
  for (size_t i = 0; i < programs->count; i++) {
    buffer_append_text(&list, i > 0 ? ", " : "");
    text_escape_controls(&list, programs->names[i], strlen(programs->names[i]));
  }
  char *const *packages = package->command.packages;
  const char *name = packages[0];
  for (size_t i = 0; packages[i] != NULL; i++)
    name = packages[i];
  if (wanted != NULL)
    error_make_code(error, ERROR_CONFIG, "package-program", "%s has no program \"%s\"", name,
                    wanted);
  else
    error_make_code(error, ERROR_CONFIG, "package-program",
                    programs->count == 0 ? "%s has no program"
                                         : "%s has several programs, and none has its name",
                    name);
  if (programs->count == 0)
    return error_hint(error, "it may be a library; look for the package of the server");
  static const char *const ways[] = {
      [PACKAGE_NPM] = "-p", [PACKAGE_UV] = "--from", [PACKAGE_PIP] = "--spec"};
  return error_hint(error, "it has: %s; name one with \"args\": [\"%s\", \"%s\", \"PROGRAM\"]",
                    list.data, ways[package->command.runner->installer], name);
}

/* The program that was asked for; or the one with the package's name; or the only one. */
static int choose(const struct package *package, const struct programs *programs,
                  const char *own_name, const char *folder, struct outcome *outcome,
                  struct error **error)
{
  const char *wanted = package->command.program;
  const char *name = wanted;
  if (wanted == NULL && has_program(programs, own_name))
    name = own_name;
  else if (wanted == NULL && programs->count == 1)
    name = programs->names[0];
  if (name == NULL || !has_program(programs, name))
    return no_program(package, programs, wanted, error);
  if (asprintf(&outcome->program, "%s/%s", folder, name) >= 0)
    return 0;
  outcome->program = NULL;
  return error_memory(error);
}

/* Those that are really there, in a folder. */
static void list_programs(int directory, const char *path, struct programs *programs)
{
  int folder = tree_open(directory, path);
  CLEANUP_DIRECTORY DIR *stream = folder < 0 ? NULL : fdopendir(folder);
  if (stream == NULL && folder >= 0)
    close(folder);
  const struct dirent *entry;
  while (stream != NULL && (entry = readdir(stream)) != NULL)
    if (entry->d_name[0] != '.')
      add_program(programs, entry->d_name, strlen(entry->d_name));
}

/* Whether a program is there under this name, as a file or a link. */
static bool is_there(int directory, const char *path, const char *name)
{
  CLEANUP_CLOSE int folder = tree_open(directory, path);
  struct stat status;
  return folder >= 0 && strchr(name, '/') == NULL &&
         fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode);
}

static int choose_there(const struct package *package, int directory, const char *path,
                        struct outcome *outcome, struct error **error)
{
  const char *wanted = package->command.program;
  struct programs programs = {.count = 0};
  if (is_there(directory, path, wanted))
    add_program(&programs, wanted, strlen(wanted));
  else
    list_programs(directory, path, &programs);
  return choose(package, &programs, wanted, path, outcome, error);
}

/* --- npm -------------------------------------------------------------------------------------- */

/* "node_modules/a/node_modules/@b/c" is "@b/c". */
static const char *module_name(const char *path)
{
  static const char mark[] = "node_modules/";
  const char *name = path;
  for (const char *at = strstr(path, mark); at != NULL; at = strstr(at + 1, mark))
    name = at + sizeof mark - 1;
  return name;
}

static void read_modules(int directory, struct outcome *outcome)
{
  json_t *lock = read_json(directory, "package-lock.json");
  const char *path;
  json_t *module;
  json_object_foreach (json_object_get(lock, "packages"), path, module) {
    const char *version = lock_text(module, "version");
    const char *hash = lock_text(module, "integrity");
    if (path[0] == '\0' || json_is_true(json_object_get(module, "link")))
      continue;
    add_package(outcome, module_name(path), version,
                hash != NULL ? hash : lock_text(module, "resolved"));
    if (json_is_true(json_object_get(module, "hasInstallScript")))
      json_array_append_new(outcome->blocked, json_sprintf("%s@%s", module_name(path),
                                                           version != NULL ? version : "?"));
  }
  json_decref(lock);
}

/* The programs that the description of one module names. */
static void described_programs(json_t *description, const char *own_name, struct programs *programs)
{
  json_t *programs_json = json_object_get(description, "bin");
  const char *name;
  json_t *file;
  if (json_is_string(programs_json))
    add_program(programs, own_name, strlen(own_name));
  json_object_foreach (programs_json, name, file) {
    const char *slash = strrchr(name, '/');
    const char *plain = slash == NULL ? name : slash + 1;
    add_program(programs, plain, strlen(plain));
  }
}

static int read_npm(const struct package *package, int directory, struct outcome *outcome,
                    struct error **error)
{
  static const char folder[] = "node_modules/.bin";
  read_modules(directory, outcome);
  keep_file(outcome, directory, "package.json");
  keep_file(outcome, directory, "package-lock.json");
  if (package->command.program != NULL)
    return choose_there(package, directory, folder, outcome, error);
  json_t *own = read_json(directory, "package.json");
  const char *name = json_object_iter_key(json_object_iter(json_object_get(own, "dependencies")));
  CLEANUP_BUFFER struct buffer path = {0};
  buffer_append_format(&path, "node_modules/%s/package.json", name != NULL ? name : "");
  json_t *description = path.failed ? NULL : read_json(directory, path.data);
  const char *slash = name == NULL ? NULL : strrchr(name, '/');
  const char *own_name = slash != NULL ? slash + 1 : name != NULL ? name : "";
  struct programs programs = {.count = 0};
  described_programs(description, own_name, &programs);
  int answer = choose(package, &programs, own_name, folder, outcome, error);
  json_decref(own);
  json_decref(description);
  return answer;
}

/* --- Python ----------------------------------------------------------------------------------- */

/* "Some.Name[extra]==1" and "some_name" are both "some-name" (PEP 503). */
static void plain_name(const char *text, size_t length, char out[WORD_MAX])
{
  size_t used = 0;
  for (size_t i = 0; i < length && used + 1 < WORD_MAX; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (isalnum(byte))
      out[used++] = (char)tolower(byte);
    else if (byte != '-' && byte != '_' && byte != '.')
      break;
    else if (used > 0 && out[used - 1] != '-')
      out[used++] = '-';
  }
  out[used] = '\0';
}

/* [console_scripts] of an entry_points.txt. */
static void script_names(char *text, struct programs *programs)
{
  bool inside = false;
  char *rest = text;
  for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
    line += strspn(line, " \t");
    if (line[0] == '[')
      inside = strncmp(line, "[console_scripts]", 17) == 0;
    else if (inside && strchr(line, '=') != NULL)
      add_program(programs, line, strcspn(line, "= \t"));
  }
}

static void find_scripts(int directory, const char *own_name, struct programs *programs)
{
  struct programs versions = {.count = 0};
  list_programs(directory, "venv/lib", &versions);
  for (size_t i = 0; i < versions.count; i++) {
    char path[2 * WORD_MAX];
    snprintf(path, sizeof path, "venv/lib/%s/site-packages", versions.names[i]);
    int folder = tree_open(directory, path);
    CLEANUP_DIRECTORY DIR *stream = folder < 0 ? NULL : fdopendir(folder);
    const struct dirent *entry;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
      const char *end = strstr(entry->d_name, ".dist-info");
      const char *dash = strchr(entry->d_name, '-');
      char name[WORD_MAX];
      if (end == NULL || dash == NULL || dash > end)
        continue;
      plain_name(entry->d_name, (size_t)(dash - entry->d_name), name);
      CLEANUP_BUFFER struct buffer file = {0};
      CLEANUP_BUFFER struct buffer text = {0};
      buffer_append_format(&file, "%s/%s/entry_points.txt", path, entry->d_name);
      if (strcmp(name, own_name) == 0 && tree_read(directory, file.data, FILE_MAX, &text) == 0 &&
          text.data != NULL)
        script_names(text.data, programs);
    }
  }
}

/* Reads "name==version \" and the "--hash=…" behind it, as both installers read and write them. */
static void read_requirements(struct outcome *outcome, char *text)
{
  CLEANUP_BUFFER struct buffer hash = {0};
  char name[WORD_MAX] = "";
  char version[WORD_MAX] = "";
  char *rest = text;
  for (char *word = strsep(&rest, " \t\n\\"); word != NULL; word = strsep(&rest, " \t\n\\")) {
    const char *equals = strstr(word, "==");
    if (strncmp(word, "--hash=", 7) == 0) {
      buffer_append_format(&hash, "%s%s", hash.length > 0 ? " " : "", word + 7);
    } else if (equals != NULL && isalnum((unsigned char)word[0])) {
      if (name[0] != '\0')
        add_package(outcome, name, version, hash.data);
      buffer_clear(&hash);
      plain_name(word, (size_t)(equals - word), name);
      snprintf(version, sizeof version, "%s", equals + 2);
    }
  }
  if (name[0] != '\0')
    add_package(outcome, name, version, hash.data);
}

/* pip says in a report what it has installed; its lock is made of that. */
static void write_requirements(struct outcome *outcome, int directory)
{
  CLEANUP_BUFFER struct buffer lines = {0};
  json_t *report = read_json(directory, "report.json");
  size_t index;
  json_t *item;
  json_array_foreach (json_object_get(report, "install"), index, item) {
    json_t *metadata = json_object_get(item, "metadata");
    json_t *archive = json_object_get(json_object_get(item, "download_info"), "archive_info");
    const char *sum = lock_text(json_object_get(archive, "hashes"), "sha256");
    const char *name = lock_text(metadata, "name");
    const char *version = lock_text(metadata, "version");
    if (name != NULL && version != NULL && sum != NULL)
      buffer_append_format(&lines, "%s==%s --hash=sha256:%s\n", name, version, sum);
  }
  json_decref(report);
  if (lines.length > 0 && !lines.failed)
    json_object_set_new(outcome->files, "requirements.txt", json_string(lines.data));
}

static int read_python(const struct package *package, int directory, struct outcome *outcome,
                       struct error **error)
{
  static const char folder[] = "venv/bin";
  char own_name[WORD_MAX] = "";
  keep_file(outcome, directory, "requirements.txt");
  if (package->command.runner->installer == PACKAGE_PIP && json_object_size(outcome->files) == 0)
    write_requirements(outcome, directory);
  const char *lines = lock_text(outcome->files, "requirements.txt");
  CLEANUP_FREE char *copy = lines != NULL ? strdup(lines) : NULL;
  if (copy != NULL)
    read_requirements(outcome, copy);
  if (package->command.program != NULL)
    return choose_there(package, directory, folder, outcome, error);
  for (char **name = package->command.packages; *name != NULL; name++)
    plain_name(*name, strlen(*name), own_name);
  struct programs programs = {.count = 0};
  find_scripts(directory, own_name, &programs);
  return choose(package, &programs, own_name, folder, outcome, error);
}

int outcome_read(const struct package *package, int directory, struct outcome *outcome,
                 struct error **error)
{
  *outcome =
      (struct outcome){.packages = json_array(), .files = json_object(), .blocked = json_array()};
  if (package->command.runner == NULL)
    return 0;
  if (package->command.runner->installer == PACKAGE_NPM)
    return read_npm(package, directory, outcome, error);
  return read_python(package, directory, outcome, error);
}

/* --- Failures --------------------------------------------------------------------------------- */

static const struct saying {
  const char *needle; /* in what the installer says */
  const char *code;
  const char *text;
  const char *hint;
} sayings[] = {
    {"EINTEGRITY", "package-changed", "what the registry gives differs from what was locked",
     "find out why; jauauth prepare --update shows the difference and takes it"},
    {"HASHES FROM THE REQUIREMENTS", "package-changed",
     "what the registry gives differs from what was locked",
     "find out why; jauauth prepare --update shows the difference and takes it"},
    {"Hash mismatch for", "package-changed", "what the registry gives differs from what was locked",
     "find out why; jauauth prepare --update shows the difference and takes it"},
    {"ENOSPC", "disk-full", "the disk is full", "make room and prepare it again"},
    {"No space left", "disk-full", "the disk is full", "make room and prepare it again"},
    {"os error 28", "disk-full", "the disk is full", "make room and prepare it again"},
    {"E404", "package-unknown", "the registry has no such package", "look at the name in \"args\""},
    {"ETARGET", "package-unknown", "the registry has no such version of the package",
     "look at the version in \"args\""},
    {"ECONNREFUSED", "registry-unreachable", "the registry cannot be reached", NULL},
    {"ENOTFOUND", "registry-unreachable", "the registry cannot be reached", NULL},
    {"EAI_AGAIN", "registry-unreachable", "the registry cannot be reached", NULL},
    {"ETIMEDOUT", "registry-unreachable", "the registry cannot be reached", NULL},
    {"Failed to establish a new connection", "registry-unreachable",
     "the registry cannot be reached", NULL},
    {"error sending request", "registry-unreachable", "the registry cannot be reached", NULL},
    {"No matching distribution found", "package-unknown",
     "the registry has no such package, or no wheel of it for this interpreter",
     "look at the name in \"args\"; a package without wheels would have to run its own build "
     "script, which prepare does not do"},
    {"not found in the package registry", "package-unknown", "the registry has no such package",
     "look at the name in \"args\""},
    {"No solution found", "package-unknown",
     "the registry has no such package or version, or no wheel of it for this interpreter",
     "look at the name in \"args\"; a package without wheels would have to run its own build "
     "script, which prepare does not do"},
};

/* The last lines that look like an error, or else the very last. */
static void append_last(struct buffer *out, const char *said)
{
  static const char *const marks[] = {"npm error", "ERROR:", "error:", "Error:", "×"};
  size_t taken = 0;
  const char *last = "";
  for (const char *line = said; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
    size_t length = strcspn(line, "\n");
    last = length > 0 ? line : last;
    for (size_t i = 0; taken < 2 && i < sizeof marks / sizeof marks[0]; i++) {
      if (strncmp(line, marks[i], strlen(marks[i])) != 0)
        continue;
      buffer_append_text(out, taken++ > 0 ? "; " : ": ");
      text_escape_controls(out, line, length < 200 ? length : 200);
      break;
    }
  }
  size_t length = strcspn(last, "\n");
  if (taken > 0 || length == 0)
    return;
  buffer_append_text(out, ": ");
  text_escape_controls(out, last, length < 200 ? length : 200);
}

int outcome_failure(const struct package *package, const char *step, const char *ending,
                    const char *said, struct error **error)
{
  const struct saying *found = NULL;
  for (size_t i = 0;
       package->command.runner != NULL && found == NULL && i < sizeof sayings / sizeof sayings[0];
       i++)
    if (strstr(said, sayings[i].needle) != NULL)
      found = &sayings[i];
  CLEANUP_BUFFER struct buffer last = {0};
  append_last(&last, said);
  error_make_code(error, ERROR_SANDBOX, found != NULL ? found->code : "package-failed",
                  "%s%s\"%s\" %s%s", found != NULL ? found->text : "", found != NULL ? ": " : "",
                  step, ending, last.data != NULL ? last.data : "");
  return found != NULL && found->hint != NULL ? error_hint(error, "%s", found->hint) : -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over each of its seeds, in a build without libFuzzer. Prints TAP. */
#include "core/base/cleanup.h"

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
  CLEANUP_STREAM FILE *file = fopen(path, "rbe");
  if (file == NULL)
    return -1;
  CLEANUP_FREE uint8_t *data = NULL;
  size_t size = 0;
  for (size_t got = 1; got > 0; size += got) {
    uint8_t *more = realloc(data, size + 65536);
    if (more == NULL)
      return -1;
    data = more;
    got = fread(data + size, 1, 65536, file);
  }
  if (ferror(file))
    return -1;
  /* A copy of the exact size lets a sanitizer see a read behind the end. */
  CLEANUP_FREE uint8_t *exact = malloc(size > 0 ? size : 1);
  if (exact == NULL)
    return -1;
  memcpy(exact, data, size);
  LLVMFuzzerTestOneInput(exact, size);
  return 0;
}

/* Seeds are looked for in $JAUAUTH_SOURCE/tests/fuzz/seeds/PROGRAM. */
int main(int argc, char **argv)
{
  (void)argc;
  const char *source = getenv("JAUAUTH_SOURCE");
  const char *name = strrchr(argv[0], '/');
  CLEANUP_FREE char *folder = NULL;
  if (asprintf(&folder, "%s/tests/fuzz/seeds/%s", source != NULL ? source : ".",
               name != NULL ? name + 1 : argv[0]) < 0)
    return 1;
  CLEANUP_DIRECTORY DIR *directory = opendir(folder);
  if (directory == NULL) {
    printf("Bail out! cannot read the seeds in %s\n", folder);
    return 1;
  }
  unsigned count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.')
      continue;
    CLEANUP_FREE char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
      return 1;
    printf("%sok %u - %s\n", replay_file(path) == 0 ? "" : "not ", ++count, entry->d_name);
    fflush(stdout);
  }
  printf("1..%u\n", count);
  return 0;
}

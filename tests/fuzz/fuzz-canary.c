/* SPDX-License-Identifier: Apache-2.0 */
/* Takes any input of the canary apart, and looks at all that points into it. */
#include "sdk/canary/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every text is a field of the input, which holds neither TAB nor LF. */
static void look(const char *text, const char *input, size_t size)
{
  if (text < input || text + strlen(text) >= input + size || strpbrk(text, "\t\n") != NULL)
    abort();
}

static void look_at_all(const struct request *request, const char *input, size_t size)
{
  look(request->random, input, size);
  for (unsigned i = 0; i < request->count; i++) {
    const struct request_attempt *attempt = &request->attempts[i];
    look(attempt->name, input, size);
    for (unsigned j = 0; j < REQUEST_ARGUMENTS_MAX; j++)
      if ((attempt->arguments[j] == NULL) != (j >= attempt->count))
        abort();
      else if (attempt->arguments[j] != NULL)
        look(attempt->arguments[j], input, size);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct request request;
  char *input = malloc(size > 0 ? size : 1);
  if (input == NULL)
    return 0;
  if (size > 0)
    memcpy(input, data, size);
  size_t whole = request_length(input, size);
  if (request_parse(&request, input, size) == NULL) {
    if (whole == 0 || whole > CANARY_INPUT_MAX)
      abort();
    look_at_all(&request, input, whole);
  }
  free(input);
  return 0;
}

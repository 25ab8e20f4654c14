/* SPDX-License-Identifier: Apache-2.0 */
/* Takes what a plugin worker could say through every check up to the image of a keeper. */
#include "core/plugin/foreign.h"
#include "core/sandbox/image-write.h"
#include "core/sandbox/image.h"
#include "core/sandbox/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const verbs[] = {"describe", "probe", "validate", "diagnose"};

/* What the router believes, a keeper must be able to read. */
static void write_image(const struct plan *plan, enum image_scope scope)
{
  struct buffer bytes = {0};
  struct image image;
  struct error *error = NULL;
  const struct image_identity identity = {.change = false};
  if (image_write(plan, &identity, scope, &bytes, &error) == 0 &&
      image_open(&image, bytes.data, bytes.length) != NULL)
    abort();
  error_free(&error);
  buffer_free(&bytes);
}

static void use(const struct plan *plan)
{
  struct buffer text = {0};
  struct error *error = NULL;
  if (plan_explain(plan, &text, &error) != 0 || strlen(text.data) != text.length)
    abort();
  buffer_free(&text);
  json_decref(plan_explain_json(plan));
  plan_check_limits(plan, NULL, &error);
  error_free(&error);
  if (plan_front(plan) != NULL)
    write_image(plan, IMAGE_WHOLE);
  write_image(plan, IMAGE_REMOVE_ONLY);
}

static json_t *make_request(void)
{
  return json_pack("{s:[s,s], s:[[s,s]], s:{s:{s:i, s:b}, s:{s:i, s:b}}}", "command", "serve",
                   "--now", "environment", "KEY", "swordfish", "limits", "memory", "value", 1048576,
                   "strict", 1, "pids", "value", 64, "strict", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct error *error = NULL;
  struct plan *plan = NULL;
  json_t *answer = foreign_load((const char *)data, size);
  if (answer == NULL)
    return 0;
  json_t *request = make_request();
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    json_t *copy = json_deep_copy(answer);
    foreign_check(verbs[i], copy, &error);
    error_free(&error);
    json_decref(copy);
  }
  if (foreign_error(answer, &error))
    error_free(&error);
  if (plan_parse(answer, request, &plan, &error) == 0)
    use(plan);
  plan_free(&plan);
  error_free(&error);
  if (plan_parse_teardown(answer, &plan, &error) == 0)
    use(plan);
  plan_free(&plan);
  error_free(&error);
  json_decref(request);
  json_decref(answer);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a keeper's reader bytes that no router wrote. */
#include "core/sandbox/image.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t texts(struct image_texts list)
{
  size_t length = 0;
  for (uint32_t i = list.count; i > 0; i--)
    length += strlen(image_next_text(&list));
  return length;
}

/* A sanitizer sees a byte that is not there. */
static void copy(const void *bytes, size_t length)
{
  void *room = malloc(length + 1);
  if (room != NULL && length > 0)
    memcpy(room, bytes, length);
  free(room);
}

static void steps(struct image_steps list)
{
  struct image_step step;
  while (image_next_step(&list, &step)) {
    if (texts(step.arguments) + texts(step.environment) > IMAGE_BYTES_MAX)
      abort();
    uint32_t kind;
    const void *bytes;
    uint32_t length;
    while (image_next_file(&step.files, &kind, &bytes, &length))
      copy(bytes, length);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct image image;
  if (image_open(&image, data, size) != NULL)
    return 0;
  steps(image.early);
  steps(image.late);
  for (uint32_t i = 0; i < image.group_count; i++)
    image_group(&image, i);
  void *room = malloc(image_late_length(data));
  if (room == NULL)
    return 0;
  struct image late;
  image_keep_late(&late, data, room);
  steps(late.late);
  free(room);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images. */
#include "image.h"

#include <string.h>

static const char first_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static bool is_name(const char *image)
{
  size_t length = strlen(image);
  return length > 0 && length < 1024 && strchr(first_characters, image[0]) != NULL &&
         strspn(image, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@") ==
             length;
}

/* Whether the part before the first "/" names a registry, by the rule of docker's clients. */
static bool has_registry(const char *image)
{
  size_t length = strcspn(image, "/");
  if (image[length] == '\0')
    return false;
  return (length == strlen("localhost") && strncmp(image, "localhost", length) == 0) ||
         strcspn(image, ".:") < length;
}

static bool is_id(const char *image)
{
  size_t length = strlen(image);
  return strncmp(image, "sha256:", 7) == 0 ||
         (length == 64 && strspn(image, "0123456789abcdef") == length);
}

/* Podman would look through the registries of its configuration; the same file must mean the same
 * image everywhere, so that a short name is read as docker reads it. */
static const char *qualified(const struct container_context *context, const char *image)
{
  const struct jauauth_host *host = context->host;
  if (!container_engine.is_podman || has_registry(image) || is_id(image))
    return image;
  bool official = strchr(image, '/') == NULL;
  return host->format(context->call, official ? "docker.io/library/%s" : "docker.io/%s", image);
}

const char *container_image(struct container_context *context)
{
  const char *image = context->host->option_text(context->options, "image", "");
  if (is_name(image))
    return qualified(context, image);
  container_problem(context, "image-name", "image", "this cannot be the name of an image",
                    "write it as in node:22-alpine, or registry.example.org/name@sha256:…");
  return NULL;
}

const char *container_image_origin(const char *image)
{
  if (strchr(image, '@') != NULL || is_id(image))
    return "digest";
  if (strncmp(image, "localhost/", strlen("localhost/")) == 0)
    return "local";
  const char *slash = strrchr(image, '/');
  const char *tag = strchr(slash == NULL ? image : slash, ':');
  return tag == NULL || strcmp(tag, ":latest") == 0 ? "moving-tag" : "tag";
}

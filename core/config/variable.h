/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in a list of "NAME=value". */
#ifndef JAUAUTH_CONFIG_VARIABLE_H
#define JAUAUTH_CONFIG_VARIABLE_H

#include <string.h>

/* The value of a variable in a list that ends with NULL (a list that is NULL is empty), or NULL. */
static inline const char *config_environment_value(const char *const *environment, const char *name)
{
  size_t length = strlen(name);
  for (; environment != NULL && *environment != NULL; environment++) {
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
      return *environment + length + 1;
  }
  return NULL;
}

#endif

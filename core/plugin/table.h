/* SPDX-License-Identifier: Apache-2.0 */
/* The option table of a plugin: its checks, and the words of its description. */
#ifndef JAUAUTH_PLUGIN_TABLE_H
#define JAUAUTH_PLUGIN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jauauth/plugin.h>

#include "core/base/error.h"

enum { TABLE_OPTIONS_MAX = 256 };

/* Whether a text is [a-z][a-z0-9]* with `joiner` allowed behind the first letter, of at most 64
 * bytes: '-' for names of plugins, '_' for names of options. */
bool table_is_name(const char *text, char joiner);

/*
 * Copies the options of a plugin by its own option_size into an array that ends with an empty entry
 * (the caller frees it; NULL when there are none) after checking names, types, flags, meanings,
 * bounds and duplicates. The texts stay the plugin's. -1 and an ERROR_SANDBOX "plugin-bad-option"
 * that names the option.
 */
int table_copy_options(const struct jauauth_plugin *plugin, struct jauauth_option **options,
                       size_t *count, struct error **error);

/* The words for JAUAUTH_TYPE_… and JAUAUTH_MEANS_… in a description; NULL for what is unknown, and
 * for JAUAUTH_MEANS_NOTHING. */
const char *table_type_word(uint32_t type);
const char *table_means_word(uint32_t means);

/* And back; 0 for an unknown word and for NULL. */
uint32_t table_type_from_word(const char *word);
uint32_t table_means_from_word(const char *word);

/* Whether an option of this type can have this meaning. */
bool table_type_fits(uint32_t type, uint32_t means);

#endif

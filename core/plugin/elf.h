/* SPDX-License-Identifier: Apache-2.0 */
/* What a shared object exports, read from its file before any of its code can run. */
#ifndef JAUAUTH_PLUGIN_ELF_H
#define JAUAUTH_PLUGIN_ELF_H

#include "core/base/error.h"

/*
 * Checks by an open descriptor that the file is a shared object for this processor whose dynamic
 * symbol table (elf(5), SHT_DYNSYM) defines `symbol` and nothing else that other objects could
 * see. Symbols that linkers, profilers and sanitizers add by themselves are not counted.
 *
 * When `symbol` is missing and another one with the same text before its final digits is there,
 * that is another major version; both numbers are in the error. Codes: "plugin-not-elf",
 * "plugin-wrong-machine", "plugin-wrong-major", "plugin-no-symbol", "plugin-more-symbols".
 */
int elf_check_exports(int descriptor, const char *symbol, struct error **error);

#endif

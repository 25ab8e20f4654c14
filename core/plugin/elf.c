/* SPDX-License-Identifier: Apache-2.0 */
/* What a shared object exports, read from its file before any of its code can run. */
#include "core/plugin/elf.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/base/buffer.h"
#include "core/base/text.h"

enum { SHOWN_SYMBOLS = 4 };

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_NONE /* not compared: the dynamic linker does it */
#endif

struct image {
  const unsigned char *bytes;
  size_t length;
};

static void unmap(struct image *image)
{
  if (image->bytes != NULL)
    munmap((void *)image->bytes, image->length);
}

/* Copies `size` bytes from `offset`; false when they are not in the file. */
static bool copy_out(const struct image *image, uint64_t offset, void *out, size_t size)
{
  if (offset > image->length || size > image->length - offset)
    return false;
  memcpy(out, image->bytes + offset, size);
  return true;
}

static int not_elf(struct error **error, const char *why)
{
  error_make_code(error, ERROR_SANDBOX, "plugin-not-elf", "it is no shared object: %s", why);
  return error_hint(error, "put there what the plugin's build made, a shared object (.so)");
}

static int check_header(const struct image *image, ElfW(Ehdr) * header, struct error **error)
{
  unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
  unsigned char order = BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
  if (!copy_out(image, 0, header, sizeof *header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    return not_elf(error, "it does not begin as an ELF file");
  if (header->e_ident[EI_CLASS] != class || header->e_ident[EI_DATA] != order ||
      (MACHINE != EM_NONE && header->e_machine != MACHINE)) {
    error_make_code(error, ERROR_SANDBOX, "plugin-wrong-machine",
                    "it was built for another processor (ELF machine %u)",
                    (unsigned)header->e_machine);
    return error_hint(error, "install the plugin's package for this architecture");
  }
  if (header->e_type != ET_DYN)
    return not_elf(error, "it is an ELF file of another type");
  return 0;
}

struct symbols {
  const struct image *image;
  uint64_t table; /* offset in the file */
  uint64_t count;
  uint64_t names; /* offset in the file */
  uint64_t names_length;
};

/* Finds the dynamic symbol table by the section headers, which strip(1) leaves in place. */
static int find_symbols(const struct image *image, const ElfW(Ehdr) * header,
                        struct symbols *symbols, struct error **error)
{
  ElfW(Shdr) section = {0};
  ElfW(Shdr) names = {0};
  for (unsigned i = 0; i < header->e_shnum; i++) {
    if (!copy_out(image, header->e_shoff + (uint64_t)i * sizeof section, &section, sizeof section))
      break;
    if (section.sh_type != SHT_DYNSYM)
      continue;
    if (!copy_out(image, header->e_shoff + (uint64_t)section.sh_link * sizeof names, &names,
                  sizeof names))
      break;
    *symbols = (struct symbols){.image = image,
                                .table = section.sh_offset,
                                .count = section.sh_size / sizeof(ElfW(Sym)),
                                .names = names.sh_offset,
                                .names_length = names.sh_size};
    if (symbols->names <= image->length &&
        symbols->names_length <= image->length - symbols->names && symbols->names_length > 0 &&
        image->bytes[symbols->names + symbols->names_length - 1] == '\0')
      return 0;
    break;
  }
  return not_elf(error, "it has no table of dynamic symbols");
}

/* What linkers, profilers and sanitizers define in every object. */
static bool is_of_the_toolchain(const char *name)
{
  static const char *const exact[] = {"_init",      "_fini",  "__bss_start",   "_edata",
                                      "_end",       "_etext", "__bss_start__", "__bss_end__",
                                      "_bss_end__", "__end__"};
  static const char *const prefixes[] = {"__asan_",  "__odr_asan", "__ubsan_",  "__tsan_",
                                         "__msan_",  "__lsan_",    "__hwasan_", "__sanitizer_",
                                         "__sancov", "___asan_",   "__start_",  "__stop_",
                                         "__gcov_",  "__llvm_",    "__afl_"};
  for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++)
    if (strcmp(name, exact[i]) == 0)
      return true;
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
    if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
      return true;
  return false;
}

/* The name of the symbol when other objects can see its definition, else NULL. */
static const char *exported(const struct symbols *symbols, uint64_t index)
{
  ElfW(Sym) symbol;
  if (!copy_out(symbols->image, symbols->table + index * sizeof symbol, &symbol, sizeof symbol))
    return NULL;
  unsigned binding = symbol.st_info >> 4;
  unsigned visibility = symbol.st_other & 3U;
  /* Absolute ones are the names of version nodes. */
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || binding == STB_LOCAL ||
      visibility == STV_HIDDEN || visibility == STV_INTERNAL ||
      symbol.st_name >= symbols->names_length)
    return NULL;
  const char *name = (const char *)symbols->image->bytes + symbols->names + symbol.st_name;
  return name[0] == '\0' || is_of_the_toolchain(name) ? NULL : name;
}

/* Whether both are one text before their final digits. */
static bool is_other_major(const char *name, const char *wanted)
{
  static const char digits[] = "0123456789";
  size_t stem = strlen(wanted);
  while (stem > 0 && strchr(digits, wanted[stem - 1]) != NULL)
    stem--;
  return strncmp(name, wanted, stem) == 0 && name[stem] != '\0' &&
         name[stem + strspn(name + stem, digits)] == '\0';
}

static int missing(const struct symbols *symbols, const char *wanted, struct error **error)
{
  size_t stem = strlen(wanted);
  while (stem > 0 && wanted[stem - 1] >= '0' && wanted[stem - 1] <= '9')
    stem--;
  for (uint64_t i = 0; i < symbols->count; i++) {
    const char *name = exported(symbols, i);
    if (name == NULL || !is_other_major(name, wanted))
      continue;
    error_make_code(error, ERROR_SANDBOX, "plugin-wrong-major",
                    "it was built for version %.10s of the plugin interface, and this jauauth has "
                    "version %s",
                    name + stem, wanted + stem);
    return error_hint(error, "install the plugin's package that belongs to this jauauth");
  }
  error_make_code(error, ERROR_SANDBOX, "plugin-no-symbol",
                  "it does not export %s, so it is no plugin", wanted);
  return error_hint(error, "end the plugin's file with JAUAUTH_PLUGIN_BEGIN … JAUAUTH_PLUGIN_END");
}

static int check_symbols(const struct symbols *symbols, const char *wanted, struct error **error)
{
  CLEANUP_BUFFER struct buffer others = {0};
  size_t other_count = 0;
  bool found = false;
  for (uint64_t i = 0; i < symbols->count; i++) {
    const char *name = exported(symbols, i);
    if (name == NULL)
      continue;
    if (strcmp(name, wanted) == 0) {
      found = true;
      continue;
    }
    if (other_count < SHOWN_SYMBOLS) {
      buffer_append_text(&others, other_count == 0 ? "" : ", ");
      text_escape_controls(&others, name, strnlen(name, 80));
    }
    other_count++;
  }
  if (!found)
    return missing(symbols, wanted, error);
  if (other_count == 0)
    return 0;
  error_make_code(error, ERROR_SANDBOX, "plugin-more-symbols", "it exports more than %s: %s%s",
                  wanted, others.data == NULL ? "" : others.data,
                  other_count > SHOWN_SYMBOLS ? ", …" : "");
  return error_hint(error, "make every function static and link with "
                           "-export-symbols-regex '^jauauth_plugin_v1$'");
}

int elf_check_exports(int descriptor, const char *symbol, struct error **error)
{
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return error_make(error, ERROR_SANDBOX, errno, "cannot look at it");
  if (status.st_size < (off_t)sizeof(ElfW(Ehdr)))
    return not_elf(error, "it does not begin as an ELF file");
  __attribute__((cleanup(unmap))) struct image image = {.length = (size_t)status.st_size};
  void *bytes = mmap(NULL, image.length, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (bytes == MAP_FAILED)
    return error_make(error, ERROR_SANDBOX, errno, "cannot read it");
  image.bytes = bytes;
  ElfW(Ehdr) header = {0};
  struct symbols symbols = {0};
  if (check_header(&image, &header, error) != 0 ||
      find_symbols(&image, &header, &symbols, error) != 0)
    return -1;
  return check_symbols(&symbols, symbol, error);
}

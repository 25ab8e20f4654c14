/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of the system every sandbox is supplied with. */
#include "system.h"

#include <string.h>

#define STRING_OF(number)   #number
#define NUMBER_TEXT(number) STRING_OF(number)
#define ACCOUNT_NUMBER      NUMBER_TEXT(BUBBLEWRAP_USER_ID)

struct system_file {
  const char *path;
  enum bubblewrap_owner owner;
  bool network; /* only with network */
};

/*
 * The one table. What a host does not have is left out; a folder that is a link there (merged /usr)
 * is the same link inside. Of /etc/ssl and /etc/pki only the public parts are shown, since keys
 * lie beside them.
 */
static const struct system_file system_files[] = {
    {"/usr", BUBBLEWRAP_PROGRAMS, false},
    {"/bin", BUBBLEWRAP_PROGRAMS, false},
    {"/sbin", BUBBLEWRAP_PROGRAMS, false},
    {"/lib", BUBBLEWRAP_PROGRAMS, false},
    {"/lib32", BUBBLEWRAP_PROGRAMS, false},
    {"/lib64", BUBBLEWRAP_PROGRAMS, false},
    {"/libx32", BUBBLEWRAP_PROGRAMS, false},
    /* The dynamic linker, of glibc and of musl. */
    {"/etc/ld.so.cache", BUBBLEWRAP_SYSTEM, false},
    {"/etc/ld.so.conf", BUBBLEWRAP_SYSTEM, false},
    {"/etc/ld.so.conf.d", BUBBLEWRAP_SYSTEM, false},
    {"/etc/ld-musl-x86_64.path", BUBBLEWRAP_SYSTEM, false},
    {"/etc/ld-musl-aarch64.path", BUBBLEWRAP_SYSTEM, false},
    /* Programs in /usr/bin are links to here. */
    {"/etc/alternatives", BUBBLEWRAP_SYSTEM, false},
    {"/etc/localtime", BUBBLEWRAP_SYSTEM, false},
    {"/etc/timezone", BUBBLEWRAP_SYSTEM, false},
    {"/etc/mime.types", BUBBLEWRAP_SYSTEM, false},
    /* Certificates, of Debian, Arch, Alpine and Fedora. */
    {"/etc/ssl/certs", BUBBLEWRAP_SYSTEM, false},
    {"/etc/ssl/cert.pem", BUBBLEWRAP_SYSTEM, false},
    {"/etc/ssl/openssl.cnf", BUBBLEWRAP_SYSTEM, false},
    {"/etc/ca-certificates", BUBBLEWRAP_SYSTEM, false},
    {"/etc/pki/ca-trust", BUBBLEWRAP_SYSTEM, false},
    {"/etc/pki/tls/certs", BUBBLEWRAP_SYSTEM, false},
    {"/etc/pki/tls/cert.pem", BUBBLEWRAP_SYSTEM, false},
    {"/etc/pki/tls/openssl.cnf", BUBBLEWRAP_SYSTEM, false},
    {"/etc/crypto-policies", BUBBLEWRAP_SYSTEM, false},
    /* Names of hosts and services. */
    {"/etc/resolv.conf", BUBBLEWRAP_SYSTEM, true},
    {"/etc/hosts", BUBBLEWRAP_SYSTEM, true},
    {"/etc/host.conf", BUBBLEWRAP_SYSTEM, true},
    {"/etc/gai.conf", BUBBLEWRAP_SYSTEM, true},
    {"/etc/services", BUBBLEWRAP_SYSTEM, true},
    {"/etc/protocols", BUBBLEWRAP_SYSTEM, true},
};

/* No module that asks a daemon of the host: its socket is not inside. */
static const char name_services[] = "passwd: files\n"
                                    "group: files\n"
                                    "shadow: files\n"
                                    "hosts: files dns\n"
                                    "networks: files\n"
                                    "protocols: files\n"
                                    "services: files\n";

static const char host_names[] = "127.0.0.1 localhost " BUBBLEWRAP_USER_NAME "\n"
                                 "::1 localhost " BUBBLEWRAP_USER_NAME "\n";

/* A link of /etc stays one where its end is inside too: the name of the time zone is read from the
 * text of the link /etc/localtime. Else its end is shown in its place. */
static void add_file(struct bubblewrap_layout *layout, const struct system_file *file)
{
  const struct bubblewrap_context *context = layout->context;
  struct jauauth_path info;
  if (!bubblewrap_look(context, file->path, &info) || !info.readable)
    return;
  struct bubblewrap_entry entry = {
      .kind = BUBBLEWRAP_READ_ONLY,
      .owner = file->owner,
      .target = file->path,
      .source = file->path,
  };
  if (info.type == JAUAUTH_PATH_LINK) {
    const char *end = context->host->real_path(context->call, file->path, NULL);
    if (end == NULL)
      return;
    bool linked = file->owner == BUBBLEWRAP_PROGRAMS || strncmp(end, "/usr/", 5) == 0;
    entry.kind = linked ? BUBBLEWRAP_LINK : BUBBLEWRAP_READ_ONLY;
    entry.source = linked ? info.link : end;
  }
  bubblewrap_layout_add(layout, &entry);
}

static void add_text(struct bubblewrap_layout *layout, const char *target, const char *content)
{
  struct bubblewrap_entry entry = {
      .kind = BUBBLEWRAP_TEXT,
      .owner = BUBBLEWRAP_SYSTEM,
      .target = target,
      .source = content,
  };
  bubblewrap_layout_add(layout, &entry);
}

static void add_engine(struct bubblewrap_layout *layout, const char *target)
{
  struct bubblewrap_entry entry = {
      .kind = BUBBLEWRAP_ENGINE,
      .owner = BUBBLEWRAP_ENGINE_OWN,
      .target = target,
  };
  bubblewrap_layout_add(layout, &entry);
}

void bubblewrap_system(struct bubblewrap_layout *layout, bool network)
{
  const struct bubblewrap_context *context = layout->context;
  for (size_t i = 0; i < sizeof system_files / sizeof system_files[0]; i++)
    if (network || !system_files[i].network)
      add_file(layout, &system_files[i]);
  add_text(layout, "/etc/passwd",
           context->host->format(context->call,
                                 BUBBLEWRAP_USER_NAME ":x:" ACCOUNT_NUMBER ":" ACCOUNT_NUMBER
                                                      ":MCP server:%s:/bin/sh\n",
                                 layout->home));
  add_text(layout, "/etc/group", BUBBLEWRAP_USER_NAME ":x:" ACCOUNT_NUMBER ":\n");
  add_text(layout, "/etc/nsswitch.conf", name_services);
  if (!network)
    add_text(layout, "/etc/hosts", host_names);
  add_engine(layout, "/proc");
  add_engine(layout, "/dev");
}

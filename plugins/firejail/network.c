/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a server, and the filter on it. */
#include "network.h"

#include <string.h>

#include "verbs.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void check_filter(struct firejail_context *context, const char *filter)
{
  const struct jauauth_host *host = context->host;
  struct jauauth_path info;
  if (context->request->network != JAUAUTH_NETWORK_NAMED)
    firejail_problem(context, "netfilter-without-network", "netfilter",
                     "firejail filters only what goes through an interface of the sandbox's own; "
                     "without one it ignores the file",
                     "name the interface or the bridge as \"net\", or leave \"netfilter\" out");
  if (strchr(filter, ',') != NULL)
    firejail_problem(context, "path-not-plain", "netfilter",
                     "firejail would take what follows the comma for arguments of the filter",
                     "give the file a name without commas");
  else if (!firejail_look(context, filter, &info) || !info.readable)
    firejail_problem(context, "path-missing", "netfilter",
                     host->format(context->call,
                                  "%s does not exist, or the account %s cannot read it", filter,
                                  context->request->user_name),
                     "correct the path, or let the account read the file");
}

void firejail_network_check(struct firejail_context *context)
{
  const struct jauauth_host *host = context->host;
  const struct jauauth_request *request = context->request;
  const char *filter = host->option_text(context->options, "netfilter", NULL);
  const char *allowed = host->probed(context->call, FIREJAIL_NETWORKING);
  if (filter != NULL)
    check_filter(context, filter);
  if (request->network != JAUAUTH_NETWORK_NAMED)
    return;
  if (allowed != NULL && strcmp(allowed, "restricted") == 0)
    firejail_problem(context, "networking-restricted", "network",
                     "firejail.config has \"restricted-network yes\": only root may give a "
                     "sandbox an interface of its own",
                     "write \"net\": false for no network or true for that of the host, or let "
                     "the administrator set \"restricted-network no\"");
  else if (strspn(request->network_name, LETTERS "._-") != strlen(request->network_name) ||
           strcmp(request->network_name, "none") == 0)
    firejail_problem(context, "network-not-known", "network",
                     host->format(context->call, "\"%s\" is no name of an interface or bridge",
                                  request->network_name),
                     "\"ip link\" lists them");
}

void firejail_network_arguments(const struct firejail_context *context, struct jauauth_step *step)
{
  const struct jauauth_host *host = context->host;
  const char *filter = host->option_text(context->options, "netfilter", NULL);
  if (context->request->network == JAUAUTH_NETWORK_NONE)
    host->step_argument(step, "--net=none");
  if (context->request->network == JAUAUTH_NETWORK_NAMED)
    host->step_argument(step,
                        host->format(context->call, "--net=%s", context->request->network_name));
  if (filter != NULL)
    host->step_argument(step, host->format(context->call, "--netfilter=%s", filter));
}

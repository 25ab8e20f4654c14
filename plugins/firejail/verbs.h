/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the plugin, and the features that `probe` tells to `spawn`. */
#ifndef FIREJAIL_VERBS_H
#define FIREJAIL_VERBS_H

#include <jauauth/plugin.h>

/* Home of the account in the user database; "none" where that folder does not exist. */
#define FIREJAIL_HOME "account.home"
/* "restricted" where firejail.config keeps ordinary users from all networking but --net=none. */
#define FIREJAIL_NETWORKING "networking"
/* "yes" where limits on processes count those of a sandbox alone (Linux 5.14). */
#define FIREJAIL_COUNTS_PROCESSES "counts-processes"
/* "no" where the kernel has no AppArmor, so that --apparmor would do nothing. */
#define FIREJAIL_APPARMOR "apparmor"

/* The contracts are those of struct jauauth_plugin. */
int32_t firejail_probe(const struct jauauth_host *host, struct jauauth_call *call,
                       struct jauauth_probe *probe, struct jauauth_error *error);
int32_t firejail_validate(const struct jauauth_host *host, struct jauauth_call *call,
                          const struct jauauth_request *request,
                          const struct jauauth_options *options, struct jauauth_problems *problems,
                          struct jauauth_error *error);
int32_t firejail_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                       const struct jauauth_request *request, const struct jauauth_options *options,
                       struct jauauth_plan *plan, struct jauauth_error *error);
int32_t firejail_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                          const struct jauauth_ending *ending, struct jauauth_diagnosis *diagnosis,
                          struct jauauth_error *error);

#endif

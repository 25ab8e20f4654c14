/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the plugin, and the features that `probe` tells to `spawn`. */
#ifndef BUBBLEWRAP_VERBS_H
#define BUBBLEWRAP_VERBS_H

#include <jauauth/plugin.h>

/* Options of the engine that came late. The features are "yes" where it has them. */
#define BUBBLEWRAP_HAS_DISABLE_USERNS "option.disable-userns" /* 0.8.0 */
#define BUBBLEWRAP_HAS_SIZE           "option.size"           /* 0.7.0 */
#define BUBBLEWRAP_HAS_PERMS          "option.perms"          /* 0.5.0 */

/* The contracts are those of struct jauauth_plugin. */
int32_t bubblewrap_probe(const struct jauauth_host *host, struct jauauth_call *call,
                         struct jauauth_probe *probe, struct jauauth_error *error);
int32_t bubblewrap_validate(const struct jauauth_host *host, struct jauauth_call *call,
                            const struct jauauth_request *request,
                            const struct jauauth_options *options,
                            struct jauauth_problems *problems, struct jauauth_error *error);
int32_t bubblewrap_spawn(const struct jauauth_host *host, struct jauauth_call *call,
                         const struct jauauth_request *request,
                         const struct jauauth_options *options, struct jauauth_plan *plan,
                         struct jauauth_error *error);
int32_t bubblewrap_diagnose(const struct jauauth_host *host, struct jauauth_call *call,
                            const struct jauauth_ending *ending,
                            struct jauauth_diagnosis *diagnosis, struct jauauth_error *error);

#endif

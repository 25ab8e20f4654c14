/* SPDX-License-Identifier: Apache-2.0 */
/* What is found out before the canary itself opens anything. Internal. */
#ifndef JAUAUTH_CANARY_IDENTITY_H
#define JAUAUTH_CANARY_IDENTITY_H

/* The descriptors that are open, in the words of the attempt `descriptors`; a static text. */
const char *identity_descriptors(void);

#endif

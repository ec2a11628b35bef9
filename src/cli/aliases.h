/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ALIASES_H
#define CLI_ALIASES_H

#include "base/option.h"

/* Peers' spellings (bubblewrap's, docker's) that are more than another name for an option. */
extern const struct option_alias run_aliases[];
extern const size_t n_run_aliases;

#endif

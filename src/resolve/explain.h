/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_EXPLAIN_H
#define RESOLVE_EXPLAIN_H

/* Telling a plan: the very steps that would run, with the reason of each. */

#include <stdio.h>

#include "base/buf.h"
#include "plan/plan.h"

/* As a recipe for people, or as JSON with stable names. -ENOMEM. */
int explain_text(const struct plan *plan, struct buf *out);
int explain_json(const struct plan *plan, struct buf *out);

/* One step as a phrase: "mount proc on /proc (nosuid, nodev, noexec)". */
void explain_step(const struct step *step, struct buf *out);

/* The exact command-line form of a setting: "--memory 64M", "--init", "--no-init". */
void explain_setting(const struct setting *setting, struct buf *out);

#endif

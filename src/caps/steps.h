/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAPS_STEPS_H
#define CAPS_STEPS_H

/* The steps about capabilities that every kind of container has: see caps.c for their order. */

#include "plan/plan.h"

/* STAGE_BOUND: a change of ids leaves the permitted set as it is. */
extern const struct step_kind kind_keep_caps;

/* STAGE_DEATH: what such a change took from the effective set is there again. */
extern const struct step_kind kind_raise_caps;

#endif

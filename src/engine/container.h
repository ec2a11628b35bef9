/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

/* What the public handles of inro/run.h are made of; for the programs of this tree. */

#include "engine/signals.h"
#include "inro/run.h"
#include "plan/run.h"
#include "resolve/resolve.h"

struct inro_plan {
	struct spec *spec;
	struct facts facts;
	struct plan *plan;
};

struct inro_container {
	struct run run;
	struct inro_result result;
	struct signals_saved signals; /* as they were before the start */
	bool ended;
};

#endif

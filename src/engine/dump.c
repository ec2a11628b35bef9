/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "engine/container.h"
#include "seccomp/feature.h"

int inro_plan_dump_seccomp(const struct inro_plan *plan, FILE *stream, struct inro_error *error)
{
	const enum seccomp_dump form = seccomp_dump_wanted(plan->plan->spec);
	cleanup_buf struct buf text = { 0 };

	if (form == SECCOMP_DUMP_NOT)
		return 0;
	seccomp_dump(plan->plan, form, &text);
	if (text.failed)
		return fail_memory(error);
	if (fwrite(buf_text(&text), 1, text.used, stream) != text.used || fflush(stream) == EOF)
		return fail_call(error, -errno, "print the seccomp filter", "write", NULL);
	return 1;
}

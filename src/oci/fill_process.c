/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From the process object to the parts of the spec of shared features: the command, no_new_privs,
 * mask, limits, score for the out-of-memory killer, execution domain, descriptors. What has no
 * counterpart in `inro run` is read by the features of this folder themselves.
 */

#include <fcntl.h>
#include <linux/personality.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "limits/rlimit_names.h"
#include "oci/env.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/spec.h"

/* What the kernel calls RLIM_INFINITY is the largest number. */
static void write_limit(char text[static 24], uint64_t value)
{
	if (value == UINT64_MAX)
		snprintf(text, 24, "unlimited");
	else
		snprintf(text, 24, "%llu", (unsigned long long)value);
}

static int fill_rlimits(struct spec *spec, const struct oci_process *process, struct inro_error *error)
{
	int r = 0;

	for (size_t i = 0; i < process->n_rlimits && r == 0; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];
		char soft[24], hard[24], text[96];

		write_limit(soft, limit->soft);
		write_limit(hard, limit->hard);
		snprintf(text, sizeof(text), "%s=%s:%s", rlimit_name(limit->resource), soft, hard);
		r = oci_fill_option(spec, "ulimit", text, error);
	}
	return r;
}

static int fill_number(struct spec *spec, const char *option, long long number, struct inro_error *error)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", number);
	return oci_fill_option(spec, option, text, error);
}

static int fill_ids(struct spec *spec, const struct oci_process *process, struct inro_error *error)
{
	cleanup_buf struct buf groups = { 0 };
	struct spec_ids *ids = &spec->ids;

	ids->user_set = ids->group_set = true;
	ids->uid = process->uid;
	ids->gid = process->gid;
	for (size_t i = 0; i < process->n_groups; i++)
		buf_printf(&groups, "%s%u", i ? "," : "", process->groups[i]);
	if (groups.failed)
		return fail_memory(error);
	return process->n_groups ? oci_fill_option(spec, "groups", buf_text(&groups), error) : 0;
}

/*
 * Those from 3 on that the caller has handed over. Of a number at which it has not, a descriptor of this
 * program's own would go inside, such as the directory of states. All of these are close-on-exec; what came
 * by an exec cannot be.
 */
static int fill_fds(struct spec *spec, uint64_t n, struct inro_error *error)
{
	for (uint64_t i = 0; i < n; i++) {
		int flags = fcntl(3 + (int)i, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return fail_usage(error, "--preserve-fds",
					  "descriptor %llu is not open, and %llu are to be passed on, from 3 on",
					  (unsigned long long)i + 3, (unsigned long long)n);
	}
	return n ? fill_number(spec, "preserve-fds", (long long)n, error) : 0;
}

int oci_fill_process(struct spec *spec, const struct oci_config *config, struct inro_error *error)
{
	const struct oci_process *process = &config->process;
	uint64_t fds = (uint64_t)config->start->preserve_fds + oci_listen_fds(spec->process.host_env);
	char mask[16];
	int r;

	spec->process.args = process->args.list;
	snprintf(mask, sizeof(mask), "%03o", process->umask_set ? process->umask : 022);
	r = fill_ids(spec, process, error);
	if (r == 0)
		r = oci_fill_option(spec, "new-privs", process->no_new_privs ? "false" : "true", error);
	if (r == 0)
		r = oci_fill_option(spec, "umask", mask, error);
	if (r == 0)
		r = fill_rlimits(spec, process, error);
	if (r == 0 && process->oom_score_adj.set)
		r = fill_number(spec, "oom-score-adj", process->oom_score_adj.value, error);
	if (r == 0 && config->linux_.personality_set)
		r = oci_fill_option(spec, "personality",
				    config->linux_.personality == PER_LINUX32 ? "linux32" : "linux64", error);
	return r < 0 ? r : fill_fds(spec, fds, error);
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What another process in a container has that its init has not: it finds the root, the terminals
 * and the working directory as they are. In a detached one, its life is no longer its parent's once
 * all has gone well.
 *
 * Its execution domain is that of the container's init, which config.json gave that and which is not
 * kept.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/statfs.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "oci/root.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_exec;

#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif

struct exec_part {
	unsigned long personality; /* gathered: of the container's init */
};

static int run_open_devpts(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	struct statfs fs;
	int fd = sys_openat2(AT_FDCWD, step->object, &how);

	if (fd < 0)
		return error_raw(error, fd, "openat2", step->object);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC) {
		fd_close(fd);
		error_raw(error, -ENODEV, "fstatfs", step->object);
		error_raw_kind(error, INRO_ERROR_STEP, "the container has no devpts there");
		return -ENODEV;
	}
	return run_store(run, SLOT_PTS, fd);
}

static const struct step_kind kind_open_devpts = {
	.name = "open-devpts",
	.what = "open the container's",
	.calls = "openat2, fstatfs",
	.run = run_open_devpts,
};

static int run_outlive(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run;
	(void)step;
	return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0 ? error_raw(error, -errno, "prctl", NULL) : 0;
}

static const struct step_kind kind_outlive = {
	.name = "outlive-parent",
	.what = "untie its life from the runtime's",
	.calls = "prctl(PR_SET_PDEATHSIG)",
	.run = run_outlive,
};

static int run_personality(struct run *run, const struct step *step, struct inro_error *error)
{
	const unsigned long *value = step->args;
	int r = sys_personality(*value);

	(void)run;
	return r < 0 ? error_raw(error, r, "personality", NULL) : 0;
}

static const struct step_kind kind_personality = {
	.name = "set-personality",
	.what = "take the execution domain of the container's init",
	.calls = "personality",
	.run = run_personality,
};

/* An ordinary user may not be allowed to look: then it is the usual one. */
static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct exec_part *part = spec_part(spec, &feature_oci_exec);
	cleanup_close int proc_fd = procfs_open(), dir_fd = -EBADF;
	char text[32];

	(void)facts;
	(void)error;
	part->personality = 0;
	dir_fd = proc_fd < 0 ? proc_fd : procfs_open_pid(proc_fd, spec->oci->start->state->pid);
	if (dir_fd >= 0 && procfs_read_at(dir_fd, "personality", text, sizeof(text)) > 0)
		part->personality = strtoul(text, NULL, 16);
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_process *process = &plan->spec->oci->process;

	plan->settled.workdir = process->cwd ? process->cwd : "/";
	plan->settled.own_devpts = process->terminal;
	plan->settled.host_root = plan->spec->oci->start->state->host_root;
	if (plan->settled.workdir[0] != '/')
		return fail_usage(error, "--cwd", "'%s' is not an absolute path", plan->settled.workdir);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct exec_part *part = spec_part(plan->spec, &feature_oci_exec);
	const struct oci_config *config = plan->spec->oci;
	unsigned long *value;

	if (config->process.terminal)
		plan_add(plan, STAGE_SYSTEM, &kind_open_devpts, "/dev/pts", "the terminal is the container's own", NULL);
	if (config->start->waits)
		plan_add(plan, STAGE_WAIT, &kind_outlive, NULL, "it is detached", NULL);
	if (part->personality) {
		value = arena_copy(&plan->arena, &part->personality, sizeof(part->personality));
		if (!value)
			return fail_memory(error);
		plan_add(plan, STAGE_PROCESS, &kind_personality, NULL, "linux.personality", value);
	}
	return oci_workdir_add_joined(plan, error);
}

const struct feature feature_oci_exec = {
	.name = "oci_exec",
	.spec_size = sizeof(struct exec_part),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};

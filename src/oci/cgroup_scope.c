/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The steps of a container in a scope of systemd's. A scope is made of a process that is there, so it is
 * made while the child waits for its release; which group it is, is read from where the child then stands.
 * The limits are told to systemd, which would write its own over ours when it reloads; then they are
 * written once more, since not all of them have properties. Devices are not told: where no policy is set,
 * systemd attaches no program of its own, and nothing takes away or narrows the one that is ours, neither a
 * reload nor a re-execution. Were they told, each reload would bring its program anew beside ours, and take
 * away what somebody else allowed since: the drivers of GPUs do that in the programs of a container.
 */

#include <errno.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "cgroup/dir.h"
#include "cgroup/steps.h"
#include "kernel/constants.h"
#include "oci/cgroup_systemd.h"
#include "oci/start.h"
#include "plan/plan.h"
#include "plan/run.h"

struct scope_args {
	struct oci_cgroup_place *place;
	const char *lines; /* all but the process */
	const char *mount;
	bool user;
	int slot;
	char *path; /* room for the group's path */
	size_t path_size;
};

/* Where the child stands now: "0::/a/b.scope". */
static int read_place(const struct run *run, const struct scope_args *args)
{
	cleanup_close int dir_fd = procfs_open_pid(run_fd(run, SLOT_HOST_PROC), run->pid);
	char text[4096], *at = text, *end;
	ssize_t n = dir_fd < 0 ? dir_fd : procfs_read_at(dir_fd, "cgroup", text, sizeof(text));

	if (n < 0)
		return (int)n;
	while (strncmp(at, "0::", 3) != 0) {
		at = strchr(at, '\n');
		if (!at)
			return -ENOENT;
		at++;
	}
	end = strchrnul(at, '\n');
	*end = '\0';
	if ((size_t)snprintf(args->path, args->path_size, "%s%s", args->mount, at + 3) >=
	    args->path_size)
		return -ENAMETOOLONG;
	return 0;
}

static int open_scope(struct run *run, const struct scope_args *args, struct inro_error *error)
{
	cleanup_close int mount_fd = cgroup_open_mount(args->mount, true);
	int r = read_place(run, args);

	if (r < 0)
		return error_raw(error, r, "read", "/proc/PID/cgroup");
	r = mount_fd < 0 ? mount_fd
			 : run_store(run, args->slot,
				     cgroup_open_below(mount_fd, args->path + strlen(args->mount)));
	if (r < 0)
		return error_raw(error, r, "open", args->path);
	args->place->v2 = args->path;
	args->place->v2_made = true;
	return 0;
}

static void undo_scope(struct run *run, const struct step *step)
{
	const struct scope_args *args = step->args;

	if (args->place->removed)
		return;
	args->place->was_oom |= oci_cgroup_was_oom(args->place, &args->place->memory_limit);
	run->slots[args->slot] = fd_close(run_fd(run, args->slot));
	oci_cgroup_remove(args->place);
}

static int run_scope(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct scope_args *args = step->args;
	cleanup_buf struct buf lines = { 0 };
	int r;

	buf_printf(&lines, "%spid %d\n", args->lines, run->pid);
	r = oci_systemd_call(args->user, &lines, error);
	if (r == 0)
		r = open_scope(run, args, error);
	/* A step that failed is not undone. */
	if (r < 0)
		undo_scope(run, step);
	return r;
}

static const struct step_kind kind_scope = {
	.name = "start-scope",
	.what = "have systemd make the scope",
	.calls = "posix_spawn, read",
	.run = run_scope,
	.undo = undo_scope,
};

static int make_lines(const struct plan *plan, const char *unit, const char *slice,
		      struct buf *lines, struct inro_error *error)
{
	const struct oci_config *config = plan->spec->oci;
	int r;

	buf_printf(lines, "start %s\nstring Description inro-oci container %s\nstring Slice %s\n",
		   unit, config->start->id, slice);
	buf_puts(lines,
		 "bool Delegate true\nbool DefaultDependencies false\nbool CPUAccounting true\n"
		 "bool MemoryAccounting true\nbool TasksAccounting true\nbool IOAccounting true\n");
	r = oci_systemd_resources(&config->linux_.resources, lines, error);
	if (r == 0)
		r = oci_systemd_annotations(config->annotations, config->n_annotations, lines,
					    error);
	return r < 0 ? r : lines->failed ? fail_memory(error) : 0;
}

int oci_systemd_add(struct plan *plan, struct oci_cgroup_place *place, struct oci_cgroup_made *made,
		    struct inro_error *error)
{
	const struct oci_config *config = plan->spec->oci;
	struct scope_args *args = arena_alloc(&plan->arena, sizeof(*args));
	cleanup_buf struct buf lines = { 0 };
	const char *slice, *unit;
	int r;

	if (!args)
		return fail_memory(error);
	*args = (struct scope_args){ .place = place,
				     .mount = plan->facts->cgroup.mount,
				     .path_size = 4200 };
	args->user = !(plan->facts->uid == 0 && plan->facts->initial_userns);
	r = oci_systemd_unit(config->linux_.cgroups_path, config->start->id, args->user,
			     &plan->arena, &slice, &unit, error);
	if (r == 0)
		r = make_lines(plan, unit, slice, &lines, error);
	if (r < 0)
		return r;
	args->lines = arena_strdup(&plan->arena, buf_text(&lines));
	args->path = arena_alloc(&plan->arena, args->path_size);
	if (!args->lines || !args->path)
		return fail_memory(error);
	args->slot = made->v2_slot = plan_transient(plan, plan_slot(plan));
	place->manager = OCI_CGROUP_SYSTEMD;
	place->scope = unit;
	plan_add(plan, STAGE_MAP, &kind_scope, unit, "--systemd-cgroup", args);
	if (plan->settled.ns_new & NS_BIT(NS_CGROUP)) {
		plan->clone_flags &= ~(uint64_t)CLONE_NEWCGROUP;
		plan_add(plan, STAGE_BECOME, &kind_cgroup_namespace, NULL,
			 "its roots are the cgroups in which it stands, so it must stand in them "
			 "first",
			 NULL);
	}
	return 0;
}

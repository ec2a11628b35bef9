/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The steps of a container's groups.
 *
 * Making comes first in the parent's lane, so undoing comes last: PID 1 has ended by then, and
 * what it left (a container without a PID namespace of its own can leave anything) is killed,
 * waited for, and its groups removed. The v2 group is made after the v1 groups and so undone before
 * them: cgroup.kill empties them all at once.
 *
 * A child born into a v2 group (CLONE_INTO_CGROUP) sees that group as the root of a cgroup
 * namespace made by the same clone. v1 groups are entered after the clone, when such a namespace
 * would already have the caller's groups as its roots: there the child makes it later by itself.
 *
 * The child enters its v1 groups by writing 0, "this thread", to their `tasks`, which the parent
 * opened: the kernel checks whoever opened the file. To move any other process, or one by
 * cgroup.procs, it would first have to lock out every fork and exit on the host, for which it waits
 * some 10 ms where nobody did so shortly before.
 */

#include "cgroup/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/loop.h"
#include "cgroup/dir.h"
#include "cgroup/v1.h"
#include "cgroup/v2.h"
#include "inro/run.h"
#include "kernel/constants.h"

enum {
	END_WAIT_MS = 10000,
	MAKE_TRIES = 5,    /* another inro may remove the empty /inro in between */
	REMOVE_TRIES = 50,
};

static int open_group(const char *mount, bool v2, const char *path)
{
	cleanup_close int mount_fd = cgroup_open_mount(mount, v2);

	return mount_fd < 0 ? mount_fd : cgroup_open_below(mount_fd, path);
}

static int run_leaf(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_leaf_args *args = step->args;
	cleanup_close int own = open_group(args->mount, true, args->own_path);
	cleanup_close int leaf = -EBADF;
	int r;

	(void)run;
	if (own < 0)
		return error_raw(error, own, "open", args->own_path);
	if (mkdirat(own, CGROUP_LEAF_NAME, 0755) < 0 && errno != EEXIST)
		return error_raw(error, -errno, "mkdir", CGROUP_LEAF_NAME);
	leaf = cgroup_open_below(own, CGROUP_LEAF_NAME);
	if (leaf < 0)
		return error_raw(error, leaf, "open", CGROUP_LEAF_NAME);
	r = cgroup_write(leaf, "cgroup.procs", "0");
	if (r < 0)
		return error_raw(error, r, "write", CGROUP_LEAF_NAME "/cgroup.procs");
	return 0;
}

static int not_the_leaf(int parent_fd, const char *name, void *data)
{
	(void)parent_fd;
	(void)data;
	return strcmp(name, CGROUP_LEAF_NAME) != 0;
}

/* Back to where inro came from, unless other containers of another inro live there by now. */
static void undo_leaf(struct run *run, const struct step *step)
{
	const struct cgroup_leaf_args *args = step->args;
	cleanup_close int own = open_group(args->mount, true, args->own_path);

	(void)run;
	if (own < 0 || cgroup_each_below(own, not_the_leaf, NULL) != 0)
		return;
	if (cgroup2_disable(own, args->controllers) < 0 || cgroup_write(own, "cgroup.procs", "0") < 0)
		return;
	unlinkat(own, CGROUP_LEAF_NAME, AT_REMOVEDIR);
}

const struct step_kind kind_cgroup_leaf = {
	.name = "leave-cgroup",
	.what = "move inro to a leaf of its cgroup",
	.calls = "mkdir, write",
	.run = run_leaf,
	.undo = undo_leaf,
};

/* The group below which the container's is made, ready to give it its controllers. */
static int open_parent(const struct cgroup_make_args *args, struct inro_error *error)
{
	cleanup_close int mount_fd = cgroup_open_mount(args->mount, args->v2);
	cleanup_close int parent = -EBADF;
	int r = 0;

	if (mount_fd < 0)
		return error_raw(error, mount_fd, "open", args->mount);
	if (args->top) {
		r = cgroup2_enable(mount_fd, args->controllers);
		if (r < 0)
			return error_raw(error, r, "write", "cgroup.subtree_control");
		if (mkdirat(mount_fd, CGROUP_TOP_NAME, 0755) < 0 && errno != EEXIST)
			return error_raw(error, -errno, "mkdir", args->parent);
	}
	parent = cgroup_open_below(mount_fd, args->parent);
	if (parent < 0)
		return args->top && parent == -ENOENT ? parent :
							error_raw(error, parent, "open", args->parent);
	if (args->v2)
		r = cgroup2_enable(parent, args->controllers);
	if (r < 0)
		return args->top && (r == -ENOENT || r == -ENODEV) ?
			       -ENOENT :
			       error_raw(error, r, "write", "cgroup.subtree_control");
	return take_fd(&parent);
}

static void undo_make(struct run *run, const struct step *step)
{
	const struct cgroup_make_args *args = step->args;
	cleanup_close int mount_fd = cgroup_open_mount(args->mount, args->v2);
	cleanup_close int parent = mount_fd < 0 ? mount_fd : cgroup_open_below(mount_fd, args->parent);
	int fd = run_fd(run, args->slot);

	if (args->v2)
		cgroup2_end(fd, END_WAIT_MS);
	else
		cgroup1_end(fd, END_WAIT_MS);
	/* v1 does not tell when the last process has quite gone. */
	for (int i = 0; parent >= 0 && cgroup_remove(parent, args->name) == -EBUSY && i < REMOVE_TRIES; i++)
		poll(NULL, 0, 2);
	run->slots[args->slot] = fd_close(fd);
	if (!args->v2)
		run->slots[args->tasks_slot] = fd_close(run_fd(run, args->tasks_slot));
	if (args->top && mount_fd >= 0)
		unlinkat(mount_fd, CGROUP_TOP_NAME, AT_REMOVEDIR);
}

static int run_make(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_make_args *args = step->args;
	int r = -ENOENT;

	for (int i = 0; r == -ENOENT && i < MAKE_TRIES; i++) {
		cleanup_close int parent = open_parent(args, error);

		if (parent < 0 && parent != -ENOENT)
			return parent;
		r = parent < 0 ? parent : cgroup_make(parent, args->name);
		if (!args->top)
			break;
	}
	if (r < 0)
		return error_raw(error, r, "mkdir", step->object);
	run->slots[args->slot] = r;
	if (args->v2)
		return 0;
	r = run_store(run, args->tasks_slot, cgroup_open_file(r, "tasks", O_WRONLY));
	if (r == 0)
		return 0;
	/* A step that failed is not undone. */
	undo_make(run, step);
	return error_raw(error, r, "open", step->object);
}

static void tell_make(const struct step *step, struct buf *text)
{
	const struct cgroup_make_args *args = step->args;
	const char *separator = " with ";

	buf_puts(text, args->v2 ? "cgroup v2" : "cgroup v1");
	for (enum cgroup_controller i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (!(args->controllers & CGROUP_BIT(i)))
			continue;
		buf_printf(text, "%s%s", separator, cgroup_controller_name(i));
		separator = ", ";
	}
}

static void advise_make(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct cgroup_make_args *args = step->args;

	switch (error->code) {
	case EAGAIN:
	case ENOSPC:
		error_why(error, "the host or a cgroup above allows no further cgroup");
		error_hint(error, "look at cgroup.max.descendants and cgroup.max.depth of %s%s and those above",
			   args->mount, args->parent);
		break;
	case EBUSY:
		error_why(error, "another process entered %s in the meantime", args->parent);
		error_hint(error, "give inro a cgroup of its own: "
				  "systemd-run --user --scope -p Delegate=yes inro run ...");
		break;
	case EACCES:
	case EPERM:
		if (plan->facts->uid != 0)
			error_hint(error, "run it in a delegated cgroup: "
					  "systemd-run --user --scope -p Delegate=yes inro run ...");
		break;
	case EINVAL:
		error_why(error, "the kernel does not give this controller to groups below; real-time "
				 "processes outside of the top group forbid it for cpu");
		break;
	default:
		break;
	}
}

const struct step_kind kind_cgroup_make = {
	.name = "make-cgroup",
	.what = "make the cgroup",
	.calls = "mkdir, open, flock",
	.run = run_make,
	.undo = undo_make,
	.tell = tell_make,
	.advise = advise_make,
};

static int run_set(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_set_args *args = step->args;
	int r = cgroup_write(run_fd(run, args->slot), args->file, args->text);

	return r < 0 ? error_raw(error, r, "write", step->object) : 0;
}

static void advise_set(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct cgroup_set_args *args = step->args;

	(void)plan;
	if (error->code == ENOENT) {
		error_why(error, "this kernel has no file %s", args->file);
		if (step->kind == &kind_cgroup_swap)
			error_hint(error, "boot with swapaccount=1, or do without --memory-swap");
		else if (step->kind == &kind_cgroup_cpus)
			error_hint(error, "the kernel lacks CONFIG_CFS_BANDWIDTH; --cpu-weight and "
					  "--cpu-affinity do without");
	} else if (error->code == EINVAL || error->code == ERANGE) {
		error_why(error, "the kernel refuses the value, or a cgroup above allows less");
	}
}

#define SET_KIND(name_, what_)         \
	{                              \
		.name = (name_),       \
		.what = (what_),       \
		.calls = "write",      \
		.run = run_set,        \
		.advise = advise_set,  \
	}

const struct step_kind kind_cgroup_memory = SET_KIND("limit-memory", "limit memory:");
const struct step_kind kind_cgroup_swap = SET_KIND("limit-swap", "limit swap:");
const struct step_kind kind_cgroup_cpus = SET_KIND("limit-cpus", "limit CPUs:");
const struct step_kind kind_cgroup_weight = SET_KIND("weigh-cpu", "set the share of CPU:");
const struct step_kind kind_cgroup_pids = SET_KIND("limit-pids", "limit processes:");

static int run_enter(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_make_args *args = step->args;

	if (write(run_fd(run, args->tasks_slot), "0", 1) < 0)
		return error_raw(error, -errno, "write", step->object);
	return 0;
}

const struct step_kind kind_cgroup_enter = {
	.name = "enter-cgroup",
	.what = "enter the cgroup",
	.calls = "write",
	.run = run_enter,
};

static int run_namespace(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run;
	(void)step;
	return unshare(CLONE_NEWCGROUP) < 0 ? error_raw(error, -errno, "unshare", NULL) : 0;
}

const struct step_kind kind_cgroup_namespace = {
	.name = "unshare-cgroup",
	.what = "make the cgroup namespace",
	.calls = "unshare",
	.run = run_namespace,
};

/* The soonest that the rest can be used up is when every CPU runs the container all the time. */
static uint64_t next_look(const struct cgroup_watch *watch, uint64_t used_ns)
{
	uint64_t in_ns = (watch->limit_ns - used_ns) / watch->cpus;

	return in_ns < 1000000 ? 1000000 : in_ns;
}

static int look_at_cpu_time(struct loop *loop, struct loop_source *source, uint32_t events, void *data)
{
	struct cgroup_watch *watch = data;
	uint64_t used_ns = 0;

	(void)loop;
	(void)events;
	if (cgroup_group_cpu_time(&watch->group, &used_ns) == 0 && used_ns >= watch->limit_ns) {
		run_end(watch->run, INRO_END_CPU_TIME, SIGKILL, 0);
		return 0;
	}
	return loop_source_again(source, next_look(watch, used_ns));
}

static int run_cpu_time(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_watch_args *args = step->args;
	struct cgroup_watch *watch = args->watch;
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t used_ns = 0;
	int r;

	watch->run = run;
	watch->limit_ns = args->limit_ns;
	watch->cpus = online > 0 ? (uint64_t)online : 1;
	if (args->cpus > 0 && args->cpus < watch->cpus)
		watch->cpus = args->cpus;
	cgroup_run_group(run, &watch->group);
	r = cgroup_group_cpu_time(&watch->group, &used_ns);
	if (r < 0)
		return error_raw(error, r, "read", "cpu.stat");
	if (used_ns > args->limit_ns)
		used_ns = args->limit_ns;
	r = loop_add_timer(run->loop, next_look(watch, used_ns), look_at_cpu_time, watch, NULL);
	return r < 0 ? error_raw(error, r, "timerfd_create", NULL) : 0;
}

const struct step_kind kind_cgroup_cpu_time = {
	.name = "watch-cpu-time",
	.what = "end the container when its CPU time is used up:",
	.calls = "epoll_wait, read",
	.run = run_cpu_time,
};

static int run_sweep(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct cgroup_make_args *args = step->args;
	cleanup_close int parent = open_group(args->mount, args->v2, args->parent);
	int r = parent < 0 ? parent : cgroup_sweep(parent, args->v2);

	(void)run;
	return r < 0 ? error_raw(error, r, "open", args->parent) : 0;
}

const struct step_kind kind_cgroup_sweep = {
	.name = "sweep-cgroups",
	.what = "remove stale cgroups of inro below",
	.calls = "getdents64, flock, rmdir",
	.run = run_sweep,
};

void cgroup_run_group(const struct run *run, struct cgroup_group *ret)
{
	const struct plan *plan = run->plan;

	cgroup_group_init(ret);
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct cgroup_make_args *args = plan->steps[i].args;

		if (plan->steps[i].kind != &kind_cgroup_make)
			continue;
		if (args->v2)
			ret->v2 = run_fd(run, args->slot);
		for (enum cgroup_controller c = 0; c < CGROUP_CONTROLLERS && !args->v2; c++)
			if (args->controllers & CGROUP_BIT(c))
				ret->v1[c] = run_fd(run, args->slot);
	}
}

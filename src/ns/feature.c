/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which namespaces a container gets: --ns, --join, and the offsets of a time namespace.
 *
 * All new ones come from the one clone3. A PID namespace that is joined is entered by the parent
 * for its children alone, and left again after the clone. So are the others where the container
 * gets a user namespace of its own: once in there, the child has no right over what belongs to a
 * user namespace outside. Where a user namespace is joined, what is new must belong to it, and
 * nobody comes back from there: a helper joins all and makes the child from inside. Otherwise the
 * child joins by itself. A time namespace with offsets cannot come from clone3, since they must be written before
 * anybody is in it: the child leaves its own for a new one, writes them, and joins it.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/parse.h"
#include "kernel/syscalls.h"
#include "ns/join.h"
#include "ns/names.h"
#include "ns/open.h"
#include "ns/target.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_namespaces;

struct ns_spec {
	const char *boottime, *monotonic; /* offsets as written, "+1d" */
};

/* Everything but time: its clocks are the host's unless somebody asks. */
#define NS_DEFAULT (NS_ALL & ~NS_BIT(NS_TIME))

static int set_ns(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	unsigned mask;
	int r = ns_kinds_parse_list(value, NS_DEFAULT, "--ns", &mask, error);

	if (r < 0)
		return r;
	spec->ns.list = arena_strdup(&spec->arena, value);
	return spec->ns.list ? 0 : fail_memory(error);
}

static int set_join(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	const char *equals = strchr(value, '=');
	struct spec_join *join;
	enum ns_kind kind;

	if (!equals || ns_kind_parse(value, (size_t)(equals - value), &kind) < 0)
		return fail_usage(error, "--join", "'%s' is not of the form KIND=TARGET (net=web, uts=1234)",
				  value);
	join = arena_grow(&spec->arena, &spec->ns.joins, &spec->ns.n_joins, sizeof(*join));
	if (!join)
		return fail_memory(error);
	join->kind = kind;
	join->fd = -EBADF;
	join->target = arena_strdup(&spec->arena, equals + 1);
	return join->target ? 0 : fail_memory(error);
}

/* An offset of a clock: seconds of kernel form "[-]S.NNNNNNNNN"; written as a time span. */
static int parse_offset(const char *text, int64_t *ret_ns)
{
	bool negative = text[0] == '-';
	uint64_t ns;
	int r = parse_duration(text + (negative || text[0] == '+'), &ns);

	if (r < 0)
		return r;
	if (ns > INT64_MAX)
		return -ERANGE;
	*ret_ns = negative ? -(int64_t)ns : (int64_t)ns;
	return 0;
}

static int set_offset(struct spec *spec, const char *option, const char *value, const char **ret,
		      struct inro_error *error)
{
	int64_t ns;

	if (parse_offset(value, &ns) < 0)
		return fail_usage(error, option, "'%s' is no time span (90s, -1h, 7d12h)", value);
	*ret = arena_strdup(&spec->arena, value);
	return *ret ? 0 : fail_memory(error);
}

static int set_boottime(void *object, const char *value, struct inro_error *error)
{
	struct ns_spec *part = spec_part(object, &feature_namespaces);

	return set_offset(object, "--boottime", value, &part->boottime, error);
}

static int set_monotonic(void *object, const char *value, struct inro_error *error)
{
	struct ns_spec *part = spec_part(object, &feature_namespaces);

	return set_offset(object, "--monotonic", value, &part->monotonic, error);
}

static const struct option_row options[] = {
	{
		.name = "ns",
		.form = OPTION_VALUE,
		.argument = "LIST",
		.help = "namespaces: pid,uts,…, all, none; -net: but net",
		.section = "Namespaces",
		.set = set_ns,
		.aliases = "namespaces|unshare",
		.detail = "The kinds are cgroup, ipc, mnt, net, pid, time, user and uts, also by the letters "
			  "of unshare(1). The default is all but time.",
	},
	{
		.name = "join",
		.form = OPTION_VALUE,
		.argument = "KIND=TARGET",
		.help = "join one: net=web, uts=1234, ipc=/run/ns/x",
		.section = "Namespaces",
		.set = set_join,
		.repeats = true,
	},
	{
		.name = "boottime",
		.form = OPTION_VALUE,
		.argument = "SPAN",
		.help = "offset of the clock since boot",
		.section = "Namespaces",
		.set = set_boottime,
		.rare = true,
	},
	{
		.name = "monotonic",
		.form = OPTION_VALUE,
		.argument = "SPAN",
		.help = "offset of the monotonic clock",
		.section = "Namespaces",
		.set = set_monotonic,
		.rare = true,
	},
};

/* Said before anything is begun: an ordinary user owns namespaces only within a user namespace. */
static int check_allowed(const struct plan *plan, struct inro_error *error)
{
	const struct facts *facts = plan->facts;
	unsigned new = plan->settled.ns_new;

	if (!new || (new | plan->settled.ns_join) & NS_BIT(NS_USER) || facts->uid == 0 ||
	    facts_has_cap(facts, CAP_SYS_ADMIN))
		return 0;
	fail_host(error, INRO_ERROR_DENIED, -EPERM, plan->spec->bare ? "linux.namespaces" : "--ns",
		  "an ordinary user may make namespaces only within a new user namespace");
	error_hint(error, "add user to the list");
	return -EPERM;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct spec *spec = plan->spec;
	const struct ns_spec *part = spec_part(spec, &feature_namespaces);
	unsigned mask = spec->bare ? 0 : NS_DEFAULT;
	int r = 0;

	if (spec->ns.list)
		r = ns_kinds_parse_list(spec->ns.list, mask, "--ns", &mask, error);
	if (r < 0)
		return r;
	if (part->boottime || part->monotonic)
		mask |= NS_BIT(NS_TIME);
	for (size_t i = 0; i < spec->ns.n_joins; i++)
		plan->settled.ns_join |= NS_BIT(spec->ns.joins[i].kind);
	plan->settled.ns_join |= spec->ns.process_kinds;
	if (spec->net == NET_JOIN)
		plan->settled.ns_join |= NS_BIT(NS_NET);
	plan->settled.ns_new = mask & ~plan->settled.ns_join;
	if ((part->boottime || part->monotonic) && plan->settled.ns_join & NS_BIT(NS_TIME))
		return fail_usage(error, part->boottime ? "--boottime" : "--monotonic",
				  "a time namespace that is joined has its offsets, and they cannot change any more");
	return check_allowed(plan, error);
}

/* Open what is to be joined, check it, and leave away what the caller is in already. */

struct join_args {
	const struct spec_join *joins;
	size_t n_joins;
	struct ns_join *prepared; /* filled by the first step, used by the others */
	struct ns_join *back;     /* what the parent is in, of the kinds that it enters */
	unsigned enter;           /* those it enters, for the child to be born there */
};

static int open_one(const struct spec_join *join, struct registry *names, struct ns_join *prepared,
		    struct inro_error *error)
{
	const struct target_names registry = registry_targets(names);
	cleanup_ns_target struct ns_target target = NS_TARGET_NULL;
	int fd, r;

	if (join->fd >= 0) {
		fd = fcntl(join->fd, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : ns_join_add_fd(prepared, join->kind, fd, error);
	}
	r = ns_target_open(join->target, &registry, &target, error);
	if (r == 0)
		r = ns_target_join(&target, NS_BIT(join->kind), prepared, error);
	if (r < 0 && join->field && error && !error->object[0])
		snprintf(error->object, sizeof(error->object), "%s", join->field);
	return r;
}

/* What is left away by now is what the caller itself is in. */
static int refuse_own(const struct run *run, const struct ns_join *prepared, struct inro_error *error)
{
	const struct settled *settled = &run->plan->settled;

	for (int kind = 0; kind < NS_KINDS; kind++)
		if (settled->ns_join & ~prepared->kinds & NS_BIT(kind) && settled->changed[kind])
			return fail_usage(error, settled->changed[kind],
					  "the %s namespace to join is the caller's own, and is not to be changed",
					  ns_kind_table[kind].long_name);
	return 0;
}

static int run_open_joins(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct join_args *args = step->args;
	const struct spec_ns *ns = &run->plan->spec->ns;
	cleanup_registry struct registry names = { 0 };
	int r = 0;

	ns_join_init(args->prepared);
	ns_join_init(args->back);
	if (ns->process_kinds)
		r = ns_join_add_pidfd(args->prepared, ns->process_fd, ns->process_kinds, error);
	/* Only the caller's own user namespace cannot be joined again, by whomever. */
	args->prepared->others = ns->process_kinds & ~NS_BIT(NS_USER);
	if (args->n_joins)
		registry_open(&names, run->plan->facts->uid, run->plan->spec->process.host_env);
	for (size_t i = 0; i < args->n_joins && r == 0; i++)
		r = open_one(&args->joins[i], &names, args->prepared, error);
	if (r == 0)
		r = ns_join_prepare(args->prepared, error);
	if (r == 0)
		r = refuse_own(run, args->prepared, error);
	if (r == 0)
		r = ns_join_add_self(args->back, args->prepared->kinds & args->enter, error);
	if (r < 0) {
		ns_join_deinit(args->prepared);
		ns_join_deinit(args->back);
	}
	return r;
}

static void undo_open_joins(struct run *run, const struct step *step)
{
	const struct join_args *args = step->args;

	(void)run;
	ns_join_deinit(args->prepared);
	ns_join_deinit(args->back);
}

/* The caller, and children of the caller, are where they were. */
static void undo_enter(struct run *run, const struct step *step)
{
	const struct join_args *args = step->args;

	(void)run;
	ns_join_prepared(args->back, NS_ALL, NULL);
}

static int run_enter(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct join_args *args = step->args;
	int r = ns_join_now(args->prepared, args->enter, error);

	if (r < 0)
		undo_enter(run, step); /* some may have been joined */
	return r;
}

/*
 * Root of a user namespace, which owns the container's PID namespace and not its own, may send its
 * children there but not back (rootless engines are that). It starts no more of them.
 */
static int run_leave(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct join_args *args = step->args;
	enum ns_kind kind = NS_USER;
	int r = ns_join_prepared(args->back, NS_ALL, &kind);

	(void)run;
	if (r == 0 || (r == -EPERM && kind == NS_PID && args->enter == NS_BIT(NS_PID)))
		return 0;
	return ns_join_explain(args->back, kind, r, error);
}

static int run_join(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct join_args *args = step->args;
	enum ns_kind kind = NS_UTS;
	int r = ns_join_prepared(args->prepared, NS_ALL & ~args->enter, &kind);

	(void)run;
	return r < 0 ? error_raw(error, r, "setns", ns_kind_name(kind)) : 0;
}

/* The child told the kind that failed; the words are known here. */
static void advise_join(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct join_args *args = step->args;
	struct inro_error words = { 0 };
	enum ns_kind kind;

	(void)plan;
	if (ns_kind_parse(error->object, strlen(error->object), &kind) < 0)
		return;
	ns_join_explain(args->prepared, kind, -error->code, &words);
	error->kind = words.kind;
	error_why(error, "%s", words.why);
	error_hint(error, "%s", words.hint);
}

static const struct step_kind kind_open_joins = {
	.name = "open-namespaces",
	.what = "open the namespaces to join:",
	.calls = "openat, ioctl NS_GET_NSTYPE",
	.run = run_open_joins,
	.undo = undo_open_joins,
};

static const struct step_kind kind_enter = {
	.name = "enter-namespaces",
	.what = "enter, for the child to be born there:",
	.calls = "setns",
	.run = run_enter,
	.undo = undo_enter,
};

static const struct step_kind kind_leave = {
	.name = "leave-namespaces",
	.what = "return to the own namespaces:",
	.calls = "setns",
	.run = run_leave,
};

static const struct step_kind kind_join = {
	.name = "join",
	.what = "join",
	.calls = "setns",
	.run = run_join,
	.advise = advise_join,
};

/* What --join said, and the network that --net said. */
static int list_joins(struct plan *plan, struct join_args *args)
{
	const struct spec *spec = plan->spec;
	size_t n = spec->ns.n_joins;
	struct spec_join *joins = arena_array(&plan->arena, n + 1, sizeof(*joins));

	if (!joins)
		return -ENOMEM;
	if (n)
		memcpy(joins, spec->ns.joins, n * sizeof(*joins));
	if (spec->net == NET_JOIN)
		joins[n++] = (struct spec_join){ .kind = NS_NET, .target = spec->net_target, .fd = -EBADF };
	args->joins = joins;
	args->n_joins = n;
	return 0;
}

static const char *kinds_text(struct plan *plan, unsigned kinds)
{
	char text[NS_KINDS_TEXT];

	return arena_strdup(&plan->arena, ns_kinds_format(kinds, text, sizeof(text)));
}

/* Which kinds the parent must enter before the clone. */
static int choose_enter(const struct plan *plan, unsigned *ret, struct inro_error *error)
{
	unsigned join = plan->settled.ns_join;

	if (join & NS_BIT(NS_USER)) {
		*ret = 0;
		return 0;
	}
	if (!(plan->settled.ns_new & NS_BIT(NS_USER))) {
		*ret = join & NS_BIT(NS_PID);
		return 0;
	}
	/* The parent would lose its own root and working directory, which it goes on to use. */
	if (join & NS_BIT(NS_MNT)) {
		fail_usage(error, "--join",
			   "a mount namespace cannot be joined from inside of a new user namespace");
		error_hint(error, "add --ns -user, or join the target's user namespace too");
		return -EINVAL;
	}
	*ret = join;
	return 0;
}

static int resolve_joins(struct plan *plan, struct inro_error *error)
{
	struct join_args *args = arena_alloc(&plan->arena, sizeof(*args));
	unsigned join = plan->settled.ns_join;
	int r;

	if (!args || list_joins(plan, args) < 0)
		return fail_memory(error);
	args->prepared = arena_alloc(&plan->arena, sizeof(*args->prepared));
	args->back = arena_alloc(&plan->arena, sizeof(*args->back));
	if (!args->prepared || !args->back)
		return fail_memory(error);
	plan->joins = args->prepared;
	r = choose_enter(plan, &args->enter, error);
	if (r < 0)
		return r;
	plan_add(plan, STAGE_OPEN, &kind_open_joins, kinds_text(plan, join), "asked for by --join", args);
	if (args->enter) {
		plan_add(plan, STAGE_ENTER, &kind_enter, kinds_text(plan, args->enter),
			 args->enter == NS_BIT(NS_PID) ?
				 "only a child is born into a PID namespace" :
				 "a child in a new user namespace has no right to join them",
			 args);
		plan_add(plan, STAGE_MAP, &kind_leave, kinds_text(plan, args->enter),
			 "only the container belongs there", args);
	}
	if (join & NS_BIT(NS_USER))
		plan->clone_inside = args->prepared;
	else if (join & ~args->enter)
		plan_add(plan, STAGE_JOIN, &kind_join, kinds_text(plan, join & ~args->enter),
			 "asked for by --join", args);
	return 0;
}

/* Time namespaces with offsets. */

static int run_set_clocks(struct run *run, const struct step *step, struct inro_error *error)
{
	const char *text = step->args;
	int fd, r;

	(void)run;
	if (unshare(CLONE_NEWTIME) < 0)
		return error_raw(error, -errno, "unshare", NULL);
	r = fd_write_file_at(AT_FDCWD, "/proc/self/timens_offsets", text);
	if (r < 0)
		return error_raw(error, r, "write", "/proc/self/timens_offsets");
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_raw(error, -errno, "open", "/proc/self/ns/time_for_children");
	r = setns(fd, CLONE_NEWTIME) < 0 ? -errno : 0;
	fd_close(fd);
	return r < 0 ? error_raw(error, r, "setns", NULL) : 0;
}

static void advise_set_clocks(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == ERANGE)
		error_why(error, "a clock would be negative, or would run over its 64 bits");
}

static const struct step_kind kind_set_clocks = {
	.name = "set-clocks",
	.what = "enter a time namespace with the offsets",
	.calls = "unshare, write /proc/self/timens_offsets, setns",
	.run = run_set_clocks,
	.advise = advise_set_clocks,
};

static void add_offset(char *line, size_t size, const char *clock, const char *text)
{
	int64_t ns = 0;
	size_t used = strlen(line);

	if (!text)
		return;
	parse_offset(text, &ns);
	/* The kernel wants nanoseconds of 0 to 999999999 behind possibly negative seconds. */
	int64_t seconds = ns / 1000000000 - (ns % 1000000000 < 0);

	snprintf(line + used, size - used, "%s %lld %lld\n", clock, (long long)seconds,
		 (long long)(ns - seconds * 1000000000));
}

static int resolve_clocks(struct plan *plan, struct inro_error *error)
{
	const struct ns_spec *part = spec_part(plan->spec, &feature_namespaces);
	char line[128] = "";
	const char *object;

	if (!part->boottime && !part->monotonic)
		return 0;
	add_offset(line, sizeof(line), "boottime", part->boottime);
	add_offset(line, sizeof(line), "monotonic", part->monotonic);
	object = arena_printf(&plan->arena, "%s%s%s%s%s", part->boottime ? "boottime " : "",
			      part->boottime ? part->boottime : "",
			      part->boottime && part->monotonic ? ", " : "", part->monotonic ? "monotonic " : "",
			      part->monotonic ? part->monotonic : "");
	/* Before the child turns undumpable, when its /proc files become root's. */
	plan_add(plan, STAGE_GUARD, &kind_set_clocks, object,
		 "offsets must be written before anybody is in the namespace",
		 arena_strdup(&plan->arena, line));
	plan->clone_flags &= ~(uint64_t)CLONE_NEWTIME;
	return object ? 0 : fail_memory(error);
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	int r = plan->settled.ns_join ? resolve_joins(plan, error) : 0;

	return r < 0 ? r : resolve_clocks(plan, error);
}

const struct feature feature_namespaces = {
	.name = "namespaces",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct ns_spec),
	.settle = settle,
	.resolve = resolve,
};

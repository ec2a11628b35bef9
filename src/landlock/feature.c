/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Landlock as a second wall behind the mounts: off by default, since it forbids every mount(2)
 * inside; presets turn it on.
 *
 * Where no path was named, the rules follow the mounts: everything may be read and executed, and
 * written only where it is mounted writable. That repeats what the mounts say, in another part of
 * the kernel: a mount that is wrongly writable, or a way around the mounts, does not open more than
 * the places that are known. These are the root and whatever was or is usually mounted on it; a
 * writable place that is not among them can be read only. With --landlock-path only the named paths
 * can be used at all.
 *
 * `require` fails where something that was asked for is not in this kernel's version; `auto` takes
 * what there is. What was left out is told in the report. Rules that were written out ask for
 * `require` by themselves.
 */

#include <errno.h>
#include <linux/landlock.h>
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"
#include "landlock/rules.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_landlock;

enum landlock_mode { LANDLOCK_UNSAID, LANDLOCK_OFF, LANDLOCK_AUTO, LANDLOCK_REQUIRE };

static const char *const modes[] = { NULL, "off", "auto", "require" };

#define SCOPE_ALL (LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL)
#define TCP_ALL (LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP)

struct landlock_spec {
	enum landlock_mode mode;
	struct landlock_path *paths;
	size_t n_paths;
	struct landlock_port *ports;
	size_t n_ports;
	bool tcp;           /* TCP is restricted to the ports */
	bool scope_set;
	uint64_t scoped;
	int why;            /* gathered: why there is no Landlock, a negative errno */
};

static int run_landlock(struct run *run, const struct step *step, struct inro_error *error)
{
	const char *call, *path;
	int r = landlock_restrict(step->args, &call, &path);

	(void)run;
	return r < 0 ? error_raw(error, r, call, path) : 0;
}

static void tell_landlock(const struct step *step, struct buf *text)
{
	const struct landlock_rules *rules = step->args;
	const char *separator = "";

	for (size_t i = 0; i < rules->n_paths; i++) {
		const struct landlock_path *rule = &rules->paths[i];

		buf_printf(text, "%s", separator);
		buf_add_safe(text, rule->path);
		buf_printf(text, " %s", landlock_mode_text(rule->access));
		if (rule->follow)
			buf_puts(text, " as mounted");
		separator = ", ";
	}
	for (size_t i = 0; i < rules->n_ports; i++)
		buf_printf(text, "%sTCP %s %u", i || rules->n_paths ? ", " : "",
			   rules->ports[i].access & LANDLOCK_ACCESS_NET_BIND_TCP ? "bind" :
										   "connect",
			   rules->ports[i].port);
	if (rules->handled.handled_access_net && !rules->n_ports)
		buf_puts(text, ", no TCP");
}

static void advise_landlock(const struct step *step, const struct plan *plan,
			    struct inro_error *error)
{
	(void)step;
	if (strcmp(error->call, "openat2") == 0) {
		error_hint(error, "--landlock-path names paths as the container sees them");
	} else if (error->code == E2BIG) {
		error_why(error,
			  "16 layers of Landlock, all that a kernel allows, are in force already");
		error_hint(error, "use --landlock off inside");
	} else if (error->code == EPERM && !plan->settled.no_new_privs) {
		error_why(
			error,
			"without no_new_privs it takes CAP_SYS_ADMIN in the container's user "
			"namespace");
		error_hint(error, "leave --new-privs out");
	}
}

static const struct step_kind kind_landlock = {
	.name = "landlock",
	.what = "restrict itself by Landlock",
	.calls = "landlock_create_ruleset, openat2, landlock_add_rule, landlock_restrict_self",
	.run = run_landlock,
	.tell = tell_landlock,
	.advise = advise_landlock,
};

static int set_landlock(void *object, const char *value, struct inro_error *error)
{
	struct landlock_spec *part = spec_part(object, &feature_landlock);

	for (enum landlock_mode mode = LANDLOCK_OFF; mode <= LANDLOCK_REQUIRE; mode++) {
		if (strcmp(modes[mode], value) == 0) {
			part->mode = mode;
			return 0;
		}
	}
	return fail_usage(error, "--landlock", "'%s' is none of auto, require and off", value);
}

static int set_landlock_path(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct landlock_spec *part = spec_part(spec, &feature_landlock);
	const char *colon = strrchr(value, ':');
	uint64_t access = LANDLOCK_READ | LANDLOCK_EXECUTE;
	struct landlock_path *rule;

	if (value[0] != '/')
		return fail_usage(error, "--landlock-path", "'%s' is no absolute path", value);
	if (colon && landlock_parse_mode(colon + 1, &access) < 0) {
		fail_usage(error, "--landlock-path", "'%s' is no mode", colon + 1);
		error_hint(error, "r, w and x for reading, writing and executing, as in %.*s:rw",
			   (int)(colon - value), value);
		return -EINVAL;
	}
	rule = arena_grow(&spec->arena, &part->paths, &part->n_paths, sizeof(*rule));
	if (!rule)
		return fail_memory(error);
	rule->path = arena_strndup(&spec->arena, value,
				   colon ? (size_t)(colon - value) : strlen(value));
	rule->access = access;
	return rule->path ? 0 : fail_memory(error);
}

static int parse_port(const char *text, struct landlock_port *ret)
{
	const char *equals = strchr(text, '=');
	uint32_t port;

	if (!equals || parse_u32(equals + 1, &port) < 0 || port > UINT16_MAX)
		return -EINVAL;
	if (strncmp(text, "bind=", 5) == 0)
		ret->access = LANDLOCK_ACCESS_NET_BIND_TCP;
	else if (strncmp(text, "connect=", 8) == 0)
		ret->access = LANDLOCK_ACCESS_NET_CONNECT_TCP;
	else
		return -EINVAL;
	ret->port = (uint16_t)port;
	return 0;
}

static int set_landlock_tcp(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct landlock_spec *part = spec_part(spec, &feature_landlock);
	struct landlock_port port = { 0 }, *added;

	if (strcmp(value, "none") != 0) {
		if (parse_port(value, &port) < 0)
			return fail_usage(error, "--landlock-tcp",
					  "'%s' is neither bind=PORT nor connect=PORT nor none",
					  value);
		added = arena_grow(&spec->arena, &part->ports, &part->n_ports, sizeof(*added));
		if (!added)
			return fail_memory(error);
		*added = port;
	}
	part->tcp = true;
	return 0;
}

static int set_landlock_scope(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct landlock_spec *part = spec_part(spec, &feature_landlock);
	uint64_t scoped = 0;
	char **words;
	size_t n;

	if (parse_list(&spec->arena, value, ',', &words, &n) < 0)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], "abstract-unix") == 0)
			scoped |= LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET;
		else if (strcmp(words[i], "signal") == 0)
			scoped |= LANDLOCK_SCOPE_SIGNAL;
		else if (n > 1 || strcmp(words[i], "none") != 0)
			return fail_usage(error, "--landlock-scope",
					  "'%s' is neither abstract-unix nor signal, and none "
					  "stands alone",
					  words[i]);
	}
	part->scoped = scoped;
	part->scope_set = true;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "landlock",
		.form = OPTION_VALUE,
		.argument = "MODE",
		.help = "restrict files by Landlock: auto, require, off",
		.section = "Security",
		.set = set_landlock,
		.choices = "auto|require|off",
		.detail =
			"Off by default, since nothing can be mounted inside with it. Everything "
			"visible may be read and executed, and written where it is mounted "
			"writable; abstract sockets and processes outside are out of reach. auto "
			"takes what the kernel has, require fails where something that was asked "
			"for is missing.",
		.rare = true,
	},
	{
		.name = "landlock-path",
		.form = OPTION_VALUE,
		.argument = "PATH[:MODE]",
		.help = "allow only these paths: r, w, x (rx)",
		.section = "Security",
		.set = set_landlock_path,
		.detail =
			"The path as the container sees it, and everything beneath; ro is the "
			"same as rx. Once one is given, nothing else is allowed, the command "
			"itself and its libraries included. Implies --landlock require.",
		.repeats = true,
		.rare = true,
	},
	{
		.name = "landlock-tcp",
		.form = OPTION_VALUE,
		.argument = "RULE",
		.help = "allow only TCP bind=PORT, connect=PORT; none",
		.section = "Security",
		.set = set_landlock_tcp,
		.detail = "Since Linux 6.7. Implies --landlock require.",
		.repeats = true,
		.rare = true,
	},
	{
		.name = "landlock-scope",
		.form = OPTION_VALUE,
		.argument = "LIST",
		.help = "what stays inside: abstract-unix,signal; none",
		.section = "Security",
		.set = set_landlock_scope,
		.choices = "abstract-unix|signal|none",
		.detail = "Both by default with --landlock. Since Linux 6.12.",
		.rare = true,
	},
};

static enum landlock_mode mode_of(const struct landlock_spec *part)
{
	if (part->mode != LANDLOCK_UNSAID)
		return part->mode;
	return part->n_paths || part->tcp || (part->scope_set && part->scoped) ? LANDLOCK_REQUIRE :
										 LANDLOCK_OFF;
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct landlock_spec *part = spec_part(spec, &feature_landlock);

	(void)error;
	if (mode_of(part) != LANDLOCK_OFF)
		facts->landlock_abi = landlock_abi(&part->why);
	return 0;
}

/* A place that was or may be mounted: read and execute, and write as its mount says. */
static int follow(struct plan *plan, struct landlock_path **list, size_t *n, const char *path)
{
	struct landlock_path *rule;

	for (size_t i = 0; i < *n; i++)
		if (strcmp((*list)[i].path, path) == 0)
			return 0;
	rule = arena_grow(&plan->arena, list, n, sizeof(*rule));
	if (!rule)
		return -ENOMEM;
	*rule = (struct landlock_path){
		.path = path,
		.access = LANDLOCK_READ | LANDLOCK_EXECUTE | LANDLOCK_WRITE,
		.follow = true,
		.optional = true,
	};
	return 0;
}

/* Where a mount of the user's went: as it was written, from where relative paths are counted. */
static const char *absolute(struct plan *plan, const char *target)
{
	if (target[0] == '/')
		return target;
	if (target[0] == '~' && (target[1] == '/' || !target[1]))
		return arena_printf(&plan->arena, "%s%s",
				    plan->settled.home ? plan->settled.home : "", target + 1);
	return arena_printf(&plan->arena, "%s/%s", plan->facts->cwd ? plan->facts->cwd : "",
			    target);
}

static int follow_mounts(struct plan *plan, struct landlock_rules *rules)
{
	const char *const usual[] = {
		"/",    "/dev", "/proc", "/run", "/sys", "/tmp", "/var",
		plan->settled.home, plan->settled.workdir, plan->facts->cwd,
	};
	const struct spec_mounts *mounts = &plan->spec->mounts;
	struct landlock_path *list = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(usual) && r == 0; i++)
		if (usual[i] && usual[i][0] == '/')
			r = follow(plan, &list, &n, usual[i]);
	for (size_t i = 0; i < mounts->n_list && r == 0; i++) {
		const char *path = absolute(plan, mounts->list[i].target);

		r = path ? follow(plan, &list, &n, path) : -ENOMEM;
	}
	rules->paths = list;
	rules->n_paths = n;
	return r;
}

/* What the ABI lacks of what is wanted, by name; REQUIRED gets what was expressly asked for. */
static void compare(const struct landlock_spec *part, const struct landlock_rules *rules, int abi,
		    struct buf *left_out, struct buf *required)
{
	const struct {
		int abi;
		bool wanted, asked;
		const char *name;
	} parts[] = {
		/* Read-only mounts forbid these two as well, so only named paths depend on them. */
		{ LANDLOCK_ABI_TRUNCATE, true, part->n_paths > 0, "truncating files" },
		{ LANDLOCK_ABI_TCP, part->tcp, part->tcp, "TCP ports" },
		{ LANDLOCK_ABI_IOCTL_DEV, true, false, "ioctl of devices" },
		{ LANDLOCK_ABI_SCOPE, rules->handled.scoped != 0, part->scope_set, "scopes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (abi >= parts[i].abi || !parts[i].wanted)
			continue;
		buf_printf(left_out, "%s%s", left_out->used ? ", " : "", parts[i].name);
		if (parts[i].asked)
			buf_printf(required, "%s%s", required->used ? ", " : "", parts[i].name);
	}
}

static int none_here(struct plan *plan, const struct landlock_spec *part, struct inro_error *error)
{
	bool disabled = part->why == -EOPNOTSUPP;

	if (mode_of(part) == LANDLOCK_AUTO) {
		plan_applied(plan, "landlock", "none: %s",
			     disabled ? "disabled at boot" : "not in this kernel");
		return 0;
	}
	fail_host(error, INRO_ERROR_HOST, part->why < 0 ? part->why : -EOPNOTSUPP, "--landlock",
		  disabled ? "this kernel has Landlock, but it was not enabled at boot" :
			     "this kernel has no Landlock, or a filter around inro hides it");
	error_hint(
		error,
		disabled ?
			"add landlock to the lsm= parameter of the kernel, or use --landlock auto" :
			"use --landlock auto to go without it");
	return part->why < 0 ? part->why : -EOPNOTSUPP;
}

static int make_rules(struct plan *plan, const struct landlock_spec *part,
		      struct landlock_rules *rules)
{
	rules->handled = (struct kernel_landlock_ruleset){
		.handled_access_fs = LANDLOCK_READ | LANDLOCK_EXECUTE | LANDLOCK_WRITE,
		.handled_access_net = part->tcp ? TCP_ALL : 0,
		.scoped = part->scope_set ? part->scoped : SCOPE_ALL,
	};
	rules->ports = part->ports;
	rules->n_ports = part->n_ports;
	if (!part->n_paths)
		return follow_mounts(plan, rules);
	rules->paths = part->paths;
	rules->n_paths = part->n_paths;
	return 0;
}

static int add_step(struct plan *plan, const struct landlock_spec *part,
		    struct landlock_rules *rules, struct inro_error *error)
{
	cleanup_buf struct buf left_out = { 0 }, required = { 0 };
	int abi = plan->facts->landlock_abi;

	compare(part, rules, abi, &left_out, &required);
	if (required.used && mode_of(part) == LANDLOCK_REQUIRE) {
		fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, "--landlock",
			  "this kernel's Landlock (version %d) cannot restrict: %s", abi,
			  buf_text(&required));
		error_hint(error, "use --landlock auto to go without");
		return -EOPNOTSUPP;
	}
	landlock_reduce(rules, abi);
	plan_add(plan, STAGE_LANDLOCK, &kind_landlock, NULL,
		 part->n_paths ? "asked for" : "a second wall behind the mounts", rules);
	plan_applied(plan, "landlock", "version %d: files%s%s%s%s%s", abi,
		     rules->handled.handled_access_net ? ", TCP" : "",
		     rules->handled.scoped & LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET ?
			     ", abstract sockets" :
			     "",
		     rules->handled.scoped & LANDLOCK_SCOPE_SIGNAL ? ", signals" : "",
		     left_out.used ? "; left out: " : "", buf_text(&left_out));
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct landlock_spec *part = spec_part(plan->spec, &feature_landlock);
	struct landlock_rules *rules;

	if (mode_of(part) == LANDLOCK_OFF)
		return 0;
	if (plan->spec->nestable) {
		if (mode_of(part) == LANDLOCK_REQUIRE)
			return fail_usage(error, "--landlock",
					  "forbids mounting, which --nestable is there to allow");
		plan_note(
			plan,
			"no Landlock with --nestable: it would forbid containers inside to mount");
		return 0;
	}
	if (plan->facts->landlock_abi == 0)
		return none_here(plan, part, error);
	rules = arena_alloc(&plan->arena, sizeof(*rules));
	if (!rules || make_rules(plan, part, rules) < 0)
		return fail_memory(error);
	return add_step(plan, part, rules, error);
}

const struct feature feature_landlock = {
	.name = "landlock",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct landlock_spec),
	.gather = gather,
	.resolve = resolve,
};

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_HOSTS_H
#define TEST_HOSTS_H

/*
 * Recorded facts of several hosts and callers, and plans resolved from them: nothing here looks at
 * this machine. Also used by the fuzzers.
 */

#include <stdint.h>
#include <string.h>

#include "inro/run.h"
#include "kernel/constants.h"
#include "resolve/journal.h"
#include "resolve/resolve.h"

enum host {
	HOST_ROOT,      /* Debian, merged /usr; root in /srv/work */
	HOST_USER,      /* the same; an ordinary user without subordinate ids */
	HOST_SUBIDS,    /* with them */
	HOST_NO_HELPER, /* with them, but newuidmap is not installed */
	HOST_OLD,       /* /bin and /lib are directories of their own */
	HOST_NIX,       /* /nix, and nearly nothing in /usr */
	HOST_NESTED,    /* root of a user namespace with one id, in a container with masked /proc */
	HOST_NO_CWD,    /* the working directory was removed */
	HOST_HOME,      /* it is the user's home */
	HOST_SYSTEM,    /* it is /usr/src */
	HOST_SLASH,     /* it is / */
	HOST_PRIVATE,   /* it is /tmp */
	HOST_TTY,       /* an interactive shell: terminals on 0, 1 and 2 */
	HOST_ODD, /* nothing as it should be: escapes in names, no home, no devices to speak of */
	N_HOSTS,
};

static struct root_entry debian_roots[] = {
	{ "usr", NULL },      { "bin", "usr/bin" },     { "sbin", "usr/sbin" },
	{ "lib", "usr/lib" }, { "lib64", "usr/lib64" }, { "etc", NULL },
	{ "opt", NULL },
};
static struct root_entry old_roots[] = {
	{ "usr", NULL },   { "bin", NULL }, { "sbin", NULL }, { "lib", NULL },
	{ "lib64", NULL }, { "etc", NULL }, { "opt", NULL },
};
static struct root_entry nix_roots[] = {
	{ "usr", NULL },
	{ "bin", NULL },
	{ "etc", NULL },
	{ "nix", NULL },
};
static struct id_range all_ids[] = { { 0, 0, UINT32_MAX } };
static struct id_range one_id[] = { { 0, 1000, 1 } };
static struct id_range sub_ids[] = { { 0, 100000, 65536 } };

static inline void host_facts(enum host host, struct facts *ret)
{
	const bool root = host == HOST_ROOT || host == HOST_NESTED;
	struct facts facts = {
		.uid = root ? 0 : 1000,
		.gid = root ? 0 : 1000,
		.caps = root ? 0x1ffffffffffULL : 0,
		.may_mount = root,
		.initial_userns = true,
		.own_uids = all_ids, .own_gids = all_ids, .n_own_uids = 1, .n_own_gids = 1,
		.max_user_namespaces = 10000,
		.cwd = "/srv/work",
		.home = root ? "/root" : "/home/ann",
		.user = root ? "root" : "ann",
		.roots = debian_roots, .n_roots = ARRAY_SIZE(debian_roots),
		.subids.looked_up = true,
		.landlock_abi = 4,
		.cgroup = {
			.gathered = true, .layout = CGROUP_V2, .name = "inro-1", .mount = "/sys/fs/cgroup",
			.own_path = "/user.slice/test", .own_writable = true, .delegated = true,
			.top = ~0U, .own = ~0U, .above = ~0U, .own_divided = true,
		},
	};

	switch (host) {
	case HOST_SUBIDS:
	case HOST_NO_HELPER:
		facts.subids.uids = facts.subids.gids = sub_ids;
		facts.subids.n_uids = facts.subids.n_gids = 1;
		facts.subids.newuidmap = host == HOST_SUBIDS ? "/usr/bin/newuidmap" : NULL;
		facts.subids.newgidmap = host == HOST_SUBIDS ? "/usr/bin/newgidmap" : NULL;
		break;
	case HOST_OLD:
		facts.roots = old_roots;
		break;
	case HOST_NIX:
		facts.roots = nix_roots;
		facts.n_roots = ARRAY_SIZE(nix_roots);
		break;
	case HOST_NESTED:
		facts.initial_userns = false;
		facts.own_uids = facts.own_gids = one_id;
		facts.setgroups_denied = true;
		facts.proc_masked = true;
		break;
	case HOST_NO_CWD:
		facts.cwd = NULL;
		break;
	case HOST_HOME:
		facts.cwd = facts.home;
		break;
	case HOST_SYSTEM:
		facts.cwd = "/usr/src";
		break;
	case HOST_SLASH:
		facts.cwd = "/";
		break;
	case HOST_PRIVATE:
		facts.cwd = "/tmp";
		break;
	case HOST_TTY:
		facts.is_tty[0] = facts.is_tty[1] = facts.is_tty[2] = facts.error_same_tty = true;
		break;
	case HOST_ODD:
		facts.cwd = "/srv/\x1b[2J\n\xff:x";
		facts.home = "/";
		facts.user = NULL;
		facts.n_roots = 0;
		facts.landlock_abi = 0;
		facts.resolv_conf = "/run/x/resolv.conf";
		break;
	default:
		break;
	}
	*ret = facts;
}

/* A plan for a host from options, as the command line would say them. */
struct resolved {
	struct inro_spec *journal;
	struct spec *spec;
	struct facts facts;
	struct plan *plan;
	struct inro_error error;
};

static inline void resolved_free(struct resolved *resolved)
{
	resolved->plan = plan_free(resolved->plan);
	facts_deinit(&resolved->facts);
	resolved->spec = spec_free(resolved->spec);
	resolved->journal = inro_spec_free(resolved->journal);
}

/* OPTIONS: name, value, name, value, …, NULL. 0, or what the first that failed returned. */
static inline int resolved_make(struct resolved *ret, enum host host, const char *const options[],
				const char *const args[])
{
	int r = 0;

	*ret = (struct resolved){ .journal = inro_spec_new() };
	host_facts(host, &ret->facts);
	for (size_t i = 0; options && options[i] && r == 0; i += 2)
		r = journal_say(ret->journal, options[i], options[i + 1], ORIGIN_USER, &ret->error);
	if (r == 0 && args)
		r = inro_spec_set_args(ret->journal, args, &ret->error);
	if (r == 0)
		r = journal_make_spec(ret->journal, &ret->spec, &ret->error);
	if (r == 0)
		r = resolve_plan(ret->spec, &ret->facts, &ret->plan, &ret->error);
	return r;
}

#endif

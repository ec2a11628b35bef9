/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_FACTS_H
#define PLAN_FACTS_H

/*
 * The facts: what the host and the caller are, as far as a plan depends on it. Gathered once by
 * the features' gather() before resolving, which itself touches nothing; tests feed recorded ones.
 * Data only; all memory belongs to the arena.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "plan/spec.h"

/* A system directory of the host's root: a directory, or a link as merged-/usr has it. */
struct root_entry {
	const char *name; /* "bin" */
	const char *link; /* where the link points ("usr/bin"), NULL for a directory */
};

enum cgroup_layout {
	CGROUP_NONE,
	CGROUP_V2,
	CGROUP_HYBRID, /* v1 controllers, and a v2 hierarchy without them */
	CGROUP_V1,
};

/* A mounted v1 hierarchy, and which group of it the caller is in. */
struct cgroup_v1 {
	const char *controllers; /* "memory", "cpu,cpuacct" */
	const char *mount;
	const char *own_path;    /* from the mount; NULL where the mount does not show it */
	bool writable;           /* the caller may make groups below own_path */
};

struct cgroup_facts {
	bool gathered;           /* only where something asks for a cgroup */
	bool all_v1;             /* set before: v1 hierarchies of which inro uses nothing shall be listed, too */
	enum cgroup_layout layout;
	const char *name;        /* how this container's groups are going to be called */
	const char *mount;       /* of the v2 hierarchy; NULL */
	const char *own_path;    /* the caller's v2 group, from the mount: "/user.slice/..."; NULL */
	bool real_root;          /* the mount shows the hierarchy's very top, not a container's own group */
	bool top_writable, own_writable, above_writable; /* groups may be made there; above: beside one's own */
	bool delegated;          /* systemd marked the own group as handed over (Delegate=yes) */
	unsigned n_others;       /* other processes that live right in the own group */
	unsigned top, own, above; /* controllers that groups below may get, bits of CGROUP_BIT() */
	bool own_divided;        /* groups below the own one have controllers already */
	struct cgroup_v1 *v1;
	size_t n_v1;
};

struct subid_facts {
	bool looked_up;
	struct id_range *uids, *gids; /* .outer and .count are set */
	size_t n_uids, n_gids;
	const char *newuidmap, *newgidmap; /* absolute paths; NULL where not installed */
};

struct project;

struct facts {
	struct arena arena;
	uint32_t uid, gid;   /* effective, in the caller's user namespace */
	uint32_t *groups;
	size_t n_groups;
	uint64_t caps;       /* effective */
	bool may_mount;      /* they hold over the mount namespace too, which may be a parent's */
	bool initial_userns; /* the caller's ids are the host's: the whole range maps to itself */
	bool setgroups_denied;
	struct id_range *own_uids, *own_gids; /* the caller's own maps, where not initial */
	size_t n_own_uids, n_own_gids;
	bool chrooted;       /* the root is not its mount's: a user namespace would be refused */
	bool proc_masked;    /* a mount covers part of /proc: a new procfs will be refused */
	unsigned max_user_namespaces; /* /proc/sys/user/max_user_namespaces */
	const char *cwd;     /* NULL where it is unreachable */
	const char *home;    /* $HOME, or the passwd file's */
	const char *user;    /* $USER, or the passwd file's; NULL */
	struct root_entry *roots;
	size_t n_roots;
	const char *resolv_conf; /* where /etc/resolv.conf really is, when it is a link; NULL */
	bool is_tty[3];
	bool error_same_tty; /* standard error is the same terminal as standard output */
	struct cgroup_facts cgroup;
	struct subid_facts subids;
	struct project *project; /* what --guard-project found (mount/project.h); NULL */
	int landlock_abi;    /* 0 = none */
	const uint64_t *rlimit_hard; /* inherited hard limits by RLIMIT_*; NULL where none is to be set */
};

/* Does the caller have this capability, here? */
static inline bool facts_has_cap(const struct facts *facts, int capability)
{
	return facts->caps >> capability & 1;
}

#endif

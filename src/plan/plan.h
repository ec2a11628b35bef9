/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

/*
 * The plan: the ordered list of steps that start one container, with everything that a step needs
 * prepared beforehand. Resolving makes it, --explain tells it, the engine walks it.
 *
 * A step belongs to a stage; the stages, in this order, are the recipe of every start. Within a
 * stage steps run in the order in which they were added. The stage decides the lane: who runs the
 * step, and whether it may allocate.
 *
 * Descriptors that one step opens and another uses live in slots: numbers known to the plan, filled
 * while it runs. The child starts with a copy of the parent's slots (and of its descriptors).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "plan/facts.h"
#include "plan/spec.h"

struct buf;
struct inro_error;
struct ns_join;
struct run;
struct plan;
struct step;

enum stage {
	/* Parent, before there is a child. May allocate; is undone in reverse order. */
	STAGE_OPEN,       /* open what comes from the host; compile filters; make memfds */
	STAGE_CGROUP,     /* make the cgroup and set its limits */
	STAGE_ENTER,      /* what the parent must join so that its child is born there (pid, time) */
	STAGE_CLONE,      /* the one clone3; the parent goes back to its own namespaces */
	/* Parent, while the child waits for its release. */
	STAGE_MAP,        /* id maps, membership of v1 cgroups */
	STAGE_RELEASE,
	/* Parent, while the child works. */
	STAGE_MEANWHILE,  /* what takes time and that the child does not wait for: the record */
	STAGE_CALLED,     /* asked for by the child, which waits in STAGE_CALL: hooks of the host's */
	STAGE_HANDED,     /* asked for by the child, which has filled plan->handed_slot: its listener */
	/* Child, from here to exec: no allocation, no formatting, no locks. */
	STAGE_GUARD,      /* die with the parent; not dumpable */
	STAGE_JOIN,       /* join what is to be joined */
	STAGE_BECOME,     /* root of the new user namespace; propagation */
	STAGE_SOURCE,     /* clone the mount trees of sources, while the mounts are still the host's */
	STAGE_ROOT,       /* the new root, attached */
	STAGE_MOUNT,      /* everything on it, parents before children */
	STAGE_MASK,       /* masked and read-only paths; the root itself */
	STAGE_CALL,       /* everything is mounted, the old root still there: call the parent, hooks */
	STAGE_PIVOT,      /* the new root becomes "/", the old one goes */
	STAGE_SYSTEM,     /* host name, sysctl, loopback, labels */
	STAGE_TTY,        /* session and terminal */
	STAGE_PROCESS,    /* limits, priorities, working directory, signals */
	STAGE_BOUND,      /* capability bounding set, keep-caps */
	STAGE_IDS,        /* groups and ids */
	STAGE_DEATH,      /* after the ids changed: die with the parent, again */
	STAGE_PRIVS,      /* no_new_privs; the filter where there is no no_new_privs */
	STAGE_LANDLOCK,
	STAGE_FDS,        /* close what is not to be passed on */
	STAGE_CAPS,       /* the last capabilities */
	STAGE_WAIT,       /* created: wait until somebody starts the command; hooks right before it */
	STAGE_SECCOMP,
	STAGE_EXEC,
	/* Parent, once the command runs. */
	STAGE_STARTED,    /* state record, reports */
	N_STAGES,
};

enum lane {
	LANE_PARENT, /* before clone, and while the child waits */
	LANE_CHILD,
	LANE_STARTED,
};

struct stage_info {
	const char *name;
	enum lane lane;
	const char *title; /* heading in --explain */
};

extern const struct stage_info stage_info[N_STAGES];

/* Slots that several subjects know; plan_slot() gives out further ones. */
enum slot {
	SLOT_NONE,
	SLOT_CHANNEL,    /* this side's end of the socket pair between parent and child */
	SLOT_CHILD_CHANNEL, /* the child's end, in the parent until the child is cloned */
	SLOT_HOST_PROC,  /* the parent's verified /proc */
	SLOT_ROOT,       /* the new root's mount */
	SLOT_SCRATCH,    /* a private tmpfs for files, overlay layers and masks; goes with the old root */
	SLOT_CGROUP,     /* the container's v2 cgroup directory, for CLONE_INTO_CGROUP */
	SLOT_USERNS,     /* the user namespace of id-mapped mounts */
	SLOT_PTS,        /* the container's own devpts: the root directory of that mount */
	SLOT_PTY_MASTER,
	SLOT_PTY_SLAVE,
	SLOT_STDIN,      /* what the child's 0, 1, 2 become, where they are not the caller's own */
	SLOT_STDOUT,
	SLOT_STDERR,
	SLOT_INIT,       /* the sealed copy of inro's own PID 1 */
	SLOT_STATE,      /* the directory of the records */
	SLOTS_FIXED,
};

/*
 * What a kind of step is: one constant table entry, beside the code that runs it.
 */
struct step_kind {
	const char *name; /* "mount-proc": stable, in --explain=json, --trace and errors */
	const char *what; /* the same in words: "mount proc" */
	const char *calls; /* the system calls it makes, for --explain: "fsopen, fsmount, move_mount" */

	/* Do it. Child lane: prepared data and sys_*() only; report with error_raw(). */
	int (*run)(struct run *run, const struct step *step, struct inro_error *error);

	/* Undo it, in the parent, on failure and when the container has ended. May be NULL. */
	void (*undo)(struct run *run, const struct step *step);

	/* Add to a sentence what is particular, for --explain ("nosuid, noexec, subset=pid"). May be NULL. */
	void (*tell)(const struct step *step, struct buf *text);

	/*
	 * The parent, after a failure: add cause and remedy to the error by its errno, with what is
	 * known of the host. May be NULL.
	 */
	void (*advise)(const struct step *step, const struct plan *plan, struct inro_error *error);
};

struct step {
	const struct step_kind *kind;
	enum stage stage;
	int number;           /* from 1, once the plan is sealed */
	const char *object;   /* what it works on, for people: "/proc"; NULL */
	const char *why;      /* the reason, a clause: "a PID namespace needs its own procfs" */
	const char *fallback; /* the second way and when it is taken; NULL where there is none */
	const void *args;     /* the kind's own, in the plan's arena */
	bool optional;        /* a failure is reported, not fatal */
	bool may_block;       /* it waits for somebody else: the parent must stay awake meanwhile */
	bool again;           /* of STAGE_CGROUP: once more where the kernel takes no child into the group */
};

/* What features agree on before they add steps; settled in the order of the feature table. */
struct settled {
	uint32_t ns_new;     /* bit mask of kinds to create */
	uint32_t ns_join;    /* bit mask of kinds to join */
	/* Why a kind that is joined must not be the caller's own: what would happen to it; NULL = it may be. */
	const char *changed[NS_KINDS];
	bool host_root;      /* the host's root user is mapped in: its files and /proc must be guarded */
	struct id_range *uids, *gids; /* the maps of the new user namespace */
	size_t n_uids, n_gids;
	bool maps_by_helper; /* newuidmap writes them */
	bool deny_setgroups;
	uint32_t uid, gid;   /* the command's ids, inside */
	const uint32_t *groups; /* its supplementary groups; n_groups may be 0 */
	size_t n_groups;
	bool own_root;       /* the root file system is built or changed */
	bool no_new_privs;
	uint64_t caps;       /* the command's capabilities: permitted, effective, bounding, ambient */
	enum tty_mode tty;   /* NEW, SHARE or NONE: no longer AUTO */
	bool own_devpts;     /* SLOT_PTS will be there when the child comes to STAGE_TTY */
	bool filter_tty_input; /* the caller's terminal is handed in: TIOCSTI and TIOCLINUX must be denied */
	enum net_mode net;
	const char *const *args; /* the command */
	const char *const *argv0_args; /* the same under another name (--argv0); NULL */
	const char *const *exec_args; /* what is executed in its place, from exec_slot (inro's init) */
	int exec_slot;       /* SLOT_NONE: the command itself, looked up in the container's PATH */
	const char *const *env;  /* its environment, "NAME=value", NULL-terminated */
	size_t n_env;
	const char *workdir; /* inside; never NULL once settled */
	const char *home;    /* inside */
	bool wants_cgroup;   /* some limit or accounting needs one */
	bool own_cgroup2;    /* the root of its cgroup2 hierarchy will be a group of its own */
	bool wait_release;   /* the child waits for the parent before it goes on */
};

struct applied {
	const char *name;  /* "seccomp", "landlock", "memory": what was applied, for --status-fd */
	const char *value;
};

struct plan {
	struct arena arena;
	const struct spec *spec;
	const struct facts *facts;
	struct settled settled;
	struct step *steps;  /* by stage once sealed */
	size_t n_steps;
	int n_slots;
	int *transient;      /* slots that the parent closes once the command runs */
	size_t n_transient;
	uint64_t clone_flags;
	const struct ns_join *joins; /* what is joined, open once STAGE_OPEN has done so (ns/join.h); NULL */
	const struct ns_join *clone_inside; /* what to be in while cloning (ns_join_clone()); NULL */
	struct applied *applied;
	size_t n_applied;
	const char **notes;  /* what the user should know, though nothing is wrong */
	size_t n_notes;
	int handed_slot;     /* a descriptor that the child hands to the parent before STAGE_HANDED; SLOT_NONE */
	int wait_slot;       /* where the child waits to be started; SLOT_NONE */
	int word_slot;       /* where the child says why exec failed, once its parent is gone; SLOT_NONE */
	bool trace;
	bool failed;         /* an allocation failed while steps were added */
};

/*
 * Add a step at the end of its stage. The strings and ARGS must live in the plan's arena or be
 * constants. Returns the step, to set its `fallback`; never NULL (a failed allocation is remembered
 * and makes plan_seal() return -ENOMEM).
 */
struct step *plan_add(struct plan *plan, enum stage stage, const struct step_kind *kind, const char *object,
		      const char *why, const void *args);

/* A new slot for a descriptor. */
int plan_slot(struct plan *plan);

/* The parent needs this slot for the start alone: it is closed there once the command runs. */
int plan_transient(struct plan *plan, int slot);

/*
 * Tell in the report that something was applied; a note for the user. Both are copied, with control
 * characters escaped.
 */
void plan_applied(struct plan *plan, const char *name, const char *format, ...) printf_like(3, 4);
void plan_note(struct plan *plan, const char *format, ...) printf_like(2, 3);

/* Sort by stage (stable) and number the steps. 0 or -ENOMEM. */
int plan_seal(struct plan *plan);

#endif

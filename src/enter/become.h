/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_BECOME_H
#define ENTER_BECOME_H

/*
 * What a process does once it is in its namespaces and before it is the command: root and working
 * directory, mounts of procfs and binfmt_misc, ids, capabilities, label, and exec. Prepared as data;
 * become_command() is child-safe.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "enter/program.h"

struct become_caps {
	uint64_t bounding, permitted, effective, inheritable, ambient;
};

struct become {
	/* Mounts; they are made in a mount namespace that is the caller's own. */
	bool set_propagation;
	uint64_t propagation;   /* MS_PRIVATE, … */
	const char *proc_dir;   /* NULL: none */
	const char *binfmt_dir; /* NULL: none */
	const char *interpreter; /* what is to be registered there */

	const int *cgroup_fds; /* cgroup.procs of the groups to be in */
	size_t n_cgroup_fds;
	int root_fd;       /* opened before; or -EBADF */
	const char *root;  /* to be opened now; or NULL */
	int wd_fd;         /* the same for the working directory */
	const char *wd;

	bool set_gid, set_uid, drop_groups, keep_own; /* keep_own: where these ids do not exist, stay */
	uid_t uid;
	gid_t gid;
	bool keep_caps;                /* make those of the user namespace ambient */
	const struct become_caps *caps; /* take on these; or NULL */
	bool no_new_privs;
	int proc_fd;                   /* the procfs that has a label to be written; or -EBADF */
	const char *label, *label_file; /* "attr/exec" below thread-self; or NULL */

	int death_signal;  /* sent to it when its parent ends; 0: none */
	int parent_fd;     /* end of file here says that the parent has ended; or -EBADF */
	const sigset_t *mask; /* to be restored; or NULL */
	struct program program;
};

#define BECOME_NULL { .root_fd = -EBADF, .wd_fd = -EBADF, .proc_fd = -EBADF, .parent_fd = -EBADF }

/* Returns only on failure, with the error filled as raw. */
int become_command(const struct become *become, struct inro_error *error);

/* The mounts of it alone, for who does something in between. */
int become_mount_proc(const char *dir, struct inro_error *error);
int become_set_propagation(uint64_t propagation, struct inro_error *error);

/* More words for an error of become_command(), for the parent. */
void become_explain(struct inro_error *error);

#endif

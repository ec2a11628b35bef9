/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_ENGINES_H
#define STATE_ENGINES_H

/*
 * The containers of other programs: what OCI runtimes (inro-oci, crun, runc) keep in their state
 * directories for Podman, CRI-O, containerd and Docker, under the names that their users know.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"

struct engine_container {
	const char *id;
	const char *name;     /* as its engine calls it; POD:CONTAINER of Kubernetes; its id where it has none */
	const char *nickname; /* of Kubernetes: the container's alone, which is not unique; NULL */
	const char *engine;   /* "inro-oci", "podman", "docker", "containerd", "kubernetes"; the runtime's name */
	const char *bundle;   /* NULL where it is not known */
	pid_t pid;            /* its PID 1, here */
	uint64_t start_ticks; /* of it; 0 where the engine does not keep it */
};

struct engines {
	const char *base;         /* put before /run and /var/lib; "" but in tests */
	uint32_t uid;
	bool in_userns;           /* in a user namespace: its root may be an ordinary user, as in `podman unshare` */
	const char *const *env;   /* of the caller, for XDG_RUNTIME_DIR, HOME, INRO_OCI_ROOT; may be NULL */
	int proc_fd;              /* a verified /proc */
};

/*
 * All that run now, in ARENA: a PID is believed only with its start time, or by the id in its cgroup's
 * path. What cannot be read is left away. 0 or -ENOMEM.
 */
int engines_load(const struct engines *engines, struct arena *arena, struct engine_container **ret, size_t *ret_n);

/*
 * The one that is called NAME: by its name, its whole id, or what only one is called: a nickname, or the
 * beginning of an id (six digits or more). NULL where there is none; *ret_several: where there are.
 */
const struct engine_container *engines_find(const struct engine_container *list, size_t n, const char *name,
					    bool *ret_several);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STATE_H
#define OCI_STATE_H

/*
 * What is kept of a container between the calls of its engine: the directory ROOT/ID with
 *
 *   state.json  what every verb but create needs, and no more: the parts of config.json that count
 *               later are in it, so that config.json is parsed once
 *   place.json  where its cgroups are, written before there is a process and so a state.json: what a
 *               creator that is killed leaves behind
 *   exec.fifo   there while the container is created and not started: `start` writes a byte there
 *   word.fifo   where the container's init says why exec failed; its end of file says that it did not
 *   seccomp.bpf the filter program for `exec`, where there is one
 *
 * Whoever changes the container holds a flock(2) on the directory. state.json is written beside and
 * renamed, so that a reader never sees half of one. Its process is believed only with its start time.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "oci/config.h"

struct inro_error;

#define OCI_STATE_FILE "state.json"
#define OCI_PLACE_FILE "place.json"
#define OCI_EXEC_FIFO "exec.fifo"
#define OCI_NEW_FIFO ".exec.fifo" /* its name until all is made; where nobody waits, a file that says so */
#define OCI_WORD_FIFO "word.fifo"
#define OCI_SECCOMP_FILE "seccomp.bpf"

enum oci_status {
	OCI_CREATING,
	OCI_CREATED,
	OCI_RUNNING,
	OCI_PAUSED,
	OCI_STOPPED,
};

/* Where its cgroups are. */
enum oci_cgroup_manager {
	OCI_CGROUP_NONE,     /* disabled: it stays in the caller's */
	OCI_CGROUP_FS,       /* cgroupfs */
	OCI_CGROUP_SYSTEMD,  /* a scope of systemd's */
};
struct oci_cgroup_place {
	enum oci_cgroup_manager manager;
	const char *scope;              /* with systemd: the unit's name */
	const char *v2;                 /* absolute path of the v2 directory; NULL */
	struct oci_strings v1;          /* absolute paths of the v1 directories, one a hierarchy */
	struct oci_strings v1_controllers; /* of each: "cpu,cpuacct" */
	bool v2_made, v1_made;          /* by this container's create, so removed by its delete */
	/* Not kept, from here on. Of a start that failed: did the kernel kill for want of memory? */
	bool was_oom;
	uint64_t memory_limit; /* 0 = none */
	int left;     /* a negative errno: one of those that were made could not be removed */
	bool removed; /* by somebody else's delete: what is there now under these names is not ours */
};

struct oci_state {
	const char *id, *bundle, *rootfs, *version;
	pid_t pid;            /* as the caller counts it; 0 before there is one */
	uint64_t pid_start;   /* ticks since boot, as PID/stat tells it */
	uint64_t created_ns;  /* CLOCK_REALTIME */
	uint32_t owner;       /* the user who created it */
	struct oci_annotation *annotations;
	size_t n_annotations;
	/* Parts of config.json as JSON texts, read by who needs them (oci/read.h); NULL where absent. */
	const char *process_json;     /* the defaults of `exec` */
	const char *hooks_json;       /* for start and delete */
	const char *resources_json;   /* as updated since */
	struct oci_cgroup_place cgroup;
	unsigned ns_kinds;    /* NS_BIT()s of the namespaces that are not the caller's */
	bool own_pids;        /* its PID namespace was made for it: nothing in that outlives its init */
	bool host_root;       /* the host's root is mapped in */
	const char *rdt_class; /* its class of resctrl; NULL */
	const char *rdt_dir;  /* what of that is to be removed by delete; NULL */
};

/* May a container have that id? [A-Za-z0-9_+.-]+, not "." nor "..". */
bool oci_id_ok(const char *id);

/*
 * The directory of all states: ROOT as given, /run/inro-oci for root, $XDG_RUNTIME_DIR/inro-oci for
 * others and for root of a user namespace that has one. Made (0700) with CREATE. A descriptor, or a
 * negative errno with the error filled.
 */
int oci_state_root(const char *root, bool create, struct inro_error *error);

/* Make the directory of a new container, locked: a descriptor. -EEXIST in words that engines know. */
int oci_state_new(int root_fd, const char *id, struct inro_error *error);

/*
 * Open that of one that is there: a descriptor; LOCK waits for whoever changes it, and if that was its
 * removal, takes what is there under that name then. -ENOENT with
 * "container does not exist" in the error, which engines look for.
 */
int oci_state_open(int root_fd, const char *id, bool lock, struct inro_error *error);

/* Wait for the lock of an open one. -ENOENT if it has been removed by then. */
int oci_state_lock(int root_fd, const char *id, int dir_fd);

/* Write and read state.json. Reading fills only what it holds; -ENOENT while it is being created. */
int oci_state_write(int dir_fd, const struct oci_state *state, struct inro_error *error);
int oci_state_read(int dir_fd, struct arena *arena, struct oci_state *ret, struct inro_error *error);

/*
 * All three for a verb: the directory of states of ROOT, in it that of container ID, and what it holds.
 * The descriptor of the container's directory, or a negative errno with the error filled.
 */
int oci_state_find(const char *root, const char *id, bool lock, struct arena *arena, struct oci_state *ret,
		   struct inro_error *error);

/* Write and read place.json. -ENOENT where there is none, or it was not written to its end. */
int oci_state_write_place(int dir_fd, const struct oci_cgroup_place *place, struct inro_error *error);
int oci_state_read_place(int dir_fd, struct arena *arena, struct oci_cgroup_place *ret);

/* Remove the directory, which the caller has locked, with what is in it. 0 where it is gone already. */
int oci_state_remove(int root_fd, const char *id, int dir_fd);

/*
 * A pidfd of its init, believed only with its start time; -ESRCH when it has ended (also while it is a
 * zombie that nobody has reaped).
 */
int oci_state_pidfd(const struct oci_state *state);

/* What it is now: by its process, exec.fifo and its cgroup's freezer. */
enum oci_status oci_state_status(int dir_fd, const struct oci_state *state);
const char *oci_status_name(enum oci_status status);

/*
 * The state as hooks and `state` print it: ociVersion, id, status, pid (left away when 0), bundle,
 * annotations. Compact, "/" not escaped. In the arena; NULL when out of memory.
 */
const char *oci_state_json(const struct oci_state *state, enum oci_status status, pid_t pid,
			   struct arena *arena);

#endif

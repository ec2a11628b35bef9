/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INRO_NS_H
#define INRO_NS_H

/*
 * Namespaces: opening, comparing, joining and holding them, and the graph of those of a host.
 *
 *	int fd = inro_ns_open("1234", INRO_NS_NET, &error);
 *	int own = inro_ns_open_self(INRO_NS_NET, 0, &error);
 *	if (inro_ns_same(fd, own) == 0)
 *		inro_ns_join(&fd, 1, &error);
 *
 * A namespace is a descriptor: it holds the namespace while it is open, is close-on-exec, belongs
 * to the caller, and is closed with close(2). Functions that open one return it; the others return
 * 0; all return a negative errno on failure, leave their outputs untouched then, and fill *error
 * (which may be NULL) with the cause in words. Nothing here needs anything else of the library.
 *
 * Linux 6.1 is enough for all of it; what later kernels add is said with each function.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <inro/error.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The kinds, in the order of their names under /proc/PID/ns. */
enum inro_ns_kind {
	INRO_NS_CGROUP,
	INRO_NS_IPC,
	INRO_NS_MNT,
	INRO_NS_NET,
	INRO_NS_PID,
	INRO_NS_TIME,
	INRO_NS_USER,
	INRO_NS_UTS,
	INRO_NS_KINDS, /* how many there are */
};

/* A set of kinds. */
#define INRO_NS_BIT(kind) (1U << (kind))
#define INRO_NS_ALL (INRO_NS_BIT(INRO_NS_KINDS) - 1)

/* "mnt"; NULL for what is no kind. */
const char *inro_ns_kind_name(enum inro_ns_kind kind);

/* A kind by its name ("mnt", "mount") or by the letter that util-linux has for it. -EINVAL. */
int inro_ns_kind_parse(const char *text, enum inro_ns_kind *ret);

/*
 * A list of kinds: "pid,uts", "all", "all,-time", "none", "Uimp". A list that begins with a sign
 * begins from DEFAULTS: "-net". -EINVAL.
 */
int inro_ns_kinds_parse(const char *text, unsigned defaults, unsigned *ret,
			struct inro_error *error);

/*
 * Open the namespace of a kind that a target stands for: "1234" or "/proc/1234", a process or
 * thread; "web:7", the process with PID 7 inside of web; "/run/netns/web", any file of a namespace;
 * "web", a name of ip netns; "4026532204", "pid:[4026532204]", a namespace by its number.
 * -ESRCH: no such process, or it has ended. -ENOENT: no such name or namespace. -EACCES: not yours
 * to see (it takes the rights of ptrace(2)). -EINVAL: the text means nothing, or two things.
 */
int inro_ns_open(const char *target, enum inro_ns_kind kind, struct inro_error *error);

/* With the next two: the namespace that children will be born in (of pid and time). */
#define INRO_NS_FOR_CHILDREN 1U

/*
 * The namespace that the process (thread) of a pidfd is in. By pidfd alone since 6.11, by procfs
 * before, where the PID namespace for children is -ENOENT until it has a process. -ESRCH: it has
 * ended, also as a zombie. -EACCES: as above. -EOPNOTSUPP: the kernel lacks the kind.
 */
int inro_ns_open_pidfd(int pidfd, enum inro_ns_kind kind, unsigned flags, struct inro_error *error);

/* A namespace of the calling thread. */
int inro_ns_open_self(enum inro_ns_kind kind, unsigned flags, struct inro_error *error);

/*
 * A namespace by a file below DIR_FD (AT_FDCWD): /proc/PID/ns/KIND, or what one was mounted on.
 * *ret_kind (may be NULL) says of which kind. -EINVAL: the file is none.
 */
int inro_ns_open_file(int dir_fd, const char *path, enum inro_ns_kind *ret_kind,
		      struct inro_error *error);

/* Of which kind a descriptor is. -EINVAL: of none. */
int inro_ns_kind(int fd, enum inro_ns_kind *ret, struct inro_error *error);

/* Which namespace it is. */
struct inro_ns_id {
	uint64_t device, inode; /* the same for two descriptors exactly if the namespace is */
	uint64_t unique;        /* never used again on this host until it reboots; 6.18, 0 before */
};
int inro_ns_identify(int fd, struct inro_ns_id *ret, struct inro_error *error);

/* 1 where both are the same namespace, 0 where not, or a negative errno. */
int inro_ns_same(int a_fd, int b_fd);

/*
 * Open the namespace above: of a PID or user namespace. -EPERM: there is none, or it is above the
 * caller's own. -EINVAL: the kind has none.
 */
int inro_ns_parent(int fd, struct inro_error *error);

/* Open the user namespace that owns it; that of a user namespace is its parent. -EPERM: as above. */
int inro_ns_owner(int fd, struct inro_error *error);

/* Who made a user namespace: a uid in the caller's, the overflow uid where it has none there. */
int inro_ns_owner_uid(int fd, uid_t *ret, struct inro_error *error);

/*
 * Join namespaces, for the calling thread; at most one of each kind, in any order: it is joined in
 * one that works, the user namespace last where the caller has rights outside of it, and first
 * where it gets its rights there. What one is in already is left away. On failure some may have
 * been joined. A PID namespace counts for children born from then on.
 * -EPERM: no CAP_SYS_ADMIN here or there. -EINVAL: not a namespace; a PID namespace that is not the
 * caller's or below it; mnt or user in a process with several threads (time: -EUSERS). -ESRCH: a
 * PID namespace whose PID 1 has ended, where fork would say ENOMEM.
 */
int inro_ns_join(const int fds[], size_t n, struct inro_error *error);

/*
 * Join those KINDS of the process of a pidfd, at once. An ordinary user who owns the process's user
 * namespace names INRO_NS_USER among them. Errors as above, and inro_ns_open_pidfd()'s.
 */
int inro_ns_join_pidfd(int pidfd, unsigned kinds, struct inro_error *error);

/* Can a PID namespace take a process? */
enum inro_ns_pid_state {
	INRO_NS_PID_ALIVE,   /* it has its PID 1 */
	INRO_NS_PID_UNBORN,  /* it has had none yet: the first process in it becomes PID 1 */
	INRO_NS_PID_DEAD,    /* its PID 1 has ended: it takes no process any more */
	INRO_NS_PID_UNKNOWN, /* not to be found out, for lack of rights */
};
/* May start, and wait for, a short-lived child; before 6.11 looks at every process. */
enum inro_ns_pid_state inro_ns_pid_state(int fd);

/*
 * Hold the namespace by a mount on a new file, until it is dropped. -EEXIST: there is such a file.
 * -EPERM: no CAP_SYS_ADMIN. -ELOOP: a mount namespace that is not younger than the caller's.
 */
int inro_ns_hold(int fd, const char *path, struct inro_error *error);

/*
 * Unmount and remove such a file. -EINVAL: it holds no namespace and is not empty; it is left.
 */
int inro_ns_drop(const char *path, struct inro_error *error);

/*
 * The namespaces of the host that can be found, and how they belong together.
 */

/* What is looked for beside the namespaces that processes are in. Each has its price. */
enum inro_ns_scan {
	INRO_NS_SCAN_DETAILS = 1 << 0,    /* user, parent, command of the first process of each */
	INRO_NS_SCAN_RELATIONS = 1 << 1,  /* parents and owners, also if nothing else holds them */
	INRO_NS_SCAN_MOUNTS = 1 << 2,     /* those mounted in the caller's mount namespace */
	INRO_NS_SCAN_CHILDREN = 1 << 3,   /* those that wait for their first process */
	INRO_NS_SCAN_THREADS = 1 << 4,    /* threads that are elsewhere than their process */
	INRO_NS_SCAN_FDS = 1 << 5,        /* those held by open descriptors */
	INRO_NS_SCAN_SOCKETS = 1 << 6,    /* network namespaces of sockets; CAP_NET_ADMIN */
	INRO_NS_SCAN_ALL_MOUNTS = 1 << 7, /* mounted in any mount namespace with a process */
};
#define INRO_NS_SCAN_USUAL (INRO_NS_SCAN_DETAILS | INRO_NS_SCAN_RELATIONS | INRO_NS_SCAN_MOUNTS)
#define INRO_NS_SCAN_EVERYTHING 0xffU

/* How a namespace was found: what holds it. A set. */
enum inro_ns_holder {
	INRO_NS_BY_PROCESS = 1 << 0,
	INRO_NS_BY_CHILDREN = 1 << 1,
	INRO_NS_BY_THREAD = 1 << 2,
	INRO_NS_BY_FD = 1 << 3,
	INRO_NS_BY_MOUNT = 1 << 4,
	INRO_NS_BY_SOCKET = 1 << 5,
	INRO_NS_BY_RELATION = 1 << 6, /* it is the parent or the owner of another */
};

struct inro_ns_graph;

/* One namespace. Strings are valid as long as the graph. */
struct inro_ns_info {
	enum inro_ns_kind kind;
	unsigned holders; /* enum inro_ns_holder */
	uint64_t inode;
	uint64_t unique;    /* 0 before 6.18, or without RELATIONS */
	uint64_t parent;    /* inode; 0: none, or unknown */
	uint64_t owner;     /* inode of a user namespace; 0: unknown */
	uint32_t owner_uid; /* of a user namespace: who made it; (uint32_t)-1 unknown */
	uint32_t n_processes, n_threads, n_fds, n_mounts, n_sockets;
	pid_t first_pid;     /* the lowest in it, otherwise of one that holds it; 0: none */
	pid_t first_ppid;    /* of that process; with DETAILS */
	uint32_t first_uid;  /* effective; with DETAILS; (uint32_t)-1 unknown */
	const char *command; /* not safe for a terminal; with DETAILS; NULL unknown */
	const char *path;    /* where it is mounted; NULL: nowhere */
	uint64_t path_in;    /* the mount namespace of that path; 0: the caller's */
};

/*
 * Look for the namespaces of KINDS; with RELATIONS the user namespaces that own them are there too.
 * What may not be seen is counted, and is no error. Starts a second thread where there are many
 * processes, and joins it. The graph is the caller's.
 */
int inro_ns_scan(unsigned kinds, unsigned flags, struct inro_ns_graph **ret,
		 struct inro_error *error);

/* Returns NULL. */
struct inro_ns_graph *inro_ns_graph_free(struct inro_ns_graph *graph);

/* The namespaces by kind, then by inode; NULL past the last. */
const struct inro_ns_info *inro_ns_graph_get(const struct inro_ns_graph *graph, size_t index);

/* The one with that inode, or NULL. */
const struct inro_ns_info *inro_ns_graph_find(const struct inro_ns_graph *graph, uint64_t inode);

/* The processes by PID: which, and in which namespace of a kind (inode; 0 unknown). 0 past the last. */
pid_t inro_ns_graph_pid(const struct inro_ns_graph *graph, size_t index);
uint64_t inro_ns_graph_ns(const struct inro_ns_graph *graph, size_t index, enum inro_ns_kind kind);

/* How many processes could not be looked at, for lack of rights. */
size_t inro_ns_graph_unseen(const struct inro_ns_graph *graph);

/* Does /proc count as another PID namespace than the caller's? Then PIDs above are not the caller's. */
bool inro_ns_graph_foreign(const struct inro_ns_graph *graph);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

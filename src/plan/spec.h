/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_SPEC_H
#define PLAN_SPEC_H

/*
 * The spec: what the user wants, and nothing about how. Data only.
 *
 * Every option is first written down in the journal (name, value, and who said so); the parts are
 * filled from it by the setters of the option tables, in the order preset, file, user, so that a
 * later and a closer word wins. The journal is what --save writes and what --explain shows.
 *
 * What one feature alone needs is its own part (see struct feature, spec_part()); what several
 * features read stands here. All memory belongs to the arena.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "plan/ns_kind.h"

struct feature;
struct oci_config;

enum setting_origin {
	ORIGIN_PRESET,
	ORIGIN_FILE,
	ORIGIN_USER,
};

struct setting {
	const char *name;  /* the option's long name, never an alias */
	const char *value; /* "true" or "false" for a flag; never NULL */
	enum setting_origin origin;
};

struct spec_part {
	const struct feature *feature;
	void *data;
};

struct spec_join {
	enum ns_kind kind;
	const char *target; /* in the grammar of targets */
	int fd;             /* or a namespace that the caller holds open; -EBADF where there is none */
	const char *field;  /* of a document: what asks for it, for errors; NULL */
};

struct spec_ns {
	const char *list; /* --ns as written; NULL = the default set */
	struct spec_join *joins;
	size_t n_joins;
	unsigned process_kinds; /* these are joined from the process of a pidfd, which the caller holds open */
	int process_fd;
};

/* How ids of a new user namespace are mapped. */
enum map_mode {
	MAP_DEFAULT, /* an ordinary user keeps its id, root maps 0 to 65535 to themselves */
	MAP_OWN,     /* the caller's id alone, as itself */
	MAP_ROOT,    /* the caller's id alone, as 0 */
	MAP_AUTO,    /* 0 upwards to the caller's subordinate ids */
	MAP_RANGES,  /* as given */
};

struct id_range {
	uint32_t inner, outer, count;
};

struct spec_ids {
	enum map_mode mode;
	struct id_range *uids, *gids; /* with MAP_RANGES; the gids are the uids where none were given */
	size_t n_uids, n_gids;
	bool user_set, group_set; /* -u UID[:GID]: ids inside the container */
	uint32_t uid, gid;
	uint32_t *groups;
	size_t n_groups;
	bool groups_set;
};

enum mount_type {
	MOUNT_BIND,
	MOUNT_TMPFS,
	MOUNT_DIR,     /* an empty directory of the root's own tmpfs */
	MOUNT_SYMLINK, /* a symbolic link, in a root of our own only */
	MOUNT_FILE,    /* a file with the given content */
	MOUNT_HIDE,    /* an empty read-only directory or file over what is there */
	MOUNT_PROC,
	MOUNT_SYSFS,
	MOUNT_CGROUP,
	MOUNT_DEV,     /* a tmpfs with the usual devices */
	MOUNT_MQUEUE,
};

struct spec_mount {
	enum mount_type type;
	const char *source; /* bind: host path; symlink: its target; file: its text */
	const char *target; /* absolute path inside */
	int source_fd;      /* file content or an opened source; -EBADF where there is none */
	bool read_only, recursive_off, optional;
	bool nosuid, nodev, noexec;
	bool exec_set, suid_set, dev_set; /* asked for expressly */
	bool create;        /* create a missing source directory */
	bool system;        /* one of the host's system directories */
	bool cwd;           /* the current directory, implied */
	bool file;          /* a system file, over which no layer can be put */
	bool own;           /* tmpfs: belongs to the command's ids */
	uint64_t size;      /* tmpfs: bytes, 0 = the kernel's default */
	uint32_t mode;      /* tmpfs, dir, file: permissions; 0 = the default of its type */
	const char *options; /* type-specific options as written ("subset=pid,hidepid=invisible") */
	const char *reason; /* why it is there, for --explain; NULL = because the user said so */
	enum setting_origin origin;
};

enum root_mode {
	ROOT_HOST,  /* the host's system directories, read-only, in a root of our own */
	ROOT_DIR,   /* another directory */
	ROOT_EMPTY, /* a root of our own with nothing of the host */
	ROOT_KEEP,  /* the caller's root as it is (no change of root) */
};

struct spec_root {
	enum root_mode mode;
	const char *dir;     /* with ROOT_DIR */
	bool read_only;
	bool overlay;        /* a writable layer over it */
	const char *overlay_dir; /* which stays in this directory; NULL = thrown away */
};

struct spec_mounts {
	struct spec_root root;
	struct spec_mount *list;
	size_t n_list;
	bool no_defaults;    /* nothing implied: no /proc, /dev, /tmp … (preset none) */
	bool toolchain;      /* with ROOT_EMPTY: /usr and what leads there */
	bool no_cwd;         /* the current directory is not made visible */
};

enum tty_mode {
	TTY_AUTO,
	TTY_NEW,
	TTY_SHARE,
	TTY_NONE,
};

enum net_mode {
	NET_DEFAULT,
	NET_NONE, /* a namespace of its own with loopback */
	NET_HOST,
	NET_JOIN,
};

struct spec_process {
	const char *const *args; /* the command, NULL-terminated; NULL = a shell */
	const char *argv0;
	const char *workdir;
	const char *const *host_env; /* the caller's environment, borrowed until the plan is made */
	bool init;               /* --init: inro's own PID 1 */
	bool new_privs;          /* no_new_privs is on unless this was asked for */
};

struct spec {
	struct arena arena;
	struct setting *settings;
	size_t n_settings;
	enum setting_origin applying; /* while setters run: who said what is being set */
	struct spec_part *parts; /* one per feature that this start has, in their order; see spec_part() */
	size_t n_parts;
	const struct oci_config *oci; /* what config.json says, where one is started (oci/config.h); NULL */

	struct spec_process process;
	struct spec_ns ns;
	struct spec_ids ids;
	struct spec_mounts mounts;
	enum tty_mode tty;
	enum net_mode net;
	const char *net_target;
	bool nestable;     /* a container inside must work: user namespaces and mounts allowed */
	bool bare;         /* mechanism only, nothing implied (preset none) */
	const char *name;  /* --name */
	bool detach;
	bool trace;
};

/*
 * An empty spec of a start that has these features, in this order; each part is initialized. *ret is
 * the caller's (spec_free(), which returns NULL). 0 or -ENOMEM.
 */
int spec_new(const struct feature *const features[], size_t n_features, struct spec **ret);
struct spec *spec_free(struct spec *spec);

/*
 * The part of the spec that belongs to FEATURE alone: spec_size bytes, zeroed and then passed to
 * its init() when the spec was made. Never NULL for a feature of the table.
 */
void *spec_part(const struct spec *spec, const struct feature *feature);

/* Add one mount at the end of the list: zeroed but for its type and target (copied), which the
 * caller completes. NULL when out of memory. */
struct spec_mount *spec_add_mount(struct spec *spec, enum mount_type type, const char *target);

#endif

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The facts that every plan needs: who the caller is, what its root looks like, where it stands.
 * Features with narrower questions gather their own.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/procfs.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"

extern const struct feature feature_host;

/* HOME and USER: the environment's word first, then the passwd file's (not NSS: inro may be static). */
static int gather_user(const struct spec *spec, struct facts *facts)
{
	const char *home = env_value(spec->process.host_env, "HOME");
	const char *user = env_value(spec->process.host_env, "USER");
	FILE *file = home && *home == '/' && user ? NULL : fopen("/etc/passwd", "re");
	struct passwd *entry;

	while (file && (entry = fgetpwent(file))) {
		if (entry->pw_uid != facts->uid)
			continue;
		if (!home || *home != '/')
			home = arena_strdup(&facts->arena, entry->pw_dir);
		if (!user)
			user = arena_strdup(&facts->arena, entry->pw_name);
		break;
	}
	if (file)
		fclose(file);
	facts->home = arena_strdup(&facts->arena, home && *home == '/' ? home : "/");
	facts->user = arena_strdup(&facts->arena, user);
	return facts->home ? 0 : -ENOMEM;
}

static int gather_ids(struct facts *facts)
{
	struct kernel_caps caps;
	int n, r;

	facts->uid = geteuid();
	facts->gid = getegid();
	r = sys_capget(&caps);
	if (r < 0)
		return r;
	facts->caps = caps.effective;
	n = getgroups(0, NULL);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	facts->groups = arena_array(&facts->arena, (size_t)n, sizeof(*facts->groups));
	if (!facts->groups)
		return -ENOMEM;
	n = getgroups(n, facts->groups);
	facts->n_groups = n > 0 ? (size_t)n : 0;
	return n < 0 ? -errno : 0;
}

/* The map of a user namespace that is not the initial one, as ranges. */
static int gather_map(struct facts *facts, const char *path, struct id_range **ret, size_t *ret_n)
{
	char text[16384], *save = NULL;
	ssize_t n = fd_read_file_at(AT_FDCWD, path, text, sizeof(text));

	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct id_range *range = arena_grow(&facts->arena, ret, ret_n, sizeof(*range));

		if (!range)
			return -ENOMEM;
		if (sscanf(line, "%u %u %u", &range->inner, &range->outer, &range->count) != 3)
			return -EPROTO;
	}
	return 0;
}

static int gather_userns(struct facts *facts)
{
	char text[16];
	int r;

	facts->initial_userns = procfs_in_initial_userns();
	if (facts->initial_userns) {
		static const struct id_range all = { 0, 0, UINT32_MAX };

		facts->own_uids = arena_copy(&facts->arena, &all, sizeof(all));
		facts->own_gids = arena_copy(&facts->arena, &all, sizeof(all));
		facts->n_own_uids = facts->n_own_gids = 1;
		return facts->own_uids && facts->own_gids ? 0 : -ENOMEM;
	}
	r = gather_map(facts, "/proc/self/uid_map", &facts->own_uids, &facts->n_own_uids);

	if (r == 0)
		r = gather_map(facts, "/proc/self/gid_map", &facts->own_gids, &facts->n_own_gids);
	if (r < 0)
		return r;
	if (fd_read_file_at(AT_FDCWD, "/proc/self/setgroups", text, sizeof(text)) > 0)
		facts->setgroups_denied = strncmp(text, "deny", 4) == 0;
	return 0;
}

/*
 * Capabilities of a user namespace reach no further than what it owns: after `unshare -r` the mount
 * namespace is still the parent's. An owner that is out of sight is above.
 */
static bool owns_mounts(const struct facts *facts)
{
	cleanup_close int fd = -EBADF, owner = -EBADF;

	if (!facts_has_cap(facts, CAP_SYS_ADMIN) || facts->initial_userns)
		return facts_has_cap(facts, CAP_SYS_ADMIN);
	fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	owner = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS);
	/* Without an answer: as if it were so, which was right for all but these. */
	return fd < 0 || owner >= 0 || errno != EPERM;
}

static int gather_roots(struct facts *facts)
{
	static const char *const names[] = {
		"usr",    "bin",    "sbin", "lib", "lib32", "lib64",
		"libx32", "libo32", "etc",  "opt", "nix",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[16], link[PATH_MAX];
		struct root_entry *entry;
		struct stat st;
		ssize_t n = 0;

		snprintf(path, sizeof(path), "/%s", names[i]);
		if (lstat(path, &st) < 0)
			continue;
		if (S_ISLNK(st.st_mode))
			n = readlink(path, link, sizeof(link) - 1);
		else if (!S_ISDIR(st.st_mode))
			continue;
		entry = arena_grow(&facts->arena, &facts->roots, &facts->n_roots, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		entry->name = names[i];
		entry->link = n > 0 ? arena_strndup(&facts->arena, link, (size_t)n) : NULL;
	}
	return 0;
}

static void gather_terminals(struct facts *facts)
{
	struct stat out, err;

	for (int fd = 0; fd < 3; fd++)
		facts->is_tty[fd] = isatty(fd);
	facts->error_same_tty = facts->is_tty[1] && facts->is_tty[2] && fstat(1, &out) == 0 &&
				fstat(2, &err) == 0 && out.st_rdev == err.st_rdev;
}

static int gather_place(struct facts *facts)
{
	char path[PATH_MAX];
	ssize_t n = sys_getcwd(path, sizeof(path));

	/* A directory that was removed or is out of reach answers "(unreachable)…" or an error. */
	facts->cwd = n > 0 && path[0] == '/' ? arena_strdup(&facts->arena, path) : NULL;
	return n > 0 && path[0] == '/' && !facts->cwd ? -ENOMEM : 0;
}

/* Is something mounted below /proc? Then the kernel refuses a new procfs to a user namespace. */
static void gather_proc(struct facts *facts)
{
	cleanup_free char *text = NULL;
	cleanup_close int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_to_heap(fd, 16 << 20, &text, NULL) < 0)
		return;
	for (const char *at = text; (at = strstr(at, " /proc/")); at++) {
		/* The fifth field is the mount point; the fourth, the root, may look alike. */
		const char *line = at;
		int blanks = 1;

		while (line > text && line[-1] != '\n')
			blanks += *--line == ' ';
		if (blanks == 5 && strncmp(at, " /proc/sys/fs/binfmt_misc ", 26) != 0)
			facts->proc_masked = true;
	}
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct stat root, init_root;
	int r = gather_ids(facts);

	if (r == 0)
		r = gather_userns(facts);
	facts->may_mount = owns_mounts(facts);
	/* What config.json describes owes nothing to the caller's home or terminal, nor to the host's tree. */
	if (r == 0 && !spec->oci)
		r = gather_user(spec, facts);
	/* Only a root made from the host's, or its tool chain, has to know these. */
	if (r == 0 && !spec->oci && !(spec->mounts.root.mode == ROOT_DIR ||
				      (spec->mounts.root.mode == ROOT_EMPTY && !spec->mounts.toolchain)))
		r = gather_roots(facts);
	if (r == 0)
		r = gather_place(facts);
	if (r < 0)
		return fail_call(error, r, "look at this host", NULL, NULL);
	if (!spec->oci)
		gather_terminals(facts);
	if (!facts->initial_userns)
		gather_proc(facts);
	/* Best effort: another root than PID 1's is a chroot, or a mount namespace; only a hint. */
	if (stat("/", &root) == 0 && stat("/proc/1/root/.", &init_root) == 0)
		facts->chrooted =
			root.st_ino != init_root.st_ino || root.st_dev != init_root.st_dev;
	return 0;
}

const struct feature feature_host = {
	.name = "host",
	.gather = gather,
};

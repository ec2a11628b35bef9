/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Applying Landlock: a ruleset says which kinds of access it handles; what it handles is forbidden
 * but for what a rule allows; then the thread restricts itself by it, and can never undo that.
 *
 * A rule about files is about an inode, the top of a tree, which is named by a descriptor. So the
 * paths are opened by the process that is restricted, in the root that it sees, and no sooner than
 * everything is mounted there. Rules below each other add up: nothing can be taken away beneath a
 * directory that was given. That is why what may be written follows the mounts by asking the
 * kernel, path by path, whether it is mounted writable: the mounts stay the first wall, Landlock
 * the second, and they cannot contradict each other.
 */

#include "landlock/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/macros.h"
#include "kernel/syscalls.h"

int landlock_abi(int *ret_errno)
{
	int r = sys_landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (ret_errno)
		*ret_errno = r < 0 ? r : 0;
	return r < 0 ? 0 : r;
}

uint64_t landlock_known_fs(int abi)
{
	uint64_t known = LANDLOCK_READ | LANDLOCK_EXECUTE | LANDLOCK_WRITE;

	if (abi < LANDLOCK_ABI_REFER)
		known &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (abi < LANDLOCK_ABI_TRUNCATE)
		known &= ~(uint64_t)LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi < LANDLOCK_ABI_IOCTL_DEV)
		known &= ~(uint64_t)LANDLOCK_ACCESS_FS_IOCTL_DEV;
	return known;
}

void landlock_reduce(struct landlock_rules *rules, int abi)
{
	rules->handled.handled_access_fs &= landlock_known_fs(abi);
	if (abi < LANDLOCK_ABI_TCP) {
		rules->handled.handled_access_net = 0;
		rules->n_ports = 0;
	}
	if (abi < LANDLOCK_ABI_SCOPE)
		rules->handled.scoped = 0;
}

/* The accesses of a rule that make sense for what is really there. */
static int access_of(int fd, const struct landlock_path *rule, uint64_t handled, uint64_t *ret)
{
	uint64_t access = rule->access & handled;
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (rule->follow) {
		if (fstatfs(fd, &fs) < 0)
			return -errno;
		if (fs.f_flags & ST_RDONLY)
			access &= ~(uint64_t)LANDLOCK_WRITE;
	}
	if (!S_ISDIR(st.st_mode))
		access &= LANDLOCK_OF_FILES;
	*ret = access;
	return 0;
}

static bool is_missing(int code)
{
	return code == -ENOENT || code == -ENOTDIR || code == -EACCES || code == -ELOOP;
}

static int add_path(int ruleset_fd, const struct landlock_path *rule, uint64_t handled,
		    const char **ret_call)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int fd = sys_openat2(AT_FDCWD, rule->path, &how);
	struct kernel_landlock_path_beneath attr = { .parent_fd = fd };
	uint64_t access;
	int r;

	*ret_call = "openat2";
	if (fd < 0)
		return rule->optional && is_missing(fd) ? 0 : fd;
	r = access_of(fd, rule, handled, &access);
	/* A rule that allows nothing is no rule to the kernel. */
	if (r < 0 || !access)
		return r;
	attr.allowed_access = access;
	*ret_call = "landlock_add_rule";
	r = sys_landlock_add_rule(ruleset_fd, KERNEL_LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
	/* What lies in no file system that can be mounted, Landlock never restricts. */
	return r == -EBADFD ? 0 : r;
}

static int add_port(int ruleset_fd, const struct landlock_port *rule)
{
	const struct kernel_landlock_net_port attr = { .allowed_access = rule->access,
						       .port = rule->port };

	return sys_landlock_add_rule(ruleset_fd, KERNEL_LANDLOCK_RULE_NET_PORT, &attr, 0);
}

int landlock_restrict(const struct landlock_rules *rules, const char **ret_call,
		      const char **ret_path)
{
	cleanup_close int fd = sys_landlock_create_ruleset(&rules->handled, sizeof(rules->handled),
							   0);
	int r = 0;

	*ret_path = NULL;
	*ret_call = "landlock_create_ruleset";
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < rules->n_paths; i++) {
		r = add_path(fd, &rules->paths[i], rules->handled.handled_access_fs, ret_call);
		if (r < 0) {
			*ret_path = rules->paths[i].path;
			return r;
		}
	}
	*ret_call = "landlock_add_rule";
	for (size_t i = 0; i < rules->n_ports && r == 0; i++)
		r = add_port(fd, &rules->ports[i]);
	if (r < 0)
		return r;
	*ret_call = "landlock_restrict_self";
	return sys_landlock_restrict_self(fd, 0);
}

int landlock_parse_mode(const char *text, uint64_t *ret)
{
	uint64_t access = 0;

	/* As mounts are written; a mount that is read-only lets programs run. */
	if (strcmp(text, "ro") == 0)
		text = "rx";
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		uint64_t one = *text == 'r' ? LANDLOCK_READ :
			       *text == 'w' ? LANDLOCK_WRITE :
			       *text == 'x' ? LANDLOCK_EXECUTE :
					      0;

		if (!one || access & one)
			return -EINVAL;
		access |= one;
	}
	*ret = access;
	return 0;
}

const char *landlock_mode_text(uint64_t access)
{
	static const char *const texts[] = { "-", "r", "w", "rw", "x", "rx", "wx", "rwx" };

	return texts[(access & LANDLOCK_READ ? 1 : 0) | (access & LANDLOCK_WRITE ? 2 : 0) |
		     (access & LANDLOCK_EXECUTE ? 4 : 0)];
}

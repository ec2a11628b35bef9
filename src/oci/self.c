/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The program's own file, kept from the container.
 *
 * What executes the container's command is this program, until the command is there. An image whose
 * command is /proc/self/exe, or a script for that interpreter, executes it again, inside; and then any
 * process there can open that process's /proc/PID/exe to write into the host's file. So can one with
 * CAP_SYS_PTRACE, at any time. That matters where the container's root is who may write that file on the
 * host: in a user namespace with other ids it is not, and neither is an ordinary user.
 *
 * There the program executes itself once more, by a mount of its file that is read-only and attached
 * nowhere, so that nobody can make it writable again; or by a sealed copy in memory where it may not
 * make mounts. What is on a read-only mount, or already sealed, goes on as it is: that is also how the
 * second time knows itself. Mostly it has been done already, before the C library's start (early.c);
 * this is for where that has no code, for the copy in memory, and the last word.
 */

#include "oci/self.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "oci/config.h"

char **oci_self_argv;

static const char own_file[] = "/proc/self/exe";

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

bool oci_self_is_host_root(const struct oci_config *config)
{
	const struct oci_id_maps *maps = &config->linux_.uids;
	const char *path;
	uint32_t uid = geteuid();

	/* Of one that is joined the maps are not known. */
	if (!oci_has_ns(config, NS_USER, &path) || path)
		return true;
	for (size_t i = 0; i < maps->n; i++)
		if (uid >= maps->list[i].outer && uid - maps->list[i].outer < maps->list[i].count)
			return true;
	return false;
}

/* May the caller, and so its like inside, write the file? */
static bool is_writable(void)
{
	cleanup_close int fd = -EBADF;
	int seals;

	if (faccessat(AT_FDCWD, own_file, W_OK, AT_EACCESS) < 0 && (errno == EROFS || errno == EACCES || errno == EPERM))
		return false;
	fd = open(own_file, O_RDONLY | O_CLOEXEC);
	seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	return seals < 0 || (seals & SEALS) != SEALS;
}

static int clone_read_only(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	cleanup_close int fd = sys_open_tree(AT_FDCWD, own_file, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int r = fd < 0 ? fd : sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));

	return r < 0 ? r : take_fd(&fd);
}

static int copy_sealed(void)
{
	cleanup_close int from = open(own_file, O_RDONLY | O_CLOEXEC);
	cleanup_close int to = sys_memfd_create("inro-oci", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat st;
	off_t at = 0;

	/* Before 6.3, which has MFD_EXEC, every one may be executed. */
	if (to == -EINVAL)
		to = sys_memfd_create("inro-oci", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (to < 0)
		return to;
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(st.st_size - at));

		if (n <= 0 && !(n < 0 && errno == EINTR))
			return n < 0 ? -errno : -EIO;
	}
	if (fcntl(to, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return take_fd(&to);
}

int oci_self_protect(char *const argv[], struct inro_error *error)
{
	cleanup_close int fd = -EBADF;
	int r;

	if (!argv || !is_writable())
		return 0;
	fd = clone_read_only();
	if (fd < 0)
		fd = copy_sealed();
	r = fd < 0 ? fd : sys_execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return fail_call(error, r, "execute a copy that the container cannot write to", fd < 0 ? "memfd_create" : "execveat",
			 own_file);
}

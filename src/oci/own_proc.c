/* SPDX-License-Identifier: Apache-2.0 */

/*
 * In a new PID namespace a process does not know its number in the host's procfs, but "self" there
 * tells it. It is only read: the way goes through the number itself, with no link on it.
 */

#include "oci/own_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "plan/run.h"

int oci_own_proc_open(const struct run *run, const char *name, int flags)
{
	int proc_fd = run_fd(run, SLOT_HOST_PROC);
	char path[128];
	ssize_t n = readlinkat(proc_fd, "self", path, 24);
	size_t length = strlen(name) + 1;

	if (n < 0)
		return -errno;
	if (n == 0 || n >= 24 || (size_t)n + 1 + length > sizeof(path))
		return -EINVAL;
	path[n] = '/';
	memcpy(path + n + 1, name, length);
	return procfs_open_at(proc_fd, path, flags);
}

int oci_own_proc_write(const struct run *run, const char *name, const char *text, size_t size)
{
	cleanup_close int fd = oci_own_proc_open(run, name, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, text, size);
	return n < 0 ? -errno : (size_t)n == size ? 0 : -EIO;
}

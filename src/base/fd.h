/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FD_H
#define BASE_FD_H

/*
 * File descriptors. A closed or absent descriptor is any negative number, -EBADF by custom. All
 * functions return 0 (or a count) or a negative errno, and open with O_CLOEXEC.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macros.h"

#define cleanup_close cleanup(fd_close_ptr)

/* Close FD if it is open, keep errno. Returns -EBADF, to be stored where the descriptor was. */
int fd_close(int fd);

static inline void fd_close_ptr(int *fd)
{
	*fd = fd_close(*fd);
}

/* Hand a descriptor over: returns it and leaves -EBADF behind. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

/* Write all SIZE bytes, through short writes and EINTR. */
int fd_write_all(int fd, const void *data, size_t size);

/* Write a whole small file in one write(2), as procfs, sysfs and cgroup files want it. */
int fd_write_file_at(int dir_fd, const char *path, const char *text);

/*
 * Read until end of file or until SIZE - 1 bytes are there; always ends with a NUL.
 * Returns the number of bytes, or -E2BIG when the file holds more.
 */
ssize_t fd_read_all(int fd, char *buffer, size_t size);

/* The same for a path relative to DIR_FD. */
ssize_t fd_read_file_at(int dir_fd, const char *path, char *buffer, size_t size);

/*
 * Read a file of any length up to MAX bytes to the heap, with a NUL behind it.
 * The caller frees *ret; *ret_size may be NULL. -E2BIG when the file is larger.
 */
int fd_read_to_heap(int fd, size_t max, char **ret, size_t *ret_size);

/* Move FD to a number of at least MINIMUM, close-on-exec, and close the old one. */
int fd_move_up(int fd, int minimum);

/* Make sure that descriptors 0, 1 and 2 are open, on /dev/null where they were closed. */
int fd_fill_standard(void);

/*
 * Close all descriptors from FIRST on that are not close-on-exec: what a careless parent left open,
 * since everything opened here is. Reads /proc/self/fd; where there is none, does nothing.
 */
void fd_close_inherited(int first);

/* Do both descriptors name the same file (device and inode)? */
bool fd_same_file(int a, int b);

#endif

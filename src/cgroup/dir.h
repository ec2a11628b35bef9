/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CGROUP_DIR_H
#define CGROUP_DIR_H

/*
 * Directories of cgroup hierarchies, v1 and v2 alike: open, make, read, write, remove, sweep.
 * Always by descriptor, never leaving the hierarchy. Functions return 0 (or a descriptor, or a
 * count) or a negative errno.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest name of a group of ours, with its NUL. */
#define CGROUP_NAME_SIZE 128

/* Open the mount of a hierarchy. -ENODEV when it is not a cgroup file system of that version. */
int cgroup_open_mount(const char *mount, bool v2);

/* Open a group below another: PATH as in /proc/PID/cgroup, leading slashes ignored, "" the same. */
int cgroup_open_below(int dir_fd, const char *path);

/* Open a file of the group, close-on-exec. */
int cgroup_open_file(int dir_fd, const char *file, int flags);

/* Write TEXT to a file of the group in one write(2). */
int cgroup_write(int dir_fd, const char *file, const char *text);

/* Read a small file of the group; the length, NUL-terminated, or -E2BIG. */
ssize_t cgroup_read(int dir_fd, const char *file, char *buffer, size_t size);

/* Read a file that is one number. "max" is UINT64_MAX. */
int cgroup_read_u64(int dir_fd, const char *file, uint64_t *ret);

/* The number behind KEY in text of lines "KEY NUMBER". -ENOENT where there is no such line. */
int cgroup_find_key(const char *text, const char *key, uint64_t *ret);
int cgroup_read_key(int dir_fd, const char *file, const char *key, uint64_t *ret);

/*
 * The processes of the group as the caller's PID namespace numbers them, on the heap; 0 stands for
 * one that it cannot see. The caller frees *ret.
 */
int cgroup_read_pids(int dir_fd, pid_t **ret, size_t *ret_n);

/* Does the group hold any process itself (groups below it not counted)? 1, 0 or a negative errno. */
int cgroup_has_processes(int dir_fd);

/*
 * Make a group and hold it: returns its directory, locked, to be kept open as long as the group is
 * in use, since the lock is what tells a live group from a stale one. -EEXIST.
 */
int cgroup_make(int parent_fd, const char *name);

/* Remove a group and all groups below it, none of which may hold a process. -EBUSY, -ENOENT. */
int cgroup_remove(int parent_fd, const char *name);

/* Call CALLBACK for each group right below; a value other than 0 ends the walk and is returned. */
typedef int (*cgroup_callback)(int parent_fd, const char *name, void *data);
int cgroup_each_below(int dir_fd, cgroup_callback callback, void *data);

/* "inro-PID-RANDOM", or with the container's name behind it. */
void cgroup_make_name(pid_t pid, uint32_t number, const char *container, char name[static CGROUP_NAME_SIZE]);

/* Was the name made by cgroup_make_name()? *ret_pid (may be NULL) is the PID in it. */
bool cgroup_name_is_ours(const char *name, pid_t *ret_pid);

/*
 * Remove the groups of ours below DIR_FD whose inro is gone, with what still runs in them. Returns
 * how many went.
 */
int cgroup_sweep(int dir_fd, bool v2);

/* CLOCK_MONOTONIC in milliseconds, for deadlines. */
int64_t cgroup_now_ms(void);

#endif

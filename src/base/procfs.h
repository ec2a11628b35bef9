/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PROCFS_H
#define BASE_PROCFS_H

/*
 * Reading procfs, always below a directory descriptor that was checked to be procfs.
 *
 * What a number under /proc means depends on the PID namespace that the procfs was mounted for,
 * which need not be the caller's: procfs_view() tells. A directory of a process, once open,
 * stays with that process: reading from it answers -ESRCH when the process is gone, never another
 * that got its number. All functions return 0 (or a length) or a negative errno.
 */

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Levels of PID namespaces: the kernel allows 32 below the first. */
enum { PROCFS_LEVELS = 33 };

/*
 * Open a procfs with the caller's numbers as a directory: /proc, or where that was mounted for
 * another PID namespace one of the caller's own that is mounted nowhere. Who may not make one gets
 * /proc all the same; procfs_look() tells. -ENODEV when what is mounted on /proc is no procfs.
 */
int procfs_open(void);

/*
 * A procfs of the PID namespace PIDNS_FD alone, mounted nowhere: it lives as long as the
 * descriptor. The namespace must be the caller's or below it. Since 6.17. -EINVAL where the
 * kernel cannot, -EPERM without CAP_SYS_ADMIN over the mount and the PID namespace.
 */
int procfs_open_pidns(int pidns_fd);

/* The same as a detached mount, to be moved to a place; it cannot be read through this descriptor. */
int procfs_mount_pidns(int pidns_fd);

/* 0 when FD is on procfs, else -ENODEV. */
int procfs_check(int fd);

/* Whose numbers a procfs shows. */
enum procfs_view {
	PROCFS_OWN,      /* those of the caller's PID namespace */
	PROCFS_ANCESTOR, /* those of a namespace above it: the caller is seen, under another number */
	PROCFS_OTHER,    /* those of a namespace that the caller is not in */
};
int procfs_view(int proc_fd, enum procfs_view *ret);

/* What there is to be said of a procfs beside a listing. */
struct procfs_sight {
	bool foreign; /* its numbers are not of the caller's PID namespace */
	bool aside;   /* /proc is such a one, and this one was opened in its place */
	bool hidden;  /* processes are hidden (hidepid=): the PID 1 that there must be is not to be seen */
};
struct procfs_sight procfs_look(int proc_fd);

/*
 * The number of a process in that procfs, which is the caller's number where it is not foreign.
 * -EREMOTE where it cannot be seen there, -ESRCH once it is reaped.
 */
int procfs_number(int proc_fd, int pidfd, pid_t *ret);

/* The directory of a process, or of a thread of it. -ESRCH where there is none. */
int procfs_open_pid(int proc_fd, pid_t pid);
int procfs_open_thread(int proc_fd, pid_t pid, pid_t tid);

/*
 * Open a path below DIR_FD without leaving that procfs: no symbolic link, no magic link, no file
 * that was mounted over another. FLAGS are open's; O_CLOEXEC is added.
 */
int procfs_open_at(int dir_fd, const char *path, int flags);

/* Read such a file: its length, NUL-terminated, or -E2BIG. */
ssize_t procfs_read_at(int dir_fd, const char *path, char *buffer, size_t size);

/* The same where an end that does not fit is left away. */
ssize_t procfs_read_start_at(int dir_fd, const char *path, char *buffer, size_t size);

/* PID/stat. */
struct procfs_stat {
	char comm[64];
	char state; /* as ps shows it: 'R', 'S', 'Z' */
	pid_t ppid, pgrp, session;
	uint32_t tty, n_threads;
	uint64_t user_ticks, system_ticks; /* of sysconf(_SC_CLK_TCK) a second */
	uint64_t start_ticks;              /* since boot; with the PID it names a process for good */
};
int procfs_read_stat(int pid_dir_fd, struct procfs_stat *ret);

/* PID/status. The arrays by level start at the namespace of the procfs and go down. */
struct procfs_status {
	char state;
	pid_t tgid, pid, ppid, tracer_pid;
	uint32_t uid[4], gid[4]; /* real, effective, saved, file system */
	int n_levels;            /* at least 1 */
	pid_t ns_tgid[PROCFS_LEVELS], ns_pid[PROCFS_LEVELS];
	pid_t ns_pgid[PROCFS_LEVELS], ns_sid[PROCFS_LEVELS]; /* 0 where outside */
	uint32_t n_threads;
	uint64_t sig_pending, shared_pending, sig_blocked, sig_ignored, sig_caught; /* bit N-1 */
	uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	bool no_new_privs;
	uint32_t seccomp; /* 0 off, 1 strict, 2 filter */
};
int procfs_read_status(int pid_dir_fd, struct procfs_status *ret);

/*
 * The text of PID/status, opened as FD, with a NUL behind it. The line of groups, which a process
 * can make longer (65536 numbers) than any buffer, may be cut. Returns the number of bytes. Child-safe.
 */
ssize_t procfs_read_status_text(int fd, char *buffer, size_t size);

static inline bool procfs_signal_in(uint64_t set, int number)
{
	return set >> (number - 1) & 1;
}

/*
 * PID/cmdline with spaces between the arguments, or "[comm]" where there is none; at most
 * SIZE - 1 bytes. The bytes are the process's own choice: not safe for a terminal.
 */
int procfs_read_command(int pid_dir_fd, char *buffer, size_t size);

/*
 * Walk over the entries of a procfs directory that are numbers: processes of /proc, threads of
 * PID/task, descriptors of PID/fd. Zero the struct, set dir_fd (opened to read), call until it
 * returns 0. Returns 1 with a number, 0 at the end, or a negative errno.
 */
struct procfs_walk {
	int dir_fd;
	size_t at, used;
	alignas(8) char buffer[32 * 1024];
};
int procfs_next(struct procfs_walk *walk, int *ret);

/* Every number of a directory, in rising order, on the heap. */
int procfs_list(int dir_fd, int **ret, size_t *ret_n);

/*
 * A pidfd of a process that is known by PID and start time (PID/stat; 0 = any). PROC_FD must have
 * the caller's numbers. -ESRCH where there is none, or another one.
 */
int procfs_open_pidfd(int proc_fd, pid_t pid, uint64_t start_ticks);

/* The PID of a pidfd in the caller's PID namespace. -ESRCH once it is reaped, -EREMOTE out of sight. */
int procfs_pid_of_pidfd(int pidfd, pid_t *ret);

/* Is the caller in the initial user namespace? False where /proc does not tell. */
bool procfs_in_initial_userns(void);

/* Has the process of a pidfd ended (a zombie has)? */
bool procfs_pidfd_ended(int pidfd);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macros.h"
#include "kernel/syscalls.h"

int procfs_check(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC ? 0 : -ENODEV;
}

/* A procfs of the caller's own PID namespace, or the one of PIDNS_FD; as a detached mount. */
static int mount_procfs(int pidns_fd)
{
	cleanup_close int context = sys_fsopen("proc", FSOPEN_CLOEXEC);
	int r = 0;

	if (context < 0)
		return context;
	if (pidns_fd >= 0)
		r = sys_fsconfig(context, FSCONFIG_SET_FD, "pidns", NULL, pidns_fd);
	if (r == 0)
		r = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return r;
	return sys_fsmount(context, FSMOUNT_CLOEXEC,
			   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int open_procfs(int pidns_fd)
{
	cleanup_close int mount_fd = mount_procfs(pidns_fd);
	int fd;

	if (mount_fd < 0)
		return mount_fd;
	/* What fsmount returns cannot be read as a directory. The mount lives on with this one. */
	fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int procfs_mount_pidns(int pidns_fd)
{
	return pidns_fd < 0 ? -EBADF : mount_procfs(pidns_fd);
}

int procfs_open_pidns(int pidns_fd)
{
	return pidns_fd < 0 ? -EBADF : open_procfs(pidns_fd);
}

/* Is the caller seen under its own number? In a procfs of another namespace that would be chance. */
static bool has_own_number(int proc_fd)
{
	char own[16], link[16];
	ssize_t n = readlinkat(proc_fd, "self", link, sizeof(link));

	return n > 0 && n == snprintf(own, sizeof(own), "%d", getpid()) &&
	       memcmp(own, link, (size_t)n) == 0;
}

int procfs_open(void)
{
	cleanup_close int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = procfs_check(fd);
	if (r < 0)
		return r;
	if (!has_own_number(fd)) {
		int own = open_procfs(-1);

		if (own >= 0)
			return own;
	}
	return take_fd(&fd);
}

int procfs_open_at(int dir_fd, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};

	return sys_openat2(dir_fd, path, &how);
}

static int open_process(int proc_fd, const char *path)
{
	int fd = procfs_open_at(proc_fd, path, O_RDONLY | O_DIRECTORY);

	return fd == -ENOENT ? -ESRCH : fd;
}

int procfs_open_pid(int proc_fd, pid_t pid)
{
	char path[16];

	snprintf(path, sizeof(path), "%d", pid);
	return open_process(proc_fd, path);
}

int procfs_open_thread(int proc_fd, pid_t pid, pid_t tid)
{
	char path[40];

	snprintf(path, sizeof(path), "%d/task/%d", pid, tid);
	return open_process(proc_fd, path);
}

ssize_t procfs_read_at(int dir_fd, const char *path, char *buffer, size_t size)
{
	cleanup_close int fd = procfs_open_at(dir_fd, path, O_RDONLY);

	return fd < 0 ? fd : fd_read_all(fd, buffer, size);
}

ssize_t procfs_read_start_at(int dir_fd, const char *path, char *buffer, size_t size)
{
	cleanup_close int fd = procfs_open_at(dir_fd, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = read(fd, buffer, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buffer[n] = '\0';
	return n;
}

/* Empty the line of groups, or as much of it as is there. How long the text then is. */
static size_t drop_groups(char *text)
{
	char *groups = strstr(text, "\nGroups:\t"), *end;

	if (groups) {
		groups += strlen("\nGroups:\t");
		end = strchrnul(groups, '\n');
		memmove(groups, end, strlen(end) + 1);
	}
	return strlen(text);
}

ssize_t procfs_read_status_text(int fd, char *buffer, size_t size)
{
	size_t used = 0;

	for (;;) {
		size_t room = size - 1 - used;
		ssize_t n = read(fd, buffer + used, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		used += (size_t)n;
		buffer[used] = '\0';
		/* The kernel makes the text as a whole, so that less than there was room for is its end. */
		if ((size_t)n < room)
			return (ssize_t)used;
		used = drop_groups(buffer);
		if (used == size - 1)
			return -E2BIG;
	}
}

/* A file that every process has: where it is missing, the process is. */
static ssize_t read_process_file(int pid_dir_fd, const char *path, char *buffer, size_t size)
{
	ssize_t n = procfs_read_at(pid_dir_fd, path, buffer, size);

	return n == -ENOENT ? -ESRCH : n;
}

/* The next number of a line of numbers; 0 past its end. */
static uint64_t next_number(const char **at)
{
	uint64_t value = 0;
	bool negative;

	while (**at == ' ' || **at == '\t')
		(*at)++;
	negative = **at == '-';
	*at += negative;
	for (; isdigit((unsigned char)**at); (*at)++)
		value = value * 10 + (uint64_t)(**at - '0');
	return negative ? 0 - value : value;
}

int procfs_read_stat(int pid_dir_fd, struct procfs_stat *ret)
{
	char text[1024];
	ssize_t n = read_process_file(pid_dir_fd, "stat", text, sizeof(text));
	struct procfs_stat stat = { 0 };
	const char *open, *close, *at;
	uint64_t field[23];

	if (n < 0)
		return (int)n;
	/* The name may hold anything, brackets and spaces too: it ends at the last bracket. */
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || close[1] != ' ' || !close[2])
		return -EIO;
	snprintf(stat.comm, sizeof(stat.comm), "%.*s", (int)(close - open - 1), open + 1);
	stat.state = close[2];
	at = close + 3;
	for (int i = 4; i <= 22; i++)
		field[i] = next_number(&at);
	stat.ppid = (pid_t)field[4];
	stat.pgrp = (pid_t)field[5];
	stat.session = (pid_t)field[6];
	stat.tty = (uint32_t)field[7];
	stat.user_ticks = field[14];
	stat.system_ticks = field[15];
	stat.n_threads = (uint32_t)field[20];
	stat.start_ticks = field[22];
	*ret = stat;
	return 0;
}

enum field_type { FIELD_NUMBER, FIELD_IDS, FIELD_LEVELS, FIELD_SET, FIELD_STATE, FIELD_BOOL };

static const struct status_field {
	const char *name;
	enum field_type type;
	size_t offset;
} status_fields[] = {
#define FIELD(name_, type_, member_)                                        \
	{                                                                   \
		name_ ":\t", type_, offsetof(struct procfs_status, member_) \
	}
	FIELD("State", FIELD_STATE, state),
	FIELD("Tgid", FIELD_NUMBER, tgid),
	FIELD("Pid", FIELD_NUMBER, pid),
	FIELD("PPid", FIELD_NUMBER, ppid),
	FIELD("TracerPid", FIELD_NUMBER, tracer_pid),
	FIELD("Uid", FIELD_IDS, uid),
	FIELD("Gid", FIELD_IDS, gid),
	FIELD("NStgid", FIELD_LEVELS, ns_tgid),
	FIELD("NSpid", FIELD_LEVELS, ns_pid),
	FIELD("NSpgid", FIELD_LEVELS, ns_pgid),
	FIELD("NSsid", FIELD_LEVELS, ns_sid),
	FIELD("Threads", FIELD_NUMBER, n_threads),
	FIELD("SigPnd", FIELD_SET, sig_pending),
	FIELD("ShdPnd", FIELD_SET, shared_pending),
	FIELD("SigBlk", FIELD_SET, sig_blocked),
	FIELD("SigIgn", FIELD_SET, sig_ignored),
	FIELD("SigCgt", FIELD_SET, sig_caught),
	FIELD("CapInh", FIELD_SET, cap_inheritable),
	FIELD("CapPrm", FIELD_SET, cap_permitted),
	FIELD("CapEff", FIELD_SET, cap_effective),
	FIELD("CapBnd", FIELD_SET, cap_bounding),
	FIELD("CapAmb", FIELD_SET, cap_ambient),
	FIELD("NoNewPrivs", FIELD_BOOL, no_new_privs),
	FIELD("Seccomp", FIELD_NUMBER, seccomp),
};

static int count_numbers(const char *text, uint32_t *numbers, int max)
{
	int n = 0;

	while (*text == '\t' || isdigit((unsigned char)*text)) {
		if (*text == '\t') {
			text++;
			continue;
		}
		if (n == max)
			break;
		numbers[n++] = (uint32_t)next_number(&text);
	}
	return n;
}

static void read_field(const struct status_field *field, const char *text,
		       struct procfs_status *status)
{
	void *to = (char *)status + field->offset;
	int n;

	switch (field->type) {
	case FIELD_STATE:
		status->state = *text;
		break;
	case FIELD_NUMBER:
		*(uint32_t *)to = (uint32_t)next_number(&text);
		break;
	case FIELD_BOOL:
		*(bool *)to = next_number(&text) != 0;
		break;
	case FIELD_SET:
		*(uint64_t *)to = strtoull(text, NULL, 16);
		break;
	case FIELD_IDS:
		count_numbers(text, to, 4);
		break;
	case FIELD_LEVELS:
		n = count_numbers(text, to, PROCFS_LEVELS);
		if (n > status->n_levels)
			status->n_levels = n;
		break;
	}
}

int procfs_read_status(int pid_dir_fd, struct procfs_status *ret)
{
	cleanup_close int fd = procfs_open_at(pid_dir_fd, "status", O_RDONLY);
	struct procfs_status status = { 0 };
	size_t field = 0;
	char text[8192];
	ssize_t n = fd < 0 ? fd : procfs_read_status_text(fd, text, sizeof(text));

	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	/* The kernel writes the lines in the order of the table, so one pass is enough. */
	for (const char *line = text; *line && field < ARRAY_SIZE(status_fields);) {
		const char *end = strchrnul(line, '\n');

		for (size_t i = field; i < ARRAY_SIZE(status_fields); i++) {
			size_t length = strlen(status_fields[i].name);

			if (strncmp(line, status_fields[i].name, length) == 0) {
				read_field(&status_fields[i], line + length, &status);
				field = i + 1;
				break;
			}
		}
		line = *end ? end + 1 : end;
	}
	if (status.pid == 0 && status.n_levels == 0)
		return -EIO;
	*ret = status;
	return 0;
}

int procfs_read_command(int pid_dir_fd, char *buffer, size_t size)
{
	ssize_t n = procfs_read_start_at(pid_dir_fd, "cmdline", buffer, size);
	struct procfs_stat stat;
	int r;

	if (n > 0) {
		while (n > 0 && buffer[n - 1] == '\0')
			n--;
		for (ssize_t i = 0; i < n; i++)
			if (buffer[i] == '\0')
				buffer[i] = ' ';
		if (n > 0)
			return 0;
	}
	if (n < 0 && n != -ENOENT)
		return (int)n;
	r = procfs_read_stat(pid_dir_fd, &stat);
	if (r < 0)
		return r;
	snprintf(buffer, size, "[%s]", stat.comm);
	return 0;
}

static bool to_number(const char *name, int *ret)
{
	int value = 0;

	if (!*name)
		return false;
	for (; *name; name++)
		if (!isdigit((unsigned char)*name) || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *name - '0', &value))
			return false;
	*ret = value;
	return true;
}

int procfs_next(struct procfs_walk *walk, int *ret)
{
	for (;;) {
		const struct dirent64 *entry;

		if (walk->at == walk->used) {
			ssize_t n = getdents64(walk->dir_fd, walk->buffer, sizeof(walk->buffer));

			if (n < 0)
				return errno == ENOENT ? -ESRCH : -errno;
			if (n == 0)
				return 0;
			walk->at = 0;
			walk->used = (size_t)n;
		}
		entry = (const void *)(walk->buffer + walk->at);
		walk->at += entry->d_reclen;
		if (to_number(entry->d_name, ret))
			return 1;
	}
}

int procfs_list(int dir_fd, int **ret, size_t *ret_n)
{
	struct procfs_walk walk = { .dir_fd = dir_fd };
	cleanup_free int *numbers = NULL;
	size_t n = 0, size = 0;
	int number = 0, r;

	while ((r = procfs_next(&walk, &number)) > 0) {
		if (n == size) {
			int *grown =
				realloc(numbers, (size = size ? size * 2 : 256) * sizeof(*numbers));

			if (!grown)
				return -ENOMEM;
			numbers = grown;
		}
		numbers[n++] = number;
	}
	if (r < 0)
		return r;
	*ret = take_ptr(numbers);
	*ret_n = n;
	return 0;
}

int procfs_view(int proc_fd, enum procfs_view *ret)
{
	cleanup_close int self = -EBADF;
	struct procfs_status status;
	char target[16] = "";
	pid_t pid;
	int r;

	/* "self" is a magic link: it is read, and its number opened. */
	if (readlinkat(proc_fd, "self", target, sizeof(target) - 1) < 0) {
		if (errno != ENOENT)
			return -errno;
		*ret = PROCFS_OTHER;
		return 0;
	}
	if (!to_number(target, &pid))
		return -EIO;
	self = procfs_open_pid(proc_fd, pid);
	if (self < 0)
		return self;
	r = procfs_read_status(self, &status);
	if (r < 0)
		return r;
	/* One number for each level from that of the procfs down to the caller's. */
	*ret = status.n_levels > 1 ? PROCFS_ANCESTOR : PROCFS_OWN;
	return 0;
}

struct procfs_sight procfs_look(int proc_fd)
{
	struct procfs_sight sight = { 0 };
	enum procfs_view view;
	struct stat st, proc;

	if (procfs_view(proc_fd, &view) == 0)
		sight.foreign = view != PROCFS_OWN;
	sight.aside =
		fstat(proc_fd, &st) == 0 && stat("/proc", &proc) == 0 && st.st_dev != proc.st_dev;
	/* Whoever is in a PID namespace has a PID 1 there. */
	sight.hidden = (!sight.foreign || view == PROCFS_ANCESTOR) &&
		       faccessat(proc_fd, "1", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
	return sight;
}

bool procfs_pidfd_ended(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLIN | POLLHUP));
}

int procfs_open_pidfd(int proc_fd, pid_t pid, uint64_t start_ticks)
{
	cleanup_close int pidfd = sys_pidfd_open(pid, 0);
	cleanup_close int dir = -EBADF;
	struct procfs_stat stat;
	int r;

	if (pidfd < 0 || start_ticks == 0)
		return take_fd(&pidfd);
	dir = procfs_open_pid(proc_fd, pid);
	if (dir < 0)
		return dir;
	r = procfs_read_stat(dir, &stat);
	if (r < 0)
		return r;
	/* The pidfd came first: if the process lives on now, the directory is that of the same. */
	if (stat.start_ticks != start_ticks || sys_pidfd_send_signal(pidfd, 0, NULL, 0) == -ESRCH)
		return -ESRCH;
	return take_fd(&pidfd);
}

int procfs_number(int proc_fd, int pidfd, pid_t *ret)
{
	char path[48], text[1024];
	const char *line;
	ssize_t n = readlinkat(proc_fd, "self", text, 16);
	int pid;

	if (n < 0)
		return errno == ENOENT ? -EREMOTE : -errno;
	snprintf(path, sizeof(path), "%.*s/fdinfo/%d", (int)n, text, pidfd);
	n = procfs_read_at(proc_fd, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	line = strstr(text, "\nPid:\t");
	if (!line)
		return -EINVAL;
	pid = atoi(line + 6);
	if (pid <= 0)
		return pid == 0 ? -EREMOTE : -ESRCH;
	*ret = pid;
	return 0;
}

/* Before 6.13. */
static int pid_from_fdinfo(int pidfd, pid_t *ret)
{
	cleanup_close int proc_fd = procfs_open();

	return proc_fd < 0 ? proc_fd : procfs_number(proc_fd, pidfd, ret);
}

int procfs_pid_of_pidfd(int pidfd, pid_t *ret)
{
	struct kernel_pidfd_info info = { .mask = KERNEL_PIDFD_INFO_PID };

	if (ioctl(pidfd, KERNEL_PIDFD_GET_INFO, &info) == 0) {
		*ret = (pid_t)info.tgid;
		return 0;
	}
	if (errno == ESRCH || errno == EREMOTE || errno == EBADF)
		return -errno;
	return pid_from_fdinfo(pidfd, ret);
}

/* The inode of the initial user namespace is a constant of the kernel's (PROC_USER_INIT_INO). */
bool procfs_in_initial_userns(void)
{
	static const char initial[] = "user:[4026531837]";
	char link[sizeof(initial)];

	return readlink("/proc/self/ns/user", link, sizeof(link)) == sizeof(initial) - 1 &&
	       memcmp(link, initial, sizeof(initial) - 1) == 0;
}

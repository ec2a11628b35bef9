/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a hostile process tries, one word each, for the tests beside this file. Static, so that it
 * runs in any root. What could be done is printed; the tests look for that.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* Exchange two names for as long as it runs. */
static int swap(char **names)
{
	for (;;)
		syscall(SYS_renameat2, AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE);
}

#ifdef __x86_64__
static long call32(long number, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
}
#endif

static void tell(const char *what, long r)
{
	printf("%s %s\n", what, r < 0 ? "no" : "DONE");
	fflush(stdout);
}

/* Type into the terminal on standard input, by every way to say TIOCSTI (and TIOCLINUX). */
static int type(char **unused)
{
	char *byte = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	(void)unused;
	printf("terminal %s\n", isatty(0) ? "yes" : "no");
	*byte = '!';
	tell("plain", ioctl(0, TIOCSTI, byte));
	tell("high", syscall(SYS_ioctl, 0, TIOCSTI | 0x100000000, byte));
	tell("higher", syscall(SYS_ioctl, 0, TIOCSTI | 0x8000000000000000, byte));
	tell("linux", ioctl(0, TIOCLINUX, byte));
#ifdef __x86_64__
	tell("x32", syscall(514 | 0x40000000, 0, TIOCSTI, byte));
	tell("i386", call32(54, 0, TIOCSTI, (long)byte));
#endif
	return 0;
}

/* A user namespace, by every door. */
static int userns(char **unused)
{
	(void)unused;
#ifdef __x86_64__
	tell("i386", call32(310, CLONE_NEWUSER, 0, 0));
	tell("x32", syscall(SYS_unshare | 0x40000000, CLONE_NEWUSER));
#endif
	tell("high", syscall(SYS_unshare, CLONE_NEWUSER | 0x100000000));
	tell("plain", syscall(SYS_unshare, CLONE_NEWUSER));
	return 0;
}

/* Connect to an abstract socket. */
static int connect_to(char **names)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t length = strlen(names[0]);

	memcpy(address.sun_path + 1, names[0], length);
	tell("connect", connect(fd, (struct sockaddr *)&address,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)));
	return 0;
}

static int listen_at(char **names)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t length = strlen(names[0]);

	memcpy(address.sun_path + 1, names[0], length);
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) < 0 ||
	    listen(fd, 8) < 0)
		return 1;
	tell("listen", 0);
	for (;;)
		pause();
}

/* Write to a program through /proc, at once and while it runs no longer. */
static int overwrite(char **paths)
{
	for (; *paths; paths++) {
		int fd = open(*paths, O_RDWR);
		char reopened[64];

		if (fd < 0) {
			int path_fd = open(*paths, O_PATH);

			snprintf(reopened, sizeof(reopened), "/proc/self/fd/%d", path_fd);
			fd = open(reopened, O_RDWR);
		}
		tell(*paths, fd < 0 ? -1 : write(fd, "#!/bin/sh\n", 10));
	}
	return 0;
}

static int trace(char **pids)
{
	tell("seize", ptrace(PTRACE_SEIZE, atoi(pids[0]), 0, 0));
	return 0;
}

/* Look into every process that appears, as fast as possible: whose program is it, what is its root? */
static int watch(char **names)
{
	for (;;) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			char path[300], link[4096];
			ssize_t n;

			if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
				continue;
			snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
			n = readlink(path, link, sizeof(link) - 1);
			link[n > 0 ? n : 0] = '\0';
			if (n > 0 && strcmp(link, names[0]) == 0)
				tell("see", 0);
			snprintf(path, sizeof(path), "/proc/%s/root%s", entry->d_name, names[0]);
			if (access(path, F_OK) == 0)
				tell("reach", 0);
		}
		if (dir)
			closedir(dir);
	}
}

/* Which descriptors it was given. */
static int descriptors(char **unused)
{
	(void)unused;
	for (int fd = 0; fd < 65536; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dprintf(1, "%d ", fd);
	return 0;
}

/* Keep a lock on a directory. */
static int lock(char **names)
{
	int fd = open(names[0], O_RDONLY | O_DIRECTORY);

	if (flock(fd, LOCK_EX) < 0)
		return 1;
	tell("lock", 0);
	for (;;)
		pause();
}

static const struct {
	const char *name;
	int (*run)(char **words);
} tricks[] = {
	{ "swap", swap },	    { "type", type },	{ "userns", userns }, { "connect", connect_to },
	{ "listen", listen_at },    { "trace", trace }, { "watch", watch },   { "overwrite", overwrite },
	{ "lock", lock },	    { "descriptors", descriptors },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(tricks) / sizeof(tricks[0]); i++)
		if (strcmp(argv[1], tricks[i].name) == 0)
			return tricks[i].run(argv + 2);
	return 2;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor: the yardstick of a container's start.
 *
 * Makes only the calls that a container of the given namespaces and mounts cannot do without, as
 * directly as they can be made: one clone3 for all namespaces, detached mounts (fsopen, open_tree)
 * moved into place by descriptor, one pivot_root, exec, one wait. It checks nothing for safety,
 * has no error messages worth the name and links no C library. What a real tool takes more than
 * this is what the tool costs.
 *
 * Built a second time with FLOOR_LIBC it is the same program started as an ordinary static program
 * of the C library is. On a virtual machine that alone can cost hundreds of microseconds: glibc
 * executes CPUID some forty times as it starts, and each of them leaves the guest.
 *
 *   floor [OPTIONS] COMMAND [ARG…]
 *
 * Options stand for steps and are walked in the order they were given:
 *   --ns LIST            namespaces to create: pid,uts,ipc,mnt,cgroup,net,user,time
 *   --map self|parent    who writes the id maps: the child its own id (one line), or the parent,
 *                        the ids 0 to 65535, while the child waits on a pipe
 *   --private            propagation of all mounts made private, nothing else mounted
 *   --proc-here          a new procfs over the host's /proc, root kept
 *   --root               a tmpfs becomes the root; the following options put things into it
 *   --dir DST  --tmpfs DST  --symlink TARGET DST  --proc DST  --sysfs DST  --mqueue DST
 *   --bind SRC DST  --ro-bind SRC DST       recursive
 *   --ro-bind-try SRC DST                   left out where SRC is missing
 *   --dev DST            tmpfs with six nodes (made, or bound where there is a user namespace),
 *                        links, a devpts instance
 *   --mask-file DST  --mask-dir DST  --ro-path DST     /dev/null, an empty tmpfs, a read-only bind
 *                        over DST, if it is there
 *   --chdir DIR          working directory, in the new root
 *   --lo                 loopback up
 *   --hostname NAME
 *   --drop-caps          empty bounding set, no capabilities
 *   --nnp                no_new_privs
 *   --seccomp FILE       no_new_privs and a filter: an array of struct sock_filter
 *   --nest N             N PID namespaces inside each other, the innermost is the container
 *   --in-place           no child: this process leaves for the new namespaces, and executes
 *   --join PID           the namespaces of --ns are those of that process; in place without pid
 *   --group DIR          a control group of its own (v2), with a program for its devices
 *   --again              started anew first, from a mount that the container cannot write to
 *   --vfork              the child borrows the parent's memory (not with --map parent, time)
 *   --trace              what each step took, on standard error, after the command ended
 */
#include "floor_oci.h"
#include "raw.h"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/time_types.h>
#include <stdbool.h>

#define AT_RECURSIVE_ 0x8000
#define OPEN_TREE_CLOEXEC_ 02000000
#define O_RDONLY_ 0
#define O_WRONLY_ 1
#define O_CLOEXEC_ 02000000
#define MNT_DETACH_ 2
#define P_PIDFD_ 3
#define WEXITED_ 4
#define S_IFREG_ 0100000
#define S_IFCHR_ 0020000
#define ENOENT_ 2
#define EEXIST_ 17
#define MAP_SHARED_ANON 0x21
#define PROT_RW 3
#define MS_PRIVATE_ (1 << 18)
#define MOUNT_PLAIN (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

#define MAX_STEPS 128
#define MAX_STAMPS 192

enum kind {
	STEP_PRIVATE,
	STEP_PROC_HERE,
	STEP_ROOT,
	STEP_DIR,
	STEP_TMPFS,
	STEP_SYMLINK,
	STEP_PROC,
	STEP_SYSFS,
	STEP_MQUEUE,
	STEP_BIND,
	STEP_RO_BIND,
	STEP_RO_BIND_TRY,
	STEP_DEV,
	STEP_MASK_FILE,
	STEP_MASK_DIR,
	STEP_RO_PATH,
	STEP_CHDIR,
	STEP_LO,
	STEP_HOSTNAME,
	STEP_DROP_CAPS,
	STEP_NNP,
	STEP_SECCOMP,
	N_STEPS,
};

static const struct option {
	const char *name;
	unsigned char n_args;
} options[N_STEPS] = {
	[STEP_PRIVATE] = { "private", 0 },	   [STEP_PROC_HERE] = { "proc-here", 0 },
	[STEP_ROOT] = { "root", 0 },		   [STEP_DIR] = { "dir", 1 },
	[STEP_TMPFS] = { "tmpfs", 1 },		   [STEP_SYMLINK] = { "symlink", 2 },
	[STEP_PROC] = { "proc", 1 },		   [STEP_SYSFS] = { "sysfs", 1 },
	[STEP_MQUEUE] = { "mqueue", 1 },	   [STEP_BIND] = { "bind", 2 },
	[STEP_RO_BIND] = { "ro-bind", 2 },	   [STEP_RO_BIND_TRY] = { "ro-bind-try", 2 },
	[STEP_DEV] = { "dev", 1 },		   [STEP_MASK_FILE] = { "mask-file", 1 },
	[STEP_MASK_DIR] = { "mask-dir", 1 },	   [STEP_RO_PATH] = { "ro-path", 1 },
	[STEP_CHDIR] = { "chdir", 1 },		   [STEP_LO] = { "lo", 0 },
	[STEP_HOSTNAME] = { "hostname", 1 },	   [STEP_DROP_CAPS] = { "drop-caps", 0 },
	[STEP_NNP] = { "nnp", 0 },		   [STEP_SECCOMP] = { "seccomp", 1 },
};

struct step {
	enum kind kind;
	const char *a, *b;
};

/* Shared with the child, so that its stamps are seen after it is gone. */
struct trace {
	unsigned int n;
	struct {
		const char *name, *object;
		uint64_t ns;
	} stamp[MAX_STAMPS];
};

static struct {
	uint64_t flags;
	bool map_parent, vfork, tracing, in_place, again;
	const char *group;
	long group_fd;
	unsigned int nest, n_steps, join;
	struct step steps[MAX_STEPS];
	char **argv, **envp;
	struct sock_fprog filter;
	char map_line[32];
	unsigned int map_length;
	char gid_line[32];
	unsigned int gid_length;
	struct trace *trace;
} box;

static struct sock_filter filter_text[4096];
static struct trace no_trace;

#ifndef FLOOR_LIBC
void floor_main(long *stack);

RAW_START(floor_main);

/* gcc and clang ask for these two even in a freestanding program. */
void *memset(void *to, int byte, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);

void *memset(void *to, int byte, size_t n)
{
	for (volatile char *p = to; n; n--)
		*p++ = (char)byte;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	const char *f = from;

	for (volatile char *p = to; n; n--)
		*p++ = *f++;
	return to;
}
#else
#include <string.h>
#endif

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static unsigned int decimal(char *to, unsigned long v)
{
	char digits[24];
	unsigned int n = 0, out = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		to[out++] = digits[--n];
	to[out] = '\0';
	return out;
}

static void say(const char *text)
{
	raw(__NR_write, 2, text, length(text));
}

static void say_number(unsigned long v)
{
	char digits[24];

	decimal(digits, v);
	say(digits);
}

/* Returns r, if it is no failure. */
static long need(long r, const char *what, const char *object)
{
	if (r >= 0)
		return r;
	say("floor: ");
	say(what);
	say(" ");
	say(object);
	say(": errno ");
	say_number((unsigned long)-r);
	say("\n");
	raw_exit(125);
}

static void stamp(const char *name, const char *object)
{
	struct trace *t = box.trace;
	struct __kernel_timespec now;

	if (!box.tracing || t->n == MAX_STAMPS)
		return;
	raw(__NR_clock_gettime, 1, &now);
	t->stamp[t->n].name = name;
	t->stamp[t->n].object = object;
	t->stamp[t->n++].ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void print_trace(void)
{
	const struct trace *t = box.trace;

	for (unsigned int i = 1; i < t->n; i++) {
		uint64_t tenths = (t->stamp[i].ns - t->stamp[i - 1].ns) / 100;

		say_number(tenths / 10);
		say(".");
		say_number(tenths % 10);
		say(" µs ");
		say(t->stamp[i].name);
		say(" ");
		say(t->stamp[i].object);
		say("\n");
	}
}

/* Mounts */

static const char *below(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static void make_dir(long root, const char *dst)
{
	long r = raw(__NR_mkdirat, root, below(dst), 0755);

	if (r != -EEXIST_)
		need(r, "mkdirat", dst);
}

static long new_fs(const char *type, const char *mode, const char *key, unsigned int attr)
{
	long fs = need(raw(__NR_fsopen, type, FSOPEN_CLOEXEC), "fsopen", type), mnt;

	if (mode)
		need(raw(__NR_fsconfig, fs, FSCONFIG_SET_STRING, "mode", mode, 0), "mode", type);
	if (key)
		need(raw(__NR_fsconfig, fs, FSCONFIG_SET_STRING, key, "0666", 0), key, type);
	need(raw(__NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0), "create", type);
	mnt = need(raw(__NR_fsmount, fs, FSMOUNT_CLOEXEC, attr), "fsmount", type);
	raw(__NR_close, fs);
	return mnt;
}

static void move(long mnt, long root, const char *dst)
{
	need(raw(__NR_move_mount, mnt, "", root, below(dst), MOVE_MOUNT_F_EMPTY_PATH),
	     "move_mount", dst);
	raw(__NR_close, mnt);
}

static void mount_fs(long root, const char *type, const char *mode, const char *dst)
{
	make_dir(root, dst);
	move(new_fs(type, mode, NULL, MOUNT_PLAIN | MOUNT_ATTR_NOEXEC), root, dst);
}

static long clone_tree(long at, const char *src, unsigned int flags, bool may_lack)
{
	long fd = raw(__NR_open_tree, at, src, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC_ | flags);

	return may_lack && fd == -ENOENT_ ? -1 : need(fd, "open_tree", src);
}

static void set_attr(long mnt, unsigned int attr)
{
	struct mount_attr a = { .attr_set = attr };

	need(raw(__NR_mount_setattr, mnt, "", AT_EMPTY_PATH | AT_RECURSIVE_, &a, sizeof(a)),
	     "mount_setattr", "");
}

static void bind_tree(long root, const struct step *s)
{
	long mnt = clone_tree(AT_FDCWD, s->a, AT_RECURSIVE_, s->kind == STEP_RO_BIND_TRY);

	if (mnt < 0)
		return;
	set_attr(mnt, MOUNT_PLAIN | (s->kind == STEP_BIND ? 0 : MOUNT_ATTR_RDONLY));
	make_dir(root, s->b);
	move(mnt, root, s->b);
}

static const struct node {
	const char *name, *path;
	unsigned int dev;
} nodes[] = {
	{ "null", "/dev/null", 0x103 },	    { "zero", "/dev/zero", 0x105 },
	{ "full", "/dev/full", 0x107 },	    { "random", "/dev/random", 0x108 },
	{ "urandom", "/dev/urandom", 0x109 }, { "tty", "/dev/tty", 0x500 },
};

static void make_nodes(long dev)
{
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		const struct node *n = &nodes[i];

		if (!(box.flags & CLONE_NEWUSER)) {
			need(raw(__NR_mknodat, dev, n->name, S_IFCHR_ | 0666, n->dev), "mknodat",
			     n->path);
			continue;
		}
		need(raw(__NR_mknodat, dev, n->name, S_IFREG_ | 0666, 0), "mknodat", n->path);
		move(clone_tree(AT_FDCWD, n->path, 0, false), dev, n->name);
	}
}

static void mount_dev(long root, const char *dst)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
		{ "/proc/self/fd/2", "stderr" }, { "/proc/self/fd", "fd" },
		{ "pts/ptmx", "ptmx" },
	};
	long dev = new_fs("tmpfs", "0755", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

	make_dir(root, dst);
	need(raw(__NR_move_mount, dev, "", root, below(dst), MOVE_MOUNT_F_EMPTY_PATH),
	     "move_mount", dst);
	make_nodes(dev);
	stamp("nodes", dst);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		need(raw(__NR_symlinkat, links[i][0], dev, links[i][1]), "symlinkat", links[i][1]);
	make_dir(dev, "shm");
	make_dir(dev, "pts");
	stamp("links", dst);
	move(new_fs("devpts", "0620", "ptmxmode", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), dev,
	     "pts");
	stamp("devpts", dst);
	raw(__NR_close, dev);
}

static void mask(long root, const struct step *s)
{
	long fd = raw(__NR_openat, root, below(s->a), O_PATH | O_CLOEXEC_), mnt;

	if (fd < 0)
		return;
	if (s->kind == STEP_MASK_FILE)
		mnt = clone_tree(AT_FDCWD, "/dev/null", 0, false);
	else if (s->kind == STEP_MASK_DIR)
		mnt = new_fs("tmpfs", NULL, NULL, MOUNT_PLAIN | MOUNT_ATTR_RDONLY);
	else
		mnt = clone_tree(fd, "", AT_EMPTY_PATH | AT_RECURSIVE_, false);
	if (s->kind == STEP_RO_PATH)
		set_attr(mnt, MOUNT_PLAIN | MOUNT_ATTR_RDONLY);
	need(raw(__NR_move_mount, mnt, "", fd, "",
		 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
	     "move_mount", s->a);
	raw(__NR_close, mnt);
	raw(__NR_close, fd);
}

static void make_private(void)
{
	struct mount_attr a = { .propagation = MS_PRIVATE_ };

	need(raw(__NR_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE_, &a, sizeof(a)),
	     "mount_setattr", "/");
	stamp("private", "/");
}

static long new_root(void)
{
	long root;

	make_private();
	root = new_fs("tmpfs", "0755", NULL, MOUNT_PLAIN);
	need(raw(__NR_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH),
	     "move_mount", "/");
	return root;
}

static void enter_root(long root)
{
	need(raw(__NR_fchdir, root), "fchdir", "/");
	need(raw(__NR_pivot_root, ".", "."), "pivot_root", "/");
	stamp("pivot_root", "");
	need(raw(__NR_umount2, ".", MNT_DETACH_), "umount2", "/");
	stamp("umount2", "old root");
	raw(__NR_close, root);
}

/* Other steps of the child */

static void lo_up(void)
{
	/* struct ifreq; its header pulls in the C library's. */
	struct {
		char name[16];
		short flags;
		char rest[22];
	} req = { .name = "lo", .flags = 0x1 | 0x40 /* IFF_UP, IFF_RUNNING */ };
	long fd = need(raw(__NR_socket, 2, 2 | O_CLOEXEC_, 0), "socket", "lo");

	need(raw(__NR_ioctl, fd, SIOCSIFFLAGS, &req), "SIOCSIFFLAGS", "lo");
	raw(__NR_close, fd);
}

static void drop_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	for (int cap = 0; raw(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0) >= 0; cap++)
		;
	need(raw(__NR_capset, &head, none), "capset", "");
}

static void no_new_privs(void)
{
	need(raw(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs", "");
}

static void write_file(const char *path, const char *text, unsigned int n)
{
	long fd = need(raw(__NR_openat, AT_FDCWD, path, O_WRONLY_ | O_CLOEXEC_), "open", path);

	need(raw(__NR_write, fd, text, n), "write", path);
	raw(__NR_close, fd);
}

static void map_self(void)
{
	write_file("/proc/self/setgroups", "deny", 4);
	write_file("/proc/self/uid_map", box.map_line, box.map_length);
	write_file("/proc/self/gid_map", box.gid_line, box.gid_length);
	stamp("id maps", "by the child");
}

static void run_mount_step(const struct step *s, long root)
{
	switch (s->kind) {
	case STEP_DIR:
		make_dir(root, s->a);
		break;
	case STEP_SYMLINK:
		need(raw(__NR_symlinkat, s->a, root, below(s->b)), "symlinkat", s->b);
		break;
	case STEP_TMPFS:
		mount_fs(root, "tmpfs", "0755", s->a);
		break;
	case STEP_PROC:
		mount_fs(root, "proc", NULL, s->a);
		break;
	case STEP_SYSFS:
		mount_fs(root, "sysfs", NULL, s->a);
		break;
	case STEP_MQUEUE:
		mount_fs(root, "mqueue", NULL, s->a);
		break;
	case STEP_DEV:
		mount_dev(root, s->a);
		break;
	case STEP_MASK_FILE:
	case STEP_MASK_DIR:
	case STEP_RO_PATH:
		mask(root, s);
		break;
	default:
		bind_tree(root, s);
	}
}

static void proc_here(void)
{
	long mnt;

	make_private();
	mnt = new_fs("proc", NULL, NULL, MOUNT_PLAIN | MOUNT_ATTR_NOEXEC);
	need(raw(__NR_move_mount, mnt, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH),
	     "move_mount", "/proc");
	raw(__NR_close, mnt);
}

static void run_step(const struct step *s)
{
	switch (s->kind) {
	case STEP_PRIVATE:
		make_private();
		break;
	case STEP_PROC_HERE:
		make_private();
		proc_here();
		break;
	case STEP_CHDIR:
		need(raw(__NR_chdir, s->a), "chdir", s->a);
		break;
	case STEP_LO:
		lo_up();
		break;
	case STEP_HOSTNAME:
		need(raw(__NR_sethostname, s->a, length(s->a)), "sethostname", s->a);
		break;
	case STEP_DROP_CAPS:
		drop_caps();
		break;
	case STEP_NNP:
		no_new_privs();
		break;
	case STEP_SECCOMP:
		no_new_privs();
		need(raw(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &box.filter), "seccomp", s->a);
		break;
	default:
		break;
	}
}

static bool is_mount_step(enum kind kind)
{
	return kind > STEP_ROOT && kind < STEP_CHDIR;
}

static _Noreturn void child(long wait_fd)
{
	long root = -1;
	char byte;

	stamp("clone3", "child runs");
	if (box.flags & CLONE_NEWUSER) {
		if (box.map_parent)
			raw(__NR_read, wait_fd, &byte, 1);
		else
			map_self();
		stamp("id maps", "child knows");
	}
	for (unsigned int i = 0; i < box.n_steps; i++) {
		const struct step *s = &box.steps[i];

		if (s->kind == STEP_ROOT)
			root = new_root();
		else if (is_mount_step(s->kind))
			run_mount_step(s, root);
		else
			run_step(s);
		stamp(options[s->kind].name, s->b ? s->b : s->a ? s->a : "");
		if (root >= 0 && (i + 1 == box.n_steps || !is_mount_step(s[1].kind))) {
			enter_root(root);
			root = -1;
		}
	}
	need(raw(__NR_execve, box.argv[0], box.argv, box.envp), "execve", box.argv[0]);
	raw_exit(126);
}

/* The parent */

static void map_by_parent(long pid)
{
	static const char map[] = "0 0 65536";
	char path[40] = "/proc/";
	char *p = path + 6 + decimal(path + 6, (unsigned long)pid);

	memcpy(p, "/uid_map", 9);
	write_file(path, map, sizeof(map) - 1);
	memcpy(p, "/gid_map", 9);
	write_file(path, map, sizeof(map) - 1);
	stamp("id maps", "by the parent");
}

static int wait_for(int pidfd)
{
	/* siginfo_t: 128 bytes, si_code at 8, si_status at 24 on 64-bit Linux. */
	int info[32];

	need(raw(__NR_waitid, P_PIDFD_, pidfd, info, WEXITED_, 0), "waitid", "");
	raw(__NR_close, pidfd);
	return info[2] == 1 ? info[6] : 128 + info[6];
}

static long clone_box(uint64_t flags, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = 17,
	};

	if (box.group) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)box.group_fd;
	}
	return raw(__NR_clone3, &args, sizeof(args));
}

/* All PID namespaces but the innermost; returns in the innermost's parent. */
static void nest(unsigned int levels)
{
	for (; levels > 1; levels--) {
		int pidfd = -1;

		if (need(clone_box(CLONE_NEWPID, &pidfd), "clone3", "a level"))
			raw_exit(wait_for(pidfd));
		stamp("clone3", "a level");
	}
}

/* Into the namespaces of another process; the PID namespace is for a child. */
static void join(void)
{
	long pidfd = need(raw(__NR_pidfd_open, box.join, 0), "pidfd_open", "");

	need(raw(__NR_setns, pidfd, box.flags), "setns", "");
	raw(__NR_close, pidfd);
	box.in_place = !(box.flags & CLONE_NEWPID);
	box.flags = 0;
}

static int run(void)
{
	int pidfd = -1, pipe[2] = { -1, -1 }, code;
	long pid;

	if (box.join)
		join();
	if (box.in_place) {
		if (box.flags)
			need(raw(__NR_unshare, box.flags), "unshare", "");
		child(-1);
	}
	if (box.map_parent)
		need(raw(__NR_pipe2, pipe, O_CLOEXEC_), "pipe2", "");
	stamp("", "");
	if (box.group) {
		box.group_fd = need(floor_group(box.group), "make the control group", box.group);
		stamp("group", box.group);
	}
	nest(box.nest);
	pid = clone_box(box.flags | (box.vfork ? CLONE_VM | CLONE_VFORK : 0), &pidfd);
	if (need(pid, "clone3", "") == 0)
		child(pipe[0]);
	if (box.map_parent) {
		map_by_parent(pid);
		raw(__NR_write, pipe[1], "", 1);
	}
	code = wait_for(pidfd);
	stamp("execve, command, exit, waitid", "");
	if (box.group)
		need(raw(__NR_unlinkat, AT_FDCWD, box.group, AT_REMOVEDIR), "rmdir", box.group);
	return code;
}

/* Arguments */

static const struct {
	const char *name;
	uint64_t flag;
} kinds[] = {
	{ "pid", CLONE_NEWPID }, { "uts", CLONE_NEWUTS },	{ "ipc", CLONE_NEWIPC },
	{ "mnt", CLONE_NEWNS },	 { "cgroup", CLONE_NEWCGROUP }, { "net", CLONE_NEWNET },
	{ "user", CLONE_NEWUSER }, { "time", CLONE_NEWTIME },
};

static bool starts(const char **list, const char *name)
{
	const char *p = *list;

	while (*name && *p == *name)
		p++, name++;
	if (*name || (*p && *p != ','))
		return false;
	*list = *p ? p + 1 : p;
	return true;
}

static void parse_kinds(const char *list)
{
	while (*list) {
		size_t i, n = sizeof(kinds) / sizeof(kinds[0]);

		for (i = 0; i < n && !starts(&list, kinds[i].name); i++)
			;
		need(i < n ? 0 : -22, "no such namespace:", list);
		box.flags |= kinds[i].flag;
	}
}

static void load_filter(const char *path)
{
	long fd = need(raw(__NR_openat, AT_FDCWD, path, O_RDONLY_ | O_CLOEXEC_), "open", path);
	long n = need(raw(__NR_read, fd, filter_text, sizeof(filter_text)), "read", path);

	raw(__NR_close, fd);
	box.filter.len = (unsigned short)((size_t)n / sizeof(filter_text[0]));
	box.filter.filter = filter_text;
}

static char **parse_step(char **argv)
{
	struct step *s = &box.steps[box.n_steps];
	int kind;

	for (kind = 0; kind < N_STEPS; kind++)
		if (same(options[kind].name, *argv + 2))
			break;
	need(kind < N_STEPS && box.n_steps < MAX_STEPS ? 0 : -22, "no such option:", *argv);
	s->kind = (enum kind)kind;
	for (int i = 0; i < options[kind].n_args; i++)
		need(argv[i + 1] ? 0 : -22, "an argument is missing:", *argv);
	s->a = options[kind].n_args > 0 ? argv[1] : NULL;
	s->b = options[kind].n_args > 1 ? argv[2] : NULL;
	if (kind == STEP_SECCOMP)
		load_filter(s->a);
	box.n_steps++;
	return argv + 1 + options[kind].n_args;
}

static unsigned int parse_number(const char *s)
{
	unsigned int v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (unsigned int)(*s - '0');
	return v;
}

static void parse(char **argv)
{
	while (*argv && argv[0][0] == '-' && argv[0][1] == '-') {
		if (same(*argv, "--vfork")) {
			box.vfork = true;
			argv++;
		} else if (same(*argv, "--again")) {
			box.again = true;
			argv++;
		} else if (argv[1] && same(*argv, "--group")) {
			box.group = argv[1];
			argv += 2;
		} else if (same(*argv, "--in-place")) {
			box.in_place = true;
			argv++;
		} else if (argv[1] && same(*argv, "--join")) {
			box.join = parse_number(argv[1]);
			argv += 2;
		} else if (same(*argv, "--trace")) {
			box.tracing = true;
			argv++;
		} else if (argv[1] && same(*argv, "--ns")) {
			parse_kinds(argv[1]);
			argv += 2;
		} else if (argv[1] && same(*argv, "--map")) {
			box.map_parent = same(argv[1], "parent");
			argv += 2;
		} else if (argv[1] && same(*argv, "--nest")) {
			box.nest = parse_number(argv[1]);
			argv += 2;
		} else {
			argv = parse_step(argv);
		}
	}
	need(*argv ? 0 : -22, "usage: floor [OPTIONS] COMMAND [ARG…]", "");
	box.argv = argv;
}

static unsigned int id_line(char *line, unsigned long id)
{
	char *p = line + decimal(line, id);

	*p++ = ' ';
	p += decimal(p, id);
	memcpy(p, " 1", 2);
	return (unsigned int)(p + 2 - line);
}

static _Noreturn void start(int argc, char **argv)
{
	int code;

	box.envp = argv + argc + 1;
	box.trace = &no_trace;
	parse(argv + 1);
	if (box.again)
		need(floor_again(argv, box.envp), "start again", "");
	if (box.flags & CLONE_NEWUSER && !box.map_parent) {
		box.map_length = id_line(box.map_line, (unsigned long)raw(__NR_geteuid));
		box.gid_length = id_line(box.gid_line, (unsigned long)raw(__NR_getegid));
	}
	if (box.tracing)
		box.trace = (struct trace *)need(raw(__NR_mmap, 0, sizeof(struct trace), PROT_RW,
						     MAP_SHARED_ANON, -1, 0),
						 "mmap", "");
	code = run();
	if (box.tracing)
		print_trace();
	raw_exit(code);
}

#ifdef FLOOR_LIBC
int main(int argc, char **argv)
{
	start(argc, argv);
}
#else
void floor_main(long *stack)
{
	start((int)stack[0], (char **)(stack + 1));
}
#endif

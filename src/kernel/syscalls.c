/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/syscalls.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The kernel's answer as one number: glibc's syscall() splits it into -1 and errno. */
#define CALL(...)                                    \
	({                                           \
		int saved_ = errno;                  \
		long r_ = syscall(__VA_ARGS__);      \
		if (r_ < 0)                          \
			r_ = -errno;                 \
		errno = saved_;                      \
		r_;                                  \
	})

pid_t sys_clone3(struct clone_args *args, size_t size)
{
	return (pid_t)CALL(SYS_clone3, args, size);
}

pid_t sys_fork(void)
{
#if defined(__s390__)
	return (pid_t)CALL(SYS_clone, 0, SIGCHLD, 0, 0, 0);
#else
	return (pid_t)CALL(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#endif
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)CALL(SYS_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned flags)
{
	return (int)CALL(SYS_pidfd_send_signal, pidfd, number, info, flags);
}

int sys_pidfd_getfd(int pidfd, int target_fd, unsigned flags)
{
	return (int)CALL(SYS_pidfd_getfd, pidfd, target_fd, flags);
}

int sys_waitid_pidfd(int pidfd, siginfo_t *info, int options, struct rusage *usage)
{
	return (int)CALL(SYS_waitid, P_PIDFD, pidfd, info, options, usage);
}

int sys_openat2(int dir_fd, const char *path, const struct open_how *how)
{
	int r = -EAGAIN;

	for (int tries = 0; tries < 64 && r == -EAGAIN; tries++)
		r = (int)CALL(SYS_openat2, dir_fd, path, how, sizeof(*how));
	return r;
}

int sys_open_tree(int dir_fd, const char *path, unsigned flags)
{
	return (int)CALL(SYS_open_tree, dir_fd, path, flags);
}

int sys_open_tree_attr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attr, size_t size)
{
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
	return (int)CALL(SYS_open_tree_attr, dir_fd, path, flags, attr, size);
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)CALL(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

int sys_fsopen(const char *type, unsigned flags)
{
	return (int)CALL(SYS_fsopen, type, flags);
}

int sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux)
{
	return (int)CALL(SYS_fsconfig, fd, command, key, value, aux);
}

int sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
	return (int)CALL(SYS_fsmount, fd, flags, attributes);
}

int sys_fspick(int dir_fd, const char *path, unsigned flags)
{
	return (int)CALL(SYS_fspick, dir_fd, path, flags);
}

int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attr, size_t size)
{
	return (int)CALL(SYS_mount_setattr, dir_fd, path, flags, attr, size);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)CALL(SYS_pivot_root, new_root, put_old);
}

int sys_mount(const char *source, const char *path, const char *type, unsigned long flags, const char *page)
{
	return (int)CALL(SYS_mount, source, path, type, flags, page);
}

int sys_umount2(const char *path, int flags)
{
	return (int)CALL(SYS_umount2, path, flags);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)CALL(SYS_close_range, first, last, flags);
}

int sys_execveat(int dir_fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)CALL(SYS_execveat, dir_fd, path, argv, envp, flags);
}

ssize_t sys_getcwd(char *buffer, size_t size)
{
	return (ssize_t)CALL(SYS_getcwd, buffer, size);
}

int sys_capget(struct kernel_caps *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int r = (int)CALL(SYS_capget, &header, data);

	if (r < 0)
		return r;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int sys_capset(const struct kernel_caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)caps->effective,
		  .permitted = (uint32_t)caps->permitted,
		  .inheritable = (uint32_t)caps->inheritable },
		{ .effective = (uint32_t)(caps->effective >> 32),
		  .permitted = (uint32_t)(caps->permitted >> 32),
		  .inheritable = (uint32_t)(caps->inheritable >> 32) },
	};

	return (int)CALL(SYS_capset, &header, data);
}

int sys_seccomp(unsigned operation, unsigned flags, void *args)
{
	return (int)CALL(SYS_seccomp, operation, flags, args);
}

int sys_landlock_create_ruleset(const void *attr, size_t size, uint32_t flags)
{
	return (int)CALL(SYS_landlock_create_ruleset, attr, size, flags);
}

int sys_landlock_add_rule(int ruleset_fd, int type, const void *attr, uint32_t flags)
{
	return (int)CALL(SYS_landlock_add_rule, ruleset_fd, type, attr, flags);
}

int sys_landlock_restrict_self(int ruleset_fd, uint32_t flags)
{
	return (int)CALL(SYS_landlock_restrict_self, ruleset_fd, flags);
}

int sys_setresuid(uid_t uid)
{
	return (int)CALL(SYS_setresuid, uid, uid, uid);
}

int sys_setresgid(gid_t gid)
{
	return (int)CALL(SYS_setresgid, gid, gid, gid);
}

int sys_setgroups(size_t n, const gid_t *groups)
{
	return (int)CALL(SYS_setgroups, n, groups);
}

int sys_sched_setattr(pid_t pid, const struct kernel_sched_attr *attr, unsigned flags)
{
	return (int)CALL(SYS_sched_setattr, pid, attr, flags);
}

int sys_ioprio_set(int which, int who, int priority)
{
	return (int)CALL(SYS_ioprio_set, which, who, priority);
}

int sys_sched_setaffinity(pid_t pid, size_t size, const void *mask)
{
	return (int)CALL(SYS_sched_setaffinity, pid, size, mask);
}

/* The kernel's own layout of a signal action and its mask: eight bytes of mask on every 64-bit port. */
struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

int sys_reset_signal(int number)
{
	struct kernel_sigaction action = { 0 };

	return (int)CALL(SYS_rt_sigaction, number, &action, NULL, sizeof(action.mask));
}

int sys_clear_signal_mask(void)
{
	uint64_t mask = 0;

	return (int)CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

int sys_join_session_keyring(const char *name)
{
	return (int)CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
}

int sys_set_key_permissions(int key, unsigned permissions)
{
	return (int)CALL(SYS_keyctl, KEYCTL_SETPERM, key, permissions);
}

int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max_node)
{
	return (int)CALL(SYS_set_mempolicy, mode, nodes, max_node);
}

int sys_bpf(int command, void *attr, unsigned size)
{
	return (int)CALL(SYS_bpf, command, attr, size);
}

int sys_personality(unsigned long persona)
{
	return (int)CALL(SYS_personality, persona);
}

ssize_t sys_process_vm_read(pid_t pid, void *buffer, size_t size, uintptr_t address)
{
	const struct iovec here = { .iov_base = buffer, .iov_len = size };
	const struct iovec there = { .iov_base = (void *)address, .iov_len = size };

	return (ssize_t)CALL(SYS_process_vm_readv, pid, &here, 1, &there, 1, 0);
}

const long sys_number_of_sigtimedwait = SYS_rt_sigtimedwait;

int sys_memfd_create(const char *name, unsigned flags)
{
	return (int)CALL(SYS_memfd_create, name, flags);
}

void sys_exit_group(int status)
{
	for (;;)
		CALL(SYS_exit_group, status);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_SYSCALLS_H
#define KERNEL_SYSCALLS_H

/*
 * Every raw system call that inro makes, each with the kernel it is there since. All return 0 or a
 * positive result, or a negative errno; none touches errno, takes a lock or allocates, so all may
 * be called between clone and exec. Nothing else in the tree includes <sys/syscall.h>.
 */

#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/constants.h"

struct clone_args;
struct open_how;
struct statx;

/* clone3(2), 5.3. In the child returns 0; the child runs on a copy of this stack, as after fork. */
pid_t sys_clone3(struct clone_args *args, size_t size);

/*
 * clone3(2) with CLONE_VM | CLONE_VFORK and no stack of its own: the child runs on the caller's,
 * below the frame that called, while the caller stands still. So it must be inlined there (a call
 * that returned would take its frame away), and the child must never leave that function but by
 * exec or exit. -ENOSYS where there is no code for this machine.
 */
static inline __attribute__((always_inline)) pid_t sys_clone3_vfork(struct clone_args *args, size_t size)
{
	enum { NUMBER = 435 }; /* of clone3, the same on every machine */
#if defined(__x86_64__)
	long r = NUMBER;

	__asm__ volatile("syscall" : "+a"(r) : "D"(args), "S"(size) : "rcx", "r11", "memory", "cc");
	return (pid_t)r;
#elif defined(__aarch64__)
	register long number __asm__("x8") = NUMBER;
	register long r __asm__("x0") = (long)args;
	register size_t n __asm__("x1") = size;

	__asm__ volatile("svc 0" : "+r"(r) : "r"(number), "r"(n) : "memory", "cc");
	return (pid_t)r;
#else
	(void)args;
	(void)size;
	(void)NUMBER;
	return -38;
#endif
}

/* fork as clone(2), for where a seccomp filter knows no clone3. In the child returns 0. */
pid_t sys_fork(void);

/* pidfds: pidfd_open(2) 5.3, pidfd_send_signal(2) 5.1, pidfd_getfd(2) 5.6. */
int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned flags);
int sys_pidfd_getfd(int pidfd, int target_fd, unsigned flags);

/* waitid(2) with P_PIDFD (5.4) and the rusage that glibc's wrapper leaves out. */
struct rusage;
int sys_waitid_pidfd(int pidfd, siginfo_t *info, int options, struct rusage *usage);

/* openat2(2), 5.6. Retries EAGAIN (a rename raced with RESOLVE_BENEATH) a bounded number of times. */
int sys_openat2(int dir_fd, const char *path, const struct open_how *how);

/* Mounts by descriptor: 5.2 (mount_setattr 5.12, open_tree_attr 6.15). */
int sys_open_tree(int dir_fd, const char *path, unsigned flags);
int sys_open_tree_attr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attr, size_t size);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sys_fsopen(const char *type, unsigned flags);
int sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux);
int sys_fsmount(int fd, unsigned flags, unsigned attributes);
int sys_fspick(int dir_fd, const char *path, unsigned flags);
int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attr, size_t size);
int sys_pivot_root(const char *new_root, const char *put_old);
/* mount(2) and umount2(2), here because <sys/mount.h> and <linux/mount.h> cannot be included together. */
int sys_mount(const char *source, const char *path, const char *type, unsigned long flags, const char *page);
int sys_umount2(const char *path, int flags);

/* close_range(2), 5.9; with CLOSE_RANGE_CLOEXEC 5.11. */
int sys_close_range(unsigned first, unsigned last, unsigned flags);

/* execveat(2), 3.19. Returns only on failure. */
int sys_execveat(int dir_fd, const char *path, char *const argv[], char *const envp[], int flags);

/* getcwd(2) as the kernel answers it: a path that does not start with "/" is outside of the root. */
ssize_t sys_getcwd(char *buffer, size_t size);

/* capget(2), capset(2) of the calling thread, version 3: as one bit set per set. */
struct kernel_caps {
	uint64_t effective, permitted, inheritable;
};
int sys_capget(struct kernel_caps *ret);
int sys_capset(const struct kernel_caps *caps);

/* seccomp(2), 3.17. With SECCOMP_FILTER_FLAG_NEW_LISTENER (5.0) returns a descriptor. */
int sys_seccomp(unsigned operation, unsigned flags, void *args);

/* Landlock, 5.13: the version of the ABI comes from a call with no attributes. */
int sys_landlock_create_ruleset(const void *attr, size_t size, uint32_t flags);
int sys_landlock_add_rule(int ruleset_fd, int type, const void *attr, uint32_t flags);
int sys_landlock_restrict_self(int ruleset_fd, uint32_t flags);

/* setresuid(2), setresgid(2), setgroups(2) of this thread alone, without glibc's broadcast. */
int sys_setresuid(uid_t uid);
int sys_setresgid(gid_t gid);
int sys_setgroups(size_t n, const gid_t *groups);

/* sched_setattr(2), 3.14; ioprio_set(2). */
struct kernel_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
int sys_sched_setattr(pid_t pid, const struct kernel_sched_attr *attr, unsigned flags);
int sys_ioprio_set(int which, int who, int priority);

/* sched_setaffinity(2) with a mask of any size. */
int sys_sched_setaffinity(pid_t pid, size_t size, const void *mask);

/* rt_sigaction(2) for every signal, real-time ones and those that glibc keeps for itself included. */
int sys_reset_signal(int number);

/* rt_sigprocmask(2): an empty mask, again with glibc's own signals. */
int sys_clear_signal_mask(void);

/* keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL), 2.6.10: a session keyring of one's own. */
int sys_join_session_keyring(const char *name);

/* keyctl(KEYCTL_SETPERM), 2.6.10: who may do what with a key (KEY_POS_* and KEY_USR_*). */
int sys_set_key_permissions(int key, unsigned permissions);

/* set_mempolicy(2), 2.6.7: the mask has MAX_NODE - 1 bits, as the kernel counts them. */
int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max_node);

/* bpf(2), 3.18. ATTR must be a zeroed buffer of at least 256 bytes (kernels 6.17 to 7.1 write there). */
int sys_bpf(int command, void *attr, unsigned size);

/* personality(2): the old personality, or a negative errno. */
int sys_personality(unsigned long persona);

/*
 * process_vm_readv(2), 3.2: SIZE bytes of another process's memory at ADDRESS. The number of bytes.
 * Needs the right to trace it. And the number of rt_sigtimedwait(2), as /proc/PID/syscall tells it.
 */
ssize_t sys_process_vm_read(pid_t pid, void *buffer, size_t size, uintptr_t address);
extern const long sys_number_of_sigtimedwait;

/* memfd_create(2), 3.17. */
int sys_memfd_create(const char *name, unsigned flags);

/* _exit(2) of the whole process. */
_Noreturn void sys_exit_group(int status);

#endif
